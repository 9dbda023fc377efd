//! What comes back in other shapes than the plain status report: nested, damaged, in a server's own words, or as a
//! complaint.

use invite_core::{DeliveryReport, EnhancedCode, ReportKind, ReportProof, store::DeliveryId};
use invite_mail::{Action, ReportReader, StatusReport};
use proptest::{collection::vec, prelude::*, sample::select};

const ID: &str = "0192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d";
const STATUS: &str = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n\
                      Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.1\n";

fn ours() -> DeliveryId {
    DeliveryId::from_message_id(&format!("{ID}@example.com")).unwrap()
}

fn mail(kind: &str, returned: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.example.com\nContent-Type: {kind}\n\n--b\n\nSorry.\n\n--b\n{STATUS}\n\
         --b\n{returned}\n\n--b--\n"
    )
}

fn delivery(mail: &str) -> Option<DeliveryId> {
    StatusReport::parse(mail.as_bytes())?.delivery()
}

fn own_words(head: &str, text: &str) -> String {
    format!("{head}\nTo: invitations@example.com\n\n{text}\n\nReceived: by x\nMessage-ID: <{ID}@example.com>\n")
}

/// Everything by which a report is told, but its words.
fn heard(mail: &str) -> Option<(Action, Option<u16>, Option<String>)> {
    let report = StatusReport::parse(mail.as_bytes())?;
    assert_eq!(report.delivery(), Some(ours()), "{mail}");
    Some((report.action(), report.recipients()[0].code, report.status().map(|status| status.to_string())))
}

#[test]
fn the_status_part_is_found_under_any_multipart() {
    let returned = format!("Content-Type: message/rfc822\n\nMessage-ID: <{ID}@example.com>\n\nbody");
    for kind in [
        "multipart/report; report-type=delivery-status; boundary=b",
        "multipart/report (a comment); boundary=b",
        "multipart/mixed; boundary=b",
        "multipart/alternative; boundary=\"b\"",
        "multipart/report; boundary*0=\"\"; boundary*1=b",
        "multipart/report; boundary*=us-ascii''%62",
    ] {
        let mail = mail(kind, &returned);
        assert_eq!(delivery(&mail), Some(ours()), "{kind}");
        let nested = format!("\n\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n{mail}\n--outer--\n");
        assert_eq!(delivery(&nested), Some(ours()), "{kind}, nested");
        let twice =
            format!("Content-Type: multipart/mixed; boundary=most\n\n--most\n{}\n--most--\n", nested.trim_start());
        assert_eq!(delivery(&twice), Some(ours()), "{kind}, nested twice");
        assert_eq!(delivery(&twice.replace('\n', "\r\n")), Some(ours()), "{kind}, with CR LF");
        assert_eq!(delivery(&twice.replace('\n', "\r")), Some(ours()), "{kind}, with CR");
    }
}

#[test]
fn the_returned_letter_is_found_whatever_its_type() {
    for kind in [
        "message/rfc822",
        "message/rfc822-headers",
        "text/rfc822-headers",
        "message/partial; number=1",
        "message/global",
        "message/global-headers",
        "text/plain",
    ] {
        for id in [format!("Message-ID: <{ID}@example.com> (a comment)"), format!("Message-Id:\n <{ID}@example.com>")] {
            let returned = format!("Content-Type: {kind}\n\nSubject: Hello\n{id}\n");
            assert_eq!(delivery(&mail("multipart/mixed; boundary=b", &returned)), Some(ours()), "{kind}, {id}");
        }
    }
}

