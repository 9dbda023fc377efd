//! What is put in place of what tells of a person.

use serde_json::Value;

use crate::{delivery::Delivery, email_address::EmailAddress, id::InvitationId, invitation::Record};

/// Ended invitations of which nobody shall know any more to whom they were.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Erasure<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The ids of the invitations.
    pub ids: &'a [InvitationId],
    /// The canonical address that the invitations must be to: one that was amended meanwhile is somebody else's.
    pub address: &'a str,
    /// The address that is put in place of the invited one.
    pub recipient: &'a EmailAddress,
    /// The payload that is put in place of the host's.
    pub payload: &'a Value,
}

impl Erasure<'_> {
    /// What the statement must decide, in Rust: the reference.
    #[must_use]
    pub fn holds(&self, record: &Record) -> bool {
        record.kind == self.kind && record.ended.is_some() && record.recipient.canonical() == self.address
    }

    /// What the statement must write. Status, times, language, inviter, facet, import, key and who ended it stay.
    pub fn apply(&self, record: &mut Record) {
        record.recipient = self.recipient.clone();
        record.inviter_address = None;
        record.payload = self.payload.clone();
        record.display = Value::Null;
        record.message = None;
        record.label = None;
        record.delivery = Delivery::unheard(None);
        record.delivery_id = None;
        if let Some(ended) = &mut record.ended {
            ended.reason = None;
        }
    }
}

// It holds an address, though nobody's.
impl std::fmt::Debug for Erasure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Erasure").field("kind", &self.kind).finish_non_exhaustive()
    }
}
