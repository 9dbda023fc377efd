//! The domain of an address: from the spelling that was given to the ASCII form that is compared.

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::{
    AsciiDenyList, punycode,
    uts46::{DnsLength, Hyphens, Uts46},
};

/// The domain's ASCII form (UTS 46, non-transitional), or `None` if it is no domain or [`spells`] denies it.
///
/// Hyphens in the third and fourth place are allowed, as in `my--dept`: only `xn--` has a meaning there, and what
/// follows it must be valid punycode.
pub(super) fn to_ascii(given: &str) -> Option<String> {
    let mapper = Uts46::new();
    let ascii =
        mapper.to_ascii(given.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    spells(given, &ascii).then(|| ascii.into_owned())
}

/// Whether a given domain differs from its ASCII form in nothing but case, canonical composition and punycode, label
/// by label.
///
/// UTS 46 maps more than that: fullwidth letters, ideographic full stops, ligatures and soft hyphens. A program that
/// checks the given spelling without the same mapping would take such a domain for another one than the mail goes to,
/// so they are refused.
///
/// Nothing here depends on the version of the mapping, so a row that was written under an older one can be read.
pub(super) fn spells(given: &str, ascii: &str) -> bool {
    let (mut given, mut ascii) = (given.split('.'), ascii.split('.'));
    loop {
        match (given.next(), ascii.next()) {
            (None, None) => return true,
            (Some(given), Some(ascii)) if spells_label(given, ascii) => {}
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => return false,
        }
    }
}

fn spells_label(given: &str, ascii: &str) -> bool {
    if given.eq_ignore_ascii_case(ascii) {
        return true;
    }
    let unicode = ascii.strip_prefix("xn--").and_then(punycode::decode_to_string);
    unicode.is_some_and(|unicode| !given.chars().any(turns_ascii) && same_but_for_case(given, &unicode))
}

/// Whether a character outside ASCII has a lower case with ASCII in it. These are the Kelvin sign, whose lower case is
/// an ordinary `k`, and the Turkish capital `İ`, by which Turkish readers mean a plain `i` and UTS 46 an `i` with a
/// second dot.
fn turns_ascii(c: char) -> bool {
    !c.is_ascii() && c.to_lowercase().any(|lower| lower.is_ascii())
}

/// Compares letter by letter, not with `str::to_lowercase`, which makes another letter of a sigma at the end of a word
/// than UTS 46 does.
fn same_but_for_case(given: &str, unicode: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    let composer = ComposingNormalizerBorrowed::new_nfc();
    composer.normalize(&lower(given)) == composer.normalize(&lower(unicode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EmailAddress;

    fn canonical(text: &str) -> Option<String> {
        EmailAddress::parse(text).ok().map(|address| address.canonical)
    }

    #[test]
    fn a_stored_domain_is_recognised_in_any_case_and_in_punycode() {
        for given in ["BÜCHER.Example", "bu\u{308}cher.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE"] {
            assert!(spells(given, "xn--bcher-kva.example"), "{given:?}");
        }
        for given in ["bucher.example", "bücher.example.org", "bücher", "bücher\u{3002}example", "büch\u{AD}er.example"]
        {
            assert!(!spells(given, "xn--bcher-kva.example"), "{given:?}");
        }
    }

    #[test]
    fn hyphens_in_the_third_and_fourth_place_mean_nothing_but_in_punycode() {
        for given in ["ada@my--dept.example.com", "ada@ab--cd.example", "ada@a--b.example", "ada@r3---sn.example"] {
            assert_eq!(canonical(given).as_deref(), Some(given));
        }
        assert_eq!(canonical("ada@m\u{FC}--x.example").as_deref(), Some("ada@xn--m--x-0ra.example"));
    }

    #[test]
    fn a_label_has_at_most_63_octets_in_ascii_however_it_is_written() {
        let label = |n| format!("ada@\u{FC}{}.example", "a".repeat(n));
        assert!(canonical(&label(54)).is_some());
        assert_eq!(canonical(&label(63)), None);
        // 254 octets are allowed before and after the mapping.
        let domain = |label: &str| format!("a@{}example", format!("{label}.").repeat(7));
        let (short, long) = (domain(&"\u{FC}".repeat(16)), domain(&format!("\u{FC}{}", "a".repeat(28))));
        assert!(short.len() <= 254 && long.len() <= 254);
        assert!(canonical(&short).is_some());
        assert_eq!(canonical(&long), None);
    }
}
