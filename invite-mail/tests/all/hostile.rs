//! What people write, at its worst: refused, or harmless in every part of every letter.

use std::{collections::BTreeMap, sync::LazyLock};

use invite_core::{Error, Problem, check_line, store::Purpose};
use invite_mail::{ComposeError, Email};
use linkify::LinkFinder;
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    page::{Page, without_token},
    support::{ADA, CHARLES, composer, letter_edited_to_say, told_of},
};

/// One JSON string to a line.
const CORPUS: &str = include_str!("../corpus/hostile.jsonl");

fn corpus() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.starts_with('#'));
    let mut cases: Vec<_> = lines.map(|line| serde_json::from_str(line).expect("a JSON string")).collect();
    cases.extend(["x", "é", "😀", "<", "{{"].map(|text| text.repeat(5_000 / text.chars().count())));
    cases.extend(["x".repeat(5_001), ".\n".repeat(2_500), format!("{}\n{}", "w".repeat(998), "w".repeat(2_000))]);
    cases
}

/// Where the hostile words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Names,
    Message,
    Reason,
}

impl Place {
    const ALL: [Self; 3] = [Self::Names, Self::Message, Self::Reason];

    const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Names => &Purpose::ALL,
            Self::Message => &[Purpose::Invitation, Purpose::Reminder],
            Self::Reason => &[Purpose::Rejected],
        }
    }
}

/// The mail with these words in one place and harmless ones elsewhere, or core's refusal.
fn mail(purpose: Purpose, place: Place, words: &str, locale: &str) -> Result<Email, Error> {
    let at = |wanted: Place, harmless: &'static str| if place == wanted { words.to_owned() } else { harmless.into() };
    let display = json!({ "organization": at(Place::Names, "Org"), "inviter": at(Place::Names, "Ann") });
    let (message, reason) = (at(Place::Message, "Hello"), at(Place::Reason, "No"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let letter = runtime.block_on(told_of(purpose, &display, Some(&message), Some(&reason), locale))?;
    Ok(composer().compose(&letter).expect("core lets nothing through that is no mail"))
}

fn links_in(text: &str) -> Vec<String> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder.links(text).map(|link| link.as_str().to_owned()).collect()
}

/// What every mail has, once each, and its parts.
const HEADERS: [&str; 11] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
    "text/plain",
    "text/html",
];

/// What the page of a letter of this kind consists of, whatever people write.
fn page_of(purpose: Purpose, place: Place, locale: &str) -> Page {
    let email = mail(purpose, place, "Words", locale).expect("harmless words");
    Page::parse(&without_token(email.html()))
}

fn headers(mail: &ParsedMail<'_>) -> Vec<String> {
    let mut names: Vec<_> = mail.headers.iter().map(|header| header.get_key()).collect();
    names.sort();
    names.extend(mail.subparts.iter().map(|part| part.ctype.mimetype.clone()));
    names
}

/// Compares a mail with the page of a harmless letter of the same kind.
fn is_harmless(email: &Email, harmless: &Page, words: &str, place: Place) {
    let to = if email.link().is_some() { ADA } else { CHARLES };
    assert_eq!(email.to(), to);
    assert_eq!(email.from(), "invitations@example.com");
    let mime = email.to_mime();
    assert!(mime.is_ascii());
    let alone = |i: usize| match mime[i] {
        b'\r' => mime.get(i + 1) != Some(&b'\n'),
        b'\n' => i == 0 || mime[i - 1] != b'\r',
        _ => false,
    };
    assert!(!(0..mime.len()).any(alone), "a line end that is none: {words:?}");
    assert!(mime.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "a line too long: {words:?}");
    let mail = parse_mail(&mime).unwrap();
    assert_eq!(headers(&mail), HEADERS, "{words:?}");
    // Where a long subject is folded, one blank stands for several.
    let blanks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = mail.headers.get_first_value("Subject").unwrap();
    assert_eq!(blanks(&subject), blanks(email.subject()), "{words:?}");
    assert_eq!(mail.headers.get_first_value("To").unwrap(), to);
    let body = |index: usize| mail.subparts[index].get_body().unwrap().replace("\r\n", "\n");
    assert_eq!(body(0).trim_end(), email.text().trim_end(), "{words:?}");
    assert_eq!(body(1).trim_end(), email.html().trim_end(), "{words:?}");

    // The link is ours, and nothing else is one, nor would a mail program make one of it.
    let link = email.link().map(|link| link.expose_secret().to_owned());
    let mut text = email.text().to_owned();
    if let Some(link) = &link {
        assert_eq!(text.matches(link.as_str()).count(), 1, "{words:?}");
        text = text.replacen(link.as_str(), "", 1);
    }
    assert_eq!(links_in(&text.replace(ADA, "")), [""; 0], "{words:?}");

    let page = Page::parse(&without_token(email.html()));
    assert_eq!(page.structure, harmless.structure, "{words:?}");
    assert_eq!(page.targets, harmless.targets, "{words:?}");
    let link = link.map(|link| without_token(&link));
    assert!(page.targets.iter().all(|target| Some(target) == link.as_ref()), "{words:?}");
    assert_eq!(page.title, without_token(email.subject()), "{words:?}");
    let quoted = if place == Place::Names {
        1
    } else {
        words.trim_end_matches('\n').replace("\r\n", "\n").lines().count().max(1)
    };
    assert!(page.breaks <= quoted, "{} line ends: {words:?}", page.breaks);
    let shown = page.texts.iter().filter(|text| Some(*text) != link.as_ref());
    for text in shown {
        assert_eq!(links_in(text), [""; 0], "{words:?}");
    }
}

