//! What happens in the middle of a letter, over sockets that hold little of it.

use std::time::Duration;

use invite_core::Outcome;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::{Instant, interval, timeout},
};

use super::{super::limits::Limits, *};

const AMPLE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);

/// Two ends of a connection over which far less than a letter is on its way.
async fn narrow() -> (TcpStream, TcpStream) {
    let socket = || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(4096).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket
    };
    let listening = socket();
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listening.listen(1).unwrap();
    let (ours, theirs) = tokio::join!(socket().connect(listener.local_addr().unwrap()), listener.accept());
    (ours.unwrap(), theirs.unwrap().0)
}

/// Sends a long letter to a server that does this after its first bytes, with this limit on it.
async fn sent_to<F: Future<Output = ()> + Send + 'static>(
    server: impl FnOnce(TcpStream) -> F + Send + 'static,
    limit: Duration,
) -> (Outcome, JoinHandle<()>) {
    let (ours, mut theirs) = narrow().await;
    let limits = Limits { connect: AMPLE, command: limit, last: AMPLE, total: None }.begin();
    let mut session = Session { connection: Connection::new(ours), limits, offers: Offers::default(), letters: 1 };
    let letter = b"a line of a letter\r\n".repeat(200_000);
    theirs.set_nodelay(true).unwrap();
    let server = tokio::spawn(async move {
        theirs.read_exact(&mut [0; 100]).await.unwrap();
        server(theirs).await;
    });
    let sent = session.send(&letter).await;
    let outcome = match sent {
        Ok(reply) => Outcome::Accepted { id: reply.queue_id() },
        Err(stop) => stop.outcome(),
    };
    (outcome, server)
}

#[tokio::test]
async fn a_server_that_breaks_off_in_the_middle_has_certainly_not_taken_the_letter() {
    for (said, expected) in [
        ("", "the network"),
        ("250-one\r\n", "the network"),
        ("garbage\r\n", "the network"),
        ("250 ok\r\n", "the network"),
        ("421 4.3.2 bye\r\n", "Unreachable { text: \"421 4.3.2 bye\" }"),
        ("451 4.3.1 full\r\n", "Refused { refusal: Transient, code: Some(451)"),
        ("552 5.3.4 too big\r\n", "Refused { refusal: Permanent, code: Some(552)"),
        ("530 5.7.0 log in\r\n", "Misconfigured { text: \"530 5.7.0 log in\" }"),
    ] {
        let say = async move |mut stream: TcpStream| {
            stream.write_all(said.as_bytes()).await.unwrap();
        };
        let (outcome, _) = sent_to(say, AMPLE).await;
        if expected == "the network" {
            let Outcome::Unreachable { text } = &outcome else { panic!("{said:?}: {outcome:?}") };
            assert!(text.ends_with(" before the letter was sent"), "{said:?}: {text}");
        } else {
            assert!(format!("{outcome:?}").starts_with(expected), "{said:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_reading_or_reads_too_slowly_meets_the_limit() {
    let silent = "no answer within the time limit before the letter was sent".to_owned();
    let begin = Instant::now();
    let hang = async |stream: TcpStream| {
        let _open = stream;
        std::future::pending().await
    };
    let (outcome, server) = sent_to(hang, SHORT).await;
    assert_eq!(outcome, Outcome::Unreachable { text: silent.clone() });
    server.abort();
    let sip = async |mut stream: TcpStream| {
        let mut pace = interval(Duration::from_millis(5));
        while stream.read(&mut [0; 1]).await.is_ok_and(|count| count > 0) {
            pace.tick().await;
        }
    };
    let (outcome, server) = sent_to(sip, SHORT).await;
    assert_eq!(outcome, Outcome::Unreachable { text: silent });
    server.abort();
    assert!(begin.elapsed() < AMPLE, "the short limit struck, twice");
}

#[tokio::test]
async fn a_whole_letter_that_is_not_answered_may_have_been_taken() {
    let take = async |mut stream: TcpStream| {
        let mut last = Vec::new();
        while !last.ends_with(b"\r\n.\r\n") {
            let count = last.len().saturating_sub(5);
            last.drain(..count);
            stream.read_buf(&mut last).await.unwrap();
        }
    };
    let (outcome, server) = timeout(AMPLE, sent_to(take, AMPLE)).await.unwrap();
    assert_eq!(outcome, Outcome::Unknown { text: "the server hung up after the letter was sent".into() });
    server.await.unwrap();
}

#[tokio::test]
async fn a_letter_is_not_ended_when_too_little_time_is_left_for_the_answer() {
    let (ours, mut theirs) = narrow().await;
    let limits = Limits { connect: AMPLE, command: AMPLE, last: AMPLE, total: Some(AMPLE) }.begin();
    tokio::time::pause();
    tokio::time::advance(AMPLE * 7 / 8).await;
    tokio::time::resume();
    let mut session = Session { connection: Connection::new(ours), limits, offers: Offers::default(), letters: 1 };
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let stop = session.send(b"one line\r\n").await.err().unwrap();
    drop(session);
    assert!(matches!(stop.outcome(), Outcome::Unreachable { .. }));
    assert_eq!(server.await.unwrap(), b"one line\r\n");
}
