//! How an error is answered over HTTP.

use std::time::Duration;

use super::Error;

/// How long a client waits after an answer of 503.
const PAUSE: Duration = Duration::from_secs(1);

impl Error {
    /// The machine-readable code of this error, for a JSON body and for metrics. The codes never change; [`Error`] has
    /// a table of them.
    ///
    /// ```
    /// use invite_core::Error;
    ///
    /// assert_eq!((Error::Superseded.http_status(), Error::Superseded.code()), (410, "superseded"));
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Expired { .. } => "expired",
            Self::AlreadyAccepted => "already_accepted",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Erased => "erased",
            Self::AlreadyPending(_) => "already_pending",
            Self::IllegalTransition { .. } => "illegal_transition",
            Self::WrongRecipient => "wrong_recipient",
            Self::EmailNotVerified => "email_not_verified",
            Self::NotPermitted(_) => "not_permitted",
            Self::MayNotDecline => "may_not_decline",
            Self::LimitReached { .. } => "limit_reached",
            Self::KeyReused(_) => "key_reused",
            Self::StillOpen => "still_open",
            Self::Invalid { .. } | Self::InvalidPayload(_) => "invalid",
            Self::Random(_) => "unavailable",
            Self::Store(error) | Self::Authority(error) if error.is_retryable() => "unavailable",
            Self::Store(_)
            | Self::Authority(_)
            | Self::NotInTransaction
            | Self::NoKinds
            | Self::KindServedTwice { .. }
            | Self::ClockDiffers { .. } => "internal",
        }
    }

    /// The HTTP status that fits this error; [`Error`] has a table of them.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Expired { .. }
            | Self::AlreadyAccepted
            | Self::Rejected
            | Self::Cancelled
            | Self::Superseded
            | Self::Erased => 410,
            Self::AlreadyPending(_) | Self::IllegalTransition { .. } | Self::KeyReused(_) | Self::StillOpen => 409,
            Self::WrongRecipient | Self::EmailNotVerified | Self::NotPermitted(_) | Self::MayNotDecline => 403,
            Self::LimitReached { .. } => 429,
            Self::Invalid { .. } | Self::InvalidPayload(_) => 422,
            Self::Random(_) => 503,
            Self::Store(error) | Self::Authority(error) if error.is_retryable() => 503,
            Self::Store(_)
            | Self::Authority(_)
            | Self::NotInTransaction
            | Self::NoKinds
            | Self::KindServedTwice { .. }
            | Self::ClockDiffers { .. } => 500,
        }
    }

    /// How long the client should wait before it sends the same request again, for a `Retry-After` header: until the
    /// limit allows it, and one second after a failure that may pass. `Retry-After` counts whole seconds, so round up.
    ///
    /// Other errors stay what they are however long the client waits; for those this is `None`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::LimitReached { retry_after } => Some(*retry_after),
            Self::Random(_) => Some(PAUSE),
            Self::Store(error) | Self::Authority(error) => error.is_retryable().then_some(PAUSE),
            Self::NotFound
            | Self::Expired { .. }
            | Self::AlreadyAccepted
            | Self::Rejected
            | Self::Cancelled
            | Self::Superseded
            | Self::Erased
            | Self::AlreadyPending(_)
            | Self::IllegalTransition { .. }
            | Self::WrongRecipient
            | Self::EmailNotVerified
            | Self::NotPermitted(_)
            | Self::MayNotDecline
            | Self::KeyReused(_)
            | Self::StillOpen
            | Self::Invalid { .. }
            | Self::InvalidPayload(_)
            | Self::NotInTransaction
            | Self::NoKinds
            | Self::KindServedTwice { .. }
            | Self::ClockDiffers { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::StoreError, random::RandomError};

    fn answer(error: &Error) -> (u16, &'static str, Option<u64>) {
        (error.http_status(), error.code(), error.retry_after().map(|wait| wait.as_secs()))
    }

    #[test]
    fn only_a_failure_that_may_pass_is_answered_with_503() {
        for wrap in [Error::Store, Error::Authority] {
            assert_eq!(answer(&wrap(StoreError::retryable("a deadlock"))), (503, "unavailable", Some(1)));
            assert_eq!(answer(&wrap(StoreError::failed("a syntax error"))), (500, "internal", None));
        }
        assert_eq!(answer(&RandomError::default().into()), (503, "unavailable", Some(1)));
        assert_eq!(answer(&Error::NotInTransaction), (500, "internal", None));
    }

    #[test]
    fn a_limit_says_how_long_to_wait() {
        let limited = Error::LimitReached { retry_after: Duration::from_secs(90) };
        assert_eq!(answer(&limited), (429, "limit_reached", Some(90)));
    }
}
