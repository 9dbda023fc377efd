//! What people may write, and how much of it.

mod invisible;

use serde_json::Value;

pub(crate) use self::invisible::is_treacherous;
use crate::error::{Error, Field, Problem};

/// Names, reasons, ids: anything shown on one line.
const LINE: usize = 200;
/// What lists filter by.
const WORD: usize = 64;
/// The inviter's own words.
const MESSAGE: usize = 5_000;
/// Payload and display, as JSON.
const JSON_BYTES: usize = 16 * 1024;
/// How deep arrays and objects may lie in each other. MariaDB's own limit is 32.
const JSON_DEPTH: usize = 30;

/// The rule for one line of text that people will see: not blank, at most 200 characters, nothing
/// that ends a line, hides, or turns the reading direction (such characters forge mail headers and
/// disguise names).
///
/// A text that shows nothing is blank too, such as a Hangul filler or a Braille blank. Invisible characters (Unicode's
/// property `Default_Ignorable_Code_Point`) are refused unless their neighbours need them. Accepted are joiners in Indic
/// conjuncts, in words of cursive scripts and in emoji; selectors after emoji, symbols, ideographs and Mongolian
/// letters; the tags in the flags of England, Scotland and Wales; and the spaces of no width between words of Khmer,
/// Thai, Lao and Burmese.
///
/// The library applies it to every string of `display`, where a blank one may stand as well. A host
/// that stores such names long before, an organization's or a person's, can apply it there, where it
/// can still be mended.
///
/// ```
/// use invite_core::check_line;
///
/// assert!(check_line("Ada Lovelace").is_ok());
/// assert!(check_line("علی\u{200C}رضا").is_ok());
/// assert!(check_line("Ada\r\nBcc: eve@example.com").is_err());
/// assert!(check_line("pay\u{AD}pal").is_err());
/// assert!(check_line("\u{3164}").is_err());
/// ```
///
/// # Errors
/// What is wrong with the text.
pub fn check_line(text: &str) -> Result<(), Problem> {
    short_line(text, LINE)
}

fn short_line(text: &str, max: usize) -> Result<(), Problem> {
    if invisible::is_blank(text) {
        return Err(Problem::Empty);
    }
    characters(text, max, |_| false)
}

/// Checks one line of at most 64 characters, such as the name of an import.
pub(crate) fn word(field: Field, text: &str) -> Result<(), Error> {
    short_line(text, WORD).map_err(|problem| Error::invalid(field, problem))
}

/// Checks one line of the library's own.
pub(crate) fn line(field: Field, text: &str) -> Result<(), Error> {
    check_line(text).map_err(|problem| Error::invalid(field, problem))
}

/// What is looked for in lists: at most 200 characters, of which `A` to `Z` become small. Blank, it is nothing.
pub(crate) fn search(text: &str) -> Result<Option<String>, Error> {
    let text = text.trim();
    characters(text, LINE, |_| false).map_err(|problem| Error::invalid(Field::Search, problem))?;
    Ok(Some(text.to_ascii_lowercase()).filter(|text| !text.is_empty()))
}

/// Several lines of text. CR LF, as web forms send it, becomes LF; a blank one, none.
pub(crate) fn message(field: Field, text: &str) -> Result<Option<String>, Error> {
    // Bounded before it is copied.
    if text.len() > 8 * MESSAGE {
        return Err(Error::invalid(field, Problem::TooLong { max: MESSAGE }));
    }
    let text = text.replace("\r\n", "\n");
    characters(&text, MESSAGE, |c| matches!(c, '\n' | '\t')).map_err(|problem| Error::invalid(field, problem))?;
    Ok(Some(text).filter(|text| !invisible::is_blank(text)))
}

