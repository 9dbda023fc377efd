//! In which language a letter is, and what a language must have.

use invite_core::store::Purpose;
use invite_mail::{Design, Language, LanguageError, Templates};
use serde_json::json;

use crate::support::{composer, told_of};

const DUTCH: &str = "
direction = ltr
months = januari, februari, maart, april, mei, juni, juli, augustus, september, oktober, november, december
date = {day} {month} {year} om {time} uur ({zone})

wrote = Bericht:
button = Uitnodiging bekijken
open = Open deze link:
copy = Kopieer deze link:
reason = Reden:
subject = Uitnodiging voor {organization}
subject = Uitnodiging
preview = Uw uitnodiging
title = Uitnodiging
lead = U bent uitgenodigd.
note = Tot ziens, {recipient}.
foot = Groeten

[invitation]
note = Tot {expires_at} & niet langer.
";

/// The first sentence of a letter, and what it says of time.
async fn told(design: &Design, purpose: Purpose, locale: &str, display: serde_json::Value) -> (String, String) {
    let letter = told_of(purpose, &display, None, None, locale).await.unwrap();
    let email = composer().design(design.clone()).compose(&letter).unwrap();
    (email.subject().to_owned(), email.text().to_owned())
}

#[tokio::test]
async fn a_letter_is_in_its_language_or_the_next_that_says_less_or_the_default() {
    let plain = Design::default();
    let german = Design::default().default_language("de-CH").unwrap();
    for (design, locale, subject) in [
        (&plain, "de", "Sie haben eine Einladung erhalten"),
        (&plain, "de-AT", "Sie haben eine Einladung erhalten"),
        (&plain, "DE-de-x-a", "Sie haben eine Einladung erhalten"),
        (&plain, "fr-CA", "Vous avez reçu une invitation"),
        (&plain, "pt-BR", "Você recebeu um convite"),
        (&plain, "ja-JP", "招待が届いています"),
        (&plain, "en-GB", "You have received an invitation"),
        (&plain, "tlh", "You have received an invitation"),
        (&plain, "den", "You have received an invitation"),
        (&german, "tlh", "Sie haben eine Einladung erhalten"),
        (&german, "en", "You have received an invitation"),
    ] {
        assert_eq!(told(design, Purpose::Invitation, locale, json!({})).await.0, subject, "{locale}");
    }
    assert_eq!(Design::default().default_language("nl").unwrap_err(), LanguageError::Unspoken);
}

#[tokio::test]
async fn templates_of_a_host_go_by_language_too() {
    let subject = |subject: &str| Templates::of(Purpose::Reminder).subject(subject).unwrap();
    let design = Design::default()
        .templates(subject("every"))
        .templates_in("de", subject("de"))
        .unwrap()
        .templates_in("de-AT", subject("de-AT"))
        .unwrap();
    for (locale, expected) in [("de-AT", "de-AT"), ("de-at", "de-AT"), ("de-CH", "de"), ("fr", "every")] {
        assert_eq!(told(&design, Purpose::Reminder, locale, json!({})).await.0, expected, "{locale}");
    }
    // Other letters are not touched.
    let (invitation, _) = told(&design, Purpose::Invitation, "fr", json!({})).await;
    assert_eq!(invitation, "Vous avez reçu une invitation");
    // Whoever falls back to German gets the host's German.
    let design = design.default_language("de").unwrap();
    assert_eq!(told(&design, Purpose::Reminder, "tlh", json!({})).await.0, "de");

    let tag = Design::default().templates_in("no tag", Templates::default());
    assert_eq!(tag.unwrap_err(), LanguageError::Tag);
}

#[tokio::test]
async fn the_inviter_is_told_in_the_inviter_s_language() {
    let display = json!({ "inviter_locale": "de" });
    let (subject, _) = told(&Design::default(), Purpose::Accepted, "fr", display.clone()).await;
    assert_eq!(subject, "Ihre Einladung an ada@example.com wurde angenommen");
    let (subject, _) = told(&Design::default(), Purpose::Invitation, "fr", display).await;
    assert_eq!(subject, "Vous avez reçu une invitation");
    let (subject, _) = told(&Design::default(), Purpose::Accepted, "fr", json!({})).await;
    assert_eq!(subject, "Votre invitation à ada@example.com a été acceptée");
}