#[test]
fn an_id_of_ours_is_found_anywhere_also_in_encoded_parts() {
    let text = format!("The letter <{ID}@example.com> came back.");
    let encoded = [
        format!("Content-Transfer-Encoding: base64\n\n{}", data_encoding::BASE64.encode(text.as_bytes())),
        format!("Content-Transfer-Encoding: quoted-printable\n\n{}", text.replace("-7a4b", "-7a=\n4b")),
        format!("Content-Type: text/html\n\n<pre>{}</pre>", text.replace('<', "&lt;")),
    ];
    for returned in encoded {
        assert_eq!(delivery(&mail("multipart/mixed; boundary=b", &returned)), Some(ours()), "{returned}");
    }
    // Its own Message-ID is not that of the letter, and neither is half of an id.
    let own = format!("Message-ID: <{ID}@mail.example.com>\n{}", mail("multipart/mixed; boundary=b", "X: y\n\nz"));
    assert_eq!(delivery(&own), None);
    assert_eq!(delivery(&mail("multipart/mixed; boundary=b", &format!("\nab{ID}@example.com"))), None);
}

#[test]
fn the_class_of_a_status_is_the_action_where_none_is_named() {
    for (status, action) in [
        ("Status: 5.1.1", Some(Action::Failed)),
        ("Status: 4.4.1", Some(Action::Delayed)),
        ("Status: 2.1.5", Some(Action::Delivered)),
        ("Action:\nStatus: 5.1.1", Some(Action::Failed)),
        ("Action: exploded\nStatus: 5.1.1", None),
        ("Diagnostic-Code: smtp; 550 no", Some(Action::Failed)),
        ("Status: unknown", None),
    ] {
        let mail = mail("multipart/report; boundary=b", "X: y\n\nz").replace("Action: failed\nStatus: 5.1.1", status);
        let mail = mail.replace("From: MAILER-DAEMON@mail.example.com\n", "");
        let report = StatusReport::parse(mail.as_bytes());
        assert_eq!(report.map(|report| report.action()), action, "{status}");
    }
}

#[test]
fn the_more_specific_of_status_and_answer_counts() {
    for (status, diagnostic, expected) in [
        ("5.0.0", "smtp; 550 5.1.1 no such user", "5.1.1"),
        ("5.1.0", "smtp; 550-5.1.1 no such user", "5.1.1"),
        ("5.2.2", "smtp; 550 5.0.0 no", "5.2.2"),
        ("4.4.7", "smtp; 452 4.2.2 full", "4.4.7"),
        ("5.0.0", "smtp; mx.example.org said: 550 5.7.1 no", "5.7.1"),
        ("5.0.0", "smtp; 550 no", "5.0.0"),
    ] {
        let fields = format!("Status: {status}\nDiagnostic-Code: {diagnostic}");
        let mail = mail("multipart/report; boundary=b", "X: y\n\nz").replace("Status: 5.1.1", &fields);
        let report = StatusReport::parse(mail.as_bytes()).unwrap();
        assert_eq!(
            report.status().map(|status| status.to_string()).as_deref(),
            Some(expected),
            "{status}, {diagnostic}"
        );
    }
}

#[test]
fn a_server_s_own_words_are_a_bounce() {
    let qmail = include_str!("../reports/qmail.eml");
    let code = |code: &str| Some(code.to_owned());
    for (mail, code, status) in [
        (qmail.to_owned(), Some(550), code("5.1.1")),
        (own_words("Return-Path: <>\nFrom: x@example.org", "Sorry: it said: 550 5.1.1 no"), Some(550), code("5.1.1")),
        (own_words("X-Failed-Recipients: ada@example.org\nFrom: x@example.org", "It was not delivered."), None, None),
        (own_words("X-Failed-Recipients: ada@example.org\nFrom: x@x.example", "said: 451 no"), Some(451), None),
        (own_words("From: Postmaster <postmaster@example.org>", "#5.2.2 full"), None, code("5.2.2")),
        (own_words("From: \"Some System\" <>", "ERROR_CODE :550, no such user"), Some(550), None),
        (own_words("X-Failed-Recipients: ada@example.org\nFrom: x@example.org", "said: 550 no"), Some(550), None),
        (
            own_words("From: MAILER-DAEMON@x.example\nAuto-Submitted: auto-replied", "552 5.3.4 big"),
            Some(552),
            code("5.3.4"),
        ),
        (
            own_words("Return-Path: <>\nFrom: x@example.org\nSubject: Vacation Club came back", "#5.1.1 no"),
            None,
            code("5.1.1"),
        ),
        (
            own_words("From: MAILER-DAEMON@x.example\nSubject: Undelivered: Early Warning Systems", "#5.1.1 no"),
            None,
            code("5.1.1"),
        ),
        (
            own_words("From: =?utf-8?q?Mail_Delivery_System?= <x@x.example>", "<ada@example.org>:\n550 no"),
            Some(550),
            None,
        ),
    ] {
        assert_eq!(heard(&mail), Some((Action::Failed, code, status)), "{mail}");
    }
}

