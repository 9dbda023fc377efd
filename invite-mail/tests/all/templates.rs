//! Templates of the host's own.

use invite_core::{Mailer, Outcome, store::Purpose};
use invite_mail::{ComposeError, ConsoleMailer, Design, TemplateError, Templates};
use serde_json::json;

use crate::support::{composer, letter, letter_saying};

#[tokio::test]
async fn each_part_can_be_replaced_and_sees_the_host_s_words() {
    let templates = Templates::default()
        .subject("{{ inviter }}: {{ display.team.name|upper }}\n")
        .unwrap()
        .text("{{ locale is defined }} {{ recipient }}\r\n{{ link }}")
        .unwrap()
        .html("<html><head><style>.a { color: red }</style></head><body><p class=a>{{ subject }}<a href='{{ link }}'>x</a></p></body></html>")
        .unwrap();
    let words = json!({ "inviter": "Ann", "team": { "name": "<core>" } });
    let letter = letter_saying(&words, None).await;
    let email = composer().design(Design::default().templates(templates)).compose(&letter).unwrap();
    assert_eq!(email.subject(), "Ann: <CORE>");
    let link = email.link().unwrap().expose_secret();
    assert_eq!(email.text(), format!("False Ada.Lovelace@Example.com\n{link}\n"));
    let expected = format!(
        "<html><head></head><body><p class=\"a\" style=\"color: red;\">Ann: &lt;CORE&gt;<a href=\"{}\">x</a></p></body></html>",
        link.replace('&', "&amp;")
    );
    assert_eq!(email.html(), expected);
}

#[test]
fn a_bad_template_is_refused_before_there_is_a_letter() {
    let unknown = |part, variable: &str| TemplateError::UnknownVariable { part, variable: variable.into() };
    let text = |template: &str| Templates::default().text(template).unwrap_err();
    assert_eq!(text("{{ link "), TemplateError::Syntax { part: "text", line: Some(1) });
    assert_eq!(text("{{ link }}\n{% if %}"), TemplateError::Syntax { part: "text", line: Some(2) });
    assert_eq!(text("{{ link }}{{ tokn }}"), unknown("text", "tokn"));
    assert_eq!(text("{{ link }}{% if false %}{{ token }}{% endif %}"), unknown("text", "token"));
    assert_eq!(text("{{ link }}{{ debug() }}"), unknown("text", "debug"));
    assert_eq!(text("come!"), TemplateError::NoLink { part: "text" });
    assert_eq!(text("{{ link|uper }}"), TemplateError::Failed { part: "text", line: Some(1) });
    assert_eq!(text("{{ link }}{% include 'html' %}"), TemplateError::Failed { part: "text", line: Some(1) });
    let endless = "{{ link }}{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(matches!(text(endless), TemplateError::Failed { part: "text", .. }));

    assert_eq!(text("{{ link|upper }}"), TemplateError::NoLink { part: "text" });
    assert_eq!(text("{% if false %}{{ link }}{% endif %}"), TemplateError::NoLink { part: "text" });
    assert_eq!(text("{{ link }}{{ brand.colour }}"), unknown("text", "brand.colour"));

    let subject = |template: &str| Templates::default().subject(template).unwrap_err();
    assert_eq!(subject("{{ link }}"), unknown("subject", "link"));
    assert_eq!(subject("{{ message }}"), unknown("subject", "message"));

    let html = |template: &str| Templates::default().html(template).unwrap_err();
    assert_eq!(html("<table><tr><td>{{ recipient }}</td>{{ link }}</tr></table>"), TemplateError::Layout);
    assert_eq!(html("<p>{{ subject }}</p>"), TemplateError::NoLink { part: "html" });
}

#[test]
fn a_letter_knows_its_own_variables_and_no_others() {
    let own = [
        ("message", vec![Purpose::Invitation, Purpose::Reminder]),
        ("link", vec![Purpose::Invitation, Purpose::Reminder]),
        ("answered_at", vec![Purpose::Accepted, Purpose::Rejected]),
        ("reason", vec![Purpose::Rejected, Purpose::DeliveryFailed]),
        ("expires_at", Purpose::ALL.to_vec()),
        ("brand.name", Purpose::ALL.to_vec()),
    ];
    for (variable, letters) in own {
        for purpose in Purpose::ALL {
            let link = if purpose.has_link() { "{{ link }}" } else { "" };
            let set = Templates::of(purpose).text(format!("{link}{{{{ {variable} }}}}"));
            let expected = TemplateError::UnknownVariable { part: "text", variable: variable.into() };
            assert_eq!(set.err(), (!letters.contains(&purpose)).then_some(expected), "{variable} {purpose:?}");
        }
    }
}

