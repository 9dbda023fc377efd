//! Letters: what each is about, and what became of it.

pub(crate) mod report;

use serde::{Deserialize, Serialize};

use crate::{id::DeliveryId, mailer::Fault, state::Status};

/// What became of the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The state of the letter: queued, sent, failed, and so on.
    pub state: DeliveryState,
    /// How often it was handed over, or tried.
    pub attempts: u32,
    /// What the last unsuccessful attempt came to, sanitised and cut to 200 characters.
    pub last_error: Option<String>,
    /// Whose fault that was, as far as it is known.
    pub fault: Option<Fault>,
}

impl Delivery {
    /// Makes a delivery in this state, with no attempt counted and no error.
    #[must_use]
    pub const fn new(state: DeliveryState) -> Self {
        Self { state, attempts: 0, last_error: None, fault: None }
    }

    /// The delivery of a letter before its first outcome: queued. Without a letter: not mailed.
    #[must_use]
    pub const fn unheard(letter: Option<DeliveryId>) -> Self {
        Self::new(match letter {
            Some(_) => DeliveryState::Queued,
            None => DeliveryState::NotMailed,
        })
    }

    /// The letter's state as a store reads it. A new column becomes a new argument, which every store then has to read.
    #[must_use]
    pub const fn from_stored(
        state: DeliveryState,
        attempts: u32,
        last_error: Option<String>,
        fault: Option<Fault>,
    ) -> Self {
        Self { state, attempts, last_error, fault }
    }
}

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryState {
    /// No letter was asked for: a link was handed out instead.
    NotMailed,
    /// In the queue, not yet tried.
    Queued,
    /// Tried without success, to be tried again.
    Retrying,
    /// A mail server took it. Whether a person reads it nobody knows.
    Sent,
    /// Refused permanently, or too often. If that was the recipient's fault, the invitation is [`Status::DeliveryFailed`].
    Failed,
    /// It may or may not have been sent, and no more attempts are made. Its links work.
    Unknown,
    /// Reported: not arrived yet, and still being tried.
    Deferred,
    /// Reported: in the mailbox.
    Delivered,
    /// Reported: somebody called it spam.
    Complained,
    /// Reported: the provider did not send it, because the address is on its list.
    Suppressed,
    /// Reported: it came back.
    Bounced,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::NotMailed,
        Self::Queued,
        Self::Retrying,
        Self::Sent,
        Self::Failed,
        Self::Unknown,
        Self::Deferred,
        Self::Delivered,
        Self::Complained,
        Self::Suppressed,
        Self::Bounced,
    ];

    /// Those of a letter that was asked for, lowest rank first: what ranks higher stays, whatever is
    /// heard later. The first two are of a letter that is still in the queue.
    const RANKS: &[Self] = &[
        Self::Queued,
        Self::Retrying,
        Self::Sent,
        Self::Unknown,
        Self::Deferred,
        Self::Delivered,
        Self::Complained,
        Self::Failed,
        Self::Suppressed,
        Self::Bounced,
    ];

    /// Whether the letter came to somebody who wants no more, or did not come and will not.
    pub(crate) const fn turns_away(self) -> bool {
        matches!(self, Self::Complained | Self::Suppressed | Self::Bounced)
    }

    /// What the outcome of a hand-over may be written over.
    pub(crate) fn in_queue() -> &'static [Self] {
        &Self::RANKS[..2]
    }

    /// What a report of this state is written over.
    pub(crate) fn outranked(self) -> &'static [Self] {
        let rank = Self::RANKS.iter().position(|state| *state == self).unwrap_or_default();
        &Self::RANKS[..rank]
    }

    /// The word that a store keeps for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotMailed => "not_mailed",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Deferred => "deferred",
            Self::Delivered => "delivered",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::Bounced => "bounced",
        }
    }

    /// The state behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The letter that invites.
    Invitation,
    /// It reminds the invited before the end.
    Reminder,
    /// It tells the inviter that the invitation was accepted.
    Accepted,
    /// It tells the inviter that the invitation was declined.
    Rejected,
    /// It tells the inviter that the invitation has expired.
    Expired,
    /// It tells the inviter that the invitation could not be delivered.
    DeliveryFailed,
}

impl Purpose {
    /// Every purpose that a letter can have.
    pub const ALL: [Self; 6] =
        [Self::Invitation, Self::Reminder, Self::Accepted, Self::Rejected, Self::Expired, Self::DeliveryFailed];

    /// The word that a store keeps for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reminder => "reminder",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::DeliveryFailed => "delivery_failed",
        }
    }

    /// The purpose behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }

    /// The state it tells the inviter of; `None` for letters to the invited.
    #[must_use]
    pub const fn tells_of(self) -> Option<Status> {
        match self {
            Self::Invitation | Self::Reminder => None,
            Self::Accepted => Some(Status::Accepted),
            Self::Rejected => Some(Status::Rejected),
            Self::Expired => Some(Status::Expired),
            Self::DeliveryFailed => Some(Status::DeliveryFailed),
        }
    }

    /// Whether it is sent before the others that are due: somebody waits for an invitation, and for nothing else.
    #[must_use]
    pub const fn comes_first(self) -> bool {
        matches!(self, Self::Invitation)
    }

    /// Whether it goes to the inviter.
    #[must_use]
    pub const fn is_to_inviter(self) -> bool {
        self.tells_of().is_some()
    }

    /// Whether it carries a link, and so a token.
    #[must_use]
    pub const fn has_link(self) -> bool {
        self.tells_of().is_none()
    }
}
