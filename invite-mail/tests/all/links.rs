//! Where the links lead.

use invite_core::{NewInvitation, Policy, TokenFormat, store::Purpose};
use invite_mail::{Composer, LinkBuilder, LinkError, LinkStyle, Sender};

use crate::{
    page::Page,
    support::{Membership, letter, letter_of, told_of},
};

#[test]
fn each_style_puts_the_token_where_it_says() {
    let letter = letter();
    let token = letter.token().expose_secret();
    let route = || LinkStyle::FragmentRoute("accept-invite".into());
    for (base, style, expected) in [
        ("https://yourapp.com/invite", LinkStyle::Path, "https://yourapp.com/invite/TOKEN"),
        ("https://yourapp.com/invite/", LinkStyle::Path, "https://yourapp.com/invite/TOKEN"),
        ("https://yourapp.com", LinkStyle::Path, "https://yourapp.com/TOKEN"),
        ("https://example.com/invitation", LinkStyle::Query, "https://example.com/invitation?token=TOKEN"),
        ("https://example.com", LinkStyle::Query, "https://example.com/?token=TOKEN"),
        ("https://example.com/app", LinkStyle::Fragment, "https://example.com/app#token=TOKEN"),
        ("https://example.com", route(), "https://example.com/#accept-invite?token=TOKEN"),
        ("http://127.0.0.1:3000/i", LinkStyle::Query, "http://127.0.0.1:3000/i?token=TOKEN"),
        ("https://bücher.example/i", LinkStyle::Path, "https://xn--bcher-kva.example/i/TOKEN"),
    ] {
        let links = LinkBuilder::new(base, style).unwrap();
        let link = links.link(letter.invitation(), letter.token());
        assert_eq!(link.expose_secret(), expected.replace("TOKEN", token), "{base}");
    }
}

#[test]
fn parameters_follow_the_token_in_every_style_and_cannot_add_others() {
    let letter = letter();
    let token = letter.token().expose_secret();
    for (style, start) in [
        (LinkStyle::Path, "https://domain.example/register/TOKEN?"),
        (LinkStyle::Query, "https://domain.example/register?token=TOKEN&"),
        (LinkStyle::Fragment, "https://domain.example/register#token=TOKEN&"),
        (LinkStyle::FragmentRoute("/join".into()), "https://domain.example/register#/join?token=TOKEN&"),
    ] {
        let links = LinkBuilder::new("https://domain.example/register", style)
            .unwrap()
            .parameter_from("org", |invitation| invitation.scope.as_str().to_owned())
            .unwrap()
            .parameter("via", "mail&token=evil#x")
            .unwrap();
        let link = links.link(letter.invitation(), letter.token());
        let expected = format!("{}org=org%3A7&via=mail%26token%3Devil%23x", start.replace("TOKEN", token));
        assert_eq!(link.expose_secret(), expected);
    }
}

#[tokio::test]
async fn a_hexadecimal_token_and_another_name_for_it_work_too() {
    let policy = Policy::default().token_format(TokenFormat::Hex);
    let letter = letter_of(NewInvitation::new("ada@example.com", Membership), policy).await;
    let links = LinkBuilder::new("https://example.com/i", LinkStyle::Query).unwrap().token_name("t").unwrap();
    let link = links.link(letter.invitation(), letter.token());
    let token = link.expose_secret().strip_prefix("https://example.com/i?t=").unwrap();
    assert_eq!(token.len(), 64);
    assert_eq!(token, letter.token().expose_secret());
}

