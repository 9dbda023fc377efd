//! Two adapters on one database, each of the three: what one writes the other reads, to the letter and the microsecond.
//!
//! That they may race each other as well is seen by the conformance suite, in which `mixed` stores take turns.

use chrono::{DateTime, TimeDelta, Utc};
use invite_conformance::Harness;
use invite_core::{
    Actor, Amendment, Claimant, Event, InvitationQuery, Invitations, Kind, NewInvitation, Outcome, Policy, Record,
    Refusal, Sort, Token, Unchecked, Worker,
    store::{InvitationStore, Key, Read},
    testing::{self, CapturingMailer, ManualClock},
};
use invite_suite::{
    database::Database,
    drivers::{diesel, sqlx},
    kill::Reachable,
    on::On,
};
use serde::{Deserialize, Serialize};

/// Connections of each adapter.
const CONNECTIONS: u32 = 4;

#[derive(Serialize, Deserialize)]
struct Membership {
    role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Nothing of it is a whole number of anything but microseconds.
fn instant() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(2_229_985_461_123_457).expect("an instant in 2040")
}

fn members<H: Harness>(harness: &H) -> Invitations<H::Store, Membership> {
    Invitations::new(harness.store(), Policy::default(), Unchecked).clock(ManualClock::at(instant()))
}

/// An invitation for every way it can go, with something in every column somewhere.
async fn write<H: Harness>(harness: &H, pool: &H::Pool, scope: &str) -> Vec<Token> {
    let members = members(harness);
    let (scoped, admin) = (members.scope(scope), Actor::new("ädmin"));
    let new = |name: &str| {
        NewInvitation::new(format!("{name}@Example.com"), Membership { role: "ädmin \u{1F511}".into() })
            .display(&serde_json::json!({ "organization": "Ünion \"quoted\"", "seats": 3.5, "nothing": null }))
            .message("Grüße,\nMax  ")
            .locale("de-CH")
            .expires_in(TimeDelta::microseconds(86_400_000_001))
    };
    let mut tx = harness.begin(pool, harness.levels()[0]).await.expect("a transaction");
    let mut tokens = Vec::new();
    for name in ["Open", "Ada", "declined", "cancelled", "amended", "resent", "refused", "mailed"] {
        let created = scoped.create(&mut tx, &admin, new(name)).await.expect("a creation");
        let token = testing::deliver(&members, &mut tx, created.id).await.expect("a token");
        match name {
            "Open" => assert!(members.mark_viewed(&mut tx, &token).await.expect("a look")),
            "Ada" => {
                let ada = Claimant::new("adä").verified("Ada@Example.com");
                members.accept(&mut tx, &token, &ada).await.expect("an acceptance");
            }
            "declined" => {
                members.reject(&mut tx, &token, &Actor::Bearer, Some("zu weit")).await.expect("a decline");
            }
            "cancelled" => {
                scoped.cancel(&mut tx, &admin, created.id, Some("gestrichen")).await.expect("a cancellation");
            }
            "amended" => {
                let amendment = Amendment::new().email("anew@example.com").message("an anderem Ort");
                scoped.amend(&mut tx, &admin, created.id, &amendment).await.expect("an amendment");
            }
            "resent" => {
                let later = members.clone().clock(ManualClock::at(instant() + TimeDelta::microseconds(60_000_001)));
                later.scope(scope).resend(&mut tx, &admin, created.id).await.expect("a resend");
            }
            _ => {
                let link = scoped.new_link(&mut tx, &admin, created.id).await.expect("a link").token;
                tokens.push(link);
            }
        }
        tokens.push(token);
    }
    harness.commit(tx).await.expect("a commit");
    tokens
}

/// Mails what anybody has queued, and records how that went.
async fn mail<H: Harness>(harness: &H, pool: H::Pool, answer: Outcome, batch: u32) -> usize {
    let mailer = CapturingMailer::default();
    mailer.answer(answer);
    let worker = Worker::new(harness.store(), pool, mailer.clone()).serve(&members(harness)).batch(batch);
    worker.tick().await.expect("a round");
    mailer.take().len()
}

