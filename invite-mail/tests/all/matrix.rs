//! Every kind of misbehaviour at every point of the conversation, and what is said of the letter.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use invite_core::{Mailer, Outcome, Refusal};
use invite_mail::{Security, SmtpMailer, SmtpServer};
use tokio::time::timeout;

use crate::{
    certificates::Authority,
    script::{Act, Act::*, Script, Server},
    support::{composer, letter_at},
};

/// Longer than anything takes that is not meant to be cut off.
const AMPLE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);

const POINTS: [&str; 10] = ["GREETING", "EHLO", "STARTTLS", "TLS", "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT"];

/// Accepted, refused for good (P) or for now (T), misconfigured, unreachable, unknown (?); `-` is
/// left out. What happens in the middle of a letter, where the buffers of the network decide how
/// much of it was sent, stands beside the code, where they can be made small.
#[rustfmt::skip]
const TABLE: &[(&str, Act, bool, &str)] = &[
    // what it does, whether it stores the letter, and: GR EH ST TL AU MA RC DA . QU
    ("the usual", Say(""), false,                                "A  A  A  A  A  A  A  A  A  A"),
    ("for now", SayAndDrop("451 4.3.0 later\r\n"), false,        "U  U  U  -  U  U  T  T  T  A"),
    ("closing", SayAndDrop("421 4.3.2 bye\r\n"), false,          "U  U  U  -  U  U  U  U  U  A"),
    ("for good", SayAndDrop("554 5.7.1 no\r\n"), false,          "M  M  M  -  M  M  P  P  P  A"),
    ("no log-in", SayAndDrop("530 5.7.0 log in\r\n"), false,     "M  M  M  -  M  M  M  M  M  A"),
    ("hang", Hang, false,                                        "U  U  U  U  U  U  U  U  ?  A"),
    ("drop", Drop, false,                                        "U  U  U  U  U  U  U  U  ?  A"),
    ("half", SayAndDrop("250-one\r\n"), false,                   "U  U  U  M  U  U  U  U  ?  A"),
    ("a byte at a time", Drip, false,                            "U  U  U  -  U  U  U  U  ?  A"),
    ("garbage", SayAndDrop("\u{1}what?\r\n"), false,             "U  U  U  M  U  U  U  U  ?  A"),
    ("an endless line", EndlessLine, false,                      "U  U  U  M  U  U  U  U  ?  A"),
    ("endless lines", EndlessLines, false,                       "U  U  U  M  U  U  U  U  ?  A"),
    ("out of turn", SayAndDrop("354 what\r\n"), false,           "U  U  U  -  U  U  U  -  ?  A"),
    ("done already", SayAndDrop("250 ok\r\n"), true,             "U  -  U  -  U  -  -  U  A  A"),
    ("stores, hangs", Hang, true,                                "-  -  -  -  -  -  -  -  ?  -"),
    ("stores, drops", Drop, true,                                "-  -  -  -  -  -  -  -  ?  -"),
    ("stores, garbage", SayAndDrop("what?\r\n"), true,           "-  -  -  -  -  -  -  -  ?  -"),
    ("stores, half", SayAndDrop("250-one\r\n"), true,            "-  -  -  -  -  -  -  -  ?  -"),
    ("stores, a byte at a time", Drip, true,                     "-  -  -  -  -  -  -  -  ?  -"),
    ("stores, refuses", SayAndDrop("451 4.3.0 later\r\n"), true, "-  -  -  -  -  -  -  -  T  -"),
];

fn letter_of(outcome: &Outcome) -> String {
    let letter = match outcome {
        Outcome::Accepted { id } if id.as_deref().is_none_or(|id| id == "4XyZ") => "A",
        Outcome::Refused { refusal: Refusal::Permanent, code: Some(554), enhanced: Some(_), .. } => "P",
        Outcome::Refused { refusal: Refusal::Transient, code: Some(451), enhanced: Some(_), .. } => "T",
        Outcome::Misconfigured { .. } => "M",
        Outcome::Unreachable { .. } => "U",
        Outcome::Unknown { .. } => "?",
        Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::ComposeFailed { .. } | _ => {
            return format!("{outcome:?}");
        }
    };
    letter.to_owned()
}

/// One cell of the table: what came out, and a complaint if anything else is wrong.
async fn cell(authority: &Authority, act: Act, stores_first: bool, point: &'static str) -> Result<String, String> {
    let acts = if matches!(act, Say("")) { Script::of(&[]) } else { Script::of(&[(point, act)]) };
    let server = Server::play(Script { stores_first, tls: Some(authority.server("localhost")), ..acts }).await;
    // Only the limit that is meant to strike is short.
    let slow = matches!(act, Hang | Drip);
    let limit = |here| if slow && here { SHORT } else { AMPLE };
    let description = SmtpServer::new("localhost", Security::StartTls)
        .port(server.port)
        .trust(authority.pem())
        .credentials("user", "pässword")
        .letters_per_connection(1)
        // It holds for the connection too, which is to be made.
        .connect_timeout(limit(point == "TLS").max(SHORT * 5))
        .command_timeout(limit(!matches!(point, "TLS" | "." | "QUIT")))
        .final_timeout(limit(point == "."));
    let mailer = SmtpMailer::new(composer(), description).unwrap();
    let letter = letter_at("Ada@Example.com").await;

    let most = mailer.time_limit().unwrap();
    let begin = Instant::now();
    let outcome = timeout(most, mailer.deliver(&letter)).await.map_err(|_| "exceeded the sum of its limits")?;
    if slow && begin.elapsed() >= AMPLE {
        return Err("the wrong limit struck".into());
    }
    let seen = server.seen();
    let letter_came = matches!(point, "." | "QUIT") || matches!(act, Say(""));
    let should_be_stored = letter_came && (stores_first || letter_of(&outcome) == "A");
    if seen.stored.len() != usize::from(should_be_stored) {
        return Err(format!("{} letters are stored", seen.stored.len()));
    }
    if seen.connections != 1 || seen.lines("RCPT").iter().any(|line| *line != "RCPT TO:<Ada@example.com>") {
        return Err(format!("{} connections, {:?}", seen.connections, seen.lines("RCPT")));
    }
    Ok(letter_of(&outcome))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_letter_is_told_exactly_whatever_the_server_does_and_whenever() {
    let authority = Authority::new();
    let mut wrong = Vec::new();
    for (column, point) in POINTS.into_iter().enumerate() {
        let rows = TABLE.iter().map(|(what, act, stores_first, row)| {
            (what, *act, *stores_first, row.split_whitespace().nth(column).expect("a whole row"))
        });
        let cells = rows.filter(|(.., expected)| *expected != "-").map(async |(what, act, stores_first, expected)| {
            let found = cell(&authority, act, stores_first, point).await;
            (found.as_deref() != Ok(expected)).then(|| format!("{point}, {what}: {found:?}, not {expected}"))
        });
        wrong.extend(join_all(cells).await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
