//! What the benches measure: on each database the library's way to do a thing, and the same thing
//! written by hand over the same driver, with as little SQL as will do.

#![expect(clippy::exhaustive_structs, reason = "only the benches use it")]

mod by_hand;
mod databases;
pub mod measure;
pub mod work;

use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use invite_core::{Cursor, Kind, Letter, Mailer, NewInvitation, Outcome, Token};
use serde::{Deserialize, Serialize};

pub use databases::{mysql, postgres, sqlite};

/// The payload of every invitation here.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    /// What acceptance grants.
    pub role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "every database knows each")]
pub enum Side {
    /// This library.
    Library,
    /// The statements one would write, in a transaction.
    ByHand,
    /// The same in one statement, where the database can.
    InOne,
    /// Less than the library does, and no more than must be.
    Bare,
    /// By hand, of every column the library reads.
    Everything,
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "every database knows each")]
pub enum Page {
    /// The newest.
    First,
    /// What lies behind this many rows of [`Subject::fill`].
    Behind(u64),
}

/// A database with everything to be measured on it. Each person has a number.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// Invites, in a transaction of its own.
    async fn create(&self, side: Side, n: u64);

    /// Reads what a landing page shows.
    async fn preview(&self, side: Side, token: &Token);

    /// Accepts and inserts the membership, both or neither.
    async fn accept(&self, side: Side, token: &Token, n: u64);

    /// Reads fifty of a scope, the newest first.
    async fn list(&self, side: Side, page: Page);

    /// Expires everything that is due, some hundred at a time.
    async fn sweep(&self, side: Side);

    /// Sends every letter there is, to nobody.
    async fn mail(&self, side: Side);

    /// Invites so many people and returns their links' tokens.
    async fn invited(&self, from: u64, how_many: u64) -> Vec<Token>;

    /// Adds so many invitations that are due.
    async fn add_due(&self, from: u64, how_many: u64);

    /// Queues so many letters and no more.
    async fn queue(&self, from: u64, how_many: u64);

    /// Fills the scope `big` with so many invitations.
    async fn fill(&self, how_many: u64);
}

/// Takes every letter and forgets it.
#[derive(Debug)]
pub struct Nobody;

#[async_trait]
impl Mailer for Nobody {
    async fn deliver(&self, _: &Letter) -> Outcome {
        Outcome::accepted()
    }
}

/// A subject that several tasks may use.
pub type Shared = Arc<dyn Subject>;

/// The address of the n-th person: anywhere in the order of addresses, as people are.
#[must_use]
pub fn address(n: u64) -> String {
    format!("{:016x}@example.com", scattered(n))
}

/// An invitation for the n-th person.
pub fn new(n: u64) -> NewInvitation<Membership> {
    let display = serde_json::json!({ "organization": "Example", "inviter": "Ada" });
    NewInvitation::new(address(n), Membership { role: "member".into() }).display(&display)
}

/// Where [`Subject::fill`] begins in time, in microseconds; each invitation is a second later.
const FILLED_FROM: i64 = 1_700_000_000_000_000;

/// The time and the id of the n-th that was filled in.
fn filled(n: u64) -> (i64, [u8; 16]) {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    (FILLED_FROM + i64::try_from(n).unwrap_or_default() * 1_000_000, id)
}

/// The cursor of the page that begins after the n-th, as its text has it.
fn cursor(n: u64) -> Cursor {
    let (at, id) = filled(n);
    let text = BASE64URL_NOPAD.encode(&[&[0][..], &at.to_be_bytes(), &id].concat());
    text.parse().expect("the text of a cursor")
}

/// Unique and growing, as a UUIDv7 is.
fn growing_id(n: u64) -> [u8; 16] {
    let mut id = [0x70; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    id
}

/// Unique and anywhere, as a digest is.
fn scattered_key(n: u64) -> [u8; 32] {
    let mut key = [1; 32];
    key[..8].copy_from_slice(&scattered(n).to_be_bytes());
    key
}

const fn scattered(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The columns of an invitation and its letter.
macro_rules! columns {
    () => {
        "i.id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, status, ended_at, \
         ended_by, ended_reason, address_proved, generation, min_generation, grace_until, revision, created_at, \
         expires_at, resent_at, viewed_at, l.state, l.attempts, l.error, inviter_address, \
         delivery_id, remind_at, reminded"
    };
}
use columns;

const PAYLOAD: &str = r#"{"role":"member"}"#;
const DISPLAY: &str = r#"{"inviter":"Ada","organization":"Example"}"#;
/// How long an invitation lives, in seconds.
const LIFETIME: i64 = 604_800;
/// How many letters a worker by hand takes at a time, one by one recorded, and how many the library's has in hand.
const BATCH: i64 = 8;
const IN_HAND: u32 = 64;
/// How many invitations a sweep takes: the library's own choice.
const SWEEP: i64 = 1_000;
