//! Which invisible characters a line may have.

use proptest::prelude::*;

use super::*;
use crate::{check_line, error::Problem};

/// `Default_Ignorable_Code_Point` as Unicode 17 lists it, written out so that the property is not compared with itself.
const IGNORABLE: &[(u32, u32)] = &[
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

fn ignorable() -> impl Iterator<Item = char> {
    IGNORABLE.iter().flat_map(|&(from, to)| (from..=to).filter_map(char::from_u32))
}

#[test]
fn an_ignorable_character_is_refused_alone_and_between_letters_that_do_not_need_it() {
    for c in ignorable() {
        assert_eq!(check_line(&c.to_string()), Err(Problem::Empty), "{c:?}");
        for text in [format!("pay{c}pal"), format!("é{c}é"), format!("Ж{c}Ж"), format!("{c}Ada"), format!("Ada{c}")]
        {
            assert_eq!(check_line(&text), Err(Problem::ForbiddenCharacter), "{text:?}");
        }
    }
}

#[test]
fn a_line_of_which_nothing_is_seen_is_blank() {
    let blanks = ["", " ", "\u{A0}", "\u{3000}", "\u{2800}", "\u{2800} \u{2800}", "\u{FFFC}", "\u{1D159}", "\u{13441}"];
    let alone = ["\u{301}", "\u{20E3}", "\u{16FE4}", "\u{94D}\u{200D}", "\u{600}"];
    for text in blanks.into_iter().chain(alone) {
        assert_eq!(check_line(text), Err(Problem::Empty), "{text:?}");
    }
    // Words in Braille have a blank between them.
    assert_eq!(check_line("\u{2801}\u{2819}\u{2801}\u{2800}\u{2807}"), Ok(()));
}

#[test]
fn words_keep_the_joiners_and_selectors_that_their_spelling_needs() {
    let words = [
        // Malayalam, Sinhala, Nepali, Hindi, Tamil: after a virama, at the end too.
        "\u{D05}\u{D28}\u{D3F}\u{D35}\u{D30}\u{D4D}\u{200D}",
        "ශ්\u{200D}රී ලංකා",
        "गर्\u{200D}यो",
        "शरद्\u{200C}चन्द्र",
        "க்\u{200C}ஷ",
        // Malayalam: a last consonant in its old spelling, parted from the next letter.
        "അല്\u{200D}\u{200C}റ്റായി",
        // Bengali and Kannada: before a virama.
        "র\u{200D}্যাচেল",
        "ರ\u{200D}್ಯಾಲಿ",
        // Khmer: before a register shifter.
        "\u{1794}\u{200C}\u{17CA}\u{17B7}",
        // Khmer and Thai: between words.
        "កោះ\u{200B}កូកូ",
        "ภาษา\u{200B}ไทย",
        // Persian: between letters that join, after one that does not, with a mark, after digits and foreign words.
        "علی\u{200C}رضا",
        "خانه\u{200C}ای",
        "آقا\u{200C}زاده",
        "عَلیِ\u{200C}رضا",
        "۲۱\u{200C}ام",
        "Google\u{200C}ها",
        // Abbreviated, a letter in the form of the inside of a word.
        "۱۴۰۳ ه\u{200D}.ش",
        // Mongolian: variants, and the separator before the last vowel.
        "\u{1820}\u{180B}\u{1828}",
        "\u{1820}\u{180F}",
        "\u{182D}\u{180E}\u{1820}",
        "\u{182D}\u{180B}\u{180E}\u{1820}",
        // Japanese: the variants of an ideograph that a family name asks for.
        "葛\u{E0100}城",
        "\u{5D0E}\u{FE00}",
        // Phags-pa and Myanmar.
        "\u{A856}\u{FE00}",
        "\u{1000}\u{FE00}",
    ];
    for text in words {
        assert_eq!(check_line(text), Ok(()), "{text:?}");
    }
}

#[test]
fn emoji_keep_what_they_are_made_of() {
    let emoji = [
        "I \u{2764}\u{FE0F} it",
        "\u{2661}\u{FE0F}",
        "\u{263A}\u{FE0E}",
        "\u{203C}\u{FE0F}",
        "\u{A9}\u{FE0F}",
        "1\u{FE0F}\u{20E3} #\u{FE0F}\u{20E3} *\u{FE0F}\u{20E3} 2\u{20E3}",
        "👨\u{200D}👩\u{200D}👧\u{200D}👦",
        "👩🏽\u{200D}\u{2695}\u{FE0F}",
        "🧑🏻\u{200D}❤\u{FE0F}\u{200D}💋\u{200D}🧑🏿",
        "🏳\u{FE0F}\u{200D}🌈",
        "🏴\u{200D}☠\u{FE0F}",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
        "🏴\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F} Cymru",
        "🇩🇪",
    ];
    for text in emoji {
        assert_eq!(check_line(text), Ok(()), "{text:?}");
    }
}

#[test]
fn joiners_selectors_and_tags_are_refused_where_they_change_nothing() {
    let hidden = [
        // A joiner at an end, twice, beside a blank, between letters that do not join.
        "علی\u{200C}",
        "\u{200C}علی",
        "علی\u{200C}\u{200C}رضا",
        "علی\u{200D}\u{200C}رضا",
        "علی\u{200C} رضا",
        "ا\u{200D}ا",
        "क\u{200D}क",
        "日\u{200D}本",
        "ש\u{200C}ל",
        "a\u{200D}\u{94D}",
        "❤\u{FE0F}\u{200D}\u{94D}",
        "क्\u{200D}\u{200D}",
        "क्\u{200C}\u{200C}",
        "កោះ\u{200B}\u{200B}កូកូ",
        "កោះ\u{200B} កូកូ",
        "កោះ\u{200B}a",
        "a\u{200B}កោះ",
        "日\u{200B}本",
        "👩\u{200D}",
        "👩\u{200D}a",
        "a\u{200D}👩",
        "👩\u{200D}\u{200D}👩",
        // A selector after a letter, a digit that is no keycap, another selector.
        "1\u{FE0F}2",
        "a\u{FE0F}\u{20E3}",
        "س\u{FE0F}",
        "❤\u{FE0F}\u{FE0F}",
        "葛\u{E0100}\u{E0101}",
        "❤\u{E0100}",
        "a\u{180B}",
        "\u{1820}\u{180B}\u{180B}",
        "\u{182D}\u{180E}\u{182D}",
        "\u{182D}\u{180E}\u{180E}\u{1820}",
        // Tags without a flag, without an end, after the end, too many, none, or not of a code.
        "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "👩\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}\u{E0067}",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E0067}\u{E0067}\u{E007F}",
        "🏴\u{E007F}",
        "🏴\u{E0067}\u{E0062}\u{E0020}\u{E007F}",
        "x\u{FFF9}y\u{FFFA}z\u{FFFB}",
    ];
    for text in hidden {
        let refused = Err(Problem::ForbiddenCharacter);
        assert!([refused, Err(Problem::Empty)].contains(&check_line(text)), "{text:?}");
        assert_eq!(check_line(&format!("Ada {text} Ada")), refused, "{text:?}");
    }
}

