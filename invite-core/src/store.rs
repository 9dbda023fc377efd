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
//!
//! [`Guard::holds`] and [`Change::apply`] say in Rust what the statement must do; the
//! [memory store](crate::memory) runs on them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    actor::{Actor, Scope},
    claimant::Claimant,
    event::Event,
    invitation::{Delivery, DeliveryState, Ended, InvitationId, Record},
    policy::Acceptor,
    query::{Seek, Sort},
    recipient::Recipient,
    state::{Status, Verb},
    token::{Channel, TokenDigest},
};

pub use crate::{error::StoreError, invitation::OpenKey};

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

    /// Stores a new invitation with its event and its letter or token. `false`, and nothing
    /// stored, when its open key is taken.
    async fn insert(&self, conn: &mut Self::Conn, new: &Insertion<'_>) -> Result<bool, StoreError>;

    /// Applies the change, its event and its letter or token if the guard holds, and returns the
    /// row as it now is, with the token it was found by. `None`, and nothing changed, when it does
    /// not hold, or when an amended open key is taken.
    async fn transition(&self, conn: &mut Self::Conn, transition: &Transition<'_>)
    -> Result<Option<Found>, StoreError>;

    /// Reads one invitation.
    async fn find(&self, conn: &mut Self::Conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError>;

    /// Reads one page of a list.
    async fn list(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError>;

    /// Reads the open, unexpired invitations of a kind to any of these canonical addresses, in any
    /// scope, newest first.
    async fn addressed_to(&self, conn: &mut Self::Conn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError>;

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

/// A new invitation and all that is stored with it.
#[derive(Debug)]
pub struct Insertion<'a> {
    /// The row.
    pub record: &'a Record,
    /// Of what there may be only one; `None` where there may be many.
    pub open_key: Option<&'a OpenKey>,
    /// The event, always [`Verb::Created`] of revision 1.
    pub event: &'a NewEvent<'a>,
    /// What leaves the house.
    pub dispatch: Dispatch<'a>,
}

/// What a creation or change queues or makes known, of the row's generation after it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Dispatch<'a> {
    /// Nothing.
    None,
    /// A letter for the worker.
    Letter(&'a NewLetter),
    /// A token that was handed out.
    Token(&'a TokenDigest, Channel),
}

/// A letter to be queued.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// Its name, for the worker's fencing and the mail's Message-ID.
    pub delivery: DeliveryId,
    /// What it is about.
    pub purpose: Purpose,
    /// When it may first be sent.
    pub not_before: DateTime<Utc>,
}

/// Names one delivery: all attempts at one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(Uuid);

impl DeliveryId {
    /// The id behind a UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// It invites.
    Invitation,
}

impl Purpose {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
        }
    }

    /// The purpose behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        (word == Self::Invitation.as_str()).then_some(Self::Invitation)
    }
}

/// An event to be written; the store adds the invitation and its revision.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// What happened.
    pub verb: Verb,
    /// Who did it.
    pub actor: &'a Actor,
    /// Why.
    pub reason: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

/// One guarded change with its event: the only way a row changes.
#[derive(Debug)]
pub struct Transition<'a> {
    /// Which row, and in what condition.
    pub guard: Guard<'a>,
    /// The new values.
    pub change: Change<'a>,
    /// The audit entry.
    pub event: NewEvent<'a>,
    /// What leaves the house with it.
    pub dispatch: Dispatch<'a>,
}

/// The condition under which a change happens; all of it belongs into the `WHERE`.
#[derive(Debug, Clone)]
pub struct Guard<'a> {
    /// Which row.
    pub target: Target<'a>,
    /// Its kind.
    pub kind: &'a str,
    /// It stands in one of these (repeated when there is only one).
    pub statuses: [Status; 2],
    /// The instant of the decision.
    pub now: DateTime<Utc>,
    /// What that instant means for it.
    pub time: TimeGuard,
    /// Who may do this.
    pub recipient: RecipientGuard<'a>,
    /// Not resent after this instant.
    pub not_resent_since: Option<DateTime<Utc>>,
    /// Its generation is exactly this.
    pub generation: Option<u32>,
}