#[test]
fn status_fields_in_a_text_part_are_read() {
    let text = "Sorry.\n\nFinal-Recipient: rfc822; ada@example.org\nAction: delayed\nStatus: 4.4.1";
    let mail = own_words("From: MAILER-DAEMON@x.example", text);
    assert_eq!(heard(&mail), Some((Action::Delayed, None, Some("4.4.1".into()))));
}

#[test]
fn a_delay_in_a_server_s_own_words_is_no_failure() {
    for (subject, text) in [
        ("Warning: message delayed 24 hours", "No action is required on your part."),
        ("Mail", "Your message has not yet been delivered.\nDelivery attempts will\ncontinue."),
        ("Mail", "451 4.3.0 try later. It will be retried for 5 days."),
    ] {
        let mail = own_words(&format!("From: MAILER-DAEMON@x.example\nSubject: {subject}"), text);
        assert_eq!(heard(&mail).map(|heard| heard.0), Some(Action::Delayed), "{subject}, {text}");
    }
    let coded = "From: MAILER-DAEMON@x.example\nSubject: =?utf-8?q?Warning:_message?= =?utf-8?q?_delayed?=";
    assert_eq!(heard(&own_words(coded, "451 4.4.1 no")).map(|heard| heard.0), Some(Action::Delayed));
    let unsaid = own_words("From: MAILER-DAEMON@x.example", "Wird weiter versucht: 451 4.3.0 später");
    assert_eq!(heard(&unsaid).map(|heard| heard.0), Some(Action::Delayed), "a code of 4 is no failure by itself");
    let last = "It has been delayed for 5 days. I'm giving up. (#4.4.1)";
    let last = own_words("From: MAILER-DAEMON@x.example", last);
    assert_eq!(heard(&last).map(|heard| heard.0), Some(Action::Failed));
}

#[test]
fn our_own_subject_decides_nothing_however_it_is_quoted() {
    let ours = "Delayed mail: giving up on what will be retried";
    for quoted in [
        format!("Subject: {ours}"),
        format!("> Subject: {ours}"),
        "Subject: =?utf-8?q?Delayed_mail:_giving_up_on?=\n =?utf-8?q?_what_will_be_retried?=".to_owned(),
    ] {
        let mail = |text: &str| {
            let head = format!("From: MAILER-DAEMON@x.example\nSubject: {ours}");
            own_words(&head, &format!("{text} About \n{ours}.\n")) + &quoted + "\n"
        };
        assert_eq!(heard(&mail("550 5.1.1 no")).map(|heard| heard.0), Some(Action::Failed), "{quoted}");
        assert_eq!(heard(&mail("451 4.4.1 no")).map(|heard| heard.0), Some(Action::Delayed), "{quoted}");
        assert_eq!(heard(&mail("no")).map(|heard| heard.0), Some(Action::Unclear), "{quoted}");
    }
}

