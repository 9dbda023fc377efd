//! Delivery reports that come back by mail.

pub(crate) mod answer;
mod bounce;
mod content_type;
mod encoded_words;
mod encoding;
mod entity;
mod feedback;
mod ids;
mod mail;
mod reader;
mod recipient;
mod status;

use std::fmt;

use invite_core::{DeliveryReport, EmailAddress, EnhancedCode, ReportKind, ReportProof, store::DeliveryId};

pub use self::{
    reader::ReportReader,
    recipient::{Action, RecipientStatus},
};

/// What a mail says that came back: a delivery status notification (RFC 3464), a bounce in a server's own words, or
/// a complaint (RFC 5965). Servers send them to the envelope's sender, often hours after the letter.
///
/// ```
/// use invite_mail::{Action, StatusReport};
///
/// # let mail = include_bytes!("../tests/reports/postfix.eml");
/// if let Some(report) = StatusReport::parse(mail) {
///     assert_eq!(report.action(), Action::Failed);
///     assert_eq!(report.status().unwrap().to_string(), "5.1.1");
///     assert!(report.delivery().is_some());
/// }
/// ```
///
/// Answers of people, holiday notices and read receipts report nothing, and are `None`. A mail is a failure only if that is
/// certain: if it has fields for machines that say so, or if a mail system wrote it and quotes the code of an answer. What
/// other machines write about a letter has the action [`Unclear`](Action::Unclear), and core is not told of it.
///
/// **Anybody who has seen the letter can write one**, because the letter holds its Message-ID. So
/// [`delivery_report`](Self::delivery_report) passes on to whom the letter went, as the report says, to be compared. A
/// return path of its own for each delivery is better: see [`ReportReader::return_path`].
///
/// Its `Debug` shows what happened, and no address, no id and no words of the mail.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusReport {
    by_return_path: Option<DeliveryId>,
    envelope_id: Option<String>,
    message_id: Option<String>,
    elsewhere: Option<DeliveryId>,
    recipients: Vec<RecipientStatus>,
    addresses: Addresses,
}

impl StatusReport {
    /// Reads a whole mail, as it came: [`ReportReader::read`] of a reader without a return path.
    #[must_use]
    pub fn parse(mail: &[u8]) -> Option<Self> {
        ReportReader::new().read(mail)
    }

    /// Which delivery it is about: by the return path to which the mail was sent, the envelope's id that the mailer gave,
    /// the Message-ID of the letter that came back, or one of our Message-IDs anywhere in the mail.
    #[must_use]
    pub fn delivery(&self) -> Option<DeliveryId> {
        // Both are written alike; one has no domain.
        let by_envelope = || DeliveryId::from_message_id(&format!("{}@envelope", self.envelope_id.as_deref()?));
        let by_message = || DeliveryId::from_message_id(self.message_id()?);
        self.by_return_path.or_else(by_envelope).or_else(by_message).or(self.elsewhere)
    }

    /// The Message-ID of the letter, in its angle brackets. A relay may have given it another than the mailer did.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }

    /// What happened to each recipient; at least one.
    #[must_use]
    pub fn recipients(&self) -> &[RecipientStatus] {
        &self.recipients
    }

    /// The worst that happened.
    #[must_use]
    pub fn action(&self) -> Action {
        self.worst().map_or(Action::Failed, |worst| worst.action)
    }

    /// Why the worst happened, such as 5.1.1.
    #[must_use]
    pub fn status(&self) -> Option<EnhancedCode> {
        self.worst()?.status
    }

    /// Why the worst happened, in words that are cleaned. Unless the mail came to a verified return path, anybody may have
    /// written them, so show them to nobody but those who operate the service.
    #[must_use]
    pub fn diagnostic(&self) -> Option<&str> {
        self.worst()?.diagnostic.as_deref()
    }

    /// What [`Invitations::report`](invite_core::Invitations::report) is told: a failure is a bounce, a delay a deferral,
    /// a complaint a complaint.
    ///
    /// Without a delivery, it names the letter by the provider's id: the part before the `@` of a Message-ID that a relay
    /// such as Amazon SES gave it. Unless found by a verified return path, it names the addresses to which the letter
    /// went, and the report of another recipient is ignored.
    ///
    /// `None` if the mail names no letter, or only says that the letter was handed on to a server that reports nothing or
    /// to several addresses, or does not say with certainty what became of it. Also for whatever did not come to a verified return path and names nobody who could be invited:
    /// leaving the address out, or writing what is none, must not make forging easier.
    #[must_use]
    pub fn delivery_report(&self) -> Option<DeliveryReport> {
        let worst = self.worst()?;
        let kind = match worst.action {
            Action::Delivered => ReportKind::Delivered,
            Action::Relayed | Action::Expanded | Action::Unclear => return None,
            Action::Delayed => ReportKind::Deferred,
            Action::Complained => ReportKind::Complained,
            Action::Failed => ReportKind::Bounced,
        };
        let proof = self.by_return_path.map(|_| ReportProof::ReturnPath);
        if proof.is_none() && self.addresses.0.is_empty() {
            return None;
        }
        let mut report = match (self.delivery(), self.provider_id()) {
            (Some(delivery), _) if proof.is_some() => DeliveryReport::new(delivery, kind),
            (Some(delivery), None) => DeliveryReport::new(delivery, kind),
            (Some(delivery), Some(id)) => DeliveryReport::new(delivery, kind).provider_id(id),
            (None, id) => DeliveryReport::by_provider_id(id?, kind),
        };
        report = match proof {
            Some(proof) => report.proved_by(proof),
            None => self.addresses.0.iter().fold(report, |report, address| report.recipient(address.as_given())),
        };
        if let Some(code) = worst.code {
            report = report.code(code);
        }
        if let Some(status) = worst.status {
            report = report.enhanced(status);
        }
        Some(report.text(worst.diagnostic.as_deref().unwrap_or("")))
    }

    /// The part before the `@` of a Message-ID that is none of ours.
    fn provider_id(&self) -> Option<&str> {
        let id = self.message_id().filter(|id| DeliveryId::from_message_id(id).is_none())?;
        let id = id.trim_matches(['<', '>']);
        Some(id.split_once('@').map_or(id, |(local, _)| local)).filter(|id| !id.is_empty())
    }

    fn worst(&self) -> Option<&RecipientStatus> {
        // The first of several, which `max_by_key` would not be.
        self.recipients.iter().rev().max_by_key(|recipient| recipient.action)
    }
}

/// To whom the letter went. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
struct Addresses(Vec<EmailAddress>);

impl Addresses {
    /// Of what stands where addresses do, only what could be invited says to whom a letter went.
    fn first(all: &[String], most: usize) -> Self {
        let mut kept: Vec<EmailAddress> = Vec::new();
        for address in all.iter().filter_map(|address| address.parse().ok()) {
            if kept.len() == most {
                break;
            }
            if !kept.contains(&address) {
                kept.push(address);
            }
        }
        Self(kept)
    }
}

impl fmt::Debug for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusReport")
            .field("action", &self.action())
            .field("status", &self.status())
            .field("code", &self.worst().and_then(|worst| worst.code))
            .field("names_a_delivery", &self.delivery().is_some())
            .field("is_proved", &self.by_return_path.is_some())
            .field("recipients", &self.recipients.len())
            .field("addresses", &self.addresses.0.len())
            .finish_non_exhaustive()
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