/// Which row a guard is about.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Target<'a> {
    /// The invitation this token belongs to, if the token's generation still works:
    /// `min_generation` and later, and during grace the one before.
    Token(&'a TokenDigest),
    /// The invitation of this id, in this scope if one is named.
    Id(InvitationId, Option<&'a Scope>),
}

/// What the time must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum TimeGuard {
    /// `expires_at > now`.
    Unexpired,
    /// `expires_at <= now`.
    Due,
    /// Nothing.
    Any,
}

/// Whose address must be the invited one.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum RecipientGuard<'a> {
    /// Anybody's.
    Anyone,
    /// One of this claimant's.
    Claimant {
        /// Who claims.
        claimant: &'a Claimant,
        /// Whether a shared domain is enough.
        same_domain: bool,
    },
}

impl<'a> RecipientGuard<'a> {
    pub(crate) fn new(acceptor: Acceptor, claimant: &'a Claimant) -> Self {
        match acceptor {
            Acceptor::Recipient => Self::Claimant { claimant, same_domain: false },
            Acceptor::SameDomain => Self::Claimant { claimant, same_domain: true },
            Acceptor::Bearer => Self::Anyone,
        }
    }

    /// The up to eight values of which one must equal the canonical address (or, when
    /// [`by_domain`](Self::by_domain), its domain). `None` where anybody may.
    #[must_use]
    pub fn verified(&self) -> Option<[Option<&'a str>; crate::claimant::MAX_ADDRESSES]> {
        match *self {
            Self::Anyone => None,
            Self::Claimant { claimant, same_domain } => {
                let mut values = claimant.verified_addresses().iter().map(|address| part(address, same_domain));
                Some(std::array::from_fn(|_| values.next()))
            }
        }
    }

    /// The value that suffices as well when the token came by mail.
    #[must_use]
    pub fn proved_by_mail(&self) -> Option<&'a str> {
        match *self {
            Self::Anyone => None,
            Self::Claimant { claimant, .. } => claimant.provable_address().map(Recipient::canonical),
        }
    }

    /// Whether domains are compared instead of addresses. A mailed token proves an address only.
    #[must_use]
    pub fn by_domain(&self) -> bool {
        matches!(self, Self::Claimant { same_domain: true, .. })
    }

    /// What the statement must decide, in Rust.
    #[must_use]
    pub fn holds(&self, recipient: &Recipient, token: Option<&FoundToken>) -> bool {
        let Some(verified) = self.verified() else {
            return true;
        };
        verified.contains(&Some(part(recipient, self.by_domain())))
            || (self.proved_by_mail() == Some(recipient.canonical())
                && token.is_some_and(|token| token.channel == Channel::Mail))
    }
}

fn part(address: &Recipient, domain: bool) -> &str {
    if domain { address.domain() } else { address.canonical() }
}

impl Guard<'_> {
    /// What the statement must decide, in Rust: the reference, and how core explains a refusal
    /// afterwards. A store on a database must not decide with it.
    #[must_use]
    pub fn holds(&self, record: &Record, token: Option<&FoundToken>) -> bool {
        let target = match self.target {
            Target::Token(_) => token.is_some_and(|token| token.works_on(record, self.now)),
            Target::Id(id, scope) => record.id == id && scope.is_none_or(|scope| record.scope == *scope),
        };
        let time = match self.time {
            TimeGuard::Unexpired => record.expires_at > self.now,
            TimeGuard::Due => record.expires_at <= self.now,
            TimeGuard::Any => true,
        };
        target
            && time
            && record.kind == self.kind
            && self.statuses.contains(&record.status)
            && self.recipient.holds(&record.recipient, token)
            && self.not_resent_since.is_none_or(|since| record.resent_at.is_none_or(|at| at <= since))
            && self.generation.is_none_or(|generation| record.generation == generation)
    }
}

