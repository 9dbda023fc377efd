//! What was heard of a letter after it was handed over.

use std::fmt;

use crate::{
    claimant::MAX_ADDRESSES,
    delivery::DeliveryState,
    email_address::EmailAddress,
    id::DeliveryId,
    invitation::Record,
    mailer::{EnhancedCode, Fault, Outcome, fit_id},
};

/// What a mail provider's webhook or a bounce says of one letter, for
/// [`Invitations::report`](crate::Invitations::report).
///
/// ```
/// use invite_core::{DeliveryReport, EnhancedCode, ReportKind, ReportProof, store::DeliveryId};
///
/// let id = DeliveryId::from_message_id("<01976b7a-0000-7000-8000-000000000001@example.com>").unwrap();
/// let report = DeliveryReport::new(id, ReportKind::Bounced)
///     .proved_by(ReportProof::Webhook) // after its signature was verified
///     .code(550)
///     .enhanced(EnhancedCode::parse("5.1.1").unwrap())
///     .text("no such user");
/// ```
///
/// **Whoever has seen a letter knows its Message-ID, and can write a report about it.** So a report is believed only if it
/// has a [proof](Self::proved_by), or names the invited address as the [recipient](Self::recipient). One that has neither is
/// ignored, whatever it says.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct DeliveryReport {
    delivery: Option<DeliveryId>,
    provider_id: Option<String>,
    recipients: Vec<EmailAddress>,
    proof: Option<ReportProof>,
    kind: ReportKind,
    fault: Option<Fault>,
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

/// Why a report may be believed that names no recipient: what it came with, that a stranger cannot make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportProof {
    /// It came to a return path that was signed for this delivery, and whose signature was verified.
    ReturnPath,
    /// The mail provider sent it, and its signature, or the secret in its request, was verified.
    Webhook,
}

/// What a report came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// It stands on the invitation now.
    Recorded,
    /// That, and the pending invitation is `delivery_failed` now.
    Failed,
    /// Ignored: unknown delivery, other recipient, neither recipient nor proof, superseded letter, notice to the inviter, good news about a reminder, or
    /// a higher-ranking report already stored.
    Ignored,
}

impl DeliveryReport {
    /// Says this of that delivery: [`Letter::delivery`](crate::Letter::delivery), or by the mail's
    /// Message-ID [`DeliveryId::from_message_id`].
    pub const fn new(delivery: DeliveryId, kind: ReportKind) -> Self {
        Self::about(Some(delivery), kind)
    }

    /// Says this of the letter that the mail provider accepted under this name, [`Outcome::Accepted`]: for providers that
    /// give each letter a Message-ID of their own, and name no other in what they report.
    pub fn by_provider_id(id: &str, kind: ReportKind) -> Self {
        Self::about(None, kind).provider_id(id)
    }

    const fn about(delivery: Option<DeliveryId>, kind: ReportKind) -> Self {
        Self {
            delivery,
            provider_id: None,
            recipients: Vec::new(),
            proof: None,
            kind,
            fault: None,
            code: None,
            enhanced: None,
            text: String::new(),
        }
    }

    /// The provider's name for the letter, by which it is looked up if no invitation has the delivery. What
    /// [`Outcome::accepted_as`] would not accept is ignored.
    pub fn provider_id(mut self, id: &str) -> Self {
        self.provider_id = fit_id(id);
        self
    }

    /// Says why it may be believed. Without a proof, it must name the invited address as the [recipient](Self::recipient), and
    /// its [words](Self::text) are shown to nobody.
    pub const fn proved_by(mut self, proof: ReportProof) -> Self {
        self.proof = Some(proof);
        self
    }

    /// An address to which, as the report says, the letter went. If any is given, the report is ignored unless one of them is
    /// the invited address, also where there is a [proof](Self::proved_by). Up to eight are looked at. What is no address is
    /// ignored, and then counts as not given.
    pub fn recipient(mut self, address: &str) -> Self {
        if self.recipients.len() < MAX_ADDRESSES {
            self.recipients.extend(EmailAddress::from_given(address));
        }
        self
    }

