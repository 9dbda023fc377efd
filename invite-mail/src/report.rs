//! Delivery reports that come back by mail.

mod entity;

use invite_core::{DeliveryReport, EnhancedCode, Outcome, ReportKind, store::DeliveryId};

use self::entity::{Entity, fields};

/// No more of a mail is looked at; what counts stands in front.
const LOOKED_AT: usize = 1024 * 1024;
/// No more recipients are looked at. A letter of ours has one, which may be an alias of several.
const RECIPIENTS: usize = 50;

/// What a delivery status notification (RFC 3464) says: the mail by which a server reports, to the
/// envelope's sender and often much later, that a letter was delivered, waits, or came back.
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
/// Not all that comes back is such a report: answers of absent people are not, and some servers
/// (qmail and its kin) write their own words. Those are `None`.
///
/// **Anybody can write one** who has seen the letter, or guessed a delivery's id, which is as good
/// as impossible. It says something about a delivery and is no reason to do anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    message_id: Option<String>,
    envelope_id: Option<String>,
    recipients: Vec<RecipientStatus>,
}

/// What happened to one recipient of a letter, which is not named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientStatus {
    /// What the server did.
    pub action: Action,
    /// Why, such as 5.1.1.
    pub status: Option<EnhancedCode>,
    /// The code of the answer that decided it, such as 550, where there was one.
    pub code: Option<u16>,
    /// Why in words, cleaned as [`Outcome::sanitize`] does, without the codes.
    pub diagnostic: Option<String>,
}

/// What a server did with a letter, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Action {
    /// It is in the mailbox.
    Delivered,
    /// It was handed on to a server that sends no reports.
    Relayed,
    /// It was handed on to several addresses.
    Expanded,
    /// It waits; the server goes on trying.
    Delayed,
    /// It was not delivered and will not be.
    Failed,
}

impl StatusReport {
    /// Reads a whole mail, as it came. `None` where it is not such a report, or so damaged that it
    /// says nothing. Never a panic, whatever it holds, and no more work than its first megabyte is
    /// worth.
    #[must_use]
    pub fn parse(mail: &[u8]) -> Option<Self> {
        let mail = Entity::read(&mail[..mail.len().min(LOOKED_AT)]);
        let kind = mail.content_type();
        let of_reports = kind.parameter("report-type").is_none_or(|kind| is(&kind, "delivery-status"));
        if !is(&kind.name, "multipart/report") || !of_reports {
            return None;
        }
        let parts = mail.parts(&kind.parameter("boundary")?);
        let is_status = |part: &&Entity<'_>| {
            let name = part.content_type().name;
            is(&name, "message/delivery-status") || is(&name, "message/global-delivery-status")
        };
        let status = parts.iter().find(is_status)?.decoded();

        let mut envelope_id = None;
        let mut recipients = Vec::new();
        for group in fields(&status) {
            if let Some(recipient) = RecipientStatus::read(&group) {
                recipients.push(recipient);
                if recipients.len() == RECIPIENTS {
                    break;
                }
            } else if let Some(id) = group.value("original-envelope-id") {
                envelope_id = Some(id.to_owned());
            }
        }
        if recipients.is_empty() {
            return None;
        }
        let message_id = parts.iter().find_map(returned_message_id).or_else(|| answered_message_id(&mail));
        Some(Self { message_id, envelope_id, recipients })
    }

    /// Which delivery it is about: by the envelope's id that the mailer gave, or else by the
    /// Message-ID of the letter that came back.
    #[must_use]
    pub fn delivery(&self) -> Option<DeliveryId> {
        // Both are written alike; one has no domain.
        let by_envelope = || DeliveryId::from_message_id(&format!("{}@envelope", self.envelope_id.as_deref()?));
        by_envelope().or_else(|| DeliveryId::from_message_id(self.message_id()?))
    }

    /// The Message-ID of the letter, in its angle brackets.
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

    /// Why the worst happened, in words fit to be shown.
    #[must_use]
    pub fn diagnostic(&self) -> Option<&str> {
        self.worst()?.diagnostic.as_deref()
    }

    /// What [`Invitations::report`](invite_core::Invitations::report) is told: a failure is a
    /// bounce, a delay a deferral. `None` where the delivery is not known, and for what was passed on
    /// to whoever reports nothing, or to several: that says no more than that it was sent.
    #[must_use]
    pub fn delivery_report(&self) -> Option<DeliveryReport> {
        let worst = self.worst()?;
        let kind = match worst.action {
            Action::Delivered => ReportKind::Delivered,
            Action::Relayed | Action::Expanded => return None,
            Action::Delayed => ReportKind::Deferred,
            Action::Failed => ReportKind::Bounced,
        };
        let mut report = DeliveryReport::new(self.delivery()?, kind).text(worst.diagnostic.as_deref().unwrap_or(""));
        if let Some(code) = worst.code {
            report = report.code(code);
        }
        if let Some(status) = worst.status {
            report = report.enhanced(status);
        }
        Some(report)
    }

    fn worst(&self) -> Option<&RecipientStatus> {
        // The first of several, which `max_by_key` would not be.
        self.recipients.iter().rev().max_by_key(|recipient| recipient.action)
    }
}

impl RecipientStatus {
    fn read(group: &entity::Fields) -> Option<Self> {
        let first_word = |name| group.value(name)?.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).next();
        let action = Action::read(first_word("action")?)?;
        let status = first_word("status").and_then(EnhancedCode::parse);
        let words = group.value("diagnostic-code").unwrap_or_default();
        let words = words.split_once(';').map_or(words, |(_kind, words)| words).trim_start();
        let code = words.get(..3).filter(|_| !words[3..].starts_with(|c: char| c.is_ascii_alphanumeric()));
        let code = code.and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
        let words = if code.is_some() { words[3..].trim_start_matches(['-', ' ']) } else { words };
        let repeated = status.and_then(|status| words.strip_prefix(&status.to_string()));
        let diagnostic = Outcome::sanitize(repeated.unwrap_or(words));
        Some(Self { action, status, code, diagnostic: Some(diagnostic).filter(|words| !words.is_empty()) })
    }
}

impl Action {
    fn read(word: &str) -> Option<Self> {
        let known = [
            ("delivered", Self::Delivered),
            ("relayed", Self::Relayed),
            ("expanded", Self::Expanded),
            ("delayed", Self::Delayed),
            ("failed", Self::Failed),
        ];
        known.into_iter().find(|(name, _)| is(name, word)).map(|(_, action)| action)
    }
}

/// The letter that came back, or its head.
fn returned_message_id(part: &Entity<'_>) -> Option<String> {
    let name = part.content_type().name;
    let returned = ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"];
    if !returned.iter().any(|returned| is(&name, returned)) {
        return None;
    }
    let body = part.decoded();
    message_id(Entity::read(&body).value("message-id")?)
}

/// Some return nothing, and answer the letter.
fn answered_message_id(mail: &Entity<'_>) -> Option<String> {
    ["in-reply-to", "references"].into_iter().find_map(|name| message_id(mail.value(name)?))
}

fn message_id(value: &str) -> Option<String> {
    let id = value.split_whitespace().next_back()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic()) && id.len() <= 250;
    (plain && id.starts_with('<') && id.ends_with('>')).then(|| id.to_owned())
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
