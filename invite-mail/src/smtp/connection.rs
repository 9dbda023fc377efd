//! Lines to a server and its answers, each within a limit.

use std::{future::Future, io, io::ErrorKind, time::Duration};

use invite_core::Outcome;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::reply::{self, Reading, Reply};

/// Why a step came to nothing.
pub(super) enum Fault {
    /// The server said no, in an answer of its own.
    Refused(Reply),
    /// It hung up.
    Closed,
    /// It did not answer in time: not at all, or not to the end.
    Silent,
    /// What it said is not SMTP, not an answer to what was asked, or more than an answer.
    Garbled,
    /// The network failed.
    Network(ErrorKind),
    /// It cannot be used as we were told to use it.
    Unusable(String),
    /// Who found it knows what it means for the letter.
    Decided(Outcome),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        // TLS reports a connection that ended without a word as the latter.
        if matches!(error.kind(), ErrorKind::WriteZero | ErrorKind::UnexpectedEof) {
            Self::Closed
        } else {
            Self::Network(error.kind())
        }
    }
}

/// A limit on a whole step, however often it reads and writes.
pub(super) async fn within<T>(limit: Duration, step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(limit, step).await.unwrap_or(Err(Fault::Silent))
}

/// Any other answer is a refusal, or none at all.
pub(super) fn expect(reply: Reply, wanted: &[u16]) -> Result<Reply, Fault> {
    match reply.code() {
        code if wanted.contains(&code) => Ok(reply),
        400.. => Err(Fault::Refused(reply)),
        _ => Err(Fault::Garbled),
    }
}

/// TCP, or TLS over it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Tries the host's addresses in turn, each for its share of the time: one that swallows
/// everything leaves the others theirs.
pub(super) async fn connect(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Fault> {
    within(limit, async {
        let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
        let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut last = Fault::Network(ErrorKind::NotFound);
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // A command is one small write, and its answer is waited for.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = Fault::Silent,
            }
        }
        Err(last)
    })
    .await
}

/// A conversation. After a fault it is of no more use: what the server says next may belong to
/// what was asked before.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), received: Vec::new() }
    }

    /// Sends one or more lines.
    pub(super) async fn write(&mut self, lines: &[u8]) -> Result<(), Fault> {
        // What was said unasked would be taken for the answer to this.
        if !self.received.is_empty() {
            return Err(Fault::Garbled);
        }
        self.stream.write_all(lines).await?;
        Ok(self.stream.flush().await?)
    }

    /// Waits for one answer, whatever it says.
    pub(super) async fn read(&mut self) -> Result<Reply, Fault> {
        loop {
            match Reply::read(&self.received) {
                Reading::Whole(reply, used) => {
                    self.received.drain(..used);
                    return Ok(reply);
                }
                Reading::Garbage => return Err(Fault::Garbled),
                Reading::Part if self.received.len() >= reply::LONGEST => return Err(Fault::Garbled),
                Reading::Part => {}
            }
            let mut chunk = [0; 1024];
            match self.stream.read(&mut chunk).await? {
                0 => return Err(Fault::Closed),
                count => self.received.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, line: &str) -> Result<Reply, Fault> {
        self.write(line.as_bytes()).await?;
        self.read().await
    }

    /// Whether nothing has come that is still to be read.
    pub(super) fn is_quiet(&self) -> bool {
        self.received.is_empty()
    }

    /// Ends it in an orderly way.
    pub(super) async fn close(&mut self) -> Result<(), Fault> {
        Ok(self.stream.shutdown().await?)
    }

    /// The stream, to speak TLS on it. Nobody may have slipped in something to be read as if it
    /// had been said under TLS.
    #[cfg(feature = "smtp-rustls")]
    pub(super) fn into_stream(self) -> Result<Box<dyn Stream>, Fault> {
        if self.received.is_empty() {
            Ok(self.stream)
        } else {
            Err(Fault::Unusable("more than an answer to STARTTLS came in the clear".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_without_an_end_is_cut_off() {
        let endless_line = [b"220 ".as_slice(), &[b'x'; 2 * reply::LONGEST]].concat();
        let endless_lines = b"220-x\r\n".repeat(reply::LONGEST);
        for bytes in [endless_line, endless_lines] {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let mut connection = Connection::new(ours);
            let babble = tokio::spawn(async move { theirs.write_all(&bytes).await });
            assert!(matches!(connection.read().await, Err(Fault::Garbled)));
            assert!(connection.received.len() <= reply::LONGEST + 1024);
            drop(connection);
            assert!(babble.await.unwrap().is_err(), "nobody listens to the rest");
        }
    }

    #[tokio::test]
    async fn what_was_said_unasked_is_not_the_answer_to_the_next_question() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut connection = Connection::new(ours);
        theirs.write_all(b"220 hello\r\n250 and more\r\n").await.unwrap();
        assert!(connection.read().await.is_ok());
        assert!(matches!(connection.ask("EHLO x\r\n").await, Err(Fault::Garbled)));
    }

    #[cfg(feature = "smtp-rustls")]
    #[tokio::test]
    async fn tls_does_not_begin_behind_what_was_slipped_in() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut connection = Connection::new(ours);
        theirs.write_all(b"220 go on\r\n250-fake\r\n250 AUTH PLAIN\r\n").await.unwrap();
        assert!(connection.read().await.is_ok());
        assert!(matches!(connection.into_stream(), Err(Fault::Unusable(_))));
    }
}
