//! The six states, and the one table that says what may happen in each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an invitation stands.
///
/// *Open* means [`Pending`](Self::Pending) or [`DeliveryFailed`](Self::DeliveryFailed): a failed
/// hand-over is often a false alarm, so the link of an earlier letter still works. The other four
/// are *terminal*: nothing ever leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the six states are the contract")]
pub enum Status {
    /// Waiting for an answer.
    Pending,
    /// Taken up by somebody; who, is on the record.
    Accepted,
    /// Declined by the invited side.
    Rejected,
    /// Revoked by the inviting side.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// The mail was refused for good. Still open: a link that did arrive works, and a resend
    /// brings it back to pending.
    DeliveryFailed,
}

impl Status {
    /// All six, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Accepted, Self::Rejected, Self::Cancelled, Self::Expired, Self::DeliveryFailed];

    /// Whether the invitation can still be answered, expiry aside.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::DeliveryFailed => true,
            Self::Accepted | Self::Rejected | Self::Cancelled | Self::Expired => false,
        }
    }

    /// The word stored in the database and shown in APIs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::DeliveryFailed => "delivery_failed",
        }
    }

    /// The status behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can happen to an invitation; also what an [`Event`](crate::Event) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// It came into being.
    Created,
    /// The invited side said yes.
    Accepted,
    /// The invited side said no.
    Rejected,
    /// The inviting side took it back.
    Cancelled,
    /// It was mailed again.
    Resent,
    /// Its payload, message, lifetime or address was changed.
    Amended,
    /// A link was made to be handed over by other means than mail.
    LinkCreated,
    /// The holder of a link looked at it; recorded once per generation.
    Viewed,
    /// Its time ran out.
    Expired,
    /// The mail was refused for good.
    DeliveryFailed,
}

impl EventKind {
    /// Every kind of event, in the order of the documentation's table.
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::Accepted,
        Self::Rejected,
        Self::Cancelled,
        Self::Resent,
        Self::Amended,
        Self::LinkCreated,
        Self::Viewed,
        Self::Expired,
        Self::DeliveryFailed,
    ];

    /// Returns the state that this leads to from `status`, or `None` if it is not allowed there.
    ///
    /// This is the whole state machine. There is no wildcard arm: a new kind of event or a new
    /// state does not compile until somebody has decided every cell.
    ///
    /// ```
    /// use invite_core::{EventKind, Status};
    ///
    /// assert_eq!(EventKind::Accepted.applied_to(Status::DeliveryFailed), Some(Status::Accepted));
    /// assert_eq!(EventKind::Cancelled.applied_to(Status::Accepted), None);
    /// ```
    #[must_use]
    pub const fn applied_to(self, status: Status) -> Option<Status> {
        use Status::{Accepted, Cancelled, DeliveryFailed, Expired, Pending, Rejected};

        match (self, status) {
            // Creation has no state before it.
            (Self::Created, Pending | Accepted | Rejected | Cancelled | Expired | DeliveryFailed) => None,

            (Self::Accepted, Pending | DeliveryFailed) => Some(Accepted),
            (Self::Rejected, Pending | DeliveryFailed) => Some(Rejected),
            (Self::Cancelled, Pending | DeliveryFailed) => Some(Cancelled),
            (Self::Expired, Pending | DeliveryFailed) => Some(Expired),
            (Self::Resent, Pending | DeliveryFailed) => Some(Pending),

            (Self::DeliveryFailed, Pending) => Some(DeliveryFailed),
            (Self::DeliveryFailed, DeliveryFailed) => None,

            (Self::Amended | Self::LinkCreated | Self::Viewed, Pending) => Some(Pending),
            (Self::Amended | Self::LinkCreated | Self::Viewed, DeliveryFailed) => Some(DeliveryFailed),

            (
                Self::Accepted
                | Self::Rejected
                | Self::Cancelled
                | Self::Resent
                | Self::Amended
                | Self::LinkCreated
                | Self::Viewed
                | Self::Expired
                | Self::DeliveryFailed,
                Accepted | Rejected | Cancelled | Expired,
            ) => None,
        }
    }

    /// Whether this is a change, and so raises the record's revision. A view is not.
    #[must_use]
    pub const fn is_change(self) -> bool {
        match self {
            Self::Viewed => false,
            Self::Created
            | Self::Accepted
            | Self::Rejected
            | Self::Cancelled
            | Self::Resent
            | Self::Amended
            | Self::LinkCreated
            | Self::Expired
            | Self::DeliveryFailed => true,
        }
    }

    /// The states it may start from, padded by repetition to a fixed two for a static `IN (?, ?)`.
    /// Two are enough because terminal states are never left.
    pub(crate) fn allowed_in(self) -> [Status; 2] {
        let mut open =
            [Status::Pending, Status::DeliveryFailed].into_iter().filter(|status| self.applied_to(*status).is_some());
        let first = open.next().unwrap_or(Status::Pending);
        [first, open.next().unwrap_or(first)]
    }

    /// The word stored in the event log and shown in APIs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Resent => "resent",
            Self::Amended => "amended",
            Self::LinkCreated => "link_created",
            Self::Viewed => "viewed",
            Self::Expired => "expired",
            Self::DeliveryFailed => "delivery_failed",
        }
    }

    /// Returns the kind of event that a stored word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_terminal_state() {
        for status in Status::ALL.into_iter().filter(|status| !status.is_open()) {
            for kind in EventKind::ALL {
                assert_eq!(kind.applied_to(status), None, "{kind} from {status}");
            }
        }
    }

    #[test]
    fn padded_states_are_exactly_the_allowed_ones() {
        for kind in EventKind::ALL.into_iter().filter(|kind| *kind != EventKind::Created) {
            for status in Status::ALL {
                assert_eq!(
                    kind.allowed_in().contains(&status),
                    kind.applied_to(status).is_some(),
                    "{kind} in {status}"
                );
            }
        }
    }

    #[test]
    fn words_read_back() {
        assert!(Status::ALL.iter().all(|status| Status::from_word(status.as_str()) == Some(*status)));
        assert!(EventKind::ALL.iter().all(|kind| EventKind::from_word(kind.as_str()) == Some(*kind)));
        assert_eq!(Status::from_word("Pending"), None);
    }
}
