//! A letter of each purpose in each language, with names as people there have them.

use invite_core::{store::Purpose, testing::ManualClock};
use invite_mail::{Branding, Composer, Design, Details, Email, Language, LinkBuilder, LinkStyle, Sender};
use serde_json::json;

use crate::support::{BASE, composer, told_of};

struct Words {
    organization: &'static str,
    inviter: &'static str,
    message: &'static str,
    reason: &'static str,
}

fn words(locale: &str) -> Words {
    let (organization, inviter, message, reason) = match locale {
        "ar" => ("شركة الأفق للتقنية", "ليلى حداد", "يسعدنا انضمامك إلينا.\n\nمع التحية", "انضممت إلى فريق آخر."),
        "de" => (
            "Bäckerei Müller & Söhne",
            "Jürgen Groß",
            "Wir würden uns freuen, Sie bald an Bord zu haben.\n\nViele Grüße\nJürgen",
            "Ich habe mich anders entschieden.",
        ),
        "es" => ("Taller Muñoz", "José Peña", "Nos encantaría contar con usted.\n\nUn saludo", "Ya no me es posible."),
        "fr" => ("Atelier Lefèvre", "Zoé Lefèvre", "Au plaisir de travailler ensemble.\n\nZoé", "Je change de projet."),
        "ja" => ("株式会社さくら", "佐藤 花子", "ご参加をお待ちしております。\n\n佐藤", "都合がつかなくなりました。"),
        "pt" => ("Padaria São João", "João Conceição", "Contamos com você!\n\nAbraço, João", "Mudei de planos."),
        _ => (
            "Analytical Engines",
            "Charles Babbage",
            "We could use your notes on the engine.\n\nYours, Charles",
            "I have joined another project.",
        ),
    };
    Words { organization, inviter, message, reason }
}

/// All of them: language, purpose, mail.
pub(crate) async fn samples() -> Vec<(&'static str, Purpose, Email)> {
    let mut samples = Vec::new();
    for locale in Language::BUILT_IN {
        for purpose in Purpose::ALL {
            samples.push((locale, purpose, sample(locale, purpose, Design::default()).await));
        }
    }
    samples
}

pub(crate) async fn sample(locale: &str, purpose: Purpose, design: Design) -> Email {
    let words = words(locale);
    let display = json!({ "organization": words.organization, "inviter": words.inviter });
    let letter = told_of(purpose, &display, Some(words.message), Some(words.reason), locale).await;
    composer().design(design).compose(&letter.expect("harmless words")).expect("a mail")
}

/// The same letter with all that a host can add to it: a brand, details and a page for inviters.
pub(crate) async fn full_sample(locale: &str, purpose: Purpose) -> Email {
    let words = words(locale);
    let display = json!({ "organization": words.organization, "inviter": words.inviter, "utc_offset": "+02:00" });
    let letter = told_of(purpose, &display, Some(words.message), Some(words.reason), locale).await;
    let details = Details::default().line("Role", "Editor").and_then(|details| details.line("Plan", "Team, € 12.00"));
    let details = details.and_then(|details| details.line("Welcome", "{{ organization }}")).expect("details");
    let links = LinkBuilder::new(BASE, LinkStyle::Query).expect("links");
    let links = links.inviter_page("https://app.example.com/members", |_| String::new()).expect("links");
    let composer = Composer::new(Sender::new("invitations@example.com").expect("a sender"), links);
    let composer = composer.clock(ManualClock::default()).design(branded("#0a7d4f").details(details));
    composer.compose(&letter.expect("harmless words")).expect("a mail")
}

/// What a host's own design may look like.
pub(crate) fn branded(color: &str) -> Design {
    let branding = Branding::default().name("Engine Works").and_then(|branding| branding.color(color));
    Design::default().branding(branding.expect("a branding"))
}
