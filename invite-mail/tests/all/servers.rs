//! What servers offer, and servers that are older or expect something else.

use std::time::Duration;

use invite_core::{Mailer, Outcome};
use invite_mail::{ReturnPath, SmtpMailer};

use crate::{
    script::{Act::*, Script, Server},
    smtp::{described, mailer, play, send},
    support::{composer, letter_at},
};

fn taken() -> Outcome {
    Outcome::accepted_as("4XyZ")
}

#[tokio::test]
async fn a_server_that_does_not_know_ehlo_is_greeted_with_helo() {
    for refusal in ["500 5.5.1 what?\r\n", "502 5.5.2 not implemented\r\n"] {
        let server = Server::play(Script::of(&[("EHLO", Say(refusal))])).await;
        let description = invite_mail::SmtpServer::new("127.0.0.1", invite_mail::Security::None).port(server.port);
        let outcome = send(&mailer(description.hello_name("mx.example.com")), "ada@example.com").await;
        assert_eq!(outcome, taken(), "{refusal}");
        assert_eq!(server.seen().heard[..2], ["EHLO mx.example.com", "HELO mx.example.com"]);
        assert_eq!(server.commands("MAIL"), ["MAIL FROM:<invitations@example.com>"]);
    }
}

#[tokio::test]
async fn helo_is_no_way_round_the_log_in_or_another_refusal() {
    let (outcome, server) = play(&[("EHLO", Say("502 5.5.2 not implemented\r\n"))]).await;
    assert!(matches!(outcome, Outcome::Misconfigured { .. }), "{outcome:?}");
    assert!(server.commands("MAIL").is_empty());
    for refusal in ["550 5.7.1 not you\r\n", "421 4.3.2 bye\r\n"] {
        let (_, server) = play(&[("EHLO", Say(refusal))]).await;
        assert!(server.commands("HELO").is_empty(), "{refusal}");
    }
}

#[cfg(feature = "smtp-rustls")]
#[tokio::test]
async fn helo_is_no_way_round_starttls() {
    let server = Server::play(Script::of(&[("EHLO", Say("502 not implemented\r\n"))])).await;
    let description = invite_mail::SmtpServer::new("127.0.0.1", invite_mail::Security::StartTls).port(server.port);
    let outcome = send(&mailer(description), "ada@example.com").await;
    assert_eq!(outcome, Outcome::Misconfigured { text: "STARTTLS is not offered by the server".into() });
    assert!(server.commands("MAIL").is_empty());
}

#[tokio::test]
async fn a_server_that_offers_size_is_told_the_size_of_the_letter() {
    for offer in
        ["250-scripted\r\n250-SIZE\r\n250 AUTH PLAIN\r\n", "250-scripted\r\n250-SIZE 90000\r\n250 AUTH PLAIN\r\n"]
    {
        let (outcome, server) = play(&[("EHLO", Say(offer))]).await;
        assert_eq!(outcome, taken());
        let size = server.seen().stored[0].len();
        assert_eq!(server.commands("MAIL"), [format!("MAIL FROM:<invitations@example.com> SIZE={size}")]);
    }
}

#[tokio::test]
async fn a_letter_over_the_limit_is_not_sent_and_the_letter_is_what_is_wrong() {
    let offer = Say("250-scripted\r\n250-SIZE 2000\r\n250 AUTH PLAIN\r\n");
    let small = Say("250-scripted\r\n250 AUTH PLAIN\r\n");
    let (outcome, server) = play(&[("EHLO", offer)]).await;
    let Outcome::ComposeFailed { text } = outcome else { panic!("{outcome:?}") };
    assert!(text.starts_with("the letter has ") && text.ends_with(" bytes, and the mail server takes 2000"), "{text}");
    assert!(server.commands("MAIL").is_empty());

    // It says nothing about the server, whose connection waits for the next letter.
    let server = Server::play_each(vec![Script::of(&[("EHLO", offer)]), Script::of(&[("EHLO", small)])]).await;
    let mailer = mailer(described(server.port));
    for _ in 0..2 {
        let outcome = send(&mailer, "ada@example.com").await;
        assert!(matches!(outcome, Outcome::ComposeFailed { .. }), "{outcome:?}");
    }
    assert_eq!(server.seen().connections, 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_may_expect_tls_and_the_outcome_says_so() {
    let server = Server::play(Script::of(&[("GREETING", Hang)])).await;
    let description = described(server.port).command_timeout(Duration::from_millis(200));
    let text = "the mail server said nothing within the time limit; it may expect TLS from the start".into();
    assert_eq!(send(&mailer(description), "ada@example.com").await, Outcome::Unreachable { text });
    // One that began to speak does not.
    let server = Server::play(Script::of(&[("GREETING", Drip)])).await;
    let description = described(server.port).command_timeout(Duration::from_millis(200));
    let text = "no answer within the time limit when connecting to the mail server".into();
    assert_eq!(send(&mailer(description), "ada@example.com").await, Outcome::Unreachable { text });
}

#[tokio::test]
async fn a_server_that_knows_of_reports_is_asked_for_them_without_the_link() {
    let server = Server::play(Script::of(&[("EHLO", Say("250-scripted\r\n250-DSN\r\n250 AUTH PLAIN\r\n"))])).await;
    let letter = letter_at("ada+x@example.com").await;
    assert_eq!(mailer(described(server.port)).deliver(&letter).await, Outcome::accepted_as("4XyZ"));
    let delivery = *letter.delivery().as_uuid();
    let expected = format!("MAIL FROM:<invitations@example.com> RET=HDRS ENVID={delivery}");
    assert_eq!(server.commands("MAIL"), [expected]);
    assert_eq!(
        server.commands("RCPT"),
        ["RCPT TO:<ada+x@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ada+2Bx@example.com"]
    );
}

#[tokio::test]
async fn each_letter_has_a_return_path_of_its_own() {
    let server = Server::play(Script::default()).await;
    let returns = ReturnPath::new("bounces@bounces.example.com", [7; 16]).unwrap();
    let mailer = SmtpMailer::new(composer().return_path(returns.clone()), described(server.port)).unwrap();
    let letters = [letter_at("ada@example.com").await, letter_at("bob@example.com").await];
    for letter in &letters {
        assert_eq!(mailer.deliver(letter).await, taken());
    }
    let senders = server.commands("MAIL FROM:");
    let found = senders.iter().map(|line| returns.delivery(line.strip_prefix("MAIL FROM:").unwrap()));
    assert!(found.eq(letters.iter().map(|letter| Some(letter.delivery()))), "{senders:?}");
    assert_eq!(server.commands("From: "), ["From: \"Analytical Engines\" <invitations@example.com>"; 2]);
}
