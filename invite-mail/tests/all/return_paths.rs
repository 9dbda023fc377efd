//! Whom bounces name, and that nobody else can make such a name.

use invite_core::store::DeliveryId;
use invite_mail::{ReturnPath, ReturnPathError};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{composer, letter};

const KEY: &[u8] = b"0123456789abcdef";

fn returns() -> ReturnPath {
    ReturnPath::new("bounces@bounces.example.com", KEY).unwrap()
}

/// The address of a letter, and its delivery.
fn one() -> (String, DeliveryId) {
    let letter = letter();
    let email = composer().return_path(returns()).compose(&letter).unwrap();
    assert_eq!(email.from(), "invitations@example.com");
    (email.return_path().to_owned(), letter.delivery())
}

#[test]
fn a_letter_has_its_own_return_path_which_names_the_delivery() {
    let (address, delivery) = one();
    let (local, domain) = address.split_once('@').unwrap();
    assert_eq!(domain, "bounces.example.com");
    assert!(local.len() <= 64 && local == local.to_ascii_lowercase(), "{local}");
    let (id, mac) = local.strip_prefix("bounces+").unwrap().split_once('-').unwrap();
    assert_eq!((id.len(), mac.len()), (26, 16));
    assert_eq!(returns().delivery(&address), Some(delivery));
}

#[test]
fn the_address_of_one_delivery_is_always_the_same() {
    // Fixed, because bounces come back to addresses that an earlier release made.
    let letter = letter();
    let compose = || composer().return_path(returns()).compose(&letter).unwrap().return_path().to_owned();
    assert_eq!(compose(), compose());
    let known = "bounces+aglwwpqaabaqbaaaaaaaaaaaae-hjbiom6be2wxoazq@bounces.example.com";
    let delivery = DeliveryId::from_uuid(Uuid::from_u128(0x0197_6b3e_0000_4100_8000_0000_0000_0001));
    assert_eq!(returns().delivery(known), Some(delivery));
}

#[test]
fn what_servers_do_to_an_address_does_not_hide_the_delivery() {
    let (address, delivery) = one();
    let suffix = address.strip_prefix("bounces+").unwrap();
    for changed in [
        address.to_ascii_uppercase(),
        format!("<{address}>"),
        format!(" {address}\r\n"),
        format!("prvs=1234abcdef=bounces+{suffix}"),
        format!("Bounces+x+{suffix}"),
        address.replace("bounces.example.com", "mx.example.net"),
    ] {
        assert_eq!(returns().delivery(&changed), Some(delivery), "{changed}");
    }
}

#[test]
fn an_address_that_no_key_signed_names_nothing() {
    let (address, _) = one();
    let other = ReturnPath::new("bounces@bounces.example.com", b"another key of 16 bytes").unwrap();
    assert_eq!(other.delivery(&address), None);
    assert_eq!(ReturnPath::fixed("bounces@bounces.example.com").unwrap().delivery(&address), None);
    let (start, domain) = address.split_once('@').unwrap();
    let mac = start.rsplit_once('-').unwrap().1;
    for changed in [
        String::new(),
        "bounces@bounces.example.com".into(),
        "bounces+@bounces.example.com".into(),
        start.to_owned(),
        address.replacen('+', "-", 1),
        format!("{start}a@{domain}"),
        format!("{}@{domain}", &start[..start.len() - 1]),
        format!("bounces+{}-{mac}@{domain}", "a".repeat(26)),
        format!("bounces+{}-{mac}@{domain}", "\u{e9}".repeat(13)),
    ] {
        assert_eq!(returns().delivery(&changed), None, "{changed}");
    }
}

#[test]
fn each_character_of_the_suffix_counts() {
    let (address, _) = one();
    let at = address.find('@').unwrap();
    for index in "bounces+".len()..at {
        let mut changed = address.clone().into_bytes();
        changed[index] = if changed[index] == b'b' { b'c' } else { b'b' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(returns().delivery(&changed), None, "{changed}");
    }
}

#[test]
fn an_earlier_key_is_accepted_and_signs_nothing() {
    let (address, delivery) = one();
    let rotated = ReturnPath::new("bounces@bounces.example.com", b"the new key, 16 bytes or more").unwrap();
    let rotated = rotated.also_accepts(b"one more key of 16 bytes").unwrap().also_accepts(KEY).unwrap();
    assert_eq!(rotated.delivery(&address), Some(delivery));
    let letter = letter();
    let email = composer().return_path(rotated.clone()).compose(&letter).unwrap();
    assert_eq!(rotated.delivery(email.return_path()), Some(letter.delivery()));
    assert_eq!(returns().delivery(email.return_path()), None);
}

#[test]
fn a_fixed_return_path_is_the_same_for_all() {
    let composer = composer().return_path(ReturnPath::fixed("bounces@example.com").unwrap());
    assert_eq!(composer.compose(&letter()).unwrap().return_path(), "bounces@example.com");
    let without = crate::support::composer().compose(&letter()).unwrap();
    assert_eq!(without.return_path(), "invitations@example.com");
}

#[test]
fn a_return_path_is_one_bare_address_with_room_and_a_key_of_16_bytes() {
    for address in
        ["", "example.com", "Ann <ann@example.com>", "a@b.example\r\nRCPT", "-f@example.com", "\u{e9}@b.example"]
    {
        assert_eq!(ReturnPath::new(address, KEY).unwrap_err(), ReturnPathError::Address, "{address:?}");
        assert_eq!(ReturnPath::fixed(address).unwrap_err(), ReturnPathError::Address, "{address:?}");
    }
    let of_length = |count: usize| ReturnPath::new(&format!("{}@example.com", "b".repeat(count)), KEY);
    let longest = composer().return_path(of_length(20).unwrap()).compose(&letter()).unwrap();
    assert_eq!(longest.return_path().find('@'), Some(64));
    assert_eq!(of_length(21).unwrap_err(), ReturnPathError::Address);
    assert_eq!(ReturnPath::new("a@example.com", &KEY[1..]).unwrap_err(), ReturnPathError::Key);
    assert_eq!(returns().also_accepts("short").unwrap_err(), ReturnPathError::Key);
}

#[test]
fn the_key_is_shown_nowhere() {
    let shown = format!("{:?} {:?}", returns(), composer().return_path(returns()));
    assert!(shown.contains("bounces@bounces.example.com") && !shown.contains("0123456789abcdef"), "{shown}");
    assert!(!shown.contains(&format!("{KEY:?}")), "{shown}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", tail in "[a-z2-7+@-]{0,80}") {
        prop_assert_eq!(returns().delivery(&text), None);
        prop_assert_eq!(returns().delivery(&format!("b+{tail}@x")), None);
    }
}
