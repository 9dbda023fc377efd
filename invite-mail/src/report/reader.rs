//! Reads what comes back by mail.

use std::{borrow::Cow, fmt};

use invite_core::store::DeliveryId;

use super::{
    Addresses, StatusReport,
    bounce::{Bounce, Sign},
    encoded_words,
    feedback::Feedback,
    ids::{self, Returned},
    mail::Mail,
    recipient::RecipientStatus,
    status::Status,
};

/// No more of a mail is looked at; what counts stands in front.
const LOOKED_AT: usize = 1024 * 1024;
/// No more addresses are checked for being a return path.
const RETURN_PATHS: usize = 20;
/// No more addresses of a report are kept.
const ADDRESSES: usize = 8;

/// Reads delivery reports, bounces of other kinds, and complaints, and finds the delivery that they are about.
///
/// ```
/// use invite_core::{ReportKind, store::DeliveryId};
/// use invite_mail::ReportReader;
///
/// # fn by_return_path(_: &str) -> Option<DeliveryId> { None }
/// // With a return path for each delivery, `move |address| return_path.delivery(address)`.
/// let reader = ReportReader::new().return_path(by_return_path);
///
/// # let mail = include_bytes!("../../tests/reports/postfix.eml");
/// let report = reader.read(mail).and_then(|report| report.delivery_report());
/// assert_eq!(report.map(|report| report.kind()), Some(ReportKind::Bounced));
/// ```
#[derive(Default)]
pub struct ReportReader {
    return_path: Option<Box<DeliveryOf>>,
}

/// Tells the delivery of an address that is a verified return path.
type DeliveryOf = dyn Fn(&str) -> Option<DeliveryId> + Send + Sync;

impl ReportReader {
    /// Finds deliveries by what a mail says of the letter: its envelope id, its Message-ID, or the provider's id.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also finds them by the address to which the mail was sent, and by that first. The function tells the delivery of a
    /// return path that it has verified, which nobody can make up; so such a report passes on no recipient to be compared.
    #[must_use]
    pub fn return_path(mut self, delivery: impl Fn(&str) -> Option<DeliveryId> + Send + Sync + 'static) -> Self {
        self.return_path = Some(Box::new(delivery));
        self
    }

    /// Reads a whole mail, as it came. `None` if it reports nothing, for example because a person or a holiday
    /// notice answers, or if it is too damaged. It never panics, and looks at the first megabyte at most.
    #[must_use]
    pub fn read(&self, mail: &[u8]) -> Option<StatusReport> {
        self.read_sent_to(mail, "")
    }

    /// The same for a mail whose envelope recipient is known, as a mail server's pipe or an inbound webhook knows it.
    /// [`read`](Self::read) takes it from the fields in which servers keep it: `Delivered-To`, `X-Original-To`,
    /// `Envelope-To`, or `To`.
    #[must_use]
    pub fn read_sent_to(&self, mail: &[u8], recipient: &str) -> Option<StatusReport> {
        let mail = with_line_feeds(&mail[..mail.len().min(LOOKED_AT)]);
        let mail = Mail::read(&mail);
        let returned = Returned::of(&mail);
        let by_return_path = self.by_return_path(&mail, recipient);
        let mut report = StatusReport {
            by_return_path,
            envelope_id: None,
            message_id: returned.message_id(&mail),
            elsewhere: None,
            recipients: Vec::new(),
            addresses: Addresses::default(),
        };
        let answered = ids::answered(&mail);
        let mut named = report.delivery().is_some();

        let mut addresses = Vec::new();
        let sign = Sign::of(&mail);
        let fields = Status::typed(&mail).or_else(|| (sign > Sign::None).then(|| Status::untyped(&mail)).flatten());
        if let Some(mut status) = fields {
            let text = mail.leaves.iter().find(|leaf| leaf.is(&["text/plain"]));
            if let Some(text) = text {
                status.fill(&String::from_utf8_lossy(&text.body[..text.body.len().min(LOOKED_AT / 64)]));
            }
            report.envelope_id = status.envelope_id;
            report.recipients = status.recipients;
            addresses = status.addresses;
        } else if let Some(feedback) = Feedback::read(&mail) {
            let paths = feedback.mail_from.iter().flat_map(|path| ids::addresses(path));
            report.by_return_path = report.by_return_path.or_else(|| self.first(paths));
            report.recipients = feedback.recipients;
            addresses = feedback.addresses;
        } else {
            if !named {
                report.elsewhere = ids::anywhere(&mail);
                named = report.elsewhere.is_some() || report.message_id.is_some();
            }
            if !named && answered.is_none() {
                return None;
            }
            let subject = returned.value("subject").map(str::to_owned).or_else(|| ids::quoted_subject(&mail));
            let subject = subject.as_deref().map(encoded_words::decoded);
            let bounce = Bounce::read(&mail, !named, subject.as_deref())?;
            addresses.extend(failed(&mail, &bounce.text));
            report.recipients = vec![RecipientStatus::new(bounce.action, None, bounce.answer)];
        }
        if report.recipients.is_empty() {
            return None;
        }
        if report.message_id.is_none() {
            report.message_id = answered;
        }
        if report.delivery().is_none() {
            report.elsewhere = ids::anywhere(&mail);
        }
        // An alias is reported by the address behind it, while the letter's own head names the one in front.
        addresses.extend(returned.value("to").into_iter().flat_map(ids::addresses).map(str::to_owned));
        report.addresses = Addresses::first(&addresses, ADDRESSES);
        Some(report)
    }

    /// The delivery whose return path the mail was sent to.
    fn by_return_path(&self, mail: &Mail<'_>, recipient: &str) -> Option<DeliveryId> {
        let names = ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to"];
        let values = names.into_iter().flat_map(|name| mail.head.fields.values(name));
        self.first([recipient].into_iter().chain(values).flat_map(ids::addresses))
    }

    fn first<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> Option<DeliveryId> {
        let delivery = self.return_path.as_ref()?;
        addresses.take(RETURN_PATHS).find_map(delivery)
    }
}

/// Files from old systems end lines with a carriage return alone.
fn with_line_feeds(mail: &[u8]) -> Cow<'_, [u8]> {
    if mail.contains(&b'\n') || !mail.contains(&b'\r') {
        return mail.into();
    }
    mail.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect::<Vec<_>>().into()
}

/// The addresses that a bounce without fields names: in a field of its own, or in its words.
fn failed(mail: &Mail<'_>, text: &str) -> Vec<String> {
    let field = mail.head.fields.values("x-failed-recipients").flat_map(ids::addresses);
    field.chain(ids::addresses(text)).take(ADDRESSES).map(str::to_owned).collect()
}

impl fmt::Debug for ReportReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportReader").field("return_path", &self.return_path.is_some()).finish()
    }
}