#[test]
fn only_a_mail_system_is_taken_for_one() {
    for (author, action) in [
        ("MAILER-DAEMON", Some(Action::Failed)),
        ("MAILER-DAEMON (Mail Delivery System)", Some(Action::Failed)),
        ("MAILER-DAEMON@x.example (Mail Delivery System)", Some(Action::Failed)),
        ("\"Mailer-Daemon\" <noreply@x.example>", Some(Action::Failed)),
        ("=?utf-8?b?TWFpbCBEZWxpdmVyeSBTeXN0ZW0=?= <x@x.example>", Some(Action::Failed)),
        ("Post Office <POSTMASTER@x.example>", Some(Action::Failed)),
        ("The Postmaster General <ada@x.example>", None),
        ("Royal Mail Delivery Ltd <ada@x.example>", None),
        ("Mail System Solutions <ada@x.example>", None),
        ("ada@postmaster.example", None),
        ("\"postmaster, retired\" <ada@x.example>", None),
    ] {
        let mail = own_words(&format!("From: {author}"), "550 5.1.1 no such user");
        assert_eq!(heard(&mail).map(|heard| heard.0), action, "{author}");
    }
}

#[test]
fn people_and_their_holiday_notices_report_nothing() {
    let answer = format!("In-Reply-To: <{ID}@example.com>\nTo: invitations@example.com\n\nThank you!\n");
    for mail in [
        own_words("From: Ada <ada@example.org>", "Look what came: 550 5.1.1 no such user"),
        own_words("Return-Path: <>\nFrom: ada@example.org\nAuto-Submitted: auto-replied (vacation)", "I am away."),
        own_words("Return-Path: <>\nFrom: ada@example.org\nX-Autoreply: yes", "I am away."),
        own_words("Return-Path: <>\nFrom: ada@example.org\nPrecedence: auto_reply", "I am away."),
        own_words("From: Postmaster <postmaster@example.org>\nX-Autoreply: yes", "I am away."),
        // They answer the letter, and return nothing of it.
        format!("Return-Path: <>\nFrom: ada@example.org\n{answer}"),
        format!("From: postmaster@example.org\n{answer}"),
        include_str!("../reports/read-receipt.eml").replace("From: ada", "Return-Path: <>\nFrom: ada"),
    ] {
        assert_eq!(StatusReport::parse(mail.as_bytes()), None, "{mail}");
    }
}

#[test]
fn no_answer_of_a_machine_is_a_failure_unless_that_is_proved() {
    let reader = ReportReader::new().return_path(|address| (address == "bounces+1@example.com").then(ours));
    let quoted = format!("Message-ID: <{ID}@example.com>\nTo: ada@example.org");
    for head in [
        "From: ada@example.org",
        "From: ada@example.org\nAuto-Submitted: auto-generated",
        "Return-Path: <>\nFrom: ada@example.org",
        "Return-Path: <>\nFrom: ada@example.org\nAuto-Submitted: auto-generated",
        "Return-Path: <>\nFrom: Mail System Solutions Ltd <ada@example.org>\nSubject: Poissa: Invitation",
        "From: postmaster@example.org\nAuto-Submitted: auto-generated",
    ] {
        for text in [
            "I am away.",
            "Olen lomalla 4.5.26 asti. Puh. 514-555-0100.",
            "Ada Lovelace\n500 Main Street\nTel: 450 123 4567",
            "ada@example.org\n500 Main Street",
            "Please prove that you are no robot: https://example.org/challenge?id=550",
            "Your ticket #550: we answer within 24 hours.",
            "Your mail was delivered.",
            "Ihre E-Mail wird nicht weitergeleitet.",
        ] {
            for mail in [
                format!("To: bounces+1@example.com\n{head}\n\n{text}\n"),
                format!("To: bounces+1@example.com\n{head}\n\n{text}\n\n{quoted}\n"),
                format!("To: invitations@example.com\n{head}\n\n<ada@example.org>: {text}\n\n{quoted}\n"),
            ] {
                let report = reader.read(mail.as_bytes());
                assert!(report.as_ref().is_none_or(|report| report.action() == Action::Unclear), "{mail}");
                assert_eq!(report.and_then(|report| report.delivery_report()), None, "{mail}");
            }
        }
    }
    // What a mail system may say in few words is not taken from others.
    for text in
        ["Response: 550 words at most. Status: 500. Error 550.", "Version 5.1.1, section 5.2.2 (5.3.0)", "5.1.1"]
    {
        let mail = format!("To: bounces+1@example.com\nReturn-Path: <>\nFrom: ada@example.org\n\n{text}\n");
        assert_eq!(reader.read(mail.as_bytes()).map(|report| report.action()), Some(Action::Unclear), "{text}");
    }
}