/// Characters that mean something to each other, and any others.
fn any_text() -> impl Strategy<Value = String> {
    let known = "aé1#ЖיסعرهाकरDമ\u{D4D}\u{94D}\u{301}\u{200B}\u{200C}\u{200D}ខ\u{FE0F}\u{FE00}\u{E0100}❤👩🏽🏴\u{E0067}\u{E007F}\
                 \u{20E3}葛\u{1820}\u{180B}\u{180E}\u{AD}\u{2800} ";
    let known = prop::sample::select(known.chars().collect::<Vec<_>>());
    prop::collection::vec(prop_oneof![8 => known, 1 => any::<char>()], 0..12)
        .prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #[test]
    fn what_is_accepted_shows_something_and_hides_nothing_beside_ascii(text in any_text()) {
        if check_line(&text).is_ok() {
            prop_assert!(text.chars().any(is_visible));
            let shown: String = text.chars().filter(|c| !is_treacherous(*c)).collect();
            prop_assert_eq!(check_line(&shown), Ok(()));
            let characters: Vec<_> = text.chars().collect();
            for three in characters.windows(3) {
                let hides = is_treacherous(three[1]) && three[0].is_ascii() && three[2].is_ascii();
                prop_assert!(!hides, "{:?}", three);
            }
        }
    }

    #[test]
    fn lines_with_a_blank_between_them_are_judged_each_by_itself(one in any_text(), other in any_text()) {
        let both = check_line(&format!("x {one} {other} x"));
        let each = [one, other].map(|text| check_line(&format!("x {text} x")));
        prop_assert_eq!(both.is_ok(), each.iter().all(Result::is_ok));
    }
}
