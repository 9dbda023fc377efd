//! The events of Amazon SES: notifications about an identity (`notificationType`), and those that a configuration set
//! publishes (`eventType`).

use invite_core::{DeliveryReport, Fault, ReportKind, store::DeliveryId};
use serde_json::Value;

use super::{answer::Answer, header, report, text};

/// The reports of one event. What is no event that concerns the delivery gives none: SES also sends a message in plain
/// words when a topic is configured.
pub(super) fn reports(message: &str) -> Vec<DeliveryReport> {
    serde_json::from_str(message).ok().and_then(|event| of_event(&event)).into_iter().collect()
}

fn of_event(event: &Value) -> Option<DeliveryReport> {
    let about = |kind| report(delivery(event), text(event, "/mail/messageId"), kind);
    let content = |reason| Some(about(ReportKind::Bounced)?.fault(Fault::Content).text(text(event, reason)?));
    match text(event, "/eventType").or_else(|| text(event, "/notificationType"))? {
        "Bounce" => bounce(event, about),
        "Complaint" => complaint(event, about),
        "Delivery" => about(ReportKind::Delivered),
        "DeliveryDelay" => delay(event, about),
        // A virus.
        "Reject" => content("/reject/reason").or_else(|| Some(about(ReportKind::Bounced)?.fault(Fault::Content))),
        "Rendering Failure" => {
            content("/failure/errorMessage").or_else(|| Some(about(ReportKind::Bounced)?.fault(Fault::Content)))
        }
        _ => None,
    }
}

/// SES gives the letter a Message-ID of its own, and tells ours only if the headers are part of the event.
fn delivery(event: &Value) -> Option<DeliveryId> {
    let common = text(event, "/mail/commonHeaders/messageId");
    let original = || header(event.pointer("/mail/headers"), "Message-ID").and_then(DeliveryId::from_message_id);
    common.and_then(DeliveryId::from_message_id).or_else(original)
}

fn bounce(event: &Value, about: impl Fn(ReportKind) -> Option<DeliveryReport>) -> Option<DeliveryReport> {
    let recipient = event.pointer("/bounce/bouncedRecipients/0");
    let answer = answer(recipient);
    let diagnosed = || Fault::of(answer.code, answer.enhanced, answer.words);
    let kind = text(event, "/bounce/bounceType").unwrap_or_default();
    let subtype = text(event, "/bounce/bounceSubType").unwrap_or_default();
    let (kind, fault) = match (kind, subtype) {
        (_, "Suppressed" | "OnAccountSuppressionList" | "UnsubscribedRecipient") => (ReportKind::Suppressed, None),
        ("Permanent", "NoEmail") => (ReportKind::Bounced, Some(Fault::Recipient)),
        // The server did not say why, unless it did in its answer: that we are blocked is no fault of the address.
        ("Permanent", _) => (ReportKind::Bounced, diagnosed().or(Some(Fault::Recipient))),
        (_, "MailboxFull") => (ReportKind::Bounced, Some(Fault::Recipient)),
        (_, "ContentRejected" | "AttachmentRejected" | "MessageTooLarge") => {
            (ReportKind::Bounced, Some(Fault::Content))
        }
        // An absence notice may be reported like this. It has no status, and the letter has arrived.
        ("Transient", _) if recipient.is_none_or(is_without_status) => return None,
        _ => (ReportKind::Bounced, None),
    };
    let report = answer.add_to(about(kind)?);
    Some(match fault {
        Some(fault) => report.fault(fault),
        None => report,
    })
}

fn complaint(event: &Value, about: impl Fn(ReportKind) -> Option<DeliveryReport>) -> Option<DeliveryReport> {
    if text(event, "/complaint/complaintSubType") == Some("OnAccountSuppressionList") {
        return about(ReportKind::Suppressed);
    }
    match text(event, "/complaint/complaintFeedbackType") {
        // The recipient took the letter out of the folder for spam.
        Some("not-spam") => None,
        feedback => Some(about(ReportKind::Complained)?.text(feedback.unwrap_or_default())),
    }
}

fn delay(event: &Value, about: impl Fn(ReportKind) -> Option<DeliveryReport>) -> Option<DeliveryReport> {
    let report = answer(event.pointer("/deliveryDelay/delayedRecipients/0")).add_to(about(ReportKind::Deferred)?);
    let fault = match text(event, "/deliveryDelay/delayType").unwrap_or_default() {
        "MailboxFull" => Fault::Recipient,
        "SpamDetected" => Fault::Content,
        "IPFailure" | "SendingDeferral" => Fault::Sender,
        "InternalFailure" | "RecipientServerError" | "TransientCommunicationFailure" => Fault::Provider,
        _ => return Some(report),
    };
    Some(report.fault(fault))
}

/// A letter of ours has one recipient.
fn answer(recipient: Option<&Value>) -> Answer<'_> {
    let field = |name| recipient.and_then(|recipient| text(recipient, name));
    Answer::read(field("/diagnosticCode").unwrap_or_default()).or_status(field("/status"))
}

fn is_without_status(recipient: &Value) -> bool {
    ["/action", "/status", "/diagnosticCode"].iter().all(|name| text(recipient, name).is_none())
}