/// New values for a row. Whatever a variant does not name stays; every change but a view adds 1
/// to the revision.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "a store has a statement for each")]
pub enum Change<'a> {
    /// Ends it: status, when, by whom, why; the open key becomes null. `address_proved` becomes
    /// whether the token it was found by came by mail.
    End {
        /// The terminal status.
        status: Status,
        /// Who and why.
        event: NewEvent<'a>,
    },
    /// Renews it: pending again, generation + 1, letter queued.
    Renew {
        /// When; becomes `resent_at`.
        at: DateTime<Utc>,
        /// The new end of its life if later than the old; `None` leaves it.
        expires_at: Option<DateTime<Utc>>,
        /// What happens to earlier links.
        links: RenewedLinks,
    },
    /// Changes what it says.
    Amend {
        /// A new address with its open key: retires all earlier links (generation + 1).
        recipient: Option<(&'a Recipient, Option<OpenKey>)>,
        /// A new payload.
        payload: Option<&'a serde_json::Value>,
        /// A new message, or none from now on.
        message: Option<Option<&'a str>>,
        /// A new end of its life.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Nothing but the revision: a link was handed out.
    Link,
    /// It was looked at: `viewed_at`, if it is null. No revision. Where it is not null the guard
    /// does not hold.
    View {
        /// When.
        at: DateTime<Utc>,
    },
    /// The letter was refused for good: status `delivery_failed`.
    FailDelivery,
}

/// What a renewal does to the links sent before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum RenewedLinks {
    /// `min_generation` becomes the new generation, `grace_until` this.
    Retire {
        /// Until when those of the generation before work.
        grace_until: Option<DateTime<Utc>>,
    },
    /// Neither changes.
    Keep,
}

