//! The invitation: what is stored of it, and what a host sees.

mod answer;
mod draft;
mod idempotency;

use std::{fmt, marker::PhantomData, ops::Deref};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    actor::{Actor, Scope},
    delivery::{Delivery, Purpose},
    email_address::EmailAddress,
    error::{Error, StoreError},
    id::{DeliveryId, InvitationId},
    kind::Kind,
    policy::Uniqueness,
    state::Status,
};

pub use self::{
    answer::{Acceptance, Accepted, Linked, Preview, Received},
    draft::{Amendment, NewInvitation},
    idempotency::Idempotency,
};

/// Everything stored of an invitation: the row that stores and core exchange.
///
/// Hosts read it through [`Invitation`], which derefs to this. It never holds a token or a digest.
#[derive(Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Record {
    /// Its name.
    pub id: InvitationId,
    /// [`Kind::NAME`].
    pub kind: String,
    /// What one is invited to.
    pub scope: Scope,
    /// Who is invited.
    pub recipient: EmailAddress,
    /// Who invited.
    pub inviter: Actor,
    /// Where letters to the inviter go.
    pub inviter_address: Option<EmailAddress>,
    /// The kind's payload, as JSON; [`Invitation::payload`] gives it typed.
    pub payload: Value,
    /// The host's words for letters and pages.
    pub display: Value,
    /// The inviter's own words.
    pub message: Option<String>,
    /// The language of the letters, as a BCP 47 tag.
    pub locale: Option<String>,
    /// Where it stands. On everything the library returns, an open invitation past its time says
    /// [`Status::Expired`], swept or not.
    pub status: Status,
    /// How it ended, when it has.
    pub ended: Option<Ended>,
    /// Counts the resends and address changes that renew its links, from 1.
    pub generation: u32,
    /// The lowest generation whose links work.
    pub min_generation: u32,
    /// Until when links of the generation before `min_generation` work too.
    pub grace_until: Option<DateTime<Utc>>,
    /// Counts changes, from 1.
    pub revision: u32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// From when on it is expired.
    pub expires_at: DateTime<Utc>,
    /// When it was last resent.
    pub resent_at: Option<DateTime<Utc>>,
    /// When a link of the current generation was first looked at.
    pub viewed_at: Option<DateTime<Utc>>,
    /// What became of the current generation's letter; also that a reminder of it was turned away.
    pub delivery: Delivery,
    /// Which delivery that letter is; `None` when none was asked for.
    pub delivery_id: Option<DeliveryId>,
    /// When the worker looks whether a reminder is due; not always when one is.
    pub remind_at: Option<DateTime<Utc>>,
    /// The shortest lead time, in seconds before the end, whose reminder is done with in this
    /// generation; with it all longer ones are.
    pub reminded: Option<u32>,
    /// What lists search by besides the address: [`Kind::label`] of the payload.
    pub label: Option<String>,
    /// What lists filter and count by: [`Kind::facet`] of the payload.
    pub facet: Option<String>,
    /// The import that it is part of.
    pub import: Option<String>,
    /// What a repeated creation is recognised by.
    pub idempotency: Option<Idempotency>,
    /// The ended invitation that this one was made from.
    pub renews: Option<InvitationId>,
}

impl Record {
    /// Where a letter of this purpose goes: to the invited, or to the inviter, if there is an address.
    #[must_use]
    pub const fn addressee(&self, purpose: Purpose) -> Option<&EmailAddress> {
        if purpose.is_to_inviter() { self.inviter_address.as_ref() } else { Some(&self.recipient) }
    }

    /// Whether what it was about was [erased](crate::Support::erase).
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.payload == erased_payload()
    }

    /// The same record as seen at `now`: open past its time is expired.
    #[must_use]
    pub(crate) fn seen_at(mut self, now: DateTime<Utc>) -> Self {
        if self.status.is_open() && self.expires_at <= now {
            self.status = Status::Expired;
        }
        self
    }
}

// Addresses, names and messages stay out of logs.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("generation", &self.generation)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// How an invitation reached its terminal state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub by: Actor,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// For an accepted one: whether the token had come by mail, so that the mailbox is proved.
    pub address_proved: bool,
}

impl Ended {
    /// An end as a store reads it. A new column becomes a new argument, which every store then has to read.
    #[must_use]
    pub const fn from_stored(at: DateTime<Utc>, by: Actor, reason: Option<String>, address_proved: bool) -> Self {
        Self { at, by, reason, address_proved }
    }
}

/// An invitation of kind `K`: its [`Record`], with the payload typed.
pub struct Invitation<K> {
    record: Record,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Invitation<K> {
    pub(crate) fn new(record: Record) -> Self {
        Self { record, kind: PhantomData }
    }

    /// The payload given at creation, or by the last amendment.
    ///
    /// # Errors
    /// [`Error::Erased`]; [`Error::Store`] when the stored JSON no longer fits `K`: its type changed while
    /// invitations were open.
    pub fn payload(&self) -> Result<K, Error> {
        payload(&self.record)
    }

    /// The bare record.
    #[must_use]
    pub fn into_record(self) -> Record {
        self.record
    }
}

impl<K> Deref for Invitation<K> {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl<K> Clone for Invitation<K> {
    fn clone(&self) -> Self {
        Self { record: self.record.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Invitation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

/// What stands in place of a payload that was erased.
pub(crate) fn erased_payload() -> Value {
    serde_json::json!({ "invite.erased": true })
}

fn payload<K: Kind>(record: &Record) -> Result<K, Error> {
    if record.is_erased() {
        return Err(Error::Erased);
    }
    K::deserialize(&record.payload).map_err(|_| StoreError::corrupt("payload").into())
}

/// What there may be only one of: stored, under a unique index, while the invitation is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenKey([u8; 32]);

impl OpenKey {
    /// The bytes to store, in a column that compares bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives the key that an invitation of this kind and scope to this recipient holds while it is open. `None` if the
    /// policy sets no limit.
    ///
    /// A store does not derive keys: core passes them in [`Insertion`](crate::store::Insertion) and in
    /// [`Change::Amend`](crate::store::Change::Amend). The tests of a store need this to write rows as core would.
    #[must_use]
    pub fn new(uniqueness: Uniqueness, kind: &str, scope: &Scope, recipient: &EmailAddress) -> Option<Self> {
        let scope = match uniqueness {
            Uniqueness::PerScopeAndRecipient => scope.as_str(),
            Uniqueness::PerRecipient => "",
            Uniqueness::None => return None,
        };
        let mut hash = Sha256::new();
        // No part can hold a NUL, so no two sets of parts run together.
        for part in ["invite/open/v1", kind, scope, recipient.canonical()] {
            hash.update(part);
            hash.update([0]);
        }
        Some(Self(hash.finalize().into()))
    }
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenKey(..)")
    }
}
