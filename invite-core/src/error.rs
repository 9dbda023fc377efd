//! The answers a handler needs, and the opaque failure of a store.

mod answer;
mod field;

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    id::{InvitationId, MalformedId},
    kind::InvalidPayload,
    random::RandomError,
    state::{EventKind, Status},
    token::MalformedToken,
};

pub use self::field::Field;

/// Why an operation did not happen.
///
/// After [`Store`](Self::Store) and [`Authority`](Self::Authority) roll the transaction back: it may
/// hold half of what the operation writes, or be broken. If the error is
/// [retryable](Self::is_retryable), do the whole unit of work again. After every other answer the
/// transaction is still usable and holds nothing half done.
///
/// No message holds a token, an address or SQL. Over HTTP answer with [`http_status`](Self::http_status),
/// [`code`](Self::code) and [`retry_after`](Self::retry_after):
///
/// | error | status | code | `Retry-After` |
/// |---|---|---|---|
/// | [`NotFound`](Self::NotFound) | 404 | `not_found` | |
/// | [`Expired`](Self::Expired) | 410 | `expired` | |
/// | [`AlreadyAccepted`](Self::AlreadyAccepted) | 410 | `already_accepted` | |
/// | [`Rejected`](Self::Rejected) | 410 | `rejected` | |
/// | [`Cancelled`](Self::Cancelled) | 410 | `cancelled` | |
/// | [`Superseded`](Self::Superseded) | 410 | `superseded` | |
/// | [`Erased`](Self::Erased) | 410 | `erased` | |
/// | [`AlreadyPending`](Self::AlreadyPending) | 409 | `already_pending` | |
/// | [`IllegalTransition`](Self::IllegalTransition) | 409 | `illegal_transition` | |
/// | [`KeyReused`](Self::KeyReused) | 409 | `key_reused` | |
/// | [`StillOpen`](Self::StillOpen) | 409 | `still_open` | |
/// | [`WrongRecipient`](Self::WrongRecipient) | 403 | `wrong_recipient` | |
/// | [`EmailNotVerified`](Self::EmailNotVerified) | 403 | `email_not_verified` | |
/// | [`NotPermitted`](Self::NotPermitted) | 403 | `not_permitted` | |
/// | [`MayNotDecline`](Self::MayNotDecline) | 403 | `may_not_decline` | |
/// | [`LimitReached`](Self::LimitReached) | 429 | `limit_reached` | when the limit allows it |
/// | [`Invalid`](Self::Invalid), [`InvalidPayload`](Self::InvalidPayload) | 422 | `invalid` | |
/// | [`Random`](Self::Random) | 503 | `unavailable` | 1 second |
/// | [`Store`](Self::Store), [`Authority`](Self::Authority), retryable | 503 | `unavailable` | 1 second |
/// | [`Store`](Self::Store), [`Authority`](Self::Authority), not retryable | 500 | `internal` | |
/// | [`NotInTransaction`](Self::NotInTransaction) | 500 | `internal` | |
/// | [`NoKinds`](Self::NoKinds), [`KindServedTwice`](Self::KindServedTwice) | 500 | `internal` | |
/// | [`ClockDiffers`](Self::ClockDiffers) | 500 | `internal` | |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// HTTP 404: No such invitation here: an unknown, foreign or malformed token, or the id of another
    /// scope or kind. One answer for all of them, so that nobody learns which.
    #[error("invitation not found")]
    NotFound,
    /// HTTP 410: Its time ran out, whether or not the sweep has noticed.
    #[error("invitation expired")]
    Expired {
        /// When it ran out.
        at: DateTime<Utc>,
    },
    /// HTTP 410: It was accepted. [`accept`](crate::Invitations::accept) and
    /// [`accept_by_id`](crate::Invitations::accept_by_id) answer this to everybody but whoever accepted it, who
    /// gets [`Accepted::Before`](crate::Accepted::Before). `preview`, `mark_viewed`, `reject` and `reject_by_id`
    /// answer it to that person as well.
    #[error("invitation was already accepted")]
    AlreadyAccepted,
    /// HTTP 410: It was declined.
    #[error("invitation was declined")]
    Rejected,
    /// HTTP 410: The inviting side revoked it.
    #[error("invitation was cancelled")]
    Cancelled,
    /// HTTP 410: A newer mail replaced this link.
    #[error("invitation link was replaced by a newer one")]
    Superseded,
    /// HTTP 410: What it was about was [erased](crate::Support::erase), and nobody can read or repeat it.
    #[error("invitation was erased")]
    Erased,
    /// HTTP 409: An open invitation for this address exists; here is its id, in another scope where
    /// the policy counts over all of them.
    #[error("an open invitation exists")]
    AlreadyPending(InvitationId),
    /// HTTP 409: The action is not legal in this state.
    #[error("an invitation that is {status} cannot be {event}")]
    IllegalTransition {
        /// Where the invitation stands.
        status: Status,
        /// What was asked for.
        event: EventKind,
    },
    /// HTTP 409: The [key](crate::NewInvitation::key) of this creation was used before, for another address or another
    /// payload; here is the invitation it was used for.
    #[error("the key was used for another invitation")]
    KeyReused(InvitationId),
    /// HTTP 409: What was asked for is for invitations that have ended, and this one has not: cancel it first.
    #[error("the invitation has not ended")]
    StillOpen,
    /// HTTP 403: None of the claimant's addresses is the invited one.
    #[error("invitation is addressed to somebody else")]
    WrongRecipient,
    /// HTTP 403: The claimant's address is the invited one but nobody has verified it, and the token
    /// does not prove it.
    #[error("address is not verified")]
    EmailNotVerified,
    /// HTTP 403: The host's [`Authority`](crate::Authority) refused; its own word says why.
    #[error("not permitted")]
    NotPermitted(Cow<'static, str>),
    /// HTTP 403: The [policy](crate::Policy::may_decline) does not let people decline this kind of invitation.
    #[error("invitations of this kind cannot be declined")]
    MayNotDecline,
    /// HTTP 429: Too soon or too often.
    #[error("limit reached")]
    LimitReached {
        /// How long to wait before the same call can succeed.
        retry_after: Duration,
    },
    /// HTTP 422: A value is not acceptable.
    #[error("{field} {problem}")]
    Invalid {
        /// Which value is not acceptable.
        field: Field,
        /// What is wrong with it.
        problem: Problem,
    },
    /// HTTP 422: The kind's own [check](crate::Kind::check) refused the payload.
    #[error("payload is not valid: {0}")]
    InvalidPayload(InvalidPayload),
    /// HTTP 500, a bug in the host: a writing call needs a transaction the driver knows of.
    #[error("a writing call was made outside a transaction")]
    NotInTransaction,
    /// HTTP 500, a bug in the host: its [`Worker`](crate::Worker) serves no kind, and so would mail nothing.
    #[error("the worker serves no kind of invitation")]
    NoKinds,
    /// HTTP 500, a bug in the host: its [`Worker`](crate::Worker) was told to serve one kind twice. One of the two
    /// policies would not count.
    #[error("the worker was told to serve the kind {kind} twice")]
    KindServedTwice {
        /// The [`Kind::NAME`](crate::Kind::NAME).
        kind: &'static str,
    },
    /// HTTP 500, a fault of the machine: its clock and the database's differ by more than
    /// [`Clock::tolerance`](crate::Clock::tolerance). A worker does nothing until they agree again.
    #[error("the clock is {} seconds {} the database's", by.num_seconds().abs(), if *by < TimeDelta::zero() { "behind" } else { "ahead of" })]
    ClockDiffers {
        /// How far this process is ahead of the database.
        by: TimeDelta,
    },
    /// HTTP 503 when retryable, otherwise 500: The [`Authority`](crate::Authority) could not find
    /// out; its error is the source.
    #[error("authority could not answer")]
    Authority(#[source] StoreError),
    /// HTTP 503: The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// HTTP 503 when retryable, otherwise 500: The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    pub(crate) const fn invalid(field: Field, problem: Problem) -> Self {
        Self::Invalid { field, problem }
    }

    /// Whether the same unit of work, done again in a new transaction, may succeed: a lost race,
    /// a deadlock, a busy database. `retry`, of the feature `tokio`, is the loop for it.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) | Self::Authority(error) if error.is_retryable())
    }
}

