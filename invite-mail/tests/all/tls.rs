//! Nothing of a letter, and no password, goes to a server that cannot show who it is.

use std::time::Duration;

use invite_core::Outcome;
use invite_mail::{Security, SmtpError, SmtpMailer, SmtpServer};

use crate::{
    certificates::{Authority, self_signed_server},
    script::{Act::*, Script, Server},
    smtp::{mailer, send},
    support::composer,
};

fn described(port: u16, security: Security) -> SmtpServer {
    let server = SmtpServer::new("localhost", security).port(port).credentials("user", "secret");
    server.command_timeout(Duration::from_secs(30))
}

#[tokio::test]
async fn a_certificate_is_checked_before_anything_is_said() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    for security in [Security::StartTls, Security::Tls] {
        for (what, tls, expected) in [
            ("of an authority we do not trust", theirs.server("localhost"), "Unknown Issuer"),
            ("for another host", ours.server("mail.example.com"), "not valid for name"),
            ("that is over", ours.expired_server("localhost"), "expired"),
            ("signed by itself", self_signed_server("localhost"), "invalid peer certificate"),
        ] {
            let wrapped = security == Security::Tls;
            let server = Server::play(Script { tls: Some(tls), wrapped, ..Script::default() }).await;
            let mailer = mailer(described(server.port, security).trust(ours.pem()));
            let outcome = send(&mailer, "ada@example.com").await;
            let Outcome::Misconfigured { text } = outcome else { panic!("{security:?}, {what}: {outcome:?}") };
            assert!(text.contains(expected), "{security:?}, {what}: {text}");
            let heard: &[&str] = if wrapped { &[] } else { &["EHLO [127.0.0.1]", "STARTTLS"] };
            assert_eq!(server.seen().heard, heard, "{security:?}, {what}");
        }
    }
}

#[tokio::test]
async fn a_server_we_trust_gets_the_letter_and_the_password_under_tls_only() {
    let authority = Authority::new();
    for security in [Security::StartTls, Security::Tls] {
        let wrapped = security == Security::Tls;
        let tls = Some(authority.server("localhost"));
        let server = Server::play(Script { tls, wrapped, ..Script::default() }).await;
        let mailer = mailer(described(server.port, security).trust(authority.pem()));
        for _ in 0..2 {
            let outcome = send(&mailer, "ada@example.com").await;
            assert_eq!(outcome, Outcome::accepted_as("4XyZ"), "{security:?}");
        }
        assert_eq!(server.seen().connections, 1);
        let said: Vec<_> =
            server.seen().heard.iter().take(4).map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        let expected = if wrapped { ["EHLO", "AUTH", "MAIL", "RCPT"] } else { ["EHLO", "STARTTLS", "EHLO", "AUTH"] };
        assert_eq!(said, expected, "{security:?}");
    }
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_taken_for_the_server_s() {
    let authority = Authority::new();
    let injected = "220 go on\r\n250-scripted\r\n250 AUTH PLAIN\r\n235 welcome\r\n";
    let script = Script { tls: Some(authority.server("localhost")), ..Script::of(&[("STARTTLS", Say(injected))]) };
    let server = Server::play(script).await;
    let mailer = mailer(described(server.port, Security::StartTls).trust(authority.pem()));
    let outcome = send(&mailer, "ada@example.com").await;
    assert!(matches!(outcome, Outcome::Misconfigured { .. }), "{outcome:?}");
    assert_eq!(server.seen().heard, ["EHLO [127.0.0.1]", "STARTTLS"]);
}

#[test]
fn what_cannot_be_trusted_is_refused_at_once() {
    let new = |server| SmtpMailer::new(composer(), server).err();
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let server = SmtpServer::new("mail.example.com", Security::Tls).trust(pem);
        assert_eq!(new(server), Some(SmtpError::Certificate), "{pem:?}");
    }
    assert_eq!(new(SmtpServer::new("not a name", Security::Tls)), Some(SmtpError::Host));
    assert_eq!(new(SmtpServer::new("192.0.2.1", Security::Tls)), None);
}