/// A JSON document as stored: small, not too deep to be read again, and free of NUL, which
/// PostgreSQL's `jsonb` cannot hold.
pub(crate) fn json(field: Field, value: &Value) -> Result<(), Error> {
    // First of all: what follows goes as deep as it is.
    if is_deeper_than(JSON_DEPTH, value) {
        return Err(Error::invalid(field, Problem::Malformed));
    }
    let size = serde_json::to_vec(value).map_err(|_| Error::invalid(field, Problem::Malformed))?.len();
    if size > JSON_BYTES {
        return Err(Error::invalid(field, Problem::TooLong { max: JSON_BYTES }));
    }
    strings(value, &mut |text| {
        if text.contains('\0') { Err(Error::invalid(field, Problem::ForbiddenCharacter)) } else { Ok(()) }
    })
}

/// A JSON document whose strings are shown to people in letters and on pages.
pub(crate) fn shown_json(field: Field, value: &Value) -> Result<(), Error> {
    json(field, value)?;
    strings(value, &mut |text| characters(text, LINE, |_| false).map_err(|problem| Error::invalid(field, problem)))
}

fn is_deeper_than(depth: usize, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => depth == 0 || items.iter().any(|inner| is_deeper_than(depth - 1, inner)),
        Value::Object(fields) => depth == 0 || fields.values().any(|inner| is_deeper_than(depth - 1, inner)),
    }
}

fn strings(value: &Value, check: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().try_for_each(|item| strings(item, check)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            check(key)?;
            strings(value, check)
        }),
    }
}

fn characters(text: &str, max: usize, also: fn(char) -> bool) -> Result<(), Problem> {
    if text.len() > 4 * max || text.chars().count() > max {
        return Err(Problem::TooLong { max });
    }
    for (at, c) in text.char_indices() {
        if is_treacherous(c) && !also(c) && !invisible::belongs(c, text, at) {
            return Err(Problem::ForbiddenCharacter);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_s_line_ends_become_plain() {
        assert_eq!(message(Field::Message, "a\r\nb").unwrap().as_deref(), Some("a\nb"));
        assert_eq!(message(Field::Message, " \r\n ").unwrap(), None);
        assert_eq!(message(Field::Message, "\u{2800}\n\u{2800}").unwrap(), None);
        assert!(message(Field::Message, "a\rb").is_err());
    }

    // Incidents 63 and 70.
    #[test]
    fn characters_that_end_hide_or_turn_a_line_are_refused() {
        let hiding = ['\u{061C}', '\u{2028}', '\u{2029}', '\u{2060}', '\u{FEFF}'];
        let ranges = ('\0'..='\u{1F}').chain('\u{7F}'..='\u{9F}').chain('\u{200B}'..='\u{200F}');
        let turning = ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}');
        for c in ranges.chain(turning).chain(hiding) {
            assert!(check_line(&format!("a{c}b")).is_err(), "{c:?}");
            assert_eq!(message(Field::Message, &format!("a{c}b")).is_ok(), matches!(c, '\n' | '\t'), "{c:?}");
        }
        for text in ["Ünïcode, 日本語, 🙂 & Söhne", "Welcome 👩\u{200D}💻", "می\u{200C}خواهم"] {
            assert!(check_line(text).is_ok(), "{text}");
        }
        for text in ["pay\u{200D}pal", "é\u{200C}a", "é\u{200D}\u{200D}é", "é\u{200D}"] {
            assert!(check_line(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        assert!(check_line(&"é".repeat(LINE)).is_ok());
        assert!(check_line(&"é".repeat(LINE + 1)).is_err());
        assert!(message(Field::Message, &"é".repeat(MESSAGE)).is_ok());
        assert!(message(Field::Message, &"é".repeat(MESSAGE + 1)).is_err());
    }

    #[test]
    fn keys_and_nested_strings_are_checked() {
        assert!(shown_json(Field::Display, &json!({ "a": [{ "b": "ok" }] })).is_ok());
        assert!(shown_json(Field::Display, &json!({ "a": [{ "b": "x\u{202E}y" }] })).is_err());
        assert!(shown_json(Field::Display, &json!({ "a\n": 1 })).is_err());
        assert!(json(Field::Payload, &json!({ "a": "\0" })).is_err());
    }
}