impl From<MalformedToken> for Error {
    fn from(_: MalformedToken) -> Self {
        Self::NotFound
    }
}

impl From<MalformedId> for Error {
    fn from(_: MalformedId) -> Self {
        Self::NotFound
    }
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// More than allowed.
    #[error("is too long, at most {max}")]
    TooLong {
        /// The most allowed: characters for text, bytes for JSON, entries for lists.
        max: usize,
    },
    /// Not of the expected form.
    #[error("is malformed")]
    Malformed,
    /// A control or direction-turning character, or an invisible one that no word or emoji needs.
    #[error("has a forbidden character")]
    ForbiddenCharacter,
    /// A place in a list that cannot be found again, because the row there has changed or is gone.
    #[error("is of a list that has changed, begin again")]
    Changed,
    /// It stands for something else in the same call.
    #[error("is used for something else in the same call")]
    Repeated,
    /// Zero, negative, or beyond the policy's maximum.
    #[error("is out of range")]
    OutOfRange,
}

/// A store failed. What happened underneath is the source; this type shows none of it.
pub struct StoreError {
    failure: Failure,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Failed,
    Retryable,
    Corrupt(&'static str),
}

impl StoreError {
    /// A failure that trying again will not mend.
    pub fn failed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { failure: Failure::Failed, source: Some(source.into()) }
    }

    /// A serialization failure, a deadlock, a busy database, a lost connection.
    pub fn retryable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { failure: Failure::Retryable, source: Some(source.into()) }
    }

    /// The row changed between the write that did not happen and the read that was to explain it.
    pub(crate) fn changed_meanwhile() -> Self {
        Self { failure: Failure::Retryable, source: None }
    }

    /// A stored row does not say anything the library could have written; `what` names the column.
    #[must_use]
    pub fn corrupt(what: &'static str) -> Self {
        Self { failure: Failure::Corrupt(what), source: None }
    }

    /// See [`Error::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure == Failure::Retryable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure {
            Failure::Failed => f.write_str("the store failed"),
            Failure::Retryable => f.write_str("the store asks for a retry"),
            Failure::Corrupt(what) => write!(f, "a stored row is corrupt in {what}"),
        }
    }
}

// Drivers put statements and key values into their errors' `Debug`.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreError").field(&self.failure).finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
