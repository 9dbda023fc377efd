//! Each event of Amazon SES ends in the right report.

use invite_core::{DeliveryReport, EnhancedCode, Fault, ReportKind, ReportProof, store::DeliveryId};
use serde_json::{Value, json};

use crate::webhooks_sns::reports_of;

const OURS: &str = "<01976b3e-0000-7100-8000-000000000001@example.com>";
const PROVIDER_ID: &str = "01020192a7c3f5e1-5d1b7c3e-0000-4e5f-8a6b-1c2d3e4f5a6b-000000";

/// The one report of an event that a configuration set published; a notification with the same fields says the same.
fn one(kind: &str, name: &str, fields: Value) -> Option<DeliveryReport> {
    let event = |field: &str| json!({ field: kind, "mail": { "messageId": PROVIDER_ID }, name: fields }).to_string();
    let [published, notified] = ["eventType", "notificationType"].map(|field| reports_of(&event(field)));
    assert_eq!(published, notified);
    assert!(published.len() <= 1);
    published.into_iter().next()
}

fn report(kind: ReportKind) -> DeliveryReport {
    DeliveryReport::by_provider_id(PROVIDER_ID, kind).proved_by(ReportProof::Webhook)
}

fn coded(kind: ReportKind, code: u16, enhanced: &str, text: &str) -> DeliveryReport {
    report(kind).code(code).enhanced(EnhancedCode::parse(enhanced).unwrap()).text(text)
}

