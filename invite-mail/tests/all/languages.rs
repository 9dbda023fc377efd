//! In which language a letter is, and what a language must have.

use chrono::TimeDelta;
use invite_core::{
    Invitations, NewInvitation, Policy, Unchecked, memory::MemoryStore, store::Purpose, testing::ManualClock,
};
use invite_mail::{Design, Language, LanguageError, Templates};
use serde_json::json;

use crate::support::{Membership, composer, told_of, told_under};

const DUTCH: &str = "
direction = ltr
months = januari, februari, maart, april, mei, juni, juli, augustus, september, oktober, november, december
weekdays = maandag, dinsdag, woensdag, donderdag, vrijdag, zaterdag, zondag
date = {weekday} {day} {month} {year} om {time} uur ({zone})
deadline = {weekday} {day} {month} {year} om {time} uur ({zone}), {in}
days.one = over {n} dag
days.other = over {n} dagen
hours.other = over {n} uur
minutes.other = over {n} minuten

wrote = Bericht:
button = Uitnodiging bekijken
open = Open deze link:
open.accept = Open deze link om te accepteren:
copy = Kopieer deze link:
manage = Uitnodigingen beheren
reason = Reden:
subject = Uitnodiging voor {organization}
subject = Uitnodiging
preview = Uw uitnodiging
preview.accept = Uw uitnodiging
title = Uitnodiging
lead = U bent uitgenodigd.
note = Tot ziens, {recipient}.
note.accept = Tot ziens, {recipient}.
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
        ("en", "", "until Saturday, 8 June 2030, 12:00 (UTC), in 7 days."),
        ("en", "+02:00", "until Saturday, 8 June 2030, 14:00 (UTC+2), in 7 days."),
        ("en", "-12:30", "until Friday, 7 June 2030, 23:30 (UTC-12:30), in 7 days."),
        ("en", "nonsense", "until Saturday, 8 June 2030, 12:00 (UTC), in 7 days."),
        ("de", "", "bis Samstag, 8. Juni 2030, 12:00 Uhr (UTC), in 7 Tagen."),
        ("fr", "", "jusqu’au samedi 8 juin 2030 à 12:00 (UTC), dans 7 jours."),
        ("es", "", "hasta el sábado, 8 de junio de 2030, a las 12:00 (UTC), dentro de 7 días."),
        ("pt", "", "até sábado, 8 de junho de 2030, às 12:00 (UTC), daqui a 7 dias."),
        ("ar", "", "حتى يوم السبت 8 يونيو 2030، الساعة 12:00 (UTC)، أي بعد 7 أيام."),
        ("ja", "", "2030年6月8日（土）12:00（UTC、7日後）まで"),
    ] {
        let (_, text) = told(&Design::default(), Purpose::Invitation, locale, json!({ "utc_offset": offset })).await;
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    let (_, text) = told(&Design::default(), Purpose::Accepted, "fr", json!({})).await;
    assert!(text.contains("Acceptée le samedi 1er juin 2030 à 12:00 (UTC)."), "{text}");
    let (_, text) = told(&Design::default(), Purpose::Expired, "en", json!({})).await;
    assert!(text.contains("open until Saturday, 8 June 2030, 12:00 (UTC), and its link"), "{text}");
}

/// What the letter says when this much time is left.
fn left(locale: &str, left: TimeDelta) -> String {
    let clock = ManualClock::default();
    let policy = Policy::default().max_lifetime(TimeDelta::days(400));
    let members = Invitations::<_, Membership>::new(MemoryStore, policy, Unchecked).clock(clock.clone());
    let new = NewInvitation::new("ada@example.com", Membership).locale(locale).expires_in(left);
    let letter = members.scope("org:7").sample(Purpose::Invitation, &new).unwrap();
    composer().compose(&letter).unwrap().text().to_owned()
}

#[test]
fn what_is_left_is_said_in_the_plural_that_the_language_has() {
    let (days, hours, minutes) = (TimeDelta::days, TimeDelta::hours, TimeDelta::minutes);
    for (locale, time, shown) in [
        ("en", days(2), "in 2 days."),
        ("en", days(365), "in 365 days."),
        ("en", hours(47), "in 47 hours."),
        ("en", hours(48) - TimeDelta::seconds(5), "in 48 hours."),
        ("en", minutes(90), "in 90 minutes."),
        ("en", minutes(1), "in 1 minute."),
        ("en", TimeDelta::seconds(1), "in 1 minute."),
        ("de", hours(24), "in 24 Stunden."),
        ("de", minutes(1), "in 1 Minute."),
        ("fr", minutes(1), "dans 1 minute."),
        ("es", hours(3), "dentro de 3 horas."),
        ("pt", minutes(1), "daqui a 1 minuto."),
        ("ja", hours(5), "（UTC、5時間後）"),
        ("ar", minutes(1), "بعد دقيقة واحدة."),
        ("ar", days(2), "بعد يومين."),
        ("ar", hours(2), "بعد ساعتين."),
        ("ar", days(3), "بعد 3 أيام."),
        ("ar", days(10), "بعد 10 أيام."),
        ("ar", days(11), "بعد 11 يومًا."),
        ("ar", days(99), "بعد 99 يومًا."),
        ("ar", days(100), "بعد 100 يوم."),
        ("ar", days(103), "بعد 103 أيام."),
        ("ar", hours(24), "بعد 24 ساعة."),
    ] {
        let text = left(locale, time);
        assert!(text.contains(shown), "{shown}\n{text}");
    }
}

