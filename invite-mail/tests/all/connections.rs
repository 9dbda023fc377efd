//! Connections are kept for the next letter, and only while nothing went wrong on them.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use invite_core::{Mailer, Outcome};

use crate::{
    script::{Act, Act::*, Script, Server},
    smtp::{described, mailer, send},
    support::letter_at,
};

const SHORT: Duration = Duration::from_millis(200);

fn taken() -> Outcome {
    Outcome::accepted_as("4XyZ")
}

#[tokio::test]
async fn letters_follow_each_other_over_one_connection() {
    let server = Server::play(Script::default()).await;
    let mailer = mailer(described(server.port));
    for address in ["a@example.com", "b@example.com", "c@example.com"] {
        assert_eq!(send(&mailer, address).await, taken());
    }
    assert_eq!(server.seen().connections, 1);
    assert_eq!(server.commands("AUTH").len(), 1);
    assert_eq!(server.commands("RSET").len(), 2, "one before each letter but the first");
    assert_eq!(server.commands("RCPT"), ["a", "b", "c"].map(|name| format!("RCPT TO:<{name}@example.com>")));
    assert_eq!(server.seen().stored.len(), 3);
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_to_the_next_letter() {
    for (point, act) in
        [("RCPT 1", "550 5.1.1 no such user\r\n"), (". 1", "554 5.7.1 spam\r\n"), ("DATA 1", "451 x\r\n")]
    {
        let server = Server::play(Script::of(&[(point, Say(act))])).await;
        let mailer = mailer(described(server.port));
        let letter = letter_at("ada@example.com").await;
        assert!(matches!(mailer.deliver(&letter).await, Outcome::Refused { .. }), "{point}");
        assert_eq!(mailer.deliver(&letter).await, taken(), "{point}");
        assert_eq!(server.seen().connections, 1, "{point}");
        assert_eq!(server.commands("RSET").len(), 1, "{point}");
    }
}

#[tokio::test]
async fn nothing_is_sent_over_a_connection_on_which_something_went_wrong() {
    for (point, act) in [
        (". 1", Hang),
        (". 1", Drop),
        (". 1", Say("garbage\r\n")),
        (". 1", Say("421 bye\r\n")),
        ("RCPT 1", Say("garbage\r\n")),
        ("RCPT 1", Say("421 bye\r\n")),
        ("MAIL 1", Say("452 full\r\n")),
        // Whole, but more than an answer: what would the next one be the answer to?
        ("RCPT 1", Say("250 ok\r\n250 ok\r\n")),
    ] {
        let server = Server::play_each(vec![Script::of(&[(point, act)]), Script::default()]).await;
        let mailer =
            mailer(described(server.port).final_timeout(if matches!(act, Hang) { SHORT } else { SHORT * 100 }));
        let letter = letter_at("ada@example.com").await;
        let outcome = mailer.deliver(&letter).await;
        assert!(
            matches!(outcome, Outcome::Unknown { .. } | Outcome::Unreachable { .. }),
            "{point} {act:?}: {outcome:?}"
        );
        assert_eq!(mailer.deliver(&letter).await, taken(), "{point} {act:?}");
        assert_eq!(server.seen().connections, 2, "{point} {act:?}");
        let ids = server.commands("Message-ID: ");
        assert!(ids.iter().all(|id| *id == ids[0]), "the same mail to whoever gets both");
    }
}

#[tokio::test]
async fn a_connection_whose_letter_was_given_up_is_not_used_again() {
    let server = Server::play_each(vec![Script::of(&[(".", Hang)]), Script::default()]).await;
    let mailer = Arc::new(mailer(described(server.port)));
    let (letter, other) = (letter_at("ada@example.com").await, Arc::clone(&mailer));
    let hanging = tokio::spawn(async move { other.deliver(&letter).await });
    server.until("the letter is on its way", |seen| seen.heard.last().is_some_and(|line| line == ".")).await;
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    assert_eq!(send(&mailer, "bob@example.com").await, taken());
    assert_eq!(server.seen().connections, 2);
    assert_eq!(server.commands("RCPT").len(), 2);
}

#[tokio::test]
async fn a_connection_that_died_while_it_waited_costs_nothing() {
    let dead: &[(&'static str, Act)] = &[
        ("RSET", Drop),
        ("RSET", Hang),
        ("RSET", Say("garbage\r\n")),
        ("RSET", Say("421 4.4.2 timeout\r\n")),
        ("RSET", Say("500 what\r\n")),
        ("MAIL 2", Drop),
        ("MAIL 2", Say("421 4.7.0 too many messages\r\n")),
        ("MAIL 2", Say("451 4.7.0 too many messages\r\n")),
        ("RCPT 2", Drop),
        ("RCPT 2", Say("421 bye\r\n")),
        ("DATA 2", Drop),
        ("QUIT", Drop),
    ];
    for (point, act) in dead {
        let server = Server::play_each(vec![Script::of(&[(point, *act)]), Script::default()]).await;
        let described = described(server.port);
        let hangs = matches!(act, Hang);
        let mailer = mailer(if hangs { described.command_timeout(SHORT * 5) } else { described });
        let letter = letter_at("ada@example.com").await;
        assert_eq!(mailer.deliver(&letter).await, taken(), "{point} {act:?}");
        assert_eq!(mailer.deliver(&letter).await, taken(), "{point} {act:?}");
        assert_eq!(server.seen().connections, if *point == "QUIT" { 1 } else { 2 }, "{point} {act:?}");
        assert_eq!(server.seen().stored.len(), 2, "{point} {act:?}");
    }
}

#[tokio::test]
async fn a_dead_connection_is_replaced_once() {
    let dead = Script::of(&[("MAIL 2", Drop)]);
    let server = Server::play_each(vec![dead, Script::of(&[("GREETING", Drop)])]).await;
    let mailer = mailer(described(server.port));
    let letter = letter_at("ada@example.com").await;
    assert_eq!(mailer.deliver(&letter).await, taken());
    assert!(matches!(mailer.deliver(&letter).await, Outcome::Unreachable { .. }));
    assert_eq!(server.seen().connections, 2);
}

#[tokio::test]
async fn after_the_end_of_the_letter_nothing_is_sent_again_by_itself() {
    let server = Server::play(Script::of(&[(". 2", Drop)])).await;
    let mailer = mailer(described(server.port));
    let letter = letter_at("ada@example.com").await;
    assert_eq!(mailer.deliver(&letter).await, taken());
    assert!(matches!(mailer.deliver(&letter).await, Outcome::Unknown { .. }));
    assert_eq!(server.seen().connections, 1);
}

#[tokio::test]
async fn a_connection_is_closed_after_its_share_of_letters() {
    let server = Server::play(Script::default()).await;
    let mailer = mailer(described(server.port).letters_per_connection(2));
    for _ in 0..5 {
        assert_eq!(send(&mailer, "ada@example.com").await, taken());
    }
    assert_eq!(server.seen().connections, 3);
    assert_eq!(server.commands("QUIT").len(), 2);
}

#[tokio::test]
async fn a_connection_that_nobody_needs_says_goodbye() {
    let server = Server::play(Script::default()).await;
    let mailer = mailer(described(server.port).idle_timeout(Duration::from_millis(50)));
    for round in 1..=2 {
        assert_eq!(send(&mailer, "ada@example.com").await, taken());
        server.until("it leaves", |seen| seen.lines("QUIT").len() == round && seen.open == 0).await;
    }
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let server = Server::play(Script::default()).await;
    let mailer = mailer(described(server.port).connections(2));
    let letters = join_all((0..10).map(|number| letter_at(format!("ada{number}@example.com").leak()))).await;
    let outcomes = join_all(letters.iter().map(|letter| mailer.deliver(letter))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == taken()), "{outcomes:?}");
    assert_eq!(server.seen().connections, 2);
    assert_eq!(server.seen().stored.len(), 10);
}

#[tokio::test]
async fn a_letter_does_not_wait_for_ever_for_its_turn() {
    let server = Server::play(Script::of(&[(".", Hang)])).await;
    let described = described(server.port).connections(1).command_timeout(SHORT * 5);
    let mailer = Arc::new(mailer(described));
    let (letter, other) = (letter_at("ada@example.com").await, Arc::clone(&mailer));
    let hanging = tokio::spawn(async move { other.deliver(&letter).await });
    server.until("the letter is on its way", |seen| seen.heard.last().is_some_and(|line| line == ".")).await;
    let outcome = send(&mailer, "bob@example.com").await;
    assert_eq!(outcome, Outcome::Unreachable { text: "all connections to the mail server are in use".into() });
    hanging.abort();
}
