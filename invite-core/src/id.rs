//! The names of invitations and of deliveries.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one invitation. Not a secret and not a capability: nothing can be accepted with it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationId(Uuid);

impl InvitationId {
    /// The id behind a UUID, as read from a database or a URL.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID (version 7, so ids sort by creation).
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for InvitationId {
    type Err = MalformedId;

    /// Reads an id from the text of a UUID.
    fn from_str(text: &str) -> Result<Self, MalformedId> {
        text.parse().map(Self).map_err(|_| MalformedId)
    }
}

/// The text is no id. It becomes [`Error::NotFound`](crate::Error::NotFound) by `?`, like an id that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed invitation id")]
#[expect(clippy::exhaustive_structs, reason = "it says all there is to say")]
pub struct MalformedId;

/// Names one delivery: all attempts at one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(Uuid);

impl DeliveryId {
    /// The id behind a UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID behind the id.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// The delivery of the reminder so many seconds before the end, where this is the invitation's
    /// own; and the other way round, so that who hears of the one knows the other.
    pub(crate) fn of_reminder(self, lead: u32) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() ^ u128::from(lead)))
    }

    /// The delivery that a Message-ID made by `invite-mail` names: `<uuid@domain>`, with or without
    /// the brackets, whatever the domain.
    #[must_use]
    pub fn from_message_id(id: &str) -> Option<Self> {
        let id = id.trim();
        let id = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
        let (local, domain) = id.split_once('@')?;
        // One spelling only: the one that was sent.
        let hyphenated = local.len() == 36 && !domain.is_empty();
        hyphenated.then(|| local.parse().ok().map(Self)).flatten()
    }
}