#[test]
fn a_diagnostic_of_encoded_words_is_decoded() {
    let fields = "Status: 5.0.0\nDiagnostic-Code: smtp; =?utf-8?q?550_5=2E1=2E1_unbekannt:?=\n =?utf-8?b?w6Q=?=";
    let mail = mail("multipart/report; boundary=b", "X: y\n\nz").replace("Status: 5.1.1", fields);
    let report = StatusReport::parse(mail.as_bytes()).unwrap();
    assert_eq!(report.recipients()[0].code, Some(550));
    assert_eq!(report.diagnostic(), Some("unbekannt:ä"));
}

#[test]
fn the_text_for_people_says_why_where_the_fields_do_not() {
    let with = |status: &str, text: &str| {
        let mail = mail("multipart/report; boundary=b", "X: y\n\nz").replace("5.1.1", status).replace("Sorry.", text);
        let report = StatusReport::parse(mail.as_bytes()).unwrap();
        (report.status().map(|status| status.to_string()), report.diagnostic().map(str::to_owned))
    };
    let (status, why) = (|status: &str| Some(status.to_owned()), |why: &str| Some(why.to_owned()));
    assert_eq!(with("5.0.0", "<ada@example.org>: mailbox full"), (status("5.0.0"), why("mailbox full")));
    assert_eq!(with("5.0.0", "mx said: 552 5.2.2 full"), (status("5.2.2"), why("full")));
    assert_eq!(with("5.1.1", "<ada@example.org>: mailbox full"), (status("5.1.1"), None));
}

#[test]
fn a_return_path_comes_first_and_its_report_names_no_recipient() {
    let other = "1192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d";
    let returned = format!("Content-Type: message/rfc822\n\nMessage-ID: <{other}@example.com>\nTo: b@example.org\n");
    let plain = mail("multipart/report; boundary=b", &returned);
    let reader = ReportReader::new().return_path(|address| (address == "bounces+1@example.com").then(ours));
    let kept = DeliveryReport::new(ours(), ReportKind::Bounced).proved_by(ReportProof::ReturnPath);
    let kept = kept.enhanced(EnhancedCode::parse("5.1.1").unwrap());
    for field in ["Delivered-To", "X-Original-To", "Envelope-To", "To"] {
        let mail = format!("{field}: other@example.com, \"B\" <bounces+1@example.com>\n{plain}");
        assert_eq!(reader.read(mail.as_bytes()).unwrap().delivery_report(), Some(kept.clone()), "{field}");
    }
    let known = reader.read_sent_to(plain.as_bytes(), "<bounces+1@example.com>").unwrap();
    assert_eq!(known.delivery_report(), Some(kept));
    let other = DeliveryId::from_message_id(&format!("{other}@example.com")).unwrap();
    assert_eq!(reader.read_sent_to(plain.as_bytes(), "bounces+2@example.com").unwrap().delivery(), Some(other));

    // A mail to a verified return path needs no id, but has to show that it is a bounce.
    let to = "To: bounces+1@example.com\n";
    let read = |mail: String| reader.read(mail.as_bytes()).map(|report| report.delivery());
    assert_eq!(read(format!("{to}From: postmaster@example.org\n\n550 5.1.1 no such user\n")), Some(Some(ours())));
    assert_eq!(read(format!("{to}From: admin@example.org\n\n550 5.1.1 no such user\n")), None);
    assert_eq!(read(format!("{to}From: ada@example.org\nAuto-Submitted: auto-replied\n\nI am away.\n")), None);
    assert_eq!(read(format!("{to}From: ada@example.org\n\nThank you!\n")), None);
}

