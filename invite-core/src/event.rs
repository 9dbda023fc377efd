//! The audit log: one entry for everything that happened to an invitation.

use chrono::{DateTime, Utc};

use crate::{actor::Actor, invitation::InvitationId, state::EventKind};

/// One entry, written in the same transaction as what it tells, never changed.
///
/// Entries of changes carry the revisions 1, 2, 3, … without a gap; a view carries the revision
/// it looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub invitation: InvitationId,
    /// The revision this change made, or that was looked at.
    pub revision: u32,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}
