//! Messages of Amazon SNS: only those that it signed for our topic give anything away.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use invite_core::{DeliveryReport, ReportKind, ReportProof};
use invite_mail::webhook::{SesWebhook, Verified, WebhookError};
use proptest::prelude::*;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

/// Made with `openssl req -x509 -newkey rsa:2048`; it signs nothing but these tests.
const CERTIFICATE: &[u8] = include_bytes!("../webhooks/sns.pem");
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mail";
const CERTIFICATE_URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0000.pem";
const SUBSCRIBE_URL: &str = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=secret";

pub(crate) fn now() -> DateTime<Utc> {
    "2027-01-15T10:00:00Z".parse().unwrap()
}

fn webhook() -> SesWebhook {
    SesWebhook::new(TOPIC).unwrap()
}

fn unsigned(message: &str) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": "9b1f0d5e-0000-5000-8000-000000000001",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "2027-01-15T10:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
    })
}

fn delivered() -> Value {
    unsigned(&json!({ "notificationType": "Delivery", "mail": { "messageId": "0102-first-000000" } }).to_string())
}

fn confirmation(kind: &str) -> Value {
    let mut body = unsigned("You have chosen to subscribe.");
    body["Type"] = json!(kind);
    body["Token"] = json!("secret");
    body["SubscribeURL"] = json!(SUBSCRIBE_URL);
    body
}

fn sign(mut body: Value) -> Value {
    let names: &[&str] = if body["Type"] == "Notification" {
        &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    } else {
        &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    };
    let lines = names.iter().filter_map(|name| Some(format!("{name}\n{}\n", body.get(name)?.as_str()?)));
    let text: String = lines.collect();
    let key = RsaKeyPair::from_pkcs8(include_bytes!("../webhooks/sns-key.der")).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    body["Signature"] = json!(BASE64.encode(&signature));
    body
}

fn verify(body: &Value) -> Result<Verified, WebhookError> {
    webhook().read(body.to_string().as_bytes())?.verify(CERTIFICATE, now())
}

/// The reports of an event that SNS signed.
pub(crate) fn reports_of(event: &str) -> Vec<DeliveryReport> {
    let verified = verify(&sign(unsigned(event))).unwrap();
    let Verified::Reports(reports) = verified else { panic!("{verified:?}") };
    reports
}

fn first() -> Verified {
    Verified::Reports(vec![
        DeliveryReport::by_provider_id("0102-first-000000", ReportKind::Delivered).proved_by(ReportProof::Webhook),
    ])
}

#[test]
fn a_signed_notification_gives_its_reports() {
    assert_eq!(verify(&sign(delivered())), Ok(first()));
    let mut with_subject = delivered();
    with_subject["Subject"] = json!("Amazon SES Email Event Notification");
    assert_eq!(verify(&sign(with_subject)), Ok(first()));
}

#[test]
fn signature_version_1_is_accepted() {
    // Signed by `openssl dgst -sha1`, since ring does not sign with SHA-1.
    let body: Value = serde_json::from_str(include_str!("../webhooks/signature-1.json")).unwrap();
    assert_eq!(verify(&body), Ok(first()));
    for (name, value) in [("Message", "{}"), ("Subject", "Amazon"), ("SignatureVersion", "2")] {
        let mut changed = body.clone();
        changed[name] = json!(value);
        assert_eq!(verify(&changed), Err(WebhookError::Signature), "{name}");
    }
}

#[test]
fn a_confirmed_subscription_gives_the_address_to_visit_and_does_not_show_it() {
    let verified = verify(&sign(confirmation("SubscriptionConfirmation"))).unwrap();
    assert!(!format!("{verified:?}").contains("secret"));
    assert_eq!(verified, Verified::Confirm { subscribe_url: SUBSCRIBE_URL.into() });
    assert_eq!(verify(&sign(confirmation("UnsubscribeConfirmation"))), Ok(Verified::Unsubscribed));
}

#[test]
fn an_address_to_visit_must_be_one_of_sns() {
    for url in ["https://evil.example/", "http://sns.eu-west-1.amazonaws.com/", "https://sns.eu-west-1.amazonaws.com"] {
        let mut body = confirmation("SubscriptionConfirmation");
        body["SubscribeURL"] = json!(url);
        assert_eq!(verify(&sign(body)), Err(WebhookError::Malformed), "{url}");
    }
}

#[test]
fn a_change_to_any_signed_field_is_refused() {
    let mut notification = delivered();
    notification["Subject"] = json!("Amazon SES");
    for body in [sign(notification), sign(confirmation("SubscriptionConfirmation"))] {
        for name in ["Message", "MessageId", "Subject", "Token", "SubscribeURL"] {
            let Some(value) = body.get(name).and_then(Value::as_str) else { continue };
            let mut changed = body.clone();
            changed[name] = json!(format!("{value}x"));
            assert_eq!(verify(&changed), Err(WebhookError::Signature), "{name}");
        }
        let mut later = body.clone();
        later["Timestamp"] = json!("2027-01-15T10:00:01.000Z");
        assert_eq!(verify(&later), Err(WebhookError::Signature));
    }
    let mut other_kind = sign(confirmation("SubscriptionConfirmation"));
    other_kind["Type"] = json!("UnsubscribeConfirmation");
    assert_eq!(verify(&other_kind), Err(WebhookError::Signature));
}

