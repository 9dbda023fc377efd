//! Whose letters they look like, and which templates a letter takes.

use invite_core::{
    Error, Field, Invitations, NewInvitation, Policy, Unchecked, memory::MemoryStore, store::Purpose,
    testing::ManualClock,
};
use invite_mail::{Branding, Composer, Design, LinkBuilder, LinkStyle, ReturnPath, Sender, Templates};
use mailparse::{MailHeaderMap, parse_mail};
use serde_json::json;

use crate::{
    page::Page,
    support::{Membership, composer, letter_saying, told_of, told_under},
};

#[tokio::test]
async fn a_brand_shows_in_header_button_and_sender_and_loads_nothing_but_its_logo() {
    let branding = Branding::default()
        .name("Engines \"R\" <Us>")
        .unwrap()
        .logo("https://static.example.com/logo.png?a=1&b=2")
        .unwrap()
        .color("#FFD500")
        .unwrap()
        .sender_name("Engines via Example")
        .unwrap();
    let letter = letter_saying(&json!({ "organization": "Org" }), None).await;
    let email = composer().design(Design::default().branding(branding)).compose(&letter).unwrap();
    let page = Page::parse(email.html());
    let image = page.structure.iter().find(|element| element.contains(" img [(")).unwrap();
    assert!(image.contains(r#"("alt", "Engines \"R\" <Us>")"#), "{image}");
    assert!(image.contains(r#"("src", "https://static.example.com/logo.png?a=1&b=2")"#), "{image}");
    let button = page.structure.iter().find(|element| element.contains(" a [(")).unwrap();
    assert!(button.contains("color: #000000"), "{button}");
    assert!(email.html().contains("background-color: #ffd500"));
    let link = email.link().unwrap().expose_secret();
    assert_eq!(page.targets, ["https://static.example.com/logo.png?a=1&b=2", link, link]);
    assert!(email.text().ends_with("\n\nEngines \"R\" <Us>\n"), "{}", email.text());

    let mime = email.to_mime();
    let mail = parse_mail(&mime).unwrap();
    assert_eq!(mail.headers.get_first_value("From").unwrap(), "\"Engines via Example\" <invitations@example.com>");
}

#[tokio::test]
async fn without_a_logo_the_name_stands_there_and_without_a_brand_nothing() {
    let letter = letter_saying(&json!({}), None).await;
    let named = Design::default().branding(Branding::default().name("Engines").unwrap());
    let email = composer().design(named).compose(&letter).unwrap();
    let page = Page::parse(email.html());
    assert!(page.texts.iter().any(|text| text == "Engines") && !email.html().contains("<img"));

    let email = composer().compose(&letter).unwrap();
    let page = Page::parse(email.html());
    let link = email.link().unwrap().expose_secret();
    assert_eq!(page.targets, [link, link]);
    assert!(!email.html().contains("class=\"head\""));
}

#[tokio::test]
async fn each_letter_can_have_a_design_of_its_own() {
    let of =
        |text: &str| Design::default().templates(Templates::default().text(format!("{text}: {{{{ link }}}}")).unwrap());
    let (house, engines) = (of("house"), of("engines"));
    let composer = composer()
        .design(house)
        .design_by(move |letter| (letter.display()["organization"] == "Engines").then(|| engines.clone()));
    for (organization, expected) in [("Engines", "engines: "), ("Other", "house: ")] {
        let letter = letter_saying(&json!({ "organization": organization }), None).await;
        let email = composer.compose(&letter).unwrap();
        assert!(email.text().starts_with(expected), "{}", email.text());
    }
}

#[tokio::test]
async fn an_organization_can_have_its_own_sender_links_and_design() {
    let links = LinkBuilder::new("https://join.engines.example", LinkStyle::Path).unwrap();
    let design = Design::default().branding(Branding::default().name("Engines").unwrap());
    let engines = Composer::new(Sender::new("hello@engines.example").unwrap(), links).design(design);
    // Were a chosen composer asked again, this one would never come to an end.
    let engines = engines.clone().composer_by(move |_| Some(engines.clone()));
    let chosen = engines.clone();
    let chosen = chosen.header("X-Stream", "engines").unwrap();
    let path = ReturnPath::fixed("bounces@example.com").unwrap();
    let composer = composer().return_path(path).header("X-Stream", "all").unwrap().header("X-Set", "mails").unwrap();
    let composer =
        composer.composer_by(move |letter| (letter.display()["organization"] == "Engines").then(|| chosen.clone()));
    for (organization, from, host, brand) in [
        ("Engines", "hello@engines.example", "https://join.engines.example/inv1_", "\n\nEngines\n"),
        ("Other", "invitations@example.com", "https://example.com/invitation?token=", "use the newest.\n"),
    ] {
        let letter = letter_saying(&json!({ "organization": organization }), None).await;
        let email = composer.compose(&letter).unwrap();
        assert_eq!(email.from(), from);
        assert!(email.link().unwrap().expose_secret().starts_with(host));
        assert!(email.text().contains(host) && email.text().ends_with(brand), "{}", email.text());
        let (_, domain) = from.split_once('@').unwrap();
        assert!(email.message_id().ends_with(&format!("@{domain}>")));
        // What the chosen one lacks, and the clock, are those of the one that was asked.
        assert_eq!(email.return_path(), "bounces@example.com");
        let mime = email.to_mime();
        let header = |name| parse_mail(&mime).unwrap().headers.get_all_values(name);
        assert_eq!(header("X-Stream"), [if organization == "Engines" { "engines" } else { "all" }]);
        assert_eq!(header("X-Set"), ["mails"]);
        assert_eq!(
            parse_mail(&mime).unwrap().headers.get_first_value("Date").unwrap(),
            "Sat, 01 Jun 2030 12:00:00 +0000"
        );
    }
}

#[tokio::test]
async fn letters_to_the_inviter_lead_to_a_page_of_the_host_s() {
    let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query).unwrap();
    let links = links
        .inviter_page("https://app.example.com/members", |invitation| {
            format!("?in={}&a=\"<>", invitation.scope.as_str())
        })
        .unwrap();
    let composer = Composer::new(Sender::new("a@example.com").unwrap(), links).clock(ManualClock::default());
    let page = "https://app.example.com/members?in=org:7&a=%22%3C%3E";
    for (locale, button) in [("en", "Manage invitations"), ("ar", "إدارة الدعوات"), ("ja", "招待を管理する")]
    {
        for purpose in [Purpose::Accepted, Purpose::Rejected, Purpose::Expired] {
            let letter = told_of(purpose, &json!({}), None, None, locale).await.unwrap();
            let email = composer.compose(&letter).unwrap();
            assert!(email.text().contains(&format!("\n\n{button}\n\n{page}\n\n")), "{}", email.text());
            let shown = Page::parse(email.html());
            assert_eq!(shown.targets, [page]);
            assert!(shown.texts.iter().any(|text| text == button));
            assert!(email.link().is_none() && !email.html().contains("inv1_"));
        }
    }
    let letter = told_of(Purpose::Invitation, &json!({}), None, None, "en").await.unwrap();
    assert!(!composer.compose(&letter).unwrap().html().contains("app.example.com"));
}

#[tokio::test]
async fn what_tells_the_inviter_goes_to_the_inviter_without_a_link() {
    for (purpose, shown) in [
        (Purpose::Accepted, "The invitation that you sent to ada@example.com to join Org was accepted."),
        (Purpose::Rejected, "The reason given:\n\n> No time at all\n"),
        (Purpose::Expired, "has expired without an answer."),
    ] {
        let display = json!({ "organization": "Org", "inviter": "Charles" });
        let letter = told_of(purpose, &display, Some("SECRET"), Some("No time at all"), "en").await.unwrap();
        let email = composer().compose(&letter).unwrap();
        assert_eq!(email.to(), "charles@example.com");
        assert!(email.link().is_none());
        assert!(email.text().contains(shown), "{}", email.text());
        let page = Page::parse(email.html());
        assert_eq!(page.targets, [""; 0]);
        assert!(!page.structure.iter().any(|element| element.contains(" a [")));
        let mime = String::from_utf8(email.to_mime()).unwrap();
        assert!(!mime.contains("inv1_") && !mime.contains("SECRET"));
        assert!(!mime.contains("Reply-To"));
    }
}

#[tokio::test]
async fn answers_go_to_the_inviter_only_where_the_policy_says_so() {
    let sender = || Sender::new("a@example.com").unwrap().reply_to("help@example.com").unwrap();
    let composer = Composer::new(sender(), LinkBuilder::new("https://example.com", LinkStyle::Path).unwrap());
    for (replies, expected) in [(false, "help@example.com"), (true, "charles@example.com")] {
        let new = NewInvitation::new("ada@example.com", Membership);
        let policy = Policy::default().reply_to_inviter(replies);
        let letter = told_under(policy, Purpose::Invitation, new, None).await.unwrap();
        let email = composer.compose(&letter).unwrap();
        let mime = email.to_mime();
        let mail = parse_mail(&mime).unwrap();
        assert_eq!(mail.headers.get_all_values("Reply-To"), [expected]);
        assert_eq!(email.from(), "a@example.com");
        assert_eq!(email.to(), "ada@example.com");
    }
}

#[test]
fn a_sample_letter_is_composed_like_any_other() {
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default().may_decline(false), Unchecked);
    let members = members.clock(ManualClock::default());
    let new = NewInvitation::new("ada@example.com", Membership).message("A quote").locale("de_AT");
    for purpose in Purpose::ALL {
        let letter = members.scope("org:7").sample(purpose, &new).unwrap();
        assert_eq!((letter.purpose(), letter.locale(), letter.may_decline()), (purpose, Some("de-AT"), false));
        let email = composer().compose(&letter).unwrap();
        assert_eq!(email.to(), "ada@example.com");
        assert_eq!(email.link().is_some(), purpose.has_link());
        let quotes = purpose.has_link() || purpose == Purpose::Rejected;
        assert_eq!(email.text().contains("> A quote"), quotes, "{}", email.text());
    }
    // Two letters are two mails to a mail program.
    let id = || composer().compose(&members.scope("org:7").sample(Purpose::Expired, &new).unwrap()).unwrap();
    assert_ne!(id().message_id(), id().message_id());
    let bad = members.scope("org:7").sample(Purpose::Invitation, &NewInvitation::new("ada", Membership));
    assert!(matches!(bad, Err(Error::Invalid { field: Field::Recipient, .. })));
}