#[test]
fn a_report_found_by_its_message_id_names_the_recipients() {
    let returned =
        format!("Content-Type: message/rfc822\n\nMessage-ID: <{ID}@example.com>\nTo: Ada <ada@example.com>\n");
    let plain = mail("multipart/report; boundary=b", &returned);
    let plain = plain.replace("Action:", "Original-Recipient: rfc822;<ada+2Bx@example.org>\nAction:");
    let expected = DeliveryReport::new(ours(), ReportKind::Bounced).enhanced(EnhancedCode::parse("5.1.1").unwrap());
    let addresses = ["ada+x@example.org", "ada+2Bx@example.org", "ada@example.org", "ada@example.com"];
    let expected = addresses.into_iter().fold(expected, DeliveryReport::recipient);
    let report = StatusReport::parse(plain.as_bytes()).unwrap();
    assert_eq!(report.delivery_report(), Some(expected));
    assert!(!format!("{report:?}").contains("ada"));

    let words = StatusReport::parse(include_bytes!("../reports/qmail.eml")).unwrap().delivery_report().unwrap();
    let expected = DeliveryReport::new(ours(), ReportKind::Bounced).recipient("ada@example.org").code(550);
    assert_eq!(words, expected.enhanced(EnhancedCode::parse("5.1.1").unwrap()).text("no such user"));
}

#[test]
fn debugging_shows_neither_addresses_nor_ids_nor_words_of_a_mail() {
    let returned = "Content-Type: message/rfc822\n\nMessage-ID: <0102-secret@provider.example>\n";
    let envelope = format!("\n\nOriginal-Envelope-Id: {ID}\n\nFinal-");
    let fields = mail("multipart/report; boundary=b", returned).replace("\n\nFinal-", &envelope);
    let fields = fields.replace("Status: 5.1.1", "Status: 5.1.1\nDiagnostic-Code: smtp; 550 secret");
    let reader = ReportReader::new().return_path(|address| (address == "bounces+1@example.com").then(ours));
    for report in [
        StatusReport::parse(fields.as_bytes()),
        StatusReport::parse(own_words("From: MAILER-DAEMON@x.example", "<ada@example.org>: 550 secret").as_bytes()),
        reader.read_sent_to(fields.as_bytes(), "bounces+1@example.com"),
    ] {
        let report = report.unwrap();
        let shown = format!("{report:?} {:?}", report.recipients());
        for hidden in ["ada", "secret", "0102", &ID[..8], "example"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("Failed"), "{shown}");
    }
}

#[test]
fn an_address_with_an_apostrophe_is_compared_as_it_is() {
    let whole =
        mail("multipart/report; boundary=b", &format!("X: y\n\n<{ID}@example.com>")).replace("ada@", "o'brien@");
    let words = own_words("From: MAILER-DAEMON@x.example", "The user 'o'brien@example.org' is unknown.\n550 5.1.1 no");
    for mail in [whole, words] {
        let report = StatusReport::parse(mail.as_bytes()).unwrap().delivery_report().unwrap();
        let expected = DeliveryReport::new(ours(), ReportKind::Bounced).recipient("o'brien@example.org");
        let expected = expected.enhanced(EnhancedCode::parse("5.1.1").unwrap());
        assert!(report == expected || report == expected.code(550).text("no"), "{report:?}");
    }
}

#[test]
fn what_names_nobody_who_could_be_invited_is_not_passed_on() {
    let returned = format!("Content-Type: message/rfc822\n\nMessage-ID: <{ID}@example.com>\n");
    let whole = mail("multipart/report; boundary=b", &returned);
    for named in
        ["", "Final-Recipient: rfc822; nobody@-\n", "Final-Recipient: rfc822;x@!\nOriginal-Recipient: x@[1.2.3.4]\n"]
    {
        let anonymous = whole.replace("Final-Recipient: rfc822; ada@example.org\n", named);
        for action in ["failed", "delayed", "delivered"] {
            let mail = anonymous.replace("Action: failed", &format!("Action: {action}"));
            let report = StatusReport::parse(mail.as_bytes()).unwrap();
            assert_eq!((report.delivery(), report.delivery_report()), (Some(ours()), None), "{named}, {action}");
        }
    }
    for words in ["<nobody@->: 550 5.1.1 no such user", "<x@!>: 550 5.1.1 no such user", "550 5.1.1 no such user"] {
        let report = StatusReport::parse(own_words("Return-Path: <>\nFrom: x@example.org", words).as_bytes());
        assert_eq!(report.and_then(|report| report.delivery_report()), None, "{words}");
    }
    let relayed =
        whole.replace("ada@example.org", "x@!").replace(&format!("{ID}@example.com"), "0102-0@provider.example");
    assert_eq!(StatusReport::parse(relayed.as_bytes()).unwrap().delivery_report(), None);
}