#[test]
fn a_wrong_or_missing_signature_is_refused() {
    let signed = sign(delivered());
    for signature in ["", "AAAA", "not base64", "=", &"A".repeat(344)] {
        let mut body = signed.clone();
        body["Signature"] = json!(signature);
        assert_eq!(verify(&body), Err(WebhookError::Signature), "{signature}");
    }
    assert_eq!(verify(&unsigned("{}")), Err(WebhookError::Malformed));
}

#[test]
fn fields_cannot_be_split_at_another_line_feed() {
    // Signed with all of it in `Message`; the same text with the line feed in `MessageId`.
    let signed = sign(unsigned("{}\nMessageId\n1"));
    let mut split = signed.clone();
    split["Message"] = json!("{}");
    split["MessageId"] = json!("1\nMessageId\n9b1f0d5e-0000-5000-8000-000000000001");
    assert_eq!(verify(&split), Err(WebhookError::Malformed));
    assert_eq!(verify(&signed), Ok(Verified::Reports(Vec::new())));
}

#[test]
fn only_configured_topics_are_heard() {
    let mut body = delivered();
    body["TopicArn"] = json!("arn:aws:sns:eu-west-1:999999999999:mail");
    let body = sign(body);
    assert_eq!(verify(&body), Err(WebhookError::OtherTopic));
    let both = webhook().topic("arn:aws:sns:eu-west-1:999999999999:mail").unwrap();
    let message = both.read(body.to_string().as_bytes()).unwrap();
    assert_eq!(message.verify(CERTIFICATE, now()), Ok(first()));
}

#[test]
fn a_topic_is_a_whole_arn() {
    assert!(SesWebhook::new("arn:aws-cn:sns:cn-north-1:123456789012:mail.fifo").is_ok());
    for wrong in [
        "",
        "mail",
        "arn:aws:sns:eu-west-1:123456789012",
        "arn:aws:sns:eu-west-1:123456789012:",
        "arn:aws:sns:eu-west-1:123456789012:*",
        "arn:aws:sns:eu-west-1:123456789012:mail:subscription",
        "arn:aws:sqs:eu-west-1:123456789012:mail",
        " arn:aws:sns:eu-west-1:123456789012:mail",
    ] {
        assert_eq!(SesWebhook::new(wrong).err(), Some(WebhookError::Configuration), "{wrong}");
    }
}

fn certificate_at(url: &str) -> Result<String, WebhookError> {
    let mut body = sign(delivered());
    body["SigningCertURL"] = json!(url);
    webhook().read(body.to_string().as_bytes()).map(|message| message.certificate_url().to_owned())
}

#[test]
fn certificates_are_fetched_from_sns_in_any_region() {
    for url in [
        CERTIFICATE_URL,
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-a.pem",
        "https://sns.ap-southeast-5.amazonaws.com/a_b-c.pem",
    ] {
        assert_eq!(certificate_at(url).as_deref(), Ok(url));
    }
}

#[test]
fn certificates_are_fetched_from_nowhere_else() {
    for url in [
        "",
        "https://",
        "http://sns.us-east-1.amazonaws.com/a.pem",
        "HTTPS://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.comevil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com.cn.evil.example/a.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com:x@evil.example/a.pem",
        "https://user@sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com:443/a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem#b",
        "https://sns.us-east-1.amazonaws.com/a#.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem?b",
        "https://sns.us-east-1.amazonaws.com/?a=.pem",
        "https://sns.us-east-1.amazonaws.com/a/b.pem",
        "https://sns.us-east-1.amazonaws.com/../a.pem",
        "https://sns.us-east-1.amazonaws.com/%2e.pem",
        "https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com/\\evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem\n",
        " https://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem.txt",
        "https://sns.us-east-1.amazonaws.com",
        "https://sns.us-east-1.evil.example.amazonaws.com/a.pem",
        "https://sns..amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://sns.us-east-\u{661}.amazonaws.com/a.pem",
        // Buckets that anybody may have named `sns`.
        "https://sns.s3.amazonaws.com/a.pem",
        "https://sns.s3-us-west-2.amazonaws.com/a.pem",
        "https://sns.s3.us-west-2.amazonaws.com/a.pem",
        "https://sns.s3-website-us-east-1.amazonaws.com/a.pem",
        "https://s3.us-east-1.amazonaws.com/sns/a.pem",
    ] {
        assert_eq!(certificate_at(url), Err(WebhookError::CertificateUrl), "{url}");
    }
}

#[test]
fn a_message_is_accepted_for_75_minutes() {
    let body = sign(delivered()).to_string();
    let at = |minutes| {
        let now = now() + TimeDelta::minutes(minutes);
        webhook().read(body.as_bytes()).unwrap().verify(CERTIFICATE, now)
    };
    for minutes in [-5, 0, 60, 75] {
        assert_eq!(at(minutes), Ok(first()), "{minutes}");
    }
    for minutes in [-6, 76, 60 * 24 * 365] {
        assert_eq!(at(minutes), Err(WebhookError::Stale), "{minutes}");
    }
}

