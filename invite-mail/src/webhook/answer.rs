//! The answer of the recipient's server, as providers quote it: `smtp; 550 5.1.1 user unknown`.

use invite_core::{DeliveryReport, EnhancedCode};

/// Longer answers are cut: what counts stands in front.
const LENGTH: usize = 2_000;

/// What the recipient's server answered, as far as it can be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer<'t> {
    pub(super) code: Option<u16>,
    pub(super) enhanced: Option<EnhancedCode>,
    /// The words without the codes in front.
    pub(super) words: &'t str,
}

impl<'t> Answer<'t> {
    /// Reads the codes wherever both stand together, since some servers quote the answer of another behind words of their
    /// own. A single code counts only in front: elsewhere it may be any number.
    pub(super) fn read(text: &'t str) -> Self {
        let text = without_kind(cut(text)).trim();
        let mut words = words(text);
        let Some((first, end)) = words.next() else { return Self::default() };
        let mut previous = (first, end);
        for (word, end) in words {
            if let (Some(code), Some(enhanced)) = (reply_code(previous.0), failure(word)) {
                return Self { code: Some(code), enhanced: Some(enhanced), words: rest(text, end) };
            }
            previous = (word, end);
        }
        if let Some(code) = reply_code(first) {
            Self { code: Some(code), enhanced: None, words: rest(text, end) }
        } else if let Some(enhanced) = failure(first) {
            Self { code: None, enhanced: Some(enhanced), words: rest(text, end) }
        } else {
            Self { code: None, enhanced: None, words: text }
        }
    }

    /// The enhanced code of a field of its own, for an answer that quotes none.
    pub(super) fn or_status(mut self, status: Option<&str>) -> Self {
        self.enhanced = self.enhanced.or_else(|| failure(status?.trim()));
        self
    }

    pub(super) fn add_to(&self, mut report: DeliveryReport) -> DeliveryReport {
        if let Some(code) = self.code {
            report = report.code(code);
        }
        if let Some(enhanced) = self.enhanced {
            report = report.enhanced(enhanced);
        }
        report.text(self.words)
    }
}

/// RFC 3464 (section 2.3.6) puts the kind of the diagnostic and a semicolon in front.
fn without_kind(text: &str) -> &str {
    match text.split_once(';') {
        Some((kind, rest)) if kind.trim().bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') => rest,
        _ => text,
    }
}

/// Each word, and where it ends.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '-' | '#' | ':' | ';' | ',' | '(' | ')' | '<' | '>' | '"');
    let mut at = 0;
    text.split_inclusive(is_edge).filter_map(move |piece| {
        let word = piece.trim_end_matches(is_edge);
        let end = at + word.len();
        at += piece.len();
        (!word.is_empty()).then_some((word, end))
    })
}

fn rest(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default().trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | ':' | ')'))
}

fn reply_code(word: &str) -> Option<u16> {
    let digits = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|code| digits && (400..600).contains(code))
}

fn failure(word: &str) -> Option<EnhancedCode> {
    EnhancedCode::parse(word).filter(|code| matches!(code.class(), 4 | 5))
}

fn cut(text: &str) -> &str {
    let end = (0..=LENGTH.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_where_servers_write_them() {
        for (text, code, enhanced, words) in [
            ("smtp; 550 5.1.1 user unknown", Some(550), Some("5.1.1"), "user unknown"),
            ("smtp;550-5.1.1 no such user", Some(550), Some("5.1.1"), "no such user"),
            ("550 #5.1.0 Address rejected", Some(550), Some("5.1.0"), "Address rejected"),
            ("mx.example.org said: 452 4.2.2 (mailbox full)", Some(452), Some("4.2.2"), "mailbox full)"),
            ("smtp; 550 rejected", Some(550), None, "rejected"),
            ("5.7.1 denied", None, Some("5.7.1"), "denied"),
            ("sorry; we moved 550 km away", None, None, "we moved 550 km away"),
            ("250 2.0.0 ok", None, None, "250 2.0.0 ok"),
            ("é550é", None, None, "é550é"),
            (" ; ", None, None, ""),
            ("", None, None, ""),
        ] {
            let read = Answer::read(text);
            let found = (read.code, read.enhanced.map(|code| code.to_string()), read.words.trim_start_matches('('));
            assert_eq!(found, (code, enhanced.map(str::to_owned), words), "{text}");
        }
    }

    #[test]
    fn a_status_field_is_used_only_if_the_answer_has_no_enhanced_code() {
        let enhanced = |text, status| Answer::read(text).or_status(status).enhanced.map(|code| code.to_string());
        assert_eq!(enhanced("550 no", Some("5.1.1")).as_deref(), Some("5.1.1"));
        assert_eq!(enhanced("550 5.2.2 full", Some("5.0.0")).as_deref(), Some("5.2.2"));
        assert_eq!(enhanced("550 no", None), None);
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let long = "é".repeat(LENGTH);
        assert_eq!(Answer::read(&long).words.len(), LENGTH);
        let odd = format!("x{long}");
        assert_eq!(Answer::read(&odd).words.len(), LENGTH - 1);
    }
}
