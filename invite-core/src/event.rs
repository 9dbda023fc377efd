//! The audit log: one entry for everything that happened to an invitation.

use chrono::{DateTime, Utc};

use crate::{actor::Actor, id::InvitationId, state::EventKind};

/// One entry, written in the same transaction as what it tells, never changed.
///
/// Entries of changes carry the revisions 1, 2, 3, … without a gap; a view carries the revision
/// it looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The invitation this entry belongs to.
    pub invitation: InvitationId,
    /// The revision this change made, or that was looked at.
    pub revision: u32,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

impl Event {
    /// An entry as a store reads it. A new column becomes a new argument, which every store then has to read.
    #[must_use]
    pub const fn from_stored(
        invitation: InvitationId,
        revision: u32,
        kind: EventKind,
        actor: Actor,
        reason: Option<String>,
        at: DateTime<Utc>,
    ) -> Self {
        Self { invitation, revision, kind, actor, reason, at }
    }
}