impl Change<'_> {
    /// What the statement must do to the row, in Rust: the reference.
    pub fn apply(&self, record: &mut Record, token: Option<&FoundToken>) {
        if !matches!(self, Self::View { .. }) {
            record.revision += 1;
        }
        match self {
            Self::End { status, event } => {
                record.status = *status;
                record.ended = Some(Ended {
                    at: event.at,
                    by: event.actor.clone(),
                    reason: event.reason.map(Into::into),
                    address_proved: token.is_some_and(|token| token.channel == Channel::Mail),
                });
            }
            Self::Renew { at, expires_at, links } => {
                record.status = Status::Pending;
                record.generation += 1;
                record.resent_at = Some(*at);
                record.viewed_at = None;
                record.expires_at = expires_at.map_or(record.expires_at, |new| new.max(record.expires_at));
                record.delivery = Delivery::new(DeliveryState::Queued);
                if let RenewedLinks::Retire { grace_until } = links {
                    record.min_generation = record.generation;
                    record.grace_until = *grace_until;
                }
            }
            Self::Amend { recipient, payload, message, expires_at } => {
                if let Some((recipient, _)) = recipient {
                    record.recipient = (*recipient).clone();
                    record.generation += 1;
                    record.min_generation = record.generation;
                    record.grace_until = None;
                    record.viewed_at = None;
                    record.delivery = Delivery::new(DeliveryState::NotMailed);
                }
                if let Some(payload) = payload {
                    record.payload = (*payload).clone();
                }
                if let Some(message) = message {
                    record.message = message.map(Into::into);
                }
                record.expires_at = expires_at.unwrap_or(record.expires_at);
            }
            Self::Link => {}
            Self::View { at } => record.viewed_at = Some(*at),
            Self::FailDelivery => record.status = Status::DeliveryFailed,
        }
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
        /// The kind.
        kind: &'a str,
        /// The scope.
        scope: Option<&'a Scope>,
        /// The id.
        id: InvitationId,
    },
    /// By its open key.
    Open(&'a OpenKey),
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Read {
    /// A plain read.
    Plain,
    /// The latest committed state, even where the transaction's snapshot is older: a locking read
    /// on MySQL. It explains a write that did not happen.
    Latest,
}

/// An invitation, with the token it was found by.
#[derive(Debug, Clone)]
pub struct Found {
    /// The row.
    pub record: Record,
    /// The token, when it was found by one.
    pub token: Option<FoundToken>,
}

/// A stored token.
#[derive(Debug, Clone)]
pub struct FoundToken {
    /// Its digest as read from the database, not as asked for.
    pub digest: TokenDigest,
    /// Its generation.
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

/// One page of a scope's invitations.
pub struct ListQuery<'a> {
    /// The kind.
    pub kind: &'a str,
    /// The scope.
    pub scope: &'a Scope,
    /// The instant by which open ones past their time count as expired.
    pub now: DateTime<Utc>,
    /// Any of these; all when empty. Never more than six.
    pub statuses: &'a [Status],
    /// The canonical address contains this, in ASCII lower case.
    pub address: Option<&'a str>,
    /// Open, and expiring after `now` and up to this instant.
    pub expiring_until: Option<DateTime<Utc>>,
    /// The order.
    pub sort: Sort,
    /// The row to begin after.
    pub after: Option<Seek>,
    /// The most rows to return.
    pub limit: u32,
}

/// The open invitations of a person.
pub struct AddressedQuery<'a> {
    /// The kind.
    pub kind: &'a str,
    /// Canonical addresses, padded.
    pub addresses: [Option<&'a str>; crate::claimant::MAX_ADDRESSES],
    /// The instant.
    pub now: DateTime<Utc>,
    /// The most rows to return.
    pub limit: u32,
}

// Both hold addresses, or parts of one.
impl std::fmt::Debug for ListQuery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListQuery").field("kind", &self.kind).field("sort", &self.sort).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AddressedQuery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddressedQuery").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What the worker needs beyond: transactions of its own, begun and committed by the store on
/// connections it takes from `P`, a pool.
///
/// Each method is one transaction, at READ COMMITTED or `BEGIN IMMEDIATE`, and is safe to run
/// from any number of workers at once.
#[async_trait]
pub trait WorkerStore<P>: InvitationStore {
    /// Leases due letters of these kinds, oldest first, and stores a digest for each.
    ///
    /// Due: `not_before <= now`, and not leased or the lease ran out. For each one,
    /// [`Claim::is_current`] decides whether it is still worth sending; if not, it is removed from
    /// the queue. Otherwise: attempt + 1, owner and lease are set, and the digest that
    /// [`Claim::mint`] gives is stored with channel mail and the letter's generation. Committed
    /// when this returns, so that no link leaves the house before its digest is durable.
    ///
    /// A letter that does not read, or whose invitation does not, must not stop the others: it is
    /// leased all the same, without a token, so that it is looked at again after the lease.
    async fn claim(&self, pool: &P, claim: &Claim<'_>) -> Result<Claims, StoreError>;

    /// Records what became of a letter, if the lease is still this owner's and attempt's; `false`,
    /// and nothing written, if it is not.
    ///
    /// The delivery summary is written if the invitation is still of the letter's generation; the
    /// transition, if there is one, as by [`InvitationStore::transition`].
    async fn settle(&self, pool: &P, settlement: &Settlement<'_>) -> Result<bool, StoreError>;

    /// Expires up to `limit` open invitations of these kinds that are due at `now`, each with its
    /// event by [`Actor::System`], and returns how many.
    async fn sweep(&self, pool: &P, kinds: &[&str], now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// A request for letters to send.
pub struct Claim<'a> {
    /// The kinds this worker serves.
    pub kinds: &'a [&'a str],
    /// The instant.
    pub now: DateTime<Utc>,
    /// This worker.
    pub owner: Uuid,
    /// Until when nobody else may have them.
    pub lease_until: DateTime<Utc>,
    /// The most to lease.
    pub limit: u32,
    pub(crate) minter: &'a (dyn Fn(DeliveryId, &str) -> Result<TokenDigest, StoreError> + Send + Sync),
}

impl Claim<'_> {
    /// Whether a letter of this generation is still worth sending.
    #[must_use]
    pub fn is_current(&self, record: &Record, generation: u32) -> bool {
        record.status == Status::Pending && record.generation == generation && record.expires_at > self.now
    }

    /// Draws a token for this letter and gives its digest; the token itself stays in core.
    ///
    /// # Errors
    /// When there is no randomness; give up the claim.
    pub fn mint(&self, delivery: DeliveryId, kind: &str) -> Result<TokenDigest, StoreError> {
        (self.minter)(delivery, kind)
    }
}

impl std::fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("owner", &self.owner).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What a claim came to.
#[derive(Debug, Default)]
pub struct Claims {
    /// The letters to send.
    pub letters: Vec<Claimed>,
    /// How many were removed because their invitation has moved on.
    pub discarded: usize,
    /// Why others do not read.
    pub unreadable: Vec<StoreError>,
}

/// A leased letter.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// What it is about.
    pub purpose: Purpose,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many attempts were refused for now.
    pub refusals: u32,
    /// How many attempts ended without anybody knowing how.
    pub unknowns: u32,
    /// The invitation as it was when it was leased.
    pub record: Record,
}