#[tokio::test]
async fn words_of_the_host_s_own_may_be_links() {
    let templates = Templates::default()
        .text("{{ display.site }} {{ display.site|linkable }} {{ link }}")
        .unwrap()
        .html("<a href=\"{{ display.site|linkable }}\">{{ display.site }}</a> {{ link }}")
        .unwrap();
    let letter = letter_saying(&json!({ "site": "https://example.com/\"a&b" }), None).await;
    let email = composer().design(Design::default().templates(templates)).compose(&letter).unwrap();
    let broken = "https[:]//example[.]com/";
    assert!(email.text().starts_with(&format!("{broken}\"a&b https://example.com/\"a&b https")), "{}", email.text());
    let shown = format!("<a href=\"https://example.com/&quot;a&amp;b\">{broken}&quot;a&amp;b</a>");
    assert!(email.html().contains(&shown), "{}", email.html());
}

#[tokio::test]
async fn a_value_in_an_attribute_or_a_title_brings_no_elements_there() {
    let long = "Donaudampfschifffahrtsgesellschaft";
    let html = "<html><head><title>{{ organization }}</title></head><body>\
                <img src=\"https://example.com/a.png\" alt=\"{{ organization }}: {{ inviter|upper }}\">\
                <p title='1 > {{ display.words|join }}'>{{ organization }}</p><a href=\"{{ link }}\">x</a></body></html>";
    let templates = Templates::default().html(html).unwrap();
    let words = json!({ "organization": format!("Booking.com \"{long}\""), "inviter": "a.example/x", "words": ["o.org", "<b>"] });
    let letter = letter_saying(&words, None).await;
    let email = composer().design(Design::default().templates(templates)).compose(&letter).unwrap();
    for shown in [
        format!("<title>Booking.com &quot;{long}&quot;</title>"),
        format!("alt=\"Booking.com &quot;{long}&quot;: A[.]EXAMPLE/X\""),
        "title=\"1 > o.org&lt;b&gt;\"".to_owned(),
        "Booking<span>.</span>com &quot;Donaudamp<wbr>".to_owned(),
    ] {
        assert!(email.html().contains(&shown), "{shown}: {}", email.html());
    }
}

#[tokio::test]
async fn escaping_by_hand_changes_nothing() {
    let templates = Templates::default()
        .text("{{ display.site|e }} {{ link }}")
        .unwrap()
        .html("{{ display.site|escape }} {{ link }}")
        .unwrap();
    let letter = letter_saying(&json!({ "site": "https://example.com/a&b" }), None).await;
    let email = composer().design(Design::default().templates(templates)).compose(&letter).unwrap();
    assert!(email.text().starts_with("https[:]//example[.]com/a&b https"), "{}", email.text());
    assert!(email.html().contains("https[:]//example[.]com/a&amp;b https"), "{}", email.html());
}

#[tokio::test]
async fn an_undefined_value_is_a_typed_error_and_our_own_mistake() {
    let templates = Templates::default().text("{{ link }}\n{{ display.team }}").unwrap();
    let undefined = TemplateError::Undefined { part: "text", line: Some(2) };
    let letter = letter_saying(&json!({ "inviter": "Ann" }), None).await;
    let composer = composer().design(Design::default().templates(templates));
    assert_eq!(composer.compose(&letter).unwrap_err(), ComposeError::Template(undefined));

    let outcome = ConsoleMailer::to(composer, std::io::sink()).deliver(&letter).await;
    assert_eq!(outcome, Outcome::ComposeFailed { text: "the text template uses an undefined value at line 2".into() });
}

#[test]
fn a_subject_of_no_or_several_lines_is_refused() {
    let letter = letter();
    for subject in ["", " \n ", "a\nBcc: eve@evil.example", "a\u{2028}b", "{{ 'a\\rb' }}"] {
        let composer = composer().design(Design::default().templates(Templates::default().subject(subject).unwrap()));
        assert_eq!(composer.compose(&letter).unwrap_err(), ComposeError::Subject, "{subject:?}");
    }
    for text in ["{{ link }}\r", "{{ link }}\0", "{{ link }}\u{b}"] {
        let composer =
            composer().design(Design::default().templates(Templates::default().text(format!("{text}x")).unwrap()));
        assert_eq!(composer.compose(&letter).unwrap_err(), ComposeError::ControlCharacter, "{text:?}");
    }
}
