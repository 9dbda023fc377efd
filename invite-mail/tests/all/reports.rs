//! Delivery reports by mail, in the style of those who write them.

use invite_core::{DeliveryReport, EnhancedCode, ReportKind};
use invite_mail::{Action, RecipientStatus, StatusReport};
use proptest::{collection::vec, prelude::*, sample::Index};

const DELIVERY: &str = "0192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d";

/// The mails, with what they say: the action, the status, and how the diagnostic begins.
const REPORTS: [(&str, &[u8], Action, &str, &str); 8] = [
    (
        "postfix",
        include_bytes!("../reports/postfix.eml"),
        Action::Failed,
        "5.1.1",
        "… Recipient address rejected: User unknown",
    ),
    (
        "postfix, delayed",
        include_bytes!("../reports/postfix-delayed.eml"),
        Action::Delayed,
        "4.4.1",
        "connect to mx.example.org[192.0.2.25]:25: Connection timed out",
    ),
    ("exim", include_bytes!("../reports/exim.eml"), Action::Failed, "5.2.2", "mailbox full"),
    (
        "exchange",
        include_bytes!("../reports/exchange.eml"),
        Action::Failed,
        "5.1.10",
        "RESOLVER.ADR.RecipientNotFound; Recipient … not found by SMTP address lookup",
    ),
    (
        "gmail",
        include_bytes!("../reports/gmail.eml"),
        Action::Failed,
        "5.1.1",
        "The email account that you tried to reach does not exist.",
    ),
    ("sendmail", include_bytes!("../reports/sendmail.eml"), Action::Relayed, "2.1.5", "Ok: queued"),
    ("delivered", include_bytes!("../reports/delivered.eml"), Action::Delivered, "2.1.5", ""),
    ("several", include_bytes!("../reports/several.eml"), Action::Failed, "5.7.1", "… blocked"),
];

const OTHERS: [(&str, &[u8]); 2] = [
    ("an absent person", include_bytes!("../reports/vacation.eml")),
    ("a read receipt", include_bytes!("../reports/read-receipt.eml")),
];

#[test]
fn a_report_says_what_became_of_which_delivery_whoever_wrote_it() {
    for (who, mail, action, status, diagnostic) in REPORTS {
        let report = StatusReport::parse(mail).unwrap_or_else(|| panic!("{who}"));
        assert_eq!(report.action(), action, "{who}");
        assert_eq!(report.status().map(|status| status.to_string()).as_deref(), Some(status), "{who}");
        assert!(report.diagnostic().unwrap_or_default().starts_with(diagnostic), "{who}: {:?}", report.diagnostic());
        assert!(!format!("{report:?}").contains("@example.org"), "{who}: no address");
        assert_eq!(
            report.delivery().map(|delivery| delivery.as_uuid().to_string()).as_deref(),
            Some(DELIVERY),
            "{who}"
        );

        let mail = String::from_utf8(mail.to_vec()).unwrap();
        assert_eq!(StatusReport::parse(mail.replace('\n', "\r\n").as_bytes()), Some(report), "{who}, with CR LF");
    }
}

#[test]
fn core_is_told_of_a_bounce_a_deferral_or_a_delivery() {
    use ReportKind::{Bounced, Deferred, Delivered};

    for (who, mail, action, ..) in REPORTS {
        let report = StatusReport::parse(mail).unwrap().delivery_report();
        let told = report.as_ref().map(|report| (report.kind(), report.delivery().unwrap().as_uuid().to_string()));
        // What was passed on went to where nobody reports.
        let kinds = [(Action::Failed, Bounced), (Action::Delayed, Deferred), (Action::Delivered, Delivered)];
        let kind = kinds.into_iter().find(|(named, _)| *named == action).map(|(_, kind)| kind);
        assert_eq!(told, kind.map(|kind| (kind, DELIVERY.to_owned())), "{who}");
    }
    let report = StatusReport::parse(REPORTS[2].1).unwrap();
    let full = DeliveryReport::new(report.delivery().unwrap(), Bounced).code(552).text("mailbox full");
    let full = full.recipient("ada@example.org");
    assert_eq!(report.delivery_report(), Some(full.enhanced(EnhancedCode::parse("5.2.2").unwrap())));
}

#[test]
fn what_is_no_report_says_nothing() {
    for (who, mail) in OTHERS {
        assert_eq!(StatusReport::parse(mail), None, "{who}");
    }
    for mail in
        ["", "\n", "Content-Type: multipart/report\n\n", "Content-Type: multipart/report; boundary=a\n\n--a--\n"]
    {
        assert_eq!(StatusReport::parse(mail.as_bytes()), None, "{mail:?}");
    }
}

