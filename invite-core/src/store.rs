//! The contract of a store: data in, data out.
//!
//! Core decides, a store compares and swaps. A store borrows the caller's connection and never
//! begins, commits or rolls back on it. These are the rules; each method repeats its own:
//!
//! 1. The guard is in the `WHERE` of the statement that changes, never in a read before it.
//! 2. The number of rows affected decides. One: it happened. None: answer `None`, change nothing.
//! 3. The event is written in the same transaction as its change; in the same statement where the
//!    database can.
//! 4. A collision is a value, never an error that would abort the caller's transaction.
//! 5. A row that does not parse is [`StoreError::corrupt`], never a panic or a default.
//! 6. All times come from core; `now()` does not appear in the SQL. Microseconds survive exactly.
//! 7. Ids, scopes, canonical addresses and digests compare byte by byte.
//! 8. Right at every isolation level the database offers, because the level is the caller's.
//! 9. A serialization failure, a deadlock, a lock time-out, a busy database and a lost connection
//!    are [`StoreError::retryable`].
//! 10. A call about several things answers for each, in their order, as if each had been asked for by itself, one
//!     after the other. One that is refused spoils no other.
//!
//! [`Guard::holds`], [`Transition::apply`], [`ListQuery::holds`] and [`Counts::of`] say in Rust what the statements must
//! do; the [memory store](crate::memory) runs on them.

mod addressed;
mod erasure;
mod list;
mod queue;
mod remind;
mod stats;
mod transition;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    actor::{Actor, Scope},
    delivery::DeliveryState,
    email_address::EmailAddress,
    event::Event,
    id::InvitationId,
    invitation::{Idempotency, Record},
    list::Listed,
    mailer::Fault,
    state::EventKind,
    token::{Channel, TokenDigest},
};

pub use self::{
    addressed::{AddressedQuery, OfAddress, Waited, Waiting},
    erasure::Erasure,
    list::ListQuery,
    queue::{LeaseRequest, Leased, LeasedLetter, Purge, QueueChange, Settlement, Sweep, WorkerStore},
    remind::{ReminderDecision, ReminderReport, ReminderScan},
    stats::{Counts, Days, Group, StatsRequest, TIMES, Took},
    transition::{Change, Guard, NewPayload, RecipientGuard, RenewedLinks, Target, TimeGuard, Transition},
};
pub use crate::{
    claimant::MAX_ADDRESSES, delivery::Purpose, error::StoreError, id::DeliveryId, invitation::OpenKey, list::Seek,
};

