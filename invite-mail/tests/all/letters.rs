//! What letters say, and what nobody can make them say.

use chrono::{DateTime, TimeDelta};
use invite_core::{store::Purpose, testing::ManualClock};
use invite_mail::{ComposeError, Email, Sender, SenderError};
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use serde_json::{Value, json};

use crate::{
    page::Page,
    support::{composer, expected_link, letter, letter_at, letter_saying, told_of},
};

fn parts(mail: &ParsedMail<'_>) -> (String, String) {
    assert_eq!(mail.ctype.mimetype, "multipart/alternative");
    let kinds: Vec<_> = mail.subparts.iter().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    let body = |index: usize| mail.subparts[index].get_body().unwrap().replace("\r\n", "\n");
    (body(0), body(1))
}

async fn email_saying(display: &Value, message: Option<&str>) -> Email {
    let letter = letter_saying(display, message).await;
    composer().compose(&letter).unwrap()
}

#[tokio::test]
async fn text_and_html_show_who_invites_where_until_when_and_the_link() {
    let words = json!({ "organization": "Analytical Engines", "inviter": "Charles Babbage" });
    let letter = letter_saying(&words, Some("We could use your notes.\n\nYours, C.")).await;
    let email = composer().compose(&letter).unwrap();

    assert_eq!(email.subject(), "Charles Babbage invited you to join Analytical Engines");
    let link = expected_link(&letter);
    assert_eq!(email.link().unwrap().expose_secret(), link);
    let expected = format!(
        "Charles Babbage has invited you to join Analytical Engines.\n\
         \n\
         Charles Babbage wrote:\n\
         \n\
         > We could use your notes.\n\
         > \n\
         > Yours, C.\n\
         \n\
         To accept or decline, open this link:\n\
         \n\
         {link}\n\
         \n\
         You can accept or decline until Saturday, 8 June 2030, 12:00 (UTC), in 7 days. The invitation is meant for \
         Ada.Lovelace@Example.com alone, so please do not forward this mail.\n\
         \n\
         You were not expecting this? Then ignore it: nothing happens until you accept. If you received several \
         invitations, use the newest.\n"
    );
    assert_eq!(email.text(), expected);

    for shown in [
        "<html lang=\"en\" dir=\"ltr\">",
        "<title>Charles Babbage invited you to join Analytical Engines</title>",
        "We could use your notes.<br><br>Yours, C.",
        "Saturday, 8 June 2030, 12:00 (UTC), in 7 days",
        "name=\"color-scheme\" content=\"light dark\"",
        "prefers-color-scheme: dark",
        &link.replace('&', "&amp;"),
    ] {
        assert!(email.html().contains(shown), "{shown}\n{}", email.html());
    }
    assert!(!email.html().contains("class=\"card\">"), "styles stand on the elements");
}

#[tokio::test]
async fn the_words_may_be_missing() {
    for (words, subject) in [
        (json!({}), "You have received an invitation"),
        (json!({ "organization": "  ", "inviter": 7 }), "You have received an invitation"),
        (json!({ "organization": "Engines" }), "You are invited to join Engines"),
        (json!({ "inviter": "Charles" }), "Charles sent you an invitation"),
    ] {
        let email = email_saying(&words, None).await;
        assert_eq!(email.subject(), subject);
        assert!(!email.text().contains("wrote:") && !email.html().contains("wrote:"));
        assert!(!email.text().contains("none") && !email.text().contains("\n\n\n"), "{}", email.text());
    }
}

#[tokio::test]
async fn the_message_goes_through_mime_unharmed_with_each_header_once() {
    let letter =
        letter_saying(&json!({ "organization": "Zoë & Søn", "inviter": "Čapek" }), Some("žluťoučký kůň")).await;
    let email = composer().compose(&letter).unwrap();
    let mime = email.to_mime();
    assert!(mime.is_ascii());
    assert!(mime.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "no line longer than SMTP allows");

    let mail = parse_mail(&mime).unwrap();
    let mut names: Vec<_> = mail.get_headers().into_iter().map(|header| header.get_key()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
            "X-Auto-Response-Suppress"
        ]
    );
    let header = |name| mail.headers.get_first_value(name).unwrap();
    assert_eq!(header("Subject"), "Čapek invited you to join Zoë & Søn");
    assert_eq!(header("From"), "\"Analytical Engines\" <invitations@example.com>");
    assert_eq!(header("To"), "Ada.Lovelace@example.com");
    assert_eq!(header("Date"), "Sat, 01 Jun 2030 12:00:00 +0000");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("Message-ID"), format!("<{}@example.com>", letter.delivery().as_uuid()));
    assert_eq!(email.message_id(), header("Message-ID"));

    let (text, html) = parts(&mail);
    assert_eq!(text.trim_end(), email.text().trim_end());
    assert_eq!(html.trim_end(), email.html().trim_end());
}