#[test]
fn a_letter_that_a_relay_renamed_is_known_by_the_relay_s_id() {
    let id = "0102018f0a1b2c3d-4e5f6a7b-8c9d-4e0f-a1b2-c3d4e5f6a7b8-000000";
    let returned = format!("Content-Type: text/rfc822-headers\n\nMessage-ID: <{id}@eu-west-1.amazonses.com>\n");
    let report = StatusReport::parse(mail("multipart/report; boundary=b", &returned).as_bytes()).unwrap();
    let expected = DeliveryReport::by_provider_id(id, ReportKind::Bounced).recipient("ada@example.org");
    assert_eq!(report.delivery_report(), Some(expected.enhanced(EnhancedCode::parse("5.1.1").unwrap())));
}

#[test]
fn a_feedback_report_is_a_complaint() {
    let with = |fields: &str| {
        let mail = format!(
            "From: complaints@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
             --b\n\nIt is spam.\n--b\nContent-Type: message/feedback-report\n\n{fields}\nVersion: 1\n\n\
             --b\nContent-Type: message/rfc822\n\nMessage-ID: <{ID}@example.com>\n\n--b--\n"
        );
        StatusReport::parse(mail.as_bytes()).and_then(|report| report.delivery_report())
    };
    let complaint = DeliveryReport::new(ours(), ReportKind::Complained);
    assert_eq!(with("Feedback-Type: abuse"), None, "anybody may have written it");
    assert_eq!(with("Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@-"), None);
    let named = with("Feedback-Type: Fraud\nOriginal-Rcpt-To: <ada@example.org>");
    assert_eq!(named, Some(complaint.recipient("ada@example.org")));
    for other in ["Feedback-Type: not-spam", "Feedback-Type: auth-failure", "Feedback-Type: ", "X: y"] {
        assert_eq!(with(other), None, "{other}");
    }
}

proptest! {
    /// Pieces of which such mails are made, in any order.
    #[test]
    fn no_order_of_pieces_is_too_much(
        pieces in vec(select(vec![
            "Content-Type: multipart/report; boundary=b\n", "Content-Type: message/feedback-report\n\n", "--b\n", "--b--\n",
            "Content-Type: multipart/mixed; boundary*0*=''%6; boundary*1=\"(\n", "\n", "\r", "(", "é", "Return-Path: <>\n",
            "Feedback-Type: abuse\n", "Final-Recipient: rfc822; <+2@+>\n", "Status: 5.1.1\n", "550 5.1.1 ", "550-", "#",
            "From: MAILER-DAEMON\n", "Message-ID:\n <a@b>\n", "References: <\n", "0192f0c1-7d3e-7a4b-8c2d-1e2f3a4b5c6d@x ",
            "Content-Transfer-Encoding: base64\n", "Diagnostic-Code: smtp; 5é0 5.1.1\n", "=\n", "\u{0}", "will be retried ",
            "Subject: ", "=?utf-8?q?a?= ", "=?x?b?", "\"", "“", "<<< ", "smtp ", ": ", "@", "> ", " (", "'", "no ", "452-", "é",
            "X-Failed-Recipients: ada@example.org\n", "From: <>\n",
        ]), 0..60),
    ) {
        let reader = ReportReader::new().return_path(|_| None);
        if let Some(report) = reader.read(pieces.concat().as_bytes()) {
            prop_assert!(!report.recipients().is_empty());
            let _ = report.delivery_report();
        }
    }
}
