//! What the calls return: to the invited side, and with a link.

use std::{fmt, marker::PhantomData};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Invitation, Record, payload};
use crate::{
    actor::{Actor, Scope},
    email_address::EmailAddress,
    error::Error,
    id::InvitationId,
    kind::Kind,
    token::Token,
};

/// What the holder of a link may see before deciding.
///
/// It leaves out what concerns only the inviting side: delivery, history, the inviter's id, and
/// shows the address masked unless it is asked for.
pub struct Preview<K> {
    record: Record,
    mailed: bool,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Preview<K> {
    pub(crate) fn new(record: Record, mailed: bool) -> Self {
        Self { record, mailed, kind: PhantomData }
    }

    /// What one is invited to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.record.scope
    }

    /// The payload, typed.
    ///
    /// # Errors
    /// As [`Invitation::payload`].
    pub fn payload(&self) -> Result<K, Error> {
        payload(&self.record)
    }

    /// The host's words, as given at creation.
    #[must_use]
    pub fn display(&self) -> &Value {
        &self.record.display
    }

    /// The inviter's own words. Text, not HTML.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.record.message.as_deref()
    }

    /// The invited address, masked: `a***@example.com`.
    #[must_use]
    pub fn masked_recipient(&self) -> String {
        self.record.recipient.masked()
    }

    /// The invited address, to fill a sign-up form with; only when this link came by mail, so
    /// that its holder knows the address already.
    #[must_use]
    pub fn proved_recipient(&self) -> Option<&EmailAddress> {
        self.mailed.then_some(&self.record.recipient)
    }

    /// From when on it is expired.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.record.expires_at
    }
}

impl<K> fmt::Debug for Preview<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview").field("id", &self.record.id).finish_non_exhaustive()
    }
}

/// An open invitation, as the person sees it whose verified address it is to.
///
/// It leaves out what concerns only the inviting side: what became of the letter, the history, and the inviter's address.
#[derive(Clone)]
pub struct Received<K> {
    record: Record,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Received<K> {
    pub(crate) fn new(record: Record) -> Self {
        Self { record, kind: PhantomData }
    }

    /// Its id, for [`accept_by_id`](crate::Invitations::accept_by_id) and
    /// [`reject_by_id`](crate::Invitations::reject_by_id).
    #[must_use]
    pub fn id(&self) -> InvitationId {
        self.record.id
    }

    /// What one is invited to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.record.scope
    }

    /// The person or system that invited.
    #[must_use]
    pub fn inviter(&self) -> &Actor {
        &self.record.inviter
    }

    /// The address that was invited, one of the person's own.
    #[must_use]
    pub fn recipient(&self) -> &EmailAddress {
        &self.record.recipient
    }

    /// The payload, typed.
    ///
    /// # Errors
    /// As [`Invitation::payload`].
    pub fn payload(&self) -> Result<K, Error> {
        payload(&self.record)
    }

    /// The host's words, as given at creation.
    #[must_use]
    pub fn display(&self) -> &Value {
        &self.record.display
    }

    /// The inviter's own words. Text, not HTML.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.record.message.as_deref()
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.record.created_at
    }

    /// From this instant on it is expired.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.record.expires_at
    }
}

impl<K> fmt::Debug for Received<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("id", &self.record.id).finish_non_exhaustive()
    }
}

/// An answer to an invitation that was accepted.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "both answers must be handled")]
pub enum Accepted<K> {
    /// This call did it: insert the membership now, in the same transaction.
    Now(Acceptance<K>),
    /// This person had accepted it before; the same answer again, nothing was written.
    Before(Acceptance<K>),
}

impl<K> Accepted<K> {
    /// The acceptance, whenever it happened.
    pub fn into_acceptance(self) -> Acceptance<K> {
        match self {
            Self::Now(acceptance) | Self::Before(acceptance) => acceptance,
        }
    }
}

/// An acceptance, with all the host needs to act on it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Acceptance<K> {
    /// The accepted invitation.
    pub invitation: Invitation<K>,
    /// Whether the token had come by mail to the invited address, so that whoever presented it
    /// can read that mailbox. A copied link proves nothing.
    pub address_proved: bool,
}

impl<K: Kind> Acceptance<K> {
    pub(crate) fn new(record: Record) -> Self {
        let address_proved = record.ended.as_ref().is_some_and(|ended| ended.address_proved);
        Self { invitation: Invitation::new(record), address_proved }
    }
}

/// An invitation and the token of a link that was just made to it.
///
/// The library stores only the token's digest, so this is the only time that the token can be read. `Debug` does not
/// show it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Linked<K> {
    /// The invitation, as it is stored now.
    pub invitation: Invitation<K>,
    /// The token that the host puts into the link.
    pub token: Token,
}
