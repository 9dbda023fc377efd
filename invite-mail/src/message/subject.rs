//! The subject as it goes over the wire.

use std::fmt::Write as _;

use lettre::message::header::{Header as _, HeaderValue, Subject};

/// What an encoded word may hold, 3 characters to a byte, for the first line to keep to the 76 that
/// RFC 2047 (section 2) allows: 9 for `Subject: `, 12 for the word's frame.
const BYTES: usize = 18;

/// A name may look like an encoded word: `=?utf-8?q?...?=`. Left as it is, mail programs would
/// decode it, and show what core never looked at. Encoded once more, it is shown as written.
pub(super) fn subject(text: &str) -> HeaderValue {
    if text.contains("=?") {
        HeaderValue::dangerous_new_pre_encoded(Subject::name(), text.into(), encoded(text))
    } else {
        Subject::from(text.to_owned()).display()
    }
}

fn encoded(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (1..=BYTES.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let separator = if words.is_empty() { "" } else { "\r\n " };
        let _ = write!(words, "{separator}=?utf-8?q?");
        for byte in word.bytes() {
            let _ = write!(words, "={byte:02X}");
        }
        words.push_str("?=");
        rest = after;
    }
    words
}
