//! What a list shows of an invitation.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{
    actor::Actor, delivery::Delivery, email_address::EmailAddress, id::InvitationId, invitation::Record, state::Status,
};

/// What a row of a table shows of an invitation: all but its payload, its words and what only the library needs.
#[derive(Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Listed {
    /// The id of the invitation.
    pub id: InvitationId,
    /// The invited person's address.
    pub recipient: EmailAddress,
    /// The person or system that created it.
    pub inviter: Actor,
    /// [`Kind::label`](crate::Kind::label) of the payload.
    pub label: Option<String>,
    /// [`Kind::facet`](crate::Kind::facet) of the payload.
    pub facet: Option<String>,
    /// The import that it is part of.
    pub import: Option<String>,
    /// The status. On everything the library returns, an open invitation past its time says [`Status::Expired`].
    pub status: Status,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// From this instant on it is expired.
    pub expires_at: DateTime<Utc>,
    /// When it was last resent.
    pub resent_at: Option<DateTime<Utc>>,
    /// When a link of the current generation was first looked at.
    pub viewed_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What became of the current letter.
    pub delivery: Delivery,
}

impl Listed {
    /// The same row as seen at `now`: open past its time is expired.
    pub(crate) fn seen_at(mut self, now: DateTime<Utc>) -> Self {
        if self.status.is_open() && self.expires_at <= now {
            self.status = Status::Expired;
        }
        self
    }
}

impl From<&Record> for Listed {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            recipient: record.recipient.clone(),
            inviter: record.inviter.clone(),
            label: record.label.clone(),
            facet: record.facet.clone(),
            import: record.import.clone(),
            status: record.status,
            created_at: record.created_at,
            expires_at: record.expires_at,
            resent_at: record.resent_at,
            viewed_at: record.viewed_at,
            ended_at: record.ended.as_ref().map(|ended| ended.at),
            delivery: record.delivery.clone(),
        }
    }
}

// Addresses and names stay out of logs.
impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}