#[test]
fn only_https_or_this_machine_without_user_query_and_fragment_can_be_a_base() {
    for base in [
        "https://example.com",
        "HTTPS://Example.com:8443/a/b",
        "https://[2001:db8::1]/i",
        "http://localhost:3000",
        "http://127.8.9.1/",
        "http://[::1]:3000/",
    ] {
        assert!(LinkBuilder::new(base, LinkStyle::Path).is_ok(), "{base}");
    }
    for (base, error) in [
        ("", LinkError::Base),
        ("example.com", LinkError::Base),
        ("/invite", LinkError::Base),
        ("//example.com", LinkError::Base),
        ("https:example.com", LinkError::Base),
        ("https:\\\\example.com", LinkError::Base),
        ("https://", LinkError::Base),
        ("https:///example.com", LinkError::Base),
        ("https://exa mple.com", LinkError::Base),
        ("https://exam\nple.com", LinkError::Base),
        (" https://example.com", LinkError::Base),
        ("https://example.com\\@evil.example", LinkError::Base),
        ("https://example.com:port/", LinkError::Base),
        ("http://example.com", LinkError::Insecure),
        ("http://127.0.0.1.evil.example", LinkError::Insecure),
        ("http://localhost.evil.example", LinkError::Insecure),
        ("http://128.0.0.1", LinkError::Insecure),
        ("http://[::2]", LinkError::Insecure),
        ("http://0.0.0.0", LinkError::Insecure),
        ("ftp://example.com", LinkError::Insecure),
        ("javascript://example.com/%0aalert(1)", LinkError::Insecure),
        ("file://localhost/etc", LinkError::Base),
        ("https://user@example.com", LinkError::UserInfo),
        ("https://user:secret@example.com", LinkError::UserInfo),
        ("https://@example.com", LinkError::UserInfo),
        ("http://127.0.0.1@evil.example", LinkError::UserInfo),
        ("https://example.com?next=x", LinkError::Tail),
        ("https://example.com/?", LinkError::Tail),
        ("https://example.com/#", LinkError::Tail),
        ("https://example.com/#/join", LinkError::Tail),
    ] {
        assert_eq!(LinkBuilder::new(base, LinkStyle::Path).unwrap_err(), error, "{base}");
    }
}

#[test]
fn routes_and_parameter_names_are_plain_and_used_once() {
    for route in ["", "a?b", "a#b", "a&b", "a b", "a=b", "é"] {
        let style = LinkStyle::FragmentRoute(route.into());
        assert_eq!(LinkBuilder::new("https://example.com", style).unwrap_err(), LinkError::Route, "{route}");
    }
    let links = || LinkBuilder::new("https://example.com", LinkStyle::Query).unwrap().parameter("org", "7").unwrap();
    for name in ["", "token", "org", "a b", "a=b", "a&b", "é", "a\r\nb"] {
        assert_eq!(links().parameter(name, "x").unwrap_err(), LinkError::Parameter, "{name}");
        assert_eq!(
            links().token_name(name).map(drop),
            if name == "token" { Ok(()) } else { Err(LinkError::Parameter) },
            "{name}"
        );
    }
}

#[test]
fn neither_builder_nor_link_shows_the_token() {
    let letter = letter();
    let links = LinkBuilder::new("https://example.com", LinkStyle::Query).unwrap().parameter("key", "hidden").unwrap();
    let link = links.link(letter.invitation(), letter.token());
    assert_eq!(format!("{link:?}"), "Link(..)");
    let shown = format!("{links:?}");
    assert!(shown.contains("https://example.com/") && !shown.contains("hidden"), "{shown}");
}

#[tokio::test]
async fn the_inviter_s_page_stays_on_its_host() {
    let links = || LinkBuilder::new("https://example.com", LinkStyle::Path).unwrap();
    for (base, rest, page) in [
        ("https://app.example.com", "/orgs/7", "https://app.example.com/orgs/7"),
        ("https://app.example.com/orgs/", "/7?tab=a%20b#x", "https://app.example.com/orgs/7?tab=a%20b#x"),
        ("https://app.example.com/orgs", "/7", "https://app.example.com/orgs/7"),
        ("https://app.example.com", ".evil.example", "https://app.example.com/.evil.example"),
        ("https://app.example.com", "@evil.example", "https://app.example.com/@evil.example"),
        ("https://app.example.com", "//evil.example", "https://app.example.com//evil.example"),
        ("https://app.example.com", "\\evil\r\n é", "https://app.example.com/%5Cevil%0D%0A%20%C3%A9"),
    ] {
        let links = links().inviter_page(base, move |_| rest.into()).unwrap();
        let composer = Composer::new(Sender::new("a@example.com").unwrap(), links);
        let letter = told_of(Purpose::Accepted, &serde_json::json!({}), None, None, "en").await.unwrap();
        let email = composer.compose(&letter).unwrap();
        assert_eq!(Page::parse(email.html()).targets, [page]);
    }
    for (base, error) in [
        ("http://app.example.com", LinkError::Insecure),
        ("https://user@app.example.com", LinkError::UserInfo),
        ("https://app.example.com?a=b", LinkError::Tail),
        ("app.example.com", LinkError::Base),
    ] {
        assert_eq!(links().inviter_page(base, |_| String::new()).unwrap_err(), error, "{base}");
    }
}