#[test]
fn a_day_ahead_is_a_day_of_the_reader_s_calendar() {
    // Noon on the 1st in UTC is 23:00 there; 50 hours later it is the 4th.
    let words = |offset: &str| {
        let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
        let new = NewInvitation::new("ada@example.com", Membership).expires_in(TimeDelta::hours(50));
        let new = new.display(&json!({ "utc_offset": offset }));
        let letter = members.clock(ManualClock::default()).scope("org:7").sample(Purpose::Invitation, &new).unwrap();
        composer().compose(&letter).unwrap().text().to_owned()
    };
    assert!(words("+11:00").contains("Tuesday, 4 June 2030, 01:00 (UTC+11), in 3 days."), "{}", words("+11:00"));
    assert!(words("").contains("Monday, 3 June 2030, 14:00 (UTC), in 2 days."), "{}", words(""));
}

#[tokio::test]
async fn where_nobody_may_decline_no_letter_says_so() {
    for (locale, decline) in [
        ("en", "declin"),
        ("de", "ablehn"),
        ("es", "rechaz"),
        ("fr", "refus"),
        ("pt", "recus"),
        ("ja", "辞退"),
        ("ar", "رفض"),
    ] {
        for purpose in [Purpose::Invitation, Purpose::Reminder] {
            for may in [true, false] {
                let new = NewInvitation::new("ada@example.com", Membership).locale(locale);
                let letter = told_under(Policy::default().may_decline(may), purpose, new, None).await.unwrap();
                let email = composer().compose(&letter).unwrap();
                for part in [email.subject(), email.text(), email.html()] {
                    assert!(may || !part.to_lowercase().contains(decline), "{locale}: {part}");
                }
                let said = email.text().to_lowercase().matches(decline).count();
                assert_eq!(said, if may { 2 } else { 0 }, "{locale}: {}", email.text());
            }
        }
    }
}

#[tokio::test]
async fn a_language_of_the_host_s_own_is_one_file_of_words() {
    let design = Design::default().language(Language::new("nl", DUTCH).unwrap());
    let (subject, text) = told(&design, Purpose::Invitation, "nl-BE", json!({ "organization": "Engines" })).await;
    assert_eq!(subject, "Uitnodiging voor Engines");
    assert!(text.contains("Tot zaterdag 8 juni 2030 om 12:00 uur (UTC), over 7 dagen & niet langer."), "{text}");
    let letter = told_of(Purpose::Invitation, &json!({}), None, None, "nl").await.unwrap();
    let email = composer().design(design).compose(&letter).unwrap();
    assert!(email.html().contains("<html lang=\"nl\" dir=\"ltr\">"));
    assert!(email.html().contains("(UTC), over 7 dagen</strong> &amp; niet langer."), "{}", email.html());
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
    assert_eq!(with("manage = Uitnodigingen beheren\n", ""), missing("accepted", "manage"));
    assert_eq!(with("open.accept = Open deze link om te accepteren:\n", ""), missing("invitation", "open.accept"));
    assert_eq!(with("days.other = over {n} dagen\n", ""), missing("", "days.other"));
    assert_eq!(with("deadline =", "date.line ="), missing("", "deadline"));

    let line = |text: &str| DUTCH.lines().position(|line| line.starts_with(text)).unwrap() + 1;
    let malformed = |text| LanguageError::Malformed { line: line(text) };
    let placeholder = |text| LanguageError::Placeholder { line: line(text) };
    let unknown = |text, after| LanguageError::Unknown { line: line(text) + after };
    assert_eq!(with("direction = ltr", "direction = up"), malformed("direction"));
    assert_eq!(with("januari, ", ""), malformed("months"));
    assert_eq!(with("maandag, ", ""), malformed("weekdays"));
    assert_eq!(with(" ({zone})", ""), malformed("date"));
    assert_eq!(with(", {in}", ""), malformed("deadline"));
    assert_eq!(with("{time}", "{hour}"), placeholder("date"));
    assert_eq!(with("{n} dagen", "{days} dagen"), placeholder("days.other"));
    // Dutch has two forms.
    assert_eq!(with("days.one", "days.two"), unknown("days.one", 0));
    assert_eq!(with("manage =", "detail = {label}\nmanage ="), malformed("manage"));
    assert_eq!(with("{organization}", "{organisation}"), placeholder("subject"));
    assert_eq!(with("{organization}", "{{organization}}"), placeholder("subject"));
    assert_eq!(with("{organization}", "{organization"), malformed("subject"));
    assert_eq!(with("{organization}", "organization}"), malformed("subject"));
    assert_eq!(with("{organization}", "{answered_at}"), placeholder("subject"));
    assert_eq!(with("{recipient}", "{expires_at}"), placeholder("note ="));
    assert_eq!(with("foot = Groeten", "foot = Groeten\nfoot = Dag"), unknown("foot", 1));
    assert_eq!(with("foot = Groeten", "foot = Groeten\nfeet = Dag"), unknown("foot", 1));
    assert_eq!(with("foot = Groeten", "foot ="), malformed("foot"));
    assert_eq!(with("foot = Groeten", "Groeten"), malformed("foot"));
    assert_eq!(with("[invitation]", "[invite]"), unknown("[invitation]", 0));
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
