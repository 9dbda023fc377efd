//! What becomes of a letter, told by what the server does.

use std::time::Duration;

use invite_core::{Mailer, Outcome};
use invite_mail::{Security, SmtpError, SmtpMailer, SmtpServer};
use tokio::net::TcpListener;

use crate::{
    script::{Act, Act::*, Script, Server},
    support::{composer, letter_at},
};

/// Longer than any answer takes, so that only what is meant to hang meets it.
const AMPLE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(250);

fn mailer(port: u16, timeout: Duration) -> SmtpMailer {
    let server = SmtpServer::new("127.0.0.1", Security::None).port(port).timeout(timeout);
    SmtpMailer::new(composer(), server.credentials("user", "pässword")).unwrap()
}

async fn play(script: &[(&'static str, Act)]) -> (Outcome, Server) {
    let hangs = script.iter().any(|(_, act)| matches!(act, Hang));
    let server = Server::play(script.iter().copied().collect::<Script>()).await;
    let mailer = mailer(server.port, if hangs { SHORT } else { AMPLE });
    let letter = letter_at("Ada@Example.com").await;
    let outcome = mailer.deliver(&letter).await;
    (outcome, server)
}

#[tokio::test]
async fn an_accepted_letter_goes_to_one_recipient_from_the_configured_sender() {
    let (outcome, server) = play(&[]).await;
    assert_eq!(outcome, Outcome::accepted());
    assert_eq!(server.commands("AUTH"), ["AUTH PLAIN AHVzZXIAcMOkc3N3b3Jk"]);
    assert_eq!(server.commands("MAIL"), ["MAIL FROM:<invitations@example.com>"]);
    assert_eq!(server.commands("RCPT"), ["RCPT TO:<Ada@example.com>"]);
    assert_eq!(server.commands("DATA").len(), 1);
    assert_eq!(server.commands("Message-ID: ").len(), 1);
}

#[tokio::test]
async fn a_refusal_with_a_code_is_the_recipient_s_only_once_one_is_named() {
    let refused = |permanent, code, text: &str| Outcome::Refused {
        permanent,
        code: Some(code),
        enhanced: None,
        text: text.into(),
    };
    let ours = |text: &str| Outcome::Misconfigured { text: text.into() };
    let away = |text: &str| Outcome::Unreachable { text: text.into() };
    for (point, reply, expected) in [
        ("RCPT", "550 5.1.1 <ada@example.com> no such user\r\n", refused(true, 550, "5.1.1 … no such user")),
        ("RCPT", "451 4.7.1 greylisted\r\n", refused(false, 451, "4.7.1 greylisted")),
        ("RCPT", "550-5.7.1 two\r\n550 5.7.1 lines\r\n", refused(true, 550, "5.7.1 two lines")),
        ("RCPT", "530 5.7.0 log in first\r\n", ours("530 5.7.0 log in first")),
        ("DATA", "554 5.5.1 no valid recipients\r\n", refused(true, 554, "5.5.1 no valid recipients")),
        (".", "554 5.7.1 spam: https://example.com/i?token=inv1_x\r\n", refused(true, 554, "5.7.1 spam: …")),
        (".", "451 4.3.0 try later\r\n", refused(false, 451, "4.3.0 try later")),
        (".", "552 5.2.2 mailbox full\r\n", refused(true, 552, "5.2.2 mailbox full")),
        ("RCPT", "421 4.3.2 shutting down\r\n", away("421 4.3.2 shutting down")),
        ("GREETING", "421 4.3.2 busy\r\n", away("421 4.3.2 busy")),
        ("GREETING", "554 5.7.1 you are listed\r\n", ours("554 5.7.1 you are listed")),
        ("AUTH", "535 5.7.8 bad credentials\r\n", ours("535 5.7.8 bad credentials")),
        ("AUTH", "534 5.7.9 too weak\r\n", ours("534 5.7.9 too weak")),
        ("AUTH", "454 4.7.0 directory down\r\n", away("454 4.7.0 directory down")),
        ("MAIL", "530 5.7.0 authentication required\r\n", ours("530 5.7.0 authentication required")),
        ("MAIL", "553 5.7.1 sender not yours\r\n", ours("553 5.7.1 sender not yours")),
        ("MAIL", "452 4.3.1 disk full\r\n", away("452 4.3.1 disk full")),
    ] {
        let (outcome, server) = play(&[(point, Say(reply))]).await;
        assert_eq!(outcome, expected, "{point} {reply}");
        assert!(server.commands("RCPT").len() <= 1);
    }
}

#[tokio::test]
async fn without_an_answer_the_fate_is_unknown_only_once_the_letter_was_sent() {
    for act in [Drop, Hang, Say("what?\r\n"), Say("\u{1}\u{2}\r\n")] {
        for point in ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
            let (outcome, server) = play(&[(point, act)]).await;
            assert!(matches!(outcome, Outcome::Unreachable { .. }), "{point} {act:?}: {outcome:?}");
            assert!(server.commands("Subject").is_empty());
        }
        let (outcome, _server) = play(&[(".", act)]).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{act:?}: {outcome:?}");
        // The server took it: whatever it does then changes nothing.
        let (outcome, _server) = play(&[("QUIT", act)]).await;
        assert_eq!(outcome, Outcome::accepted(), "{act:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_lost_to_a_server_that_hangs_afterwards() {
    let (outcome, _server) = play(&[("RCPT", Say("550 5.1.1 no such user\r\n")), ("QUIT", Hang)]).await;
    assert!(matches!(outcome, Outcome::Refused { permanent: true, code: Some(550), .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_hung_letter_leaves_the_next_one_alone() {
    let hung = Server::play([(".", Hang)].into_iter().collect()).await;
    let port = hung.port;
    let mailer = mailer(port, SHORT);
    let letter = letter_at("ada@example.com").await;
    assert!(matches!(mailer.deliver(&letter).await, Outcome::Unknown { .. }));
    assert!(matches!(mailer.deliver(&letter).await, Outcome::Unknown { .. }));
    assert_eq!(hung.commands("MAIL").len(), 2, "each over a connection of its own");
    let ids = hung.commands("Message-ID: ");
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the same mail to whoever gets both");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let letter = letter_at("ada@example.com").await;
    let outcome = mailer(port, AMPLE).deliver(&letter).await;
    let Outcome::Unreachable { text } = outcome else { panic!("{outcome:?}") };
    assert!(text.ends_with(" when connecting to the mail server"), "{text}");
}

#[tokio::test]
async fn a_server_without_the_log_in_we_were_told_to_use_gets_nothing() {
    let (outcome, server) = play(&[("EHLO", Say("250 scripted\r\n"))]).await;
    let text = "No compatible authentication mechanism was found".into();
    assert_eq!(outcome, Outcome::Misconfigured { text });
    assert!(server.commands("MAIL").is_empty());
}

#[cfg(feature = "smtp-rustls")]
#[tokio::test]
async fn a_server_that_hides_starttls_gets_nothing() {
    let server = Server::play(Script::new()).await;
    let description = SmtpServer::new("127.0.0.1", Security::StartTls).port(server.port).credentials("user", "secret");
    let mailer = SmtpMailer::new(composer(), description).unwrap();
    let letter = letter_at("ada@example.com").await;
    let outcome = mailer.deliver(&letter).await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "STARTTLS is not supported on this server".into() });
    assert!(server.commands("AUTH").is_empty() && server.commands("MAIL").is_empty());
}

#[test]
fn a_url_says_how_to_connect() {
    let shown = |url: &str| format!("{:?}", SmtpServer::from_url(url).unwrap());
    for (url, expected) in [
        ("smtp://127.0.0.1:2525", "port: Some(2525), security: None"),
        ("smtp://localhost", "port: None, security: None"),
        ("smtp://[::1]:25/", "host: \"::1\""),
        ("smtp://mail.example.com", "security: StartTls"),
        ("smtp://mail.example.com:25?tls=required", "port: Some(25), security: StartTls"),
        ("smtp://127.0.0.1?tls=required", "security: StartTls"),
        ("smtp://mailpit:1025?tls=none", "security: None"),
        ("smtps://us%40er:p%2Bw+d@mail.example.com", "credentials: Some((\"us@er\", Password(..)))"),
        ("smtps://mail.example.com", "credentials: None, port: None, security: Tls"),
    ] {
        assert!(shown(url).contains(expected), "{url}: {}", shown(url));
    }
    for url in [
        "",
        "mail.example.com:25",
        "smtp:",
        "smtp://",
        "http://mail.example.com",
        "smtp://mail.example.com/inbox",
        "smtp://mail.example.com#x",
        "smtp://mail.example.com?tls=maybe",
        "smtps://mail.example.com?tls=none",
        "smtp://user@mail.example.com",
        "smtp://:secret@mail.example.com",
        "smtp://us%ffer:secret@mail.example.com",
    ] {
        assert_eq!(SmtpServer::from_url(url).unwrap_err(), SmtpError::Url, "{url}");
    }
}

#[test]
fn descriptions_are_checked_and_keep_the_password_to_themselves() {
    for name in ["", "a b", "a\r\nMAIL FROM:<x@y.example>", "é"] {
        let server = SmtpServer::new("127.0.0.1", Security::None).hello_name(name);
        assert_eq!(SmtpMailer::new(composer(), server).unwrap_err(), SmtpError::Hello);
    }
    let mailer = SmtpMailer::from_url(composer(), "smtp://user:hunter2@127.0.0.1").unwrap();
    assert!(!format!("{mailer:?}").contains("hunter2"));
    assert!(!format!("{:?}", SmtpServer::from_url("smtp://user:hunter2@x:y")).contains("hunter2"));
    #[cfg(not(feature = "smtp-rustls"))]
    assert_eq!(SmtpMailer::from_url(composer(), "smtps://x.example").unwrap_err(), SmtpError::NoTls);
}