/// Where invitations are kept.
#[async_trait]
pub trait InvitationStore: Send + Sync + 'static {
    /// What a caller lends: a connection, or one inside a transaction.
    type Conn: Send;

    /// Whether the driver knows of a transaction on this connection. Asked before every write.
    fn in_transaction(&self, conn: &mut Self::Conn) -> bool;

    /// Takes whatever lock this transaction will need for writing, before anything is read on it.
    /// SQLite needs it: a transaction that read first loses to any writer in between. Elsewhere
    /// nothing.
    async fn lock_for_write(&self, conn: &mut Self::Conn) -> Result<(), StoreError>;

    /// Stores new invitations, each with its event and its letter or token, and answers for each. `false`, and
    /// nothing stored of it, when its open key or the [key](Idempotency::key) of its creation is taken, be it by one before
    /// it in the same call.
    async fn insert(&self, conn: &mut Self::Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError>;

    /// Makes each change, with its event and its letter or token, if its guard holds, and answers for each with the
    /// row as it then is and the token it was found by. `None`, and nothing changed, when the guard does not hold,
    /// or when an amended open key is taken.
    async fn apply(
        &self,
        conn: &mut Self::Conn,
        transitions: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError>;

    /// Writes what became of letters, each to the invitation whose `delivery_id` it is, and says of each whether it
    /// did: `false`, and nothing written, when no invitation of this kind has it, or when what stands there is not
    /// among `over`. No revision, no event: it is no part of the life of an invitation.
    async fn record_delivery(
        &self,
        conn: &mut Self::Conn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError>;

    /// Deletes ended invitations, each with its tokens, its letters, queued or not, and its events, and says of each
    /// whether it did: `false`, and nothing deleted, when there is no such invitation in this scope and of this kind, when
    /// it is open and its time is not over, or when one before it in the same call has its id.
    async fn remove(&self, conn: &mut Self::Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError>;

    /// Replaces what tells of a person in ended invitations, as [`Erasure::apply`] does in Rust, and says of each whether it
    /// did: `false`, and nothing replaced, when there is no such invitation of this kind to this
    /// address, or when it has not ended.
    ///
    /// Of each it deletes the letters that are queued, and the reasons in its events, and of letters that left what a
    /// server said of them and the provider's name for them. Nothing that is heard of a letter later finds the invitation.
    async fn erase(&self, conn: &mut Self::Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError>;

    /// Takes this address, in either spelling and compared byte by byte, from the invitations of a kind whose letters to the
    /// inviter go to it, and says how many there were.
    async fn forget_inviter(
        &self,
        conn: &mut Self::Conn,
        kind: &str,
        address: &EmailAddress,
    ) -> Result<u64, StoreError>;

    /// Reads invitations, and answers for each key, in order.
    async fn find(&self, conn: &mut Self::Conn, keys: &[Key<'_>], read: Read)
    -> Result<Vec<Option<Found>>, StoreError>;

    /// Reads one page of a list: rows of which [`ListQuery::holds`], in its order.
    async fn list(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError>;

    /// Reads the same page, and of each row only what a list shows: the [`Listed`] of the record, status as stored.
    async fn list_rows(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError>;

    /// Counts a scope's invitations, all at one instant: as [`Counts::of`] does.
    async fn stats(&self, conn: &mut Self::Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError>;

    /// Reads a page of the open, unexpired invitations of a kind to any of these canonical addresses, in any scope: rows of
    /// [`AddressedQuery::page`].
    async fn addressed_to(&self, conn: &mut Self::Conn, query: &AddressedQuery<'_>)
    -> Result<Vec<Waiting>, StoreError>;

    /// Reads a page of all invitations of a kind to one canonical address, open or ended: rows of [`OfAddress::page`].
    async fn of_address(&self, conn: &mut Self::Conn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError>;

    /// Reads the events of an invitation of this kind and scope, oldest first. Empty when there is
    /// no such invitation.
    async fn history(
        &self,
        conn: &mut Self::Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError>;
}

/// The answer to a call about one thing.
pub(crate) fn only<T>(answers: Vec<T>) -> Result<T, StoreError> {
    let mut answers = answers.into_iter();
    match (answers.next(), answers.next()) {
        (Some(answer), None) => Ok(answer),
        _ => Err(StoreError::corrupt("the number of answers")),
    }
}

/// The answers to a call about so many things.
pub(crate) fn each<T>(answers: Vec<T>, asked: usize) -> Result<Vec<T>, StoreError> {
    if answers.len() == asked { Ok(answers) } else { Err(StoreError::corrupt("the number of answers")) }
}

/// A new invitation and all that is stored with it.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Insertion<'a> {
    /// The row of the invitation.
    pub record: &'a Record,
    /// Of what there may be only one; `None` where there may be many.
    pub open_key: Option<&'a OpenKey>,
    /// The event, always [`EventKind::Created`] of revision 1.
    pub event: &'a NewEvent<'a>,
    /// The letter or the token that goes with it.
    pub dispatch: Dispatch<'a>,
}

/// What a creation or change queues or makes known, of the row's generation after it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Dispatch<'a> {
    /// No letter and no token.
    None,
    /// A letter for the worker, if it [has an addressee](NewLetter::has_addressee).
    Letter(&'a NewLetter),
    /// A token that was handed out.
    Token(&'a TokenDigest, Channel),
}

/// A letter to be queued.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct NewLetter {
    /// Its name, for the worker's fencing and the mail's Message-ID.
    pub delivery: DeliveryId,
    /// What it is about.
    pub purpose: Purpose,
    /// When it may first be sent.
    pub not_before: DateTime<Utc>,
}

impl NewLetter {
    /// Whether there is an address to send it to; if not, it is not queued.
    #[must_use]
    pub fn has_addressee(&self, record: &Record) -> bool {
        record.addressee(self.purpose).is_some()
    }
}

/// What became of a letter, to be shown to the inviting side.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct DeliveryUpdate<'a> {
    /// Which delivery: of the invitation's own letter; a reminder or notice has no summary.
    pub delivery: DeliveryId,
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// Where the letter stands.
    pub state: DeliveryState,
    /// How often it was tried; `None` leaves that.
    pub attempts: Option<u32>,
    /// What was wrong; `None` clears it.
    pub error: Option<&'a str>,
    /// Whose fault that was; `None` clears it.
    pub fault: Option<Fault>,
    /// The provider's name for the letter, at most 128 bytes of visible ASCII; `None` leaves what is known.
    pub provider_id: Option<&'a str>,
    /// Written only over one of these.
    pub over: &'a [DeliveryState],
}

/// An event to be written; the store adds the invitation and its revision.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct NewEvent<'a> {
    /// What happened to the invitation.
    pub kind: EventKind,
    /// The person or system that did it.
    pub actor: &'a Actor,
    /// The reason that person gave, if any.
    pub reason: Option<&'a str>,
    /// The instant at which it happened.
    pub at: DateTime<Utc>,
}

/// Which invitations are to be deleted, if they have ended.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Removal<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The scope that the invitations must belong to.
    pub scope: &'a Scope,
    /// The ids of the invitations.
    pub ids: &'a [InvitationId],
    /// The instant by which open ones past their time count as ended.
    pub now: DateTime<Utc>,
}

impl Removal<'_> {
    /// What the statement must decide, in Rust: the reference.
    #[must_use]
    pub fn holds(&self, record: &Record) -> bool {
        record.kind == self.kind
            && record.scope == *self.scope
            && (!record.status.is_open() || record.expires_at <= self.now)
    }
}

/// How to find one invitation.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store has a statement for each")]
pub enum Key<'a> {
    /// By a token's digest, whatever the token's generation.
    Token(&'a TokenDigest),
    /// By id, in a scope if one is named.
    Id {
        /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
        kind: &'a str,
        /// The scope that the invitation must belong to.
        scope: Option<&'a Scope>,
        /// The id of the invitation.
        id: InvitationId,
    },
    /// By its open key.
    Open(&'a OpenKey),
    /// By the [key](Idempotency::key) of its creation.
    Idempotency(&'a Idempotency),
    /// By the delivery of its current letter.
    Delivery {
        /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
        kind: &'a str,
        /// The delivery.
        id: DeliveryId,
    },
    /// By the name under which the mail provider accepted its current letter, byte by byte; if several letters have the
    /// name, by the one with the greatest id.
    Provider {
        /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
        kind: &'a str,
        /// The provider's name for the letter.
        id: &'a str,
    },
}

/// Which version of a row a read must see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Read {
    /// Whatever the transaction sees; a plain read.
    Plain,
    /// The latest committed state, even where the transaction's snapshot is older: a locking read
    /// on MySQL. It explains a write that did not happen.
    Latest,
}

/// An invitation, with the token it was found by.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Found {
    /// The row of the invitation.
    pub record: Record,
    /// The token, when it was found by one.
    pub token: Option<FoundToken>,
}

/// A token as the store has it: its digest, never the token.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct FoundToken {
    /// Its digest as read from the database, not as asked for.
    pub digest: TokenDigest,
    /// The generation of links that it belongs to.
    pub generation: u32,
    /// How it was handed over.
    pub channel: Channel,
}

impl FoundToken {
    /// Whether links of this token's generation still work on the invitation.
    #[must_use]
    pub fn works_on(&self, record: &Record, now: DateTime<Utc>) -> bool {
        let in_grace = record.grace_until.is_some_and(|until| now < until);
        self.generation + u32::from(in_grace) >= record.min_generation
    }
}