/// All that is to be known of an invitation by one of its links.
#[derive(PartialEq)]
struct Known {
    record: Record,
    link: (u32, &'static str, [u8; 32]),
    history: Vec<Event>,
}

async fn read<H: Harness>(harness: &H, pool: &H::Pool, token: &Token) -> Known {
    let store = harness.store();
    let mut conn = harness.connect(pool).await.expect("a connection");
    let digest = testing::digest::<Membership>(token);
    let found =
        store.find(&mut conn, &[Key::Token(&digest)], Read::Plain).await.expect("a look").remove(0).expect("a row");
    let (record, link) = (found.record, found.token.expect("its token"));
    let history = store.history(&mut conn, Membership::NAME, &record.scope, record.id).await.expect("a history");
    Known { link: (link.generation, link.channel.as_str(), *link.digest.as_bytes()), record, history }
}

async fn list<H: Harness>(harness: &H, pool: &H::Pool, scope: &str, sort: Sort) -> Vec<Record> {
    let mut conn = harness.connect(pool).await.expect("a connection");
    let members = members(harness);
    let (scoped, mut query, mut all) = (members.scope(scope), InvitationQuery::new().sort(sort).limit(3), Vec::new());
    loop {
        let page = scoped.list(&mut conn, &Actor::System, &query).await.expect("a page");
        all.extend(page.items.into_iter().map(invite_core::Invitation::into_record));
        match page.next {
            Some(next) => query = query.after(next),
            None => return all,
        }
    }
}

fn both_read_alike_what_either_writes<A: Database, B: Database>() {
    let (one, other) = (On::<A>::default(), On::<B>::default());
    one.block_on(async {
        let url = one.new_url().await.expect("a database");
        let pool = one.open(&url, CONNECTIONS).await.expect("a pool");
        A::migrate(&pool).await.expect("tables");
        let others = other.open(&url, CONNECTIONS).await.expect("a pool of the same database");
        let mut tokens = write(&one, &pool, "örg:1").await;
        tokens.extend(write(&other, &others, "örg:2").await);
        // Of what is open and due, in either scope, each worker mails a part.
        let refused = Outcome::Refused {
            refusal: Refusal::Permanent,
            code: Some(550),
            enhanced: None,
            text: "no such mailbox".into(),
        };
        let mut mailed = [mail(&other, others.clone(), refused, 9).await, 0];
        tokens.sort_by_key(|token| *testing::digest::<Membership>(token).as_bytes());
        for token in &tokens {
            let (known, known_too) = (read(&one, &pool, token).await, read(&other, &others, token).await);
            assert!(known == known_too, "{}", known.record.recipient.canonical());
            assert_eq!(known.record.created_at, instant());
            assert_eq!(known.history.first().map(|event| event.at), Some(instant()));
        }
        for scope in ["örg:1", "örg:2"] {
            for sort in [Sort::OldestFirst, Sort::Address] {
                let (listed, listed_too) =
                    (list(&one, &pool, scope, sort).await, list(&other, &others, scope, sort).await);
                assert_eq!(listed.len(), 8);
                assert!(listed == listed_too, "lists of {scope} differ");
            }
        }
        mailed[1] = mail(&one, pool, Outcome::Accepted { id: None }, 99).await;
        assert!(mailed[0] > 0 && mailed[0] + mailed[1] == 6, "{mailed:?} letters were mailed");
    });
}

#[test]
fn what_either_adapter_writes_on_mysql_both_read_alike() {
    both_read_alike_what_either_writes::<sqlx::MySql, diesel::MySql>();
}

#[test]
fn what_either_adapter_writes_on_postgres_both_read_alike() {
    both_read_alike_what_either_writes::<sqlx::Postgres, diesel::Postgres>();
}

#[test]
fn what_either_adapter_writes_on_sqlite_both_read_alike() {
    both_read_alike_what_either_writes::<sqlx::Sqlite, diesel::Sqlite>();
}
