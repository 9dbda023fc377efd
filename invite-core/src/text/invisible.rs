//! Characters that show nothing by themselves: where they belong to a word or an emoji, and where they only hide.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
        GeneralCategory, GeneralCategoryGroup, Ideographic, JoiningType, LineBreak, Script,
    },
};

/// Whether a character controls, hides or turns text: control characters, what Unicode calls default ignorable
/// (zero-width and directional marks, soft hyphens, fillers, selectors, tags), line and paragraph separators, and the
/// marks of interlinear annotations.
pub(crate) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a reader would see nothing at all. A mark without a letter counts as nothing.
pub(super) fn is_blank(text: &str) -> bool {
    !text.chars().any(is_visible)
}

fn is_visible(c: char) -> bool {
    // Blank by their design, and Unicode has no property that says so: Braille, a character that stands for an embedded
    // object, a null notehead, and the blanks of hieroglyphs.
    let blank = matches!(c, '\u{2800}' | '\u{FFFC}' | '\u{1D159}' | '\u{13441}' | '\u{13442}');
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let shows = !GeneralCategoryGroup::Mark.contains(category) && category != GeneralCategory::Format;
    shows && !blank && !c.is_whitespace() && !is_treacherous(c)
}

/// Whether the treacherous character `c` at byte `at` is needed for how its neighbours look.
pub(super) fn belongs(c: char, text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let Some(previous) = before.chars().next_back() else { return false };
    match c {
        '\u{200B}' => parts_words_without_blanks(previous, after),
        '\u{200C}' => {
            // After a last consonant of Malayalam in its old spelling, virama and joiner, a non-joiner may part it from
            // the next letter.
            let last = before.strip_suffix('\u{200D}').and_then(|before| before.chars().next_back());
            is_by_virama(previous, after) || last.is_some_and(is_virama) || parts_cursive_letters(before, after)
        }
        '\u{200D}' => is_by_virama(previous, after) || shapes_a_cursive_letter(before) || joins_emoji(before, after),
        '\u{FE00}'..='\u{FE0F}' => has_variants(previous) || starts_a_keycap(previous, after),
        '\u{E0100}'..='\u{E01EF}' => CodePointSetData::new::<Ideographic>().contains(previous),
        // The free variation selectors of Mongolian.
        '\u{180B}'..='\u{180D}' | '\u{180F}' => script(previous) == Script::Mongolian && !is_treacherous(previous),
        // The Mongolian vowel separator shapes a last `a` or `e`.
        '\u{180E}' => script(previous) == Script::Mongolian && after.starts_with(['\u{1820}', '\u{1821}']),
        '\u{E0020}'..='\u{E007F}' => is_of_a_flag(text, at),
        _ => false,
    }
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

/// Khmer, Thai, Lao and Burmese have no blanks between words. A space of no width says where a line may be broken, and
/// the usual keyboard of Khmer types it with the space bar.
fn parts_words_without_blanks(previous: char, after: &str) -> bool {
    let is_of_such_a_word = |c| CodePointMapData::<LineBreak>::new().get(c) == LineBreak::ComplexContext;
    is_of_such_a_word(previous) && after.chars().next().is_some_and(is_of_such_a_word)
}

fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

/// In Indic scripts a joiner after a virama chooses the form of a conjunct or of a last consonant (RFC 5892, appendix
/// A.1). One between a letter and a virama does so in Bengali and Kannada, one before a register shifter in Khmer.
fn is_by_virama(previous: char, after: &str) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(previous);
    let has_letter = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark).contains(category);
    let shaped = after.chars().next().is_some_and(|c| is_virama(c) || matches!(c, '\u{17C9}' | '\u{17CA}'));
    is_virama(previous) || (shaped && has_letter && !previous.is_ascii() && !is_treacherous(previous))
}

/// Between two letters or digits of which one is of a cursive script. RFC 5892 asks for letters that would join, but
/// Persian is also written with a non-joiner after letters that never do, after digits and after foreign words.
fn parts_cursive_letters(before: &str, after: &str) -> bool {
    let left = before.chars().rfind(|c| !is_transparent(*c));
    let right = after.chars().find(|c| !is_transparent(*c));
    let (Some(left), Some(right)) = (left, right) else { return false };
    (is_cursive(left) && (right.is_alphanumeric() || is_cursive(right)))
        || (is_cursive(right) && left.is_alphanumeric())
}

/// A joiner gives the letter before it the form that it has inside a word, as in abbreviations.
fn shapes_a_cursive_letter(before: &str) -> bool {
    let left = before.chars().rfind(|c| !is_transparent(*c));
    left.is_some_and(|left| is_cursive(left) && joining_type(left) != JoiningType::RightJoining)
}

fn joining_type(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

/// The marks over and under letters, which do not stand between them.
fn is_transparent(c: char) -> bool {
    joining_type(c) == JoiningType::Transparent
}

/// A letter of a script in which letters join, or a stroke between them. The joiner itself causes joining too.
fn is_cursive(c: char) -> bool {
    !matches!(joining_type(c), JoiningType::NonJoining | JoiningType::Transparent) && !is_treacherous(c)
}

/// Two pictures that a joiner makes one (UAX 29, rule GB11). The first may have a skin tone, a selector or be a flag.
fn joins_emoji(before: &str, after: &str) -> bool {
    let pictures = CodePointSetData::new::<ExtendedPictographic>();
    let modifiers = CodePointSetData::new::<EmojiModifier>();
    let extends = |c: char| matches!(c, '\u{FE0F}' | '\u{E0020}'..='\u{E007F}') || modifiers.contains(c);
    before.trim_end_matches(extends).chars().next_back().is_some_and(|c| pictures.contains(c))
        && after.chars().next().is_some_and(|c| pictures.contains(c))
}

/// Emoji and other symbols, ideographs, and the letters of the scripts for which Unicode lists variants.
fn has_variants(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let listed = [Script::Myanmar, Script::PhagsPa, Script::Manichaean, Script::EgyptianHieroglyphs];
    let has = CodePointSetData::new::<Emoji>().contains(c)
        || GeneralCategoryGroup::Symbol.contains(category)
        || CodePointSetData::new::<Ideographic>().contains(c)
        || listed.contains(&script(c));
    has && !c.is_ascii()
}

/// The digit of a keycap is ASCII, where a selector would otherwise hide.
fn starts_a_keycap(previous: char, after: &str) -> bool {
    matches!(previous, '0'..='9' | '#' | '*') && after.starts_with('\u{20E3}')
}

/// A black flag, the code of a part of a country in tags, and the tag that ends it: England, Scotland, Wales (UTS 51,
/// annex C). Longer runs of tags could carry a text that nobody sees.
fn is_of_a_flag(text: &str, at: usize) -> bool {
    let (before, _) = text.split_at(at);
    let flag = before.trim_end_matches(|c| matches!(c, '\u{E0020}'..='\u{E007F}'));
    let (_, tags) = text.split_at(flag.len());
    let Some((code, _)) = tags.split_once('\u{E007F}') else { return false };
    let is_code = |c| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}');
    flag.ends_with('\u{1F3F4}')
        && at <= flag.len() + code.len()
        && code.chars().all(is_code)
        && (3..=6).contains(&code.chars().count())
}

#[cfg(test)]
mod tests;