#[tokio::test]
async fn the_token_stands_in_the_link_only() {
    let letter = letter_saying(&json!({ "organization": "Engines" }), Some("hello")).await;
    let email = composer().compose(&letter).unwrap();
    let token = letter.token().expose_secret();
    let link = expected_link(&letter);
    assert_eq!(email.text().matches(token).count(), 1);
    assert_eq!(email.text().matches(&link).count(), 1);
    assert_eq!(email.html().matches(token).count(), 3);
    assert_eq!(email.html().matches(&link.replace('&', "&amp;")).count(), 3);

    let mime = String::from_utf8(email.to_mime()).unwrap();
    let headers = mime.split("\r\n\r\n").next().unwrap();
    assert!(!headers.contains(token) && !headers.contains(&token[5..]), "{headers}");
    assert!(!email.subject().contains(token));
    assert!(!format!("{email:?} {:?} {letter:?}", composer()).contains(&token[5..20]));
}

#[tokio::test]
async fn what_people_write_is_shown_as_they_wrote_it() {
    for words in ["<b>AT&T</b>", "{{7*7}} {% raw %}", "&#x3c;b&#x3e;", "=?utf-8?q?=22?=", "Dr. Ada, S.p.A. \"x\" 'y'"] {
        let email = email_saying(&json!({ "organization": words, "inviter": words }), Some(words)).await;
        assert_eq!(email.subject(), format!("{words} invited you to join {words}"));
        assert!(email.text().contains(&format!("\n> {words}\n")), "{}", email.text());
        let page = Page::parse(email.html());
        assert_eq!(page.title, email.subject());
        let shown = page.texts.iter().filter(|text| *text == words).count();
        assert_eq!(shown, 5, "heading, first sentence twice, quote with its author: {words}");
        let mime = email.to_mime();
        assert_eq!(parse_mail(&mime).unwrap().headers.get_first_value("Subject").unwrap(), email.subject());
    }
}

