//! Lines of details, and what templates see of the payload.

use invite_core::{
    Actor, Amendment, Invitations, Kind, Letter, NewInvitation, Policy, Unchecked, Worker,
    memory::{Memory, MemoryStore},
    store::Purpose,
    testing::{CapturingMailer, ManualClock},
};
use invite_mail::{Design, Details, LanguageError, TemplateError, Templates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{page::Page, support::composer};

#[derive(Clone, Serialize, Deserialize)]
struct Seat {
    role: String,
    rate: Option<f64>,
}

impl Kind for Seat {
    const NAME: &'static str = "seat";
}

fn seat(role: &str, rate: Option<f64>) -> Seat {
    Seat { role: role.into(), rate }
}

fn members() -> Invitations<MemoryStore, Seat> {
    Invitations::new(MemoryStore, Policy::default(), Unchecked).clock(ManualClock::default())
}

fn letter(purpose: Purpose, payload: Seat, display: &Value, locale: &str) -> Letter {
    let new = NewInvitation::new("ada@example.com", payload).display(display).locale(locale);
    members().scope("org:7").sample(purpose, &new).unwrap()
}

fn details() -> Details {
    let details = Details::default().line("Role", "{{ payload.role }}").unwrap();
    let details = details.line("Rate", "{% if payload.rate %}€ {{ payload.rate }}{% endif %}").unwrap();
    details.line("Team", "{{ display.team.name }}").unwrap()
}

#[test]
fn every_letter_shows_the_details_that_have_a_value_in_both_parts() {
    let design = Design::default().details(details());
    for purpose in Purpose::ALL {
        let letter = letter(purpose, seat("Editor", Some(95.5)), &json!({}), "en");
        let email = composer().design(design.clone()).compose(&letter).unwrap();
        assert!(email.text().contains(".\n\nRole: Editor\nRate: € 95.5\n\n"), "{}", email.text());
        assert!(!email.text().contains("Team") && !email.html().contains("Team"));
        let texts = Page::parse(email.html()).texts;
        for shown in ["Role", "Editor", "Rate", "€ 95.5"] {
            assert!(texts.iter().any(|text| text == shown), "{shown}: {texts:?}");
        }
    }
    let letter = letter(Purpose::Invitation, seat("Editor", None), &json!({ "team": { "name": "Core" } }), "en");
    let email = composer().design(design).compose(&letter).unwrap();
    assert!(email.text().contains("\n\nRole: Editor\nTeam: Core\n\n"), "{}", email.text());
}

#[test]
fn without_a_value_there_is_no_table() {
    let letter = letter(Purpose::Invitation, seat(" ", None), &json!({}), "en");
    let plain = composer().compose(&letter).unwrap();
    let email = composer().design(Design::default().details(details())).compose(&letter).unwrap();
    assert_eq!(email.text(), plain.text());
    assert_eq!(email.html(), plain.html());
}

#[test]
fn a_language_can_have_its_own_details() {
    let line = |label: &str| Details::default().line(label, "{{ payload.role }}").unwrap();
    let design = Design::default().details(line("Role")).details_in("de", line("Rolle")).unwrap();
    let design = design.details_in("fr_CA", line("x"));
    assert_eq!(design.unwrap_err(), LanguageError::Tag);
    let design = Design::default()
        .details(line("Role"))
        .details_in("de", line("Rolle"))
        .unwrap()
        .details_in("de-AT", line("Funktion"))
        .unwrap();
    for (locale, shown) in [
        ("de-AT", "Funktion: Editor"),
        ("de-CH", "Rolle: Editor"),
        ("fr", "Role\u{a0}: Editor"),
        ("ja", "Role：Editor"),
        ("ar", "\u{2068}Role\u{2069}: \u{2068}Editor\u{2069}"),
        ("tlh", "Role: Editor"),
    ] {
        let letter = letter(Purpose::Invitation, seat("Editor", None), &json!({}), locale);
        let email = composer().design(design.clone()).compose(&letter).unwrap();
        assert!(email.text().contains(&format!("\n\n{shown}\n\n")), "{locale}: {}", email.text());
    }
    let german = design.default_language("de").unwrap();
    let letter = letter(Purpose::Invitation, seat("Editor", None), &json!({}), "tlh");
    let email = composer().design(german).compose(&letter).unwrap();
    assert!(email.text().contains("\n\nRolle: Editor\n\n"), "{}", email.text());
}

#[test]
fn values_are_one_line_of_text_escaped_and_no_link() {
    let role = "<b>\u{202e}evil.example/x</b>\r\nשלום \u{2069}{{ 7 }}\u{2028}";
    let letter = letter(Purpose::Invitation, seat(role, None), &json!({}), "en");
    let email = composer().design(Design::default().details(details())).compose(&letter).unwrap();
    let text = "\n\nRole: \u{2068}<b>evil[.]example/x</b> שלום {{ 7 }}\u{2069}\n\n";
    assert!(email.text().contains(text), "{:?}", email.text());
    let html = "<bdi>\u{2068}&lt;b&gt;evil[.]example/x&lt;/b&gt; שלום {{ 7 }}\u{2069}</bdi>";
    assert!(email.html().contains(html), "{}", email.html());
}

#[test]
fn of_a_long_value_the_beginning_is_shown() {
    let isolated = Details::default().line("Role", "{{ payload.role|isolated(true) }}").unwrap();
    for (details, last) in [(details(), "…"), (isolated, "…\u{2069}")] {
        let letter = letter(Purpose::Invitation, seat(&"Editor ".repeat(2_000), None), &json!({}), "en");
        let email = composer().design(Design::default().details(details)).compose(&letter).unwrap();
        let line = email.text().lines().find(|line| line.starts_with("Role: ")).unwrap();
        assert!(line.ends_with(last), "{line}");
        assert!((300..320).contains(&line.chars().count()), "{line}");
        assert!(email.html().len() < 20_000);
    }
    let fits = "é".repeat(300);
    let letter = letter(Purpose::Invitation, seat(&fits, None), &json!({}), "en");
    let email = composer().design(Design::default().details(details())).compose(&letter).unwrap();
    assert!(email.text().contains(&format!("Role: {fits}\n")));
}

#[test]
fn a_bad_detail_is_refused_before_there_is_a_letter() {
    let refused = |label: &str, value: &str| Details::default().line(label, value).unwrap_err();
    let unknown = |variable: &str| TemplateError::UnknownVariable { part: "detail", variable: variable.into() };
    assert_eq!(refused("Role", "{{ role }}"), unknown("role"));
    for secret in ["link", "message", "reason", "subject"] {
        assert_eq!(refused("Role", &format!("{{{{ {secret} }}}}")), unknown(secret));
    }
    assert_eq!(refused("Role", "{{ payload.role"), TemplateError::Syntax { part: "detail", line: Some(1) });
    assert_eq!(refused("Role", "{{ payload.role|uper }}"), TemplateError::Failed { part: "detail", line: Some(1) });
    for label in ["", " ", "a\nb", "a\u{202e}b"] {
        assert_eq!(refused(label, "{{ payload.role }}"), TemplateError::Label);
    }
}

#[test]
fn a_host_s_own_templates_have_details_payload_and_may_decline() {
    let templates = Templates::default()
        .subject("{{ payload.role }} at {{ organization }}")
        .unwrap()
        .text("{% for detail in details %}{{ detail.label }}={{ detail.value }};{% endfor %} {{ may_decline }} {{ link }}")
        .unwrap();
    let design = Design::default().details(details()).templates(templates);
    let letter = letter(Purpose::Invitation, seat("Editor", Some(1.0)), &json!({ "organization": "Org" }), "en");
    let email = composer().design(design).compose(&letter).unwrap();
    assert_eq!(email.subject(), "Editor at Org");
    assert!(email.text().starts_with("Role=Editor;Rate=€ 1.0; True https://"), "{}", email.text());
}

#[tokio::test]
async fn an_amended_invitation_is_mailed_with_its_new_terms() {
    let (memory, members, me) = (Memory::default(), members(), Actor::new(1));
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    let mut tx = memory.begin().await;
    let new = NewInvitation::new("ada@example.com", seat("Editor", Some(95.0)));
    let id = members.scope("org:7").create(&mut tx, &me, new).await.unwrap().id;
    tx.commit();
    worker.tick().await.unwrap();
    let mut tx = memory.begin().await;
    let amendment = Amendment::new().payload(seat("Owner", Some(120.0)));
    members.scope("org:7").amend(&mut tx, &me, id, &amendment).await.unwrap();
    members.scope("org:7").resend(&mut tx, &me, id).await.unwrap();
    tx.commit();
    worker.tick().await.unwrap();

    let design = Design::default().details(details());
    let shown: Vec<_> = mailer.take();
    let shown = shown.iter().map(|letter| composer().design(design.clone()).compose(letter).unwrap());
    let shown: Vec<_> = shown.map(|email| email.text().contains("Role: Owner\nRate: € 120.0\n")).collect();
    assert_eq!(shown, [false, true]);
}
