//! What was heard of a letter after it was handed over.

use crate::{
    delivery::DeliveryState,
    id::DeliveryId,
    mailer::{EnhancedCode, Outcome},
};

/// What a mail provider's webhook or a bounce says of one letter, for
/// [`Invitations::report`](crate::Invitations::report).
///
/// ```
/// use invite_core::{DeliveryReport, EnhancedCode, ReportKind, store::DeliveryId};
///
/// let id = DeliveryId::from_message_id("<01976b7a-0000-7000-8000-000000000001@example.com>").unwrap();
/// let report = DeliveryReport::new(id, ReportKind::Bounced)
///     .code(550)
///     .enhanced(EnhancedCode::parse("5.1.1").unwrap())
///     .text("no such user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct DeliveryReport {
    delivery: DeliveryId,
    kind: ReportKind,
    code: Option<u16>,
    enhanced: Option<EnhancedCode>,
    text: String,
}

/// What became of a letter after its hand-over. A later one in this list outranks those before it,
/// in whatever order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// It has not arrived yet, and is still being tried.
    Deferred,
    /// It is in the mailbox.
    Delivered,
    /// It was reported as spam.
    Complained,
    /// The provider did not send it: the address is on its list.
    Suppressed,
    /// It came back.
    Bounced,
}

impl ReportKind {
    /// All of them, lowest rank first.
    pub const ALL: [Self; 5] = [Self::Deferred, Self::Delivered, Self::Complained, Self::Suppressed, Self::Bounced];

    pub(crate) const fn state(self) -> DeliveryState {
        match self {
            Self::Deferred => DeliveryState::Deferred,
            Self::Delivered => DeliveryState::Delivered,
            Self::Complained => DeliveryState::Complained,
            Self::Suppressed => DeliveryState::Suppressed,
            Self::Bounced => DeliveryState::Bounced,
        }
    }

    /// Whether the letter did not reach the recipient, and will not.
    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Suppressed | Self::Bounced)
    }
}

/// What a report came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// It stands on the invitation now.
    Recorded,
    /// That, and the pending invitation is `delivery_failed` now.
    Failed,
    /// Ignored: unknown delivery, superseded letter, notice to the inviter, good news about a reminder, or
    /// a higher-ranking report already stored.
    Ignored,
}

impl DeliveryReport {
    /// Says this of that delivery: [`Letter::delivery`](crate::Letter::delivery), or by the mail's
    /// Message-ID [`DeliveryId::from_message_id`].
    pub const fn new(delivery: DeliveryId, kind: ReportKind) -> Self {
        Self { delivery, kind, code: None, enhanced: None, text: String::new() }
    }

    /// The server's code, such as 550.
    pub const fn code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// The enhanced code, such as 5.1.1.
    pub const fn enhanced(mut self, code: EnhancedCode) -> Self {
        self.enhanced = Some(code);
        self
    }

    /// The words, kept as [`Outcome::sanitize`] leaves them.
    pub fn text(mut self, text: &str) -> Self {
        self.text = Outcome::sanitize(text);
        self
    }

    /// Which delivery it is about.
    #[must_use]
    pub const fn delivery(&self) -> DeliveryId {
        self.delivery
    }

    /// What it says.
    #[must_use]
    pub const fn kind(&self) -> ReportKind {
        self.kind
    }

    /// What to show the inviting side; nothing where all is well.
    pub(crate) fn reason(&self) -> Option<String> {
        let reason = Outcome::reason(self.code, self.enhanced, &self.text);
        (self.kind != ReportKind::Delivered && !reason.is_empty()).then_some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_outranks_exactly_those_listed_before_it() {
        for (rank, kind) in ReportKind::ALL.into_iter().enumerate() {
            let over = kind.state().outranked();
            for (other_rank, other) in ReportKind::ALL.into_iter().enumerate() {
                assert_eq!(over.contains(&other.state()), other_rank < rank, "{kind:?} over {other:?}");
            }
            for state in [DeliveryState::Queued, DeliveryState::Retrying, DeliveryState::Sent, DeliveryState::Unknown] {
                assert!(over.contains(&state), "{kind:?} over {state:?}");
            }
        }
    }

    #[test]
    fn a_report_keeps_no_address_and_no_link() {
        let id = DeliveryId::from_uuid(uuid::Uuid::nil());
        let report = DeliveryReport::new(id, ReportKind::Bounced)
            .code(550)
            .text("<ada@example.com> refused https://app.example.com/i?t=inv1_secret");
        assert_eq!(report.reason().as_deref(), Some("550 … refused …"));
        assert!(!format!("{report:?}").contains("ada@"));
        assert_eq!(DeliveryReport::new(id, ReportKind::Delivered).text("250 ok").reason(), None);
    }
}
