//! Addresses: what may be invited, and what is the same. [incidents 58 to 61, 66]

use invite_core::{EmailAddress, Error, Field, Problem};
use proptest::prelude::*;

fn canonical(text: &str) -> Option<String> {
    text.parse::<EmailAddress>().ok().map(|recipient| recipient.canonical().to_owned())
}

#[test]
fn case_is_folded_in_ascii_only_and_domains_are_compared_in_ascii() {
    assert_eq!(canonical("Ada.Lovelace@EXAMPLE.com").unwrap(), "ada.lovelace@example.com");
    assert_eq!(canonical("ada@bücher.example").unwrap(), "ada@xn--bcher-kva.example");
    assert_eq!(canonical("ada@xn--bcher-kva.example").unwrap(), "ada@xn--bcher-kva.example");
}

#[test]
fn dots_and_tags_are_significant() {
    assert_ne!(canonical("ada.l@example.com"), canonical("adal@example.com"));
    assert_ne!(canonical("ada+x@example.com"), canonical("ada@example.com"));
}

#[test]
fn the_envelope_keeps_the_local_part_and_the_mask_hides_it() {
    let recipient: EmailAddress =
        "Ada@Bücher.example".parse().unwrap_or_else(|_| "Ada@bücher.example".parse().unwrap());
    assert_eq!(recipient.deliverable(), "Ada@xn--bcher-kva.example");
    assert_eq!(recipient.masked(), "a***@xn--bcher-kva.example");
    assert_eq!(format!("{recipient:?}"), "EmailAddress(..)");
}

#[test]
fn what_is_not_one_plain_address_is_refused() {
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_label = format!("ada@{}.com", "a".repeat(64));
    let hostile = [
        "ada",
        "@",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@example",
        "ada@example.com.",
        "ada@.com",
        "ada@-example.com",
        "ada@exa_mple.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        // Several, or one with trimmings.
        "ada@example.com,eve@example.org",
        "ada@example.com;eve@example.org",
        "ada@example.com eve@example.org",
        "ada@example.com\neve@example.org",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "team:ada@example.com;",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\r\nBcc: eve@example.org",
        "ada@example.com\0",
        "[\"ada@example.com\"]",
        "mailto:ada@example.com?cc=eve@example.org",
        // Grammar that parsers disagree about.
        "\"ada\"@example.com",
        "\"eve@evil.example x\"@example.com",
        "ada(comment)@example.com",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "eve%evil.example@example.com",
        "evil.example!eve@example.com",
        "-oQ/tmp/@example.com",
        "ada@evil@example.com",
        "ada\\@example.com",
        // Look-alikes that something further on might normalise into another address.
        "m\u{131}ke@example.com",
        "\u{212A}elvin@example.com",
        "\u{FF41}da@example.com",
        "ada\u{FF20}example.com",
        "ada\u{FE6B}example.com",
        "ada@example\u{3002}com",
        "ada@example\u{FF0E}com",
        "ada@\u{FF45}xample.com",
        "ada@exam\u{AD}ple.com",
        "ada@exam\u{200B}ple.com",
        "ada\u{202E}@example.com",
        "\u{17F}am@example.com",
        "stra\u{DF}e@example.com",
        "\u{FB01}@example.com",
        "ada\u{AD}@example.com",
        &long_local,
        &long_label,
    ];
    for text in hostile {
        let answer = text.parse::<EmailAddress>();
        assert!(
            matches!(answer, Err(Error::Invalid { field: Field::Recipient, problem: Problem::Malformed })),
            "{text:?}: {answer:?}"
        );
    }
    assert!(matches!("".parse::<EmailAddress>(), Err(Error::Invalid { problem: Problem::Empty, .. })));
    let too_long = format!("ada@{}.com", "a.".repeat(130));
    assert!(matches!(
        too_long.parse::<EmailAddress>(),
        Err(Error::Invalid { problem: Problem::TooLong { max: 254 }, .. })
    ));
}

#[test]
fn the_same_domain_in_two_scripts_is_two_domains() {
    // Latin and Cyrillic "a".
    assert_ne!(canonical("x@paypal.example"), canonical("x@p\u{430}ypal.example"));
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic_and_the_canonical_form_is_its_own(local in "(?s:.){0,40}", domain in "(?s:.){0,40}", at: bool) {
        let text = if at { format!("{local}@{domain}") } else { local };
        if let Ok(recipient) = text.parse::<EmailAddress>() {
            let again: EmailAddress = recipient.canonical().parse().unwrap();
            prop_assert_eq!(again.canonical(), recipient.canonical());
            prop_assert!(recipient.canonical().is_ascii());
            prop_assert!(EmailAddress::from_stored(recipient.as_given(), recipient.canonical()).is_some());
        }
    }

    #[test]
    fn plausible_addresses_are_told_apart_by_more_than_case(
        local in "[A-Za-z0-9]([A-Za-z0-9+_-]{0,8}[A-Za-z0-9])?", domain in "[A-Za-z]{1,8}\\.(com|org)", other in "[a-z]{1,8}"
    ) {
        let text = format!("{local}@{domain}");
        prop_assert_eq!(canonical(&text), Some(text.to_ascii_lowercase()));
        if other != local.to_ascii_lowercase() {
            prop_assert_ne!(canonical(&text), canonical(&format!("{other}@{domain}")));
        }
    }
}