#[tokio::test]
async fn times_are_in_the_language_s_form_and_say_their_zone() {
    for (locale, offset, shown) in [
        ("en", "", "until 8 June 2030, 12:00 UTC."),
        ("en", "+02:00", "until 8 June 2030, 14:00 UTC+02:00."),
        ("en", "-12:30", "until 7 June 2030, 23:30 UTC-12:30."),
        ("en", "nonsense", "until 8 June 2030, 12:00 UTC."),
        ("de", "", "bis zum 8. Juni 2030 um 12:00 Uhr (UTC)"),
        ("fr", "", "jusqu’au 8 juin 2030 à 12:00 (UTC)"),
        ("es", "", "hasta el 8 de junio de 2030 a las 12:00 (UTC)"),
        ("pt", "", "até 8 de junho de 2030 às 12:00 (UTC)"),
        ("ar", "", "حتى 8 يونيو 2030 الساعة 12:00 (UTC)"),
        ("ja", "", "2030年6月8日 12:00（UTC） まで"),
    ] {
        let (_, text) = told(&Design::default(), Purpose::Invitation, locale, json!({ "utc_offset": offset })).await;
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    let (_, text) = told(&Design::default(), Purpose::Accepted, "fr", json!({})).await;
    assert!(text.contains("Acceptée le 1er juin 2030"), "{text}");
}

#[tokio::test]
async fn a_language_of_the_host_s_own_is_one_file_of_words() {
    let design = Design::default().language(Language::new("nl", DUTCH).unwrap());
    let (subject, text) = told(&design, Purpose::Invitation, "nl-BE", json!({ "organization": "Engines" })).await;
    assert_eq!(subject, "Uitnodiging voor Engines");
    assert!(text.contains("Tot 8 juni 2030 om 12:00 uur (UTC) & niet langer."), "{text}");
    let letter = told_of(Purpose::Invitation, &json!({}), None, None, "nl").await.unwrap();
    let email = composer().design(design).compose(&letter).unwrap();
    assert!(email.html().contains("<html lang=\"nl\" dir=\"ltr\">"));
    assert!(email.html().contains("(UTC)</strong> &amp; niet langer."), "{}", email.html());
}

#[test]
fn a_language_that_lacks_or_mistakes_something_is_refused_when_it_is_read() {
    let with = |from: &str, to: &str| Language::new("nl", &DUTCH.replacen(from, to, 1)).unwrap_err();
    let missing = |letter, name| LanguageError::Missing { letter, name };
    assert!(Language::new("nl", DUTCH).is_ok());
    assert_eq!(with("months =", "month ="), missing("", "months"));
    assert_eq!(with("direction = ltr\n", ""), missing("", "direction"));
    assert_eq!(with("subject = Uitnodiging\n", ""), missing("invitation", "subject"));
    assert_eq!(with("button = Uitnodiging bekijken\n", ""), missing("invitation", "button"));
    assert_eq!(with("reason = Reden:\n", ""), missing("rejected", "reason"));
    assert_eq!(with("direction = ltr", "direction = up"), LanguageError::Malformed { line: 2 });
    assert_eq!(with("januari, ", ""), LanguageError::Malformed { line: 3 });
    assert_eq!(with(" ({zone})", ""), LanguageError::Malformed { line: 4 });
    assert_eq!(with("{time}", "{hour}"), LanguageError::Placeholder { line: 4 });
    assert_eq!(with("{organization}", "{organisation}"), LanguageError::Placeholder { line: 11 });
    assert_eq!(with("{organization}", "{{organization}}"), LanguageError::Placeholder { line: 11 });
    assert_eq!(with("{organization}", "{organization"), LanguageError::Malformed { line: 11 });
    assert_eq!(with("{organization}", "organization}"), LanguageError::Malformed { line: 11 });
    assert_eq!(with("{organization}", "{answered_at}"), LanguageError::Placeholder { line: 11 });
    assert_eq!(with("{recipient}", "{expires_at}"), LanguageError::Placeholder { line: 16 });
    assert_eq!(with("foot = Groeten", "foot = Groeten\nfoot = Dag"), LanguageError::Unknown { line: 18 });
    assert_eq!(with("foot = Groeten", "foot = Groeten\nfeet = Dag"), LanguageError::Unknown { line: 18 });
    assert_eq!(with("foot = Groeten", "foot ="), LanguageError::Malformed { line: 17 });
    assert_eq!(with("foot = Groeten", "Groeten"), LanguageError::Malformed { line: 17 });
    assert_eq!(with("[invitation]", "[invite]"), LanguageError::Unknown { line: 19 });
    for tag in ["", "n", "nl_BE", "nl-", "-nl", "nl be", "12", "nl-toolongapart", "nl\n"] {
        assert_eq!(Language::new(tag, DUTCH).unwrap_err(), LanguageError::Tag, "{tag:?}");
    }
}

#[test]
fn every_language_that_comes_with_the_crate_is_complete() {
    for tag in Language::BUILT_IN {
        let language = Language::built_in(tag).unwrap();
        for purpose in Purpose::ALL {
            assert_eq!(language.templates(purpose).purpose(), purpose);
        }
        assert!(format!("{language:?}").contains(tag));
    }
    assert!(Language::built_in("nl").is_none() && Language::built_in("").is_none());
}