    /// Whose fault a failure is, if the provider says so. Otherwise [`Fault::of`] finds it from the codes and the text.
    pub const fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
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

    /// The words, kept as [`Outcome::sanitize`] leaves them. Those of a report without a [proof](Self::proved_by) only help to
    /// find whose fault a failure is: a stranger may have written them, so they are neither shown to the inviting side nor
    /// stored.
    pub fn text(mut self, text: &str) -> Self {
        self.text = Outcome::sanitize(text);
        self
    }

    /// Which delivery it is about, if it names one.
    #[must_use]
    pub const fn delivery(&self) -> Option<DeliveryId> {
        self.delivery
    }

    /// The provider's name for the letter, if it names one.
    #[must_use]
    pub fn provider_name(&self) -> Option<&str> {
        self.provider_id.as_deref()
    }

    /// What it says.
    #[must_use]
    pub const fn kind(&self) -> ReportKind {
        self.kind
    }

    pub(crate) fn recipients(&self) -> &[EmailAddress] {
        &self.recipients
    }

    pub(crate) const fn is_proved(&self) -> bool {
        self.proof.is_some()
    }

    /// Whether it may be believed of this invitation: by the addresses that it names, or else by its proof.
    pub(crate) fn is_about(&self, record: &Record) -> bool {
        let is_invited = |address: &EmailAddress| address.canonical() == record.recipient.canonical();
        if self.recipients.is_empty() { self.is_proved() } else { self.recipients.iter().any(is_invited) }
    }

    /// Whose fault a failure or a delay is.
    pub(crate) fn whose_fault(&self) -> Option<Fault> {
        let found = || Fault::of(self.code, self.enhanced, &self.text);
        match self.kind {
            ReportKind::Delivered => None,
            ReportKind::Complained | ReportKind::Suppressed => self.fault.or(Some(Fault::Recipient)),
            ReportKind::Bounced | ReportKind::Deferred => self.fault.or_else(found),
        }
    }

    /// What to show the inviting side; nothing where all is well.
    pub(crate) fn reason(&self) -> Option<String> {
        let words = if self.is_proved() { self.text.as_str() } else { "" };
        let reason = Outcome::reason(self.code, self.enhanced, words);
        (self.kind != ReportKind::Delivered && !reason.is_empty()).then_some(reason)
    }
}

impl fmt::Debug for DeliveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the addresses.
        let Self { delivery, provider_id, recipients: _, proof, kind, fault, code, enhanced, text } = self;
        f.debug_struct("DeliveryReport")
            .field("delivery", delivery)
            .field("provider_id", provider_id)
            .field("proof", proof)
            .field("kind", kind)
            .field("fault", fault)
            .field("code", code)
            .field("enhanced", enhanced)
            .field("text", text)
            .finish_non_exhaustive()
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
            .proved_by(ReportProof::ReturnPath)
            .code(550)
            .text("<ada@example.com> refused https://app.example.com/i?t=inv1_secret");
        assert_eq!(report.reason().as_deref(), Some("550 … refused …"));
        assert!(!format!("{report:?}").contains("ada@"));
        assert_eq!(DeliveryReport::new(id, ReportKind::Delivered).text("250 ok").reason(), None);
    }

    #[test]
    fn the_words_of_a_report_that_anybody_may_have_written_are_shown_to_nobody() {
        let id = DeliveryId::from_uuid(uuid::Uuid::nil());
        let forged = DeliveryReport::new(id, ReportKind::Bounced).recipient("ada@example.com");
        let forged =
            forged.code(550).enhanced(EnhancedCode::new(5, 1, 1).unwrap()).text("user unknown, call 0800 5550100");
        assert_eq!(forged.reason().as_deref(), Some("550 5.1.1"));
        assert_eq!(forged.whose_fault(), Some(Fault::Recipient));
        assert_eq!(DeliveryReport::new(id, ReportKind::Bounced).text("call me").reason(), None);
        let proved = forged.proved_by(ReportProof::ReturnPath).reason();
        assert_eq!(proved.as_deref(), Some("550 5.1.1 user unknown, call 0800 5550100"));
    }
}
