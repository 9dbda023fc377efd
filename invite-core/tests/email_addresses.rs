//! Addresses: what may be invited, and what is the same. [incidents 58 to 61, 66]

use invite_core::{EmailAddress, Error, Field, Problem};
use proptest::prelude::*;

fn canonical(text: &str) -> Option<String> {
    text.parse::<EmailAddress>().ok().map(|recipient| recipient.canonical().to_owned())
}

#[test]
fn the_local_part_is_compared_in_lower_case_and_the_domain_in_ascii() {
    assert_eq!(canonical("Ada.Lovelace@EXAMPLE.com").unwrap(), "ada.lovelace@example.com");
    assert_eq!(canonical("ada@bücher.example").unwrap(), "ada@xn--bcher-kva.example");
    assert_eq!(canonical("ada@xn--bcher-kva.example").unwrap(), "ada@xn--bcher-kva.example");
}

#[test]
fn a_domain_may_be_written_in_any_case_in_composed_or_decomposed_letters_and_in_punycode() {
    let same = [
        "info@müller.example",
        "info@MÜLLER.example",
        "info@Müller.EXAMPLE",
        "info@mu\u{308}ller.example",
        "info@MU\u{308}LLER.example",
        "info@xn--mller-kva.example",
        "info@XN--MLLER-KVA.example",
    ];
    for given in same {
        assert_eq!(canonical(given).as_deref(), Some("info@xn--mller-kva.example"), "{given:?}");
    }
    let others = [
        ("info@Österreich.example", "info@xn--sterreich-z7a.example"),
        // One label as punycode, the other in letters.
        ("ada@xn--bcher-kva.M\u{DC}LLER.example", "ada@xn--bcher-kva.xn--mller-kva.example"),
        // Sharp s is a letter of its own, in both cases.
        ("ada@stra\u{DF}e.example", "ada@xn--strae-oqa.example"),
        ("ada@STRA\u{1E9E}E.example", "ada@xn--strae-oqa.example"),
        ("ada@strasse.example", "ada@strasse.example"),
        // So is dotless i; the capital I is that of ASCII.
        ("ada@\u{131}sparta.example", "ada@xn--sparta-o9a.example"),
        ("ada@ISPARTA.example", "ada@isparta.example"),
        ("ada@\u{39F}\u{394}\u{39F}\u{3A3}.example", "ada@xn--pxavbq.example"),
        ("ada@ПРИМЕР.РФ", "ada@xn--e1afmkfd.xn--p1ai"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        // UTS 46 maps the small letters of Cherokee to capitals.
        ("ada@\u{13A0}\u{13A1}.example", "ada@xn--58dc.example"),
        ("ada@\u{AB70}\u{AB71}.example", "ada@xn--58dc.example"),
        // Persian with the joiner that its spelling needs.
        ("ada@نامه\u{200C}ای.example", "ada@xn--mgba3gch31f060k.example"),
    ];
    for (given, ascii) in others {
        assert_eq!(canonical(given).as_deref(), Some(ascii), "{given:?}");
    }
}

#[test]
fn dots_and_tags_are_significant() {
    assert_ne!(canonical("ada.l@example.com"), canonical("adal@example.com"));
    assert_ne!(canonical("ada+x@example.com"), canonical("ada@example.com"));
}

#[test]
fn the_envelope_keeps_the_local_part_and_the_mask_hides_it() {
    let recipient: EmailAddress = "Ada@Bücher.example".parse().unwrap();
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
        "ada@exa\u{FB01}x.example",
        "ada@\u{1C5}ep.example",
        // The Kelvin sign and the Turkish capital i have an ASCII letter in their lower case.
        "ada@\u{212A}elvin.example",
        "ada@\u{130}stanbul.example",
        // An invisible character that UTS 46 removes, and a joiner where no letter needs one.
        "ada@b\u{FC}\u{AD}cher.example",
        "ada@b\u{FC}\u{FE0F}cher.example",
        "ada@b\u{FC}\u{200D}cher.example",
        // Not punycode, punycode of plain ASCII, and punycode of what UTS 46 would have mapped.
        "ada@xn--.example",
        "ada@xn--a.example",
        "ada@xn--abc-.example",
        "ada@XN--zzzzzzz9999.example",
        "ada@xn--\u{FC}cher.example",
        "ada@xn--BCHER-KVA0.example",
        // Capital umlaut as punycode.
        "ada@xn--bcher-2pa.example",
        // Hyphens at the ends of a label.
        "ada@my--.example",
        "ada@--my.example",
        "ada@m\u{FC}-.example",
        // Left to right and right to left in one label.
        "ada@a\u{5D0}.example",
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

/// What is true of every address, whatever its spelling.
fn holds(recipient: &EmailAddress) -> Result<(), TestCaseError> {
    let again: EmailAddress = recipient.canonical().parse().unwrap();
    prop_assert_eq!(again.canonical(), recipient.canonical());
    prop_assert!(recipient.canonical().is_ascii());
    for given in [recipient.as_given(), recipient.canonical()] {
        let stored = EmailAddress::from_stored(given, recipient.canonical());
        prop_assert_eq!(stored.as_ref().map(EmailAddress::as_given), Some(given));
        let read = EmailAddress::from_given(given);
        prop_assert_eq!(read.as_ref().map(EmailAddress::canonical), Some(recipient.canonical()));
    }
    Ok(())
}

/// Labels of letters that mappings treat in different ways: case, accents, digraphs, sigmas, Cherokee (whose small
/// letters are mapped to capitals), widths, joiners, punycode.
fn label() -> impl Strategy<Value = String> {
    let letters = "aZß\u{1E9E}éÉÖ\u{308}\u{301}ıİſΣσς\u{3C2}ǅ\u{212A}\u{212B}\u{13A0}\u{AB70}\u{10A0}\u{1C90}\
                   ａ例\u{958}\u{915}\u{94D}\u{200D}\u{200C}\u{645}\u{627}\u{AD}-0";
    let drawn = prop::collection::vec(prop::sample::select(letters.chars().collect::<Vec<_>>()), 1..6)
        .prop_map(|letters| letters.into_iter().collect::<String>());
    prop_oneof![4 => drawn, 1 => "[xX][nN]--[a-zA-Z0-9-]{1,8}", 1 => "[a-z]{2}--[a-z]{1,3}"]
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic_and_the_canonical_form_is_its_own(local in "(?s:.){0,40}", domain in "(?s:.){0,40}", at: bool) {
        let text = if at { format!("{local}@{domain}") } else { local };
        if let Ok(recipient) = text.parse::<EmailAddress>() {
            holds(&recipient)?;
        }
    }

    #[test]
    fn a_domain_of_any_letters_is_refused_or_keeps_its_canonical_form(
        labels in prop::collection::vec(label(), 1..4)
    ) {
        if let Ok(recipient) = format!("ada@{}.example", labels.join(".")).parse::<EmailAddress>() {
            holds(&recipient)?;
        }
    }

    #[test]
    fn the_case_of_a_domain_never_matters(label in "[a-zà-öø-þα-ρτ-ωа-я]{1,12}") {
        let lower = canonical(&format!("ada@{label}.example"));
        prop_assert!(lower.is_some());
        prop_assert_eq!(canonical(&format!("ada@{}.example", label.to_uppercase())), lower);
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