#[test]
fn the_code_of_the_answer_stands_apart_from_its_words() {
    let with = |diagnostic: &str| {
        let mail = format!(
            "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
             Action: failed\nStatus: 5.1.1\nDiagnostic-Code: {diagnostic}\n"
        );
        let recipient = StatusReport::parse(mail.as_bytes()).unwrap().recipients()[0].clone();
        (recipient.code, recipient.diagnostic.unwrap_or_default())
    };
    assert_eq!(with("smtp; 550 5.1.1 no such user"), (Some(550), "no such user".into()));
    assert_eq!(with("smtp;550-no such user"), (Some(550), "no such user".into()));
    assert_eq!(with("smtp; 550"), (Some(550), String::new()));
    assert_eq!(with("550 no"), (Some(550), "no".into()));
    for words in ["5501 things", "999 problems", "no 550", "+55 1", "ééé", "55"] {
        assert_eq!(with(&format!("x-unix; {words}")), (None, words.into()), "{words}");
    }
    assert_eq!(with(""), (None, String::new()));
}

#[test]
fn each_recipient_has_an_action_and_the_worst_counts() {
    let report = StatusReport::parse(REPORTS[7].1).unwrap();
    let actions: Vec<_> = report.recipients().iter().map(|RecipientStatus { action, .. }| *action).collect();
    assert_eq!(actions, [Action::Expanded, Action::Delayed, Action::Failed]);
}

#[test]
fn the_letter_is_known_by_what_came_back_before_what_was_answered() {
    let with = |head: &str, envelope: &str, returned: &str| {
        let mail = format!(
            "{head}Content-Type: multipart/report; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\n{envelope}\nAction: failed\n\n\
             --b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--\n"
        );
        StatusReport::parse(mail.as_bytes()).unwrap()
    };
    let id = |digit: &str| format!("{digit}192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d");
    let head = format!("In-Reply-To: <{}@example.com>\n", id("1"));
    let envelope = format!("Original-Envelope-Id: {}\n", id("2"));
    let returned = format!("Message-ID: <{}@example.com>\n", id("3"));
    let delivery = |report: &StatusReport| report.delivery().map(|delivery| delivery.as_uuid().to_string());

    let all = with(&head, &envelope, &returned);
    assert_eq!(delivery(&all), Some(id("2")));
    assert_eq!(all.message_id(), Some(format!("<{}@example.com>", id("3")).as_str()));
    assert_eq!(delivery(&with(&head, "", &returned)), Some(id("3")));
    assert_eq!(delivery(&with(&head, "Original-Envelope-Id: of another kind\n", "")), Some(id("1")));
    let none = with("", "", "Message-ID: <20261127.4XyZ@mail.example.com>\n");
    assert_eq!(none.delivery_report(), None);
    assert_eq!((delivery(&none), none.message_id()), (None, Some("<20261127.4XyZ@mail.example.com>")));
    assert_eq!(with("", "", "Message-ID: two words\n").message_id(), None);
}

#[test]
fn a_mail_made_to_be_expensive_is_not() {
    let begin = "Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\n";
    let many = [
        begin.to_owned() + &"Action: failed\n\n".repeat(100_000),
        begin.to_owned() + &" folded\n".repeat(500_000),
        begin.to_owned() + "Diagnostic-Code: " + &"x ".repeat(1_000_000),
        begin.to_owned() + &"x:\n".repeat(1_000_000),
        begin.to_owned() + &"--a\n".repeat(1_000_000),
        format!("Content-Type: multipart/report{}\n\n", "; a=b".repeat(300_000)),
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n".repeat(100_000),
    ];
    let reports = many.map(|mail| StatusReport::parse(mail.as_bytes()));
    let recipients = reports.each_ref().map(|report| report.as_ref().map(|report| report.recipients().len()));
    assert_eq!(recipients, [Some(50), None, None, None, None, None, None]);
    assert!(format!("{reports:?}").len() < 100_000);
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in vec(any::<u8>(), 0..4_000)) {
        let _ = StatusReport::parse(&bytes);
    }

    /// Damage: bytes changed, pieces cut out, pieces doubled.
    #[test]
    fn a_damaged_report_is_read_or_left(
        which in 0..REPORTS.len(),
        damage in vec((any::<Index>(), any::<Index>(), any::<u8>(), 0..3_u8), 1..12),
    ) {
        let mut mail = REPORTS[which].1.to_vec();
        for (one, other, byte, kind) in damage {
            if mail.is_empty() {
                break;
            }
            let (from, to) = (one.index(mail.len()), other.index(mail.len()));
            let (from, to) = (from.min(to), from.max(to));
            match kind {
                0 => mail[from] = byte,
                1 => drop(mail.drain(from..to.min(from + 200))),
                _ => mail.extend_from_within(from..to),
            }
        }
        if let Some(report) = StatusReport::parse(&mail) {
            prop_assert!(!report.recipients().is_empty());
            let shown = report.diagnostic().unwrap_or_default();
            prop_assert!(shown.chars().count() <= 200 && !shown.contains(char::is_control));
        }
    }
}