fn bounce(kind: &str, subtype: &str, diagnostic: &str) -> Option<DeliveryReport> {
    let recipient = json!({ "emailAddress": "ada@example.org", "action": "failed", "diagnosticCode": diagnostic });
    one("Bounce", "bounce", json!({ "bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient] }))
}

#[test]
fn a_permanent_bounce_is_the_recipients_fault_unless_the_server_says_otherwise() {
    use ReportKind::Bounced;
    let unknown = coded(Bounced, 550, "5.1.1", "user unknown").fault(Fault::Recipient);
    assert_eq!(bounce("Permanent", "General", "smtp; 550 5.1.1 user unknown"), Some(unknown.clone()));
    assert_eq!(bounce("Permanent", "NoEmail", "smtp; 550 5.1.1 user unknown"), Some(unknown));
    let silent = report(Bounced).fault(Fault::Recipient);
    assert_eq!(bounce("Permanent", "General", ""), Some(silent));
    let blocked = coded(Bounced, 550, "5.7.26", "unauthenticated").fault(Fault::Sender);
    assert_eq!(bounce("Permanent", "General", "smtp; 550 5.7.26 unauthenticated"), Some(blocked));
    let no_mailbox = coded(Bounced, 550, "5.7.26", "unauthenticated").fault(Fault::Recipient);
    assert_eq!(bounce("Permanent", "NoEmail", "smtp; 550 5.7.26 unauthenticated"), Some(no_mailbox));
}

#[test]
fn a_suppressed_address_is_no_bounce() {
    for subtype in ["Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient"] {
        let suppressed = report(ReportKind::Suppressed).text("Amazon SES did not send the message");
        let found = bounce("Permanent", subtype, "Amazon SES did not send the message");
        assert_eq!(found, Some(suppressed), "{subtype}");
    }
}

#[test]
fn ses_has_given_up_on_a_transient_bounce() {
    use ReportKind::Bounced;
    let full = coded(Bounced, 452, "4.2.2", "mailbox full");
    assert_eq!(bounce("Transient", "General", "smtp; 452 4.2.2 mailbox full"), Some(full.clone()));
    let found = bounce("Transient", "MailboxFull", "smtp; 452 4.2.2 mailbox full");
    assert_eq!(found, Some(full.fault(Fault::Recipient)));
    for subtype in ["ContentRejected", "AttachmentRejected", "MessageTooLarge"] {
        let content = report(Bounced).code(552).text("no").fault(Fault::Content);
        assert_eq!(bounce("Transient", subtype, "smtp; 552 no"), Some(content), "{subtype}");
    }
    assert_eq!(bounce("Undetermined", "Undetermined", ""), Some(report(Bounced)));
}

#[test]
fn an_absence_notice_is_no_bounce() {
    let recipients = json!([{ "emailAddress": "ada@example.org" }]);
    let general = json!({ "bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": recipients });
    assert_eq!(one("Bounce", "bounce", general), None);
}

#[test]
fn the_status_field_stands_in_for_a_missing_enhanced_code() {
    let recipient = json!({ "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 no" });
    let fields = json!({ "bounceType": "Undetermined", "bouncedRecipients": [recipient] });
    assert_eq!(one("Bounce", "bounce", fields), Some(coded(ReportKind::Bounced, 550, "5.1.1", "no")));
}

#[test]
fn complaints_are_told_from_their_opposite_and_from_suppression() {
    let abuse = json!({ "complaintFeedbackType": "abuse" });
    assert_eq!(one("Complaint", "complaint", abuse), Some(report(ReportKind::Complained).text("abuse")));
    assert_eq!(one("Complaint", "complaint", json!({})), Some(report(ReportKind::Complained)));
    assert_eq!(one("Complaint", "complaint", json!({ "complaintFeedbackType": "not-spam" })), None);
    let listed = json!({ "complaintSubType": "OnAccountSuppressionList" });
    assert_eq!(one("Complaint", "complaint", listed), Some(report(ReportKind::Suppressed)));
}

#[test]
fn a_delivery_is_delivered() {
    let fields = json!({ "smtpResponse": "250 ok" });
    assert_eq!(one("Delivery", "delivery", fields), Some(report(ReportKind::Delivered)));
}

#[test]
fn a_delay_is_deferred_and_says_whose_fault_it_is() {
    for (kind, fault) in [
        ("MailboxFull", Some(Fault::Recipient)),
        ("SpamDetected", Some(Fault::Content)),
        ("IPFailure", Some(Fault::Sender)),
        ("SendingDeferral", Some(Fault::Sender)),
        ("InternalFailure", Some(Fault::Provider)),
        ("RecipientServerError", Some(Fault::Provider)),
        ("TransientCommunicationFailure", Some(Fault::Provider)),
        ("General", None),
    ] {
        let recipient = json!({ "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 not now" });
        let found =
            one("DeliveryDelay", "deliveryDelay", json!({ "delayType": kind, "delayedRecipients": [recipient] }));
        let expected = coded(ReportKind::Deferred, 421, "4.4.1", "not now");
        let expected = fault.map_or(expected.clone(), |fault| expected.fault(fault));
        assert_eq!(found, Some(expected), "{kind}");
    }
}

#[test]
fn what_ses_did_not_send_is_the_contents_fault() {
    let content = report(ReportKind::Bounced).fault(Fault::Content);
    let rejected = one("Reject", "reject", json!({ "reason": "Bad content" }));
    assert_eq!(rejected, Some(content.clone().text("Bad content")));
    let failed = one("Rendering Failure", "failure", json!({ "errorMessage": "missing attribute" }));
    assert_eq!(failed, Some(content.clone().text("missing attribute")));
    assert_eq!(one("Reject", "reject", json!({})), Some(content));
}

#[test]
fn other_events_say_nothing_of_the_delivery() {
    for kind in ["Send", "Open", "Click", "Subscription", "AmazonSnsSubscriptionSucceeded", "bounce", ""] {
        assert_eq!(one(kind, "mail2", json!({})), None, "{kind}");
    }
    for message in ["", "Successfully validated SNS topic for Amazon SES event publishing.", "{}", "[]", "1"] {
        assert_eq!(reports_of(message), []);
    }
}

#[test]
fn our_message_id_is_found_where_the_event_has_it() {
    let delivery = DeliveryId::from_message_id(OURS).unwrap();
    let expected = DeliveryReport::new(delivery, ReportKind::Delivered).provider_id(PROVIDER_ID);
    let expected = expected.proved_by(ReportProof::Webhook);
    for names in [
        json!({ "headers": [{ "name": "From", "value": "a@b" }, { "name": "Message-ID", "value": OURS }] }),
        json!({ "headers": [{ "name": "Message-Id", "value": OURS }], "commonHeaders": { "messageId": PROVIDER_ID } }),
        json!({ "commonHeaders": { "messageId": OURS } }),
    ] {
        let mut mail = names;
        mail["messageId"] = json!(PROVIDER_ID);
        let event = json!({ "eventType": "Delivery", "mail": mail }).to_string();
        assert_eq!(reports_of(&event), std::slice::from_ref(&expected), "{event}");
    }
}

#[test]
fn an_event_that_names_no_letter_gives_no_report() {
    for mail in [json!({}), json!({ "messageId": "" }), json!({ "messageId": "a b" }), json!({ "messageId": 1 })] {
        assert_eq!(reports_of(&json!({ "eventType": "Delivery", "mail": mail }).to_string()), []);
    }
}
