//! Headers that the composer adds for the host, and those that it always adds.

use invite_mail::{Composer, HeaderError};
use mailparse::{MailHeaderMap, parse_mail};

use crate::support::{composer, letter_at};

async fn mime(composer: &Composer) -> Vec<u8> {
    let letter = letter_at("ada@example.com").await;
    composer.compose(&letter).unwrap().to_mime()
}

async fn header(composer: &Composer, name: &str) -> Vec<String> {
    let mime = mime(composer).await;
    assert!(mime.is_ascii());
    parse_mail(&mime).unwrap().headers.get_all_values(name)
}

#[tokio::test]
async fn exchange_is_asked_for_no_answer_but_a_bounce() {
    let suppressed = header(&composer(), "X-Auto-Response-Suppress").await;
    assert_eq!(suppressed, ["DR, RN, NRN, OOF, AutoReply"]);
}

#[tokio::test]
async fn a_header_is_in_every_letter_as_it_was_given() {
    let composer = composer()
        .header("X-SES-CONFIGURATION-SET", "others")
        .and_then(|composer| composer.header("x-ses-configuration-set", " mails "))
        .and_then(|composer| composer.header("X-Name", "Zoë & Søn"))
        .and_then(|composer| composer.header("X-Long", &"x".repeat(500)))
        .and_then(|composer| composer.header("List-Unsubscribe", "<https://example.com/no>"))
        .unwrap();
    assert_eq!(header(&composer, "X-SES-CONFIGURATION-SET").await, ["mails"], "the second replaces the first");
    assert_eq!(header(&composer, "X-Name").await, ["Zoë & Søn"]);
    assert_eq!(header(&composer, "X-Long").await, ["x".repeat(500)]);
    assert_eq!(header(&composer, "List-Unsubscribe").await, ["<https://example.com/no>"]);
    let mime = mime(&composer).await;
    assert!(mime.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "no line longer than SMTP allows");
}

#[test]
fn a_name_or_value_that_does_not_fit_a_mail_is_refused() {
    for name in ["", "X A", "X:A", "X-\u{e4}", "X-A\r\nBcc", "X-\u{7f}", &"x".repeat(71)] {
        assert_eq!(composer().header(name, "a").unwrap_err(), HeaderError::Name, "{name:?}");
    }
    let controls = (0..32u8).map(char::from).chain(['\u{7f}', '\u{85}', '\u{2028}', '\u{2029}']);
    for value in controls.map(|c| format!("a{c}b")).chain(["".into(), "  ".into(), "x".repeat(501)]) {
        assert_eq!(composer().header("X-A", &value).unwrap_err(), HeaderError::Value, "{value:?}");
    }
}

#[tokio::test]
async fn nothing_that_is_written_anyway_can_be_set() {
    let mime = mime(&composer()).await;
    let written: Vec<_> = parse_mail(&mime).unwrap().headers.iter().map(|header| header.get_key()).collect();
    let others = [
        "Bcc",
        "Cc",
        "Sender",
        "Reply-To",
        "Return-Path",
        "Received",
        "DKIM-Signature",
        "ARC-Seal",
        "Content-Language",
        "MIME-Other",
        "Resent-To",
        "Feedback-ID",
        "Authentication-Results",
    ];
    for name in written.iter().map(String::as_str).chain(others) {
        for name in [name.to_owned(), name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
            assert_eq!(composer().header(&name, "x@example.com").unwrap_err(), HeaderError::Reserved, "{name}");
        }
    }
    for name in ["X-From", "Fromage", "To-Do", "Contents", "ARCHIVE"] {
        assert!(composer().header(name, "x").is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_feedback_id_has_three_identifiers_and_the_sender() {
    let composer = composer().feedback_id(["spring", "", "invitation"], "example").unwrap();
    assert_eq!(header(&composer, "Feedback-ID").await, ["spring::invitation:example"]);
    assert!(header(&crate::support::composer(), "Feedback-ID").await.is_empty());
    let long = "x".repeat(65);
    for (identifiers, sender) in [
        (["a:b", "", ""], "example"),
        (["a", "b\r\nBcc", ""], "example"),
        (["a", "", &long], "example"),
        (["a", "b", "c"], "four"),
        (["a", "b", "c"], "sixteen-letters-"),
        (["a", "b", "c"], "exa mple"),
    ] {
        let refused = crate::support::composer().feedback_id(identifiers, sender).unwrap_err();
        assert_eq!(refused, HeaderError::FeedbackId, "{identifiers:?} {sender:?}");
    }
}
