//! What becomes of a letter, told by what the server says.

use std::{error::Error, time::Duration};

use invite_core::{Mailer, Outcome, Refusal};
use invite_mail::{Security, SmtpError, SmtpMailer, SmtpServer};
use tokio::net::TcpListener;

use crate::{
    script::{Act, Act::*, Script, Server},
    support::{composer, letter_at},
};

pub(crate) fn described(port: u16) -> SmtpServer {
    // Longer than any answer takes, so that only what is meant to hang meets it.
    let ample = Duration::from_secs(30);
    let server = SmtpServer::new("127.0.0.1", Security::None).port(port).credentials("user", "pässword");
    server.connect_timeout(ample).command_timeout(ample).final_timeout(ample)
}

pub(crate) fn mailer(server: SmtpServer) -> SmtpMailer {
    SmtpMailer::new(composer(), server).unwrap()
}

pub(crate) async fn send(mailer: &SmtpMailer, address: &str) -> Outcome {
    let letter = letter_at(address).await;
    mailer.deliver(&letter).await
}

pub(crate) async fn play(acts: &[(&'static str, Act)]) -> (Outcome, Server) {
    let server = Server::play(Script::of(acts)).await;
    let outcome = send(&mailer(described(server.port)), "Ada@Example.com").await;
    (outcome, server)
}

#[tokio::test]
async fn an_accepted_letter_goes_to_one_recipient_from_the_configured_sender() {
    let (outcome, server) = play(&[]).await;
    assert_eq!(outcome, Outcome::accepted_as("4XyZ"));
    assert_eq!(server.commands("AUTH"), ["AUTH PLAIN AHVzZXIAcMOkc3N3b3Jk"]);
    assert_eq!(server.commands("MAIL"), ["MAIL FROM:<invitations@example.com>"]);
    assert_eq!(server.commands("RCPT"), ["RCPT TO:<Ada@example.com>"]);
    assert_eq!(server.commands("DATA").len(), 1);
    for header in ["Message-ID: ", "Auto-Submitted: auto-generated", "Date: ", "From: ", "To: ", "Subject: "] {
        assert_eq!(server.commands(header).len(), 1, "{header}");
    }
    assert!(server.commands("not a line").is_empty(), "every line ends with CR LF");
}

#[tokio::test]
async fn a_refusal_with_a_code_is_the_recipient_s_only_once_one_is_named() {
    let refused = |permanent, code, enhanced: &str, text: &str| {
        let enhanced = invite_core::EnhancedCode::parse(enhanced);
        let refusal = if permanent { Refusal::Permanent } else { Refusal::Transient };
        Outcome::Refused { refusal, code: Some(code), enhanced, text: text.into() }
    };
    let ours = |text: &str| Outcome::Misconfigured { text: text.into() };
    let away = |text: &str| Outcome::Unreachable { text: text.into() };
    let letters = |text: &str| Outcome::ComposeFailed { text: text.into() };
    for (point, reply, expected) in [
        ("RCPT", "550 5.1.1 <ada@example.com> no such user\r\n", refused(true, 550, "5.1.1", "… no such user")),
        ("RCPT", "550 5.1.1 unknown in relay table\r\n", refused(true, 550, "5.1.1", "unknown in relay table")),
        ("RCPT", "550 No such user\r\n", refused(true, 550, "", "No such user")),
        ("RCPT", "451 4.7.1 greylisted\r\n", refused(false, 451, "4.7.1", "greylisted")),
        ("RCPT", "550-5.7.1 two\r\n550 5.7.1 lines\r\n", refused(true, 550, "5.7.1", "two lines")),
        ("RCPT", "530 5.7.0 log in first\r\n", ours("530 5.7.0 log in first")),
        ("RCPT", "554 5.7.1 <a@b.example>: Relay access denied\r\n", ours("554 5.7.1 … Relay access denied")),
        ("RCPT", "550 relay not permitted\r\n", ours("550 relay not permitted")),
        ("RCPT", "454 4.7.1 <a@b.example>: Relay access denied\r\n", ours("454 4.7.1 … Relay access denied")),
        ("RCPT", "550 no such user <relay@b.example>\r\n", refused(true, 550, "", "no such user …")),
        ("RCPT", "554 5.7.1 relayworks wants no mail\r\n", refused(true, 554, "5.7.1", "relayworks wants no mail")),
        (
            "RCPT",
            "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user\r\n",
            ours("553 5.7.1 … Sender address rejected: not owned by user"),
        ),
        (
            "RCPT",
            "504 5.5.2 <us>: Helo command rejected: need fully-qualified hostname\r\n",
            ours("504 5.5.2 <us>: Helo command rejected: need fully-qualified hostname"),
        ),
        ("RCPT", "450 4.1.8 domain not found\r\n", ours("450 4.1.8 domain not found")),
        ("RCPT", "503 This server wants a log-in\r\n", ours("503 This server wants a log-in")),
        (".", "500 5.6.1 content rejected\r\n", refused(true, 500, "5.6.1", "content rejected")),
        ("RCPT", "421 4.4.5 busy\r\n", away("421 4.4.5 busy")),
        ("MAIL", "452 4.4.5 busy\r\n", away("452 4.4.5 busy")),
        ("RCPT", "552 5.2.2 over quota\r\n", refused(true, 552, "5.2.2", "over quota")),
        ("RCPT", "550 5.4.5 Daily limit exceeded\r\n", ours("550 5.4.5 Daily limit exceeded")),
        (
            ".",
            "454 Throttling failure: Maximum sending rate exceeded.\r\n",
            ours("454 Throttling failure: Maximum sending rate exceeded."),
        ),
        (
            ".",
            "554 Message rejected: Email address is not verified.\r\n",
            ours("554 Message rejected: Email address is not verified."),
        ),
        (
            ".",
            "550 5.7.60 no permissions to send as this sender\r\n",
            ours("550 5.7.60 no permissions to send as this sender"),
        ),
        ("DATA", "554 5.5.1 no valid recipients\r\n", ours("554 5.5.1 no valid recipients")),
        (".", "554 5.7.1 spam: https://example.com/i?token=inv1_x\r\n", refused(true, 554, "5.7.1", "spam: …")),
        (".", "451 4.3.0 try later\r\n", refused(false, 451, "4.3.0", "try later")),
        (".", "552 5.2.2 mailbox full\r\n", refused(true, 552, "5.2.2", "mailbox full")),
        ("RCPT", "421 4.3.2 shutting down\r\n", away("421 4.3.2 shutting down")),
        ("GREETING", "421 4.3.2 busy\r\n", away("421 4.3.2 busy")),
        ("GREETING", "554 5.7.1 you are listed\r\n", ours("554 5.7.1 you are listed")),
        ("AUTH", "535 5.7.8 not AHVzZXIAcMOkc3N3b3Jk\r\n", ours("535 5.7.8 the log-in was refused")),
        ("AUTH", "534 too weak\r\n", ours("534 the log-in was refused")),
        ("AUTH", "454 4.7.0 directory down\r\n", away("454 4.7.0 the log-in was refused")),
        ("MAIL", "530 5.7.0 authentication required\r\n", ours("530 5.7.0 authentication required")),
        ("MAIL", "553 5.7.1 sender not yours\r\n", ours("553 5.7.1 sender not yours")),
        ("MAIL", "452 4.3.1 disk full\r\n", away("452 4.3.1 disk full")),
        // RFC 1870: the letter is larger than the server takes.
        ("MAIL", "552 too much\r\n", letters("552 too much")),
        ("MAIL", "552 5.3.4 message size exceeds limit\r\n", letters("552 5.3.4 message size exceeds limit")),
        ("MAIL", "554 5.2.3 length\r\n", letters("554 5.2.3 length")),
        ("MAIL", "552 daily sending quota exceeded\r\n", ours("552 daily sending quota exceeded")),
        ("MAIL", "552 5.2.2 over quota\r\n", ours("552 5.2.2 over quota")),
        ("MAIL", "554 5.7.1 no spam from here\r\n", ours("554 5.7.1 no spam from here")),
        (".", "250\r\n", Outcome::accepted()),
        (".", "250 queued as inv1_abc\r\n", Outcome::accepted()),
        ("AUTH", "334 \r\n", ours("the server asks for more than this log-in has")),
    ] {
        let (outcome, server) = play(&[(point, Say(reply))]).await;
        assert_eq!(outcome, expected, "{point} {reply}");
        assert!(server.commands("RCPT").len() <= 1);
    }
}

#[tokio::test]
async fn words_of_a_server_are_cut_and_cleaned() {
    let long = format!("550-5.1.1 \u{1b}[31m{}\r\n550 5.1.1 <ada@example.com>\r\n", "no ".repeat(300));
    let (outcome, _server) = play(&[("RCPT", Say(long.leak()))]).await;
    let Outcome::Refused { text, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(text.chars().count(), 200);
    assert!(!text.contains(|c: char| c.is_control()) && !text.contains('@'), "{text}");
}

#[tokio::test]
async fn what_a_server_quotes_of_the_link_and_of_the_log_in_is_not_kept() {
    let letter = letter_at("ada@example.com").await;
    for (point, act) in [(".", Quote("554")), (".", Quote("421")), (".", Quote("250")), ("AUTH", Quote("535"))] {
        let server = Server::play(Script::of(&[(point, act)])).await;
        let outcome = format!("{:?}", mailer(described(server.port)).deliver(&letter).await);
        assert!(!outcome.contains("inv1_") && !outcome.contains("AHVzZXIA"), "{outcome}");
        assert!(!outcome.contains(&letter.token().expose_secret()[30..]), "{outcome}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let outcome = send(&mailer(described(port)), "ada@example.com").await;
    assert_eq!(outcome, Outcome::Unreachable { text: "connection refused when connecting to the mail server".into() });
}

#[cfg(feature = "smtp-rustls")]
#[tokio::test]
async fn a_server_that_hides_starttls_gets_nothing() {
    let server = Server::play(Script::default()).await;
    let description = SmtpServer::new("127.0.0.1", Security::StartTls).port(server.port).credentials("user", "secret");
    let outcome = send(&mailer(description), "ada@example.com").await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "STARTTLS is not offered by the server".into() });
    assert!(server.commands("AUTH").is_empty() && server.commands("MAIL").is_empty());
}

#[test]
fn a_password_is_not_sent_in_the_clear_to_another_machine() {
    let clear = |host: &str| SmtpServer::new(host, Security::None).credentials("user", "secret");
    let refused = |server| SmtpMailer::new(composer(), server).err();
    for host in ["127.0.0.1", "::1", "localhost"] {
        assert_eq!(refused(clear(host)), None, "{host}");
    }
    for host in ["mail.example.com", "10.0.0.1", "localhost.example.com"] {
        assert_eq!(refused(clear(host)), Some(SmtpError::ExposedPassword), "{host}");
        assert_eq!(refused(clear(host).expose_password()), None, "{host}");
        assert_eq!(refused(SmtpServer::new(host, Security::None)), None, "{host}");
    }
    let url = SmtpServer::from_url("smtp://user:secret@mailpit:1025?tls=none").unwrap();
    let error = SmtpMailer::new(composer(), url).unwrap_err();
    assert!(error.source().is_none() && error.to_string() == "the password would be sent in the clear");
}

#[test]
fn the_mailer_says_how_long_it_may_take() {
    let server = SmtpServer::new("127.0.0.1", Security::None);
    assert_eq!(mailer(server.clone()).time_limit(), Some(Duration::from_secs(60 + 15 * 60 + 600)));
    // And a second for taking leave.
    let short = mailer(server.within(Duration::from_secs(300))).time_limit();
    assert_eq!(short, Some(Duration::from_secs(301)));
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