/// What became of a letter.
#[derive(Debug)]
pub struct Settlement<'a> {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Who had leased it.
    pub owner: Uuid,
    /// At which attempt.
    pub attempt: u32,
    /// The invitation.
    pub invitation: InvitationId,
    /// The letter's generation.
    pub generation: u32,
    /// What to show the inviting side.
    pub summary: &'a Delivery,
    /// What to do with the queue's row.
    pub queue: QueueChange<'a>,
    /// The change of status, when the letter was refused for good.
    pub transition: Option<&'a Transition<'a>>,
}

/// What happens to a letter's row in the queue.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum QueueChange<'a> {
    /// It is done with: delete it.
    Remove,
    /// It is tried again: lease cleared.
    Postpone {
        /// Not before this.
        not_before: DateTime<Utc>,
        /// How many attempts were refused for now.
        refusals: u32,
        /// How many attempts ended without anybody knowing how.
        unknowns: u32,
        /// What the last attempt came to.
        error: &'a str,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn record(now: DateTime<Utc>) -> Record {
        Record {
            id: InvitationId::from_uuid(Uuid::nil()),
            kind: "member".into(),
            scope: Scope::new(7),
            recipient: Recipient::from_stored("ada@example.com", "ada@example.com").unwrap(),
            inviter: Actor::System,
            payload: Value::Null,
            display: Value::Null,
            message: None,
            locale: None,
            status: Status::Pending,
            ended: None,
            generation: 2,
            min_generation: 2,
            grace_until: None,
            revision: 1,
            created_at: now,
            expires_at: now + chrono::TimeDelta::microseconds(1),
            resent_at: None,
            viewed_at: None,
            delivery: Delivery::new(DeliveryState::Queued),
        }
    }

    #[test]
    fn only_letters_about_what_is_pending_unexpired_and_of_this_generation_are_sent() {
        let now = DateTime::UNIX_EPOCH;
        let minter = |_, _: &str| Err(StoreError::corrupt("nothing"));
        let claim = Claim { kinds: &[], now, owner: Uuid::nil(), lease_until: now, limit: 1, minter: &minter };
        assert!(claim.is_current(&record(now), 2));
        assert!(!claim.is_current(&record(now), 1));
        assert!(!claim.is_current(&Record { expires_at: now, ..record(now) }, 2));
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Pending) {
            assert!(!claim.is_current(&Record { status, ..record(now) }, 2));
        }
    }
}
