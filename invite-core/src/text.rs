//! What people may write, and how much of it.

use serde_json::Value;

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
/// The library applies it to every string of `display`, where a blank one may stand as well. A host
/// that stores such names long before, an organization's or a person's, can apply it there, where it
/// can still be mended.
///
/// ```
/// use invite_core::check_line;
///
/// assert!(check_line("Ada Lovelace").is_ok());
/// assert!(check_line("Ada\r\nBcc: eve@example.com").is_err());
/// ```
///
/// # Errors
/// What is wrong with the text.
pub fn check_line(text: &str) -> Result<(), Problem> {
    short_line(text, LINE)
}

fn short_line(text: &str, max: usize) -> Result<(), Problem> {
    if text.trim().is_empty() {
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
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
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
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        // Joiners hide nothing inside a Persian word or an emoji; beside ASCII they would.
        let joins = matches!(c, '\u{200C}' | '\u{200D}')
            && !before.is_ascii()
            && rest.clone().next().is_some_and(|after| !after.is_ascii() && !is_treacherous(after));
        if is_treacherous(c) && !also(c) && !joins {
            return Err(Problem::ForbiddenCharacter);
        }
        before = c;
    }
    Ok(())
}

/// Control characters, line and paragraph separators, bidirectional marks, zero-width characters.
pub(crate) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_s_line_ends_become_plain() {
        assert_eq!(message(Field::Message, "a\r\nb").unwrap().as_deref(), Some("a\nb"));
        assert_eq!(message(Field::Message, " \r\n ").unwrap(), None);
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
