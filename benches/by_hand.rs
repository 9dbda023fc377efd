//! The same work as a careful host would write it for itself: the same rows in the same tables,
//! one connection, no abstraction, no more columns read than are used.

pub(crate) mod diesel;
pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use chrono::{DateTime, Utc};
use invite_core::{Clock, SystemClock, SystemRandom, Token, TokenFormat, testing};

use crate::Membership;

/// One line of a list, with all that an administrator's page says about it; ids and times as the
/// database has them.
#[derive(Debug)]
#[expect(dead_code, reason = "a page would show it")]
struct Line<Id, Time> {
    id: Id,
    email: String,
    membership: Membership,
    message: Option<String>,
    inviter: String,
    status: String,
    ended_at: Option<Time>,
    created_at: Time,
    expires_at: Time,
    delivery: (String, i64, Option<String>),
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn digest(token: &Token) -> Vec<u8> {
    testing::digest::<Membership>(token).as_bytes().to_vec()
}

/// A new token's digest.
fn mint() -> Vec<u8> {
    digest(&testing::draw_token(&SystemRandom, TokenFormat::Prefixed).expect("randomness"))
}

fn role(payload: &str) -> String {
    serde_json::from_str::<Membership>(payload).expect("payload").role
}