#[tokio::test]
async fn what_looks_like_a_link_is_none_and_a_name_still_looks_like_itself() {
    let words = json!({ "organization": "Booking.com", "inviter": "evil.example/claim" });
    let email = email_saying(&words, Some("Click https://evil.example/x\nor Node.js")).await;
    assert_eq!(email.subject(), "evil.example/claim invited you to join Booking.com");
    assert!(email.text().contains("evil[.]example/claim has invited you to join Booking[.]com."), "{}", email.text());
    assert!(email.text().contains("> Click https[:]//evil[.]example/x\n> or Node[.]js\n"), "{}", email.text());
    for shown in [
        "<bdi>evil[.]example/claim</bdi>",
        "<bdi>Booking<span>.</span>com</bdi>",
        "Click https[:]//evil[.]example/x<br>or Node<span>.</span>js",
    ] {
        assert!(email.html().contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn names_that_run_the_other_way_are_kept_apart() {
    let words = json!({ "organization": "حلول", "inviter": "Ann" });
    let email = email_saying(&words, None).await;
    assert_eq!(email.subject(), "Ann invited you to join \u{2068}حلول\u{2069}");
    assert!(email.text().contains("Ann has invited you to join \u{2068}حلول\u{2069}."));
    let (_, body) = email.html().split_once("</title>").unwrap();
    assert!(body.contains("<bdi>\u{2068}حلول\u{2069}</bdi>"), "{body}");
    assert!(body.contains("<bdi>Ann</bdi>"), "a name that runs with the line needs no marks: {body}");
}

#[tokio::test]
async fn names_stay_apart_where_a_mail_program_drops_bdi() {
    let display = json!({ "organization": "അനിവർ", "inviter": "Charles B." });
    let letter = told_of(Purpose::Invitation, &display, Some("hello"), None, "ar").await.unwrap();
    let email = composer().compose(&letter).unwrap();
    let (_, body) = email.html().split_once("</title>").unwrap();
    let without = body.replace("<bdi>", "").replace("</bdi>", "");
    for name in ["അനിവർ", "Charles B.", "ada@example<span>.</span>com"] {
        let shown = without.matches(name).count();
        assert!(shown > 0, "{name}");
        assert_eq!(without.matches(&format!("\u{2068}{name}\u{2069}")).count(), shown, "{name}: {without}");
    }
}

#[tokio::test]
async fn the_character_set_is_declared_where_mail_programs_look_for_it() {
    for purpose in Purpose::ALL {
        let letter = told_of(purpose, &json!({}), None, None, "ja").await.unwrap();
        let email = composer().compose(&letter).unwrap();
        let at = email.html().find("<meta charset=\"utf-8\">").unwrap();
        assert!(at < 1_024 && at < email.html().find("<style").unwrap(), "{at}");
        assert!(email.html()[..at].is_ascii());
    }
}

#[tokio::test]
async fn the_cell_of_a_button_is_padded_for_outlook() {
    let email = email_saying(&json!({}), None).await;
    let page = Page::parse(email.html());
    let cell = page.structure.iter().find(|element| element.contains("button framed")).unwrap();
    assert!(cell.contains(" td [(") && cell.contains("(\"bgcolor\", \"#2f55d4\")"), "{cell}");
    assert!(cell.contains("mso-padding-alt: 13px 30px"), "{cell}");
    // Outlook would pad the link's text a second time.
    let link = page.structure.iter().find(|element| element.contains(" a [(")).unwrap();
    assert!(link.contains("padding: 13px 30px") && link.contains("mso-padding-alt: 0"), "{link}");
}

#[tokio::test]
async fn the_longest_words_fit() {
    for letter in ["w", "<", "é", "𝕎"] {
        let name = letter.repeat(200);
        let message = format!("{}\n", letter.repeat(4)).repeat(1_000);
        let email = email_saying(&json!({ "organization": name, "inviter": name }), Some(&message)).await;
        let mime = email.to_mime();
        assert!(mime.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        assert_eq!(parse_mail(&mime).unwrap().headers.get_first_value("Subject").unwrap(), email.subject());
    }
    let email = email_saying(&json!({}), Some(&"x\n".repeat(2_500))).await;
    assert_eq!(email.text().matches("\n> x").count(), 2_500);
}

#[tokio::test]
async fn what_looks_like_smtp_in_a_message_stays_inside() {
    for message in ["a\n.\nMAIL FROM:<eve@evil.example>", ".", "\n.\n.\n", "..a"] {
        let email = email_saying(&json!({}), Some(message)).await;
        let mime = email.to_mime();
        let alone = |i: usize| {
            (mime[i] == b'\r' && mime.get(i + 1) != Some(&b'\n')) || (mime[i] == b'\n' && mime[i - 1] != b'\r')
        };
        assert!(!(0..mime.len()).any(alone), "every line ends in CR LF");
        assert_eq!(parts(&parse_mail(&mime).unwrap()).0.trim_end(), email.text().trim_end());
    }
}

#[test]
fn a_sender_is_one_bare_address_and_a_line_of_text() {
    for address in [
        "",
        "example.com",
        "a@b.example, c@d.example",
        "Ann <ann@example.com>",
        "ann@example.com\r\nBcc: eve@evil.example",
        "-oQ/tmp@example.com",
        "\"a b\"@example.com",
        "ann@exämple.com",
        "ann@[127.0.0.1]",
    ] {
        assert_eq!(Sender::new(address).unwrap_err(), SenderError::Address, "{address}");
        assert_eq!(Sender::new("a@example.com").unwrap().reply_to(address).unwrap_err(), SenderError::Address);
    }
    let controls = (0..32u8).map(char::from).chain(['\u{7f}', '\u{85}', '\u{2028}', '\u{2029}']);
    for name in controls.map(|c| format!("a{c}b")).chain(["  ".into(), "x".repeat(201)]) {
        assert_eq!(Sender::new("a@example.com").unwrap().name(&name).unwrap_err(), SenderError::Name, "{name:?}");
    }
}

#[tokio::test]
async fn names_of_senders_are_quoted_or_encoded_as_they_need() {
    for name in ["Ann, Bob; \"Co\" <x@y.example>", "Zoë\\", "@", "=?utf-8?q?x?="] {
        let sender = Sender::new("a@example.com").unwrap().name(name).unwrap().reply_to("help@example.com").unwrap();
        let links = invite_mail::LinkBuilder::new("https://example.com", invite_mail::LinkStyle::Path).unwrap();
        let letter = letter_at("ada@example.com").await;
        let email = invite_mail::Composer::new(sender, links).compose(&letter).unwrap();
        let mime = email.to_mime();
        let mail = parse_mail(&mime).unwrap();
        assert_eq!(mail.get_headers().into_iter().count(), 10);
        assert_eq!(mail.headers.get_first_value("Reply-To").unwrap(), "help@example.com");
        let from = mail.headers.get_first_header("From").unwrap();
        let from = mailparse::addrparse_header(from).unwrap().extract_single_info().unwrap();
        assert_eq!(from.addr, "a@example.com", "{name}");
    }
}

#[test]
fn a_clock_beyond_the_calendar_is_an_error() {
    let letter = letter();
    for seconds in [-1, 253_402_300_800] {
        let clock = ManualClock::at(DateTime::from_timestamp(seconds, 0).unwrap());
        assert_eq!(composer().clock(clock).compose(&letter).unwrap_err(), ComposeError::Date);
    }
    let last = ManualClock::at(DateTime::from_timestamp(253_402_300_799, 0).unwrap() - TimeDelta::days(1));
    assert!(composer().clock(last).compose(&letter).is_ok());
}