#[test]
fn a_certificate_must_be_valid_now() {
    for day in ["2026-11-30T10:00:00Z", "2126-11-30T10:00:00Z"] {
        let mut body = delivered();
        body["Timestamp"] = json!(day);
        let message = webhook().read(sign(body).to_string().as_bytes()).unwrap();
        assert_eq!(message.verify(CERTIFICATE, day.parse().unwrap()), Err(WebhookError::Certificate), "{day}");
    }
}

#[test]
fn the_certificate_must_hold_the_rsa_key_that_signed() {
    let body = sign(delivered()).to_string();
    let with = |certificate: &[u8]| webhook().read(body.as_bytes()).unwrap().verify(certificate, now());
    assert_eq!(with(include_bytes!("../webhooks/other.pem")), Err(WebhookError::Signature));
    assert_eq!(with(include_bytes!("../webhooks/elliptic.pem")), Err(WebhookError::Certificate));
    let key = String::from_utf8_lossy(CERTIFICATE).replace("CERTIFICATE", "PUBLIC KEY");
    for none in [&b""[..], b"<html>", b"-----BEGIN CERTIFICATE-----\n", key.as_bytes(), &[0; 70_000]] {
        assert_eq!(with(none), Err(WebhookError::Certificate));
    }
    let padded = |length| [CERTIFICATE, &vec![b'\n'; length - CERTIFICATE.len()]].concat();
    assert_eq!(with(&padded(64 * 1024)), Ok(first()));
    assert_eq!(with(&padded(64 * 1024 + 1)), Err(WebhookError::Certificate));
}

#[test]
fn what_is_no_message_of_sns_is_refused() {
    for body in [&b""[..], b"null", b"[]", b"{", b"\xff", b"{\"TopicArn\":1}", "[".repeat(100_000).as_bytes()] {
        assert_eq!(webhook().read(body).err(), Some(WebhookError::Malformed));
    }
    for name in ["Type", "MessageId", "Message", "Timestamp", "SignatureVersion"] {
        for value in [Value::Null, json!(1), json!(["Notification"])] {
            let mut body = sign(delivered());
            body[name] = value;
            assert_eq!(verify(&body), Err(WebhookError::Malformed), "{name}");
        }
    }
    for (name, value) in [("Type", "notification"), ("SignatureVersion", "3"), ("Timestamp", "yesterday")] {
        let mut body = sign(delivered());
        body[name] = json!(value);
        assert_eq!(verify(&body), Err(WebhookError::Malformed), "{name}");
    }
    let mut subject = sign(delivered());
    subject["Subject"] = json!(1);
    assert_eq!(verify(&subject), Err(WebhookError::Malformed));
}

#[test]
fn a_body_is_at_most_256_kib() {
    let fits = |length| webhook().read(&vec![b' '; length]).err();
    assert_eq!(fits(256 * 1024), Some(WebhookError::Malformed));
    assert_eq!(fits(256 * 1024 + 1), Some(WebhookError::TooLarge));
}

#[test]
fn an_unverified_message_shows_only_its_certificate_url() {
    let message = webhook().read(sign(unsigned("ada@example.com")).to_string().as_bytes()).unwrap();
    assert_eq!(format!("{message:?}"), format!("SnsMessage {{ certificate_url: \"{CERTIFICATE_URL}\", .. }}"),);
}

proptest! {
    #[test]
    fn no_input_panics_or_is_accepted(bytes in any::<Vec<u8>>(), text in "\\PC*", place in 0..9_usize) {
        let _ = webhook().read(&bytes);
        let mut body = sign(delivered());
        let names = ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "SigningCertURL",
            "Signature", "Subject"];
        prop_assume!(body[names[place]] != json!(text));
        body[names[place]] = json!(text);
        prop_assert!(verify(&body).is_err());
        let message = webhook().read(sign(delivered()).to_string().as_bytes()).unwrap();
        prop_assert!(message.verify(&bytes, now()).is_err());
    }

    #[test]
    fn no_damaged_certificate_panics(at in 0..2_000_usize, byte in any::<u8>()) {
        let mut damaged = CERTIFICATE.to_vec();
        let at = at % damaged.len();
        damaged[at] = byte;
        let message = webhook().read(sign(delivered()).to_string().as_bytes()).unwrap();
        let _ = message.verify(&damaged, now());
    }

    #[test]
    fn no_signed_event_panics(event in "\\PC*", kind in "\\PC*") {
        let _ = reports_of(&event);
        let mail = json!({ "messageId": event, "headers": [event, { "name": kind }] });
        let _ = reports_of(&json!({ "eventType": kind, "mail": mail }).to_string());
        let bounce = json!({ "bounceType": kind, "bouncedRecipients": [{ "diagnosticCode": event, "status": kind }] });
        let _ = reports_of(&json!({ "eventType": "Bounce", "mail": { "messageId": "x" }, "bounce": bounce }).to_string());
    }
}