/// The pages of all letters with harmless words in all places, in both directions.
static HARMLESS: LazyLock<BTreeMap<(&str, Place, &str), Page>> = LazyLock::new(|| {
    let mut pages = BTreeMap::new();
    for locale in ["en", "ar"] {
        for place in Place::ALL {
            for purpose in place.purposes() {
                pages.insert((locale, place, purpose.as_str()), page_of(*purpose, place, locale));
            }
        }
    }
    pages
});

/// Whether core let the words through; then they are harmless.
fn are_sent(purpose: Purpose, place: Place, words: &str, locale: &str) -> bool {
    match mail(purpose, place, words, locale) {
        Ok(email) => {
            // Without its words, a letter consists of less. A message that shows nothing is none.
            let shows_nothing = check_line(words) == Err(Problem::Empty) && place != Place::Names;
            if !words.trim().is_empty() && !shows_nothing {
                is_harmless(&email, &HARMLESS[&(locale, place, purpose.as_str())], words, place);
            }
            true
        }
        Err(Error::Invalid { .. }) => false,
        Err(other) => panic!("{other}: {words:?}"),
    }
}

#[test]
fn hostile_words_are_refused_or_harmless() {
    let cases = corpus();
    assert!(cases.len() >= 200, "{}", cases.len());
    let (mut sent, mut refused) = (0, 0);
    for (index, words) in cases.iter().enumerate() {
        let locale = if index % 2 == 0 { "en" } else { "ar" };
        for place in Place::ALL {
            for purpose in place.purposes() {
                let is_sent = are_sent(*purpose, place, words, locale);
                *(if is_sent { &mut sent } else { &mut refused }) += 1;
            }
        }
    }
    println!("{} cases: {sent} letters were harmless, {refused} were refused", cases.len());
    assert!(sent > 1_000 && refused > 100, "{sent} {refused}");
}

#[tokio::test]
async fn what_core_never_saw_is_not_mailed_either() {
    for words in ["a\rb", "a\0b", "a\u{b}b", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "a\u{2069}b", "a\u{200f}b"] {
        let letter = letter_edited_to_say(words).await;
        assert_eq!(composer().compose(&letter).unwrap_err(), ComposeError::ControlCharacter, "{words:?}");
    }
    let letter = letter_edited_to_say("a\nb").await;
    assert!(composer().compose(&letter).is_ok());
}

fn check(place: usize, words: &str, arabic: bool) {
    let place = Place::ALL[place];
    for purpose in place.purposes() {
        are_sent(*purpose, place, words, if arabic { "ar" } else { "en" });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_words_are_refused_or_harmless(words: String, place in 0..Place::ALL.len(), arabic: bool) {
        check(place, &words, arabic);
    }

    // Made of what hurts, which arbitrary strings seldom are.
    #[test]
    fn hostile_words_put_together_are_refused_or_harmless(
        parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 1..9),
        place in 0..Place::ALL.len(),
        arabic: bool,
    ) {
        check(place, &parts.concat(), arabic);
    }
}

/// Pieces of what hurts.
const PARTS: [&str; 49] = [
    "<",
    ">",
    "\"",
    "'",
    "&",
    "/",
    "\\",
    "=",
    ".",
    "..",
    ":",
    "//",
    "@",
    "#",
    "?",
    "-",
    "_",
    "(",
    ")",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "%}",
    " ",
    "a",
    "evil",
    "com",
    "example",
    "www",
    "https",
    "mailto",
    "ü",
    "ش",
    "例",
    "1",
    "<!--",
    "-->",
    "</title>",
    "<a href=",
    "&lt;",
    "&#x2e;",
    "\n",
    "\u{200d}",
    "。",
    "=?utf-8?q?",
    "?=",
    "=0D=0A",
];
