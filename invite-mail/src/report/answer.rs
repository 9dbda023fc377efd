//! The answer of a server, found in words: `550 5.1.1 no such user`.

use invite_core::EnhancedCode;

/// Where words are long, the answer stands in front.
const LINES: usize = 300;
const LINE: usize = 1_000;
/// What is kept of the words behind the codes.
const WORDS: usize = 400;

/// What a server answered, as far as it was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: Option<u16>,
    pub(super) enhanced: Option<EnhancedCode>,
    /// What follows the codes.
    pub(super) words: String,
}

impl Answer {
    /// Reads the value of a Diagnostic-Code, which begins with the codes.
    pub(super) fn of_diagnostic(value: &str) -> Self {
        let words = value.split_once(';').map_or(value, |(_kind, words)| words).trim_start();
        let code = words.get(..3).filter(|_| !words[3..].starts_with(|c: char| c.is_ascii_alphanumeric()));
        let code = code.and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
        let words = if code.is_some() { words[3..].trim_start_matches(['-', ' ', '#', ':']) } else { words };
        let (first, rest) = words.split_once(|c: char| c.is_whitespace()).unwrap_or((words, ""));
        let enhanced = EnhancedCode::parse(first.trim_end_matches([':', '-', ';']));
        if code.is_some() && enhanced.is_some() {
            return Self { code, enhanced, words: rest.trim_start().into() };
        }
        // Some servers quote the answer of another behind words of their own.
        let quoted = if code.is_none() { Self::find(words) } else { Self::default() };
        match quoted {
            Self { code: code @ Some(_), enhanced: enhanced @ Some(_), .. } => {
                Self { code, enhanced, words: words.into() }
            }
            _ => Self { code, enhanced: None, words: words.into() },
        }
    }

    /// The most telling answer in a text for people: both codes before the enhanced one, and that before a number that
    /// may be a code. The first of several that tell as much.
    pub(super) fn find(text: &str) -> Self {
        let mut best = (0, Self::default());
        let mut lines = text.lines().take(LINES).map(|line| cut(line, LINE));
        while let Some(line) = lines.next() {
            let found = of_line(line);
            if found.0 > best.0 {
                best = found;
                // An answer goes on in the next line.
                if let Some(next) = lines.next() {
                    let next_found = of_line(next);
                    if next_found.0 > best.0 {
                        best = next_found;
                    } else if best.1.words.len() < WORDS && next_found.0 == 0 {
                        best.1.words.push(' ');
                        best.1.words.push_str(cut(next.trim(), WORDS));
                    }
                }
            }
            if best.0 == 3 {
                break;
            }
        }
        best.1
    }

    /// What the text says of a recipient, for one without any code: what follows the first address, or else all of it.
    pub(super) fn words_of(text: &str) -> Self {
        let mut lines = text.lines().take(LINES);
        let behind = lines.by_ref().find_map(|line| {
            let at = line.find('@')?;
            let end = line[at..]
                .find(|c: char| c.is_whitespace() || matches!(c, '>' | ':' | ')'))
                .map_or(line.len(), |end| at + end);
            Some(line[end..].trim_start_matches(['>', ':', ')', ' ', '\'', '"']))
        });
        let rest: Vec<_> = lines.map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
        let words =
            behind.map(|behind| format!("{behind} {}", rest.join(" "))).filter(|words| !words.trim().is_empty());
        Self { words: cut(words.as_deref().unwrap_or(text).trim(), WORDS).into(), ..Self::default() }
    }

    pub(super) const fn is_none(&self) -> bool {
        self.code.is_none() && self.enhanced.is_none()
    }

    /// 2, 4 or 5: what the answer says, the enhanced code first.
    pub(super) fn class(&self) -> Option<u8> {
        let of_code = || self.code.and_then(|code| u8::try_from(code / 100).ok());
        self.enhanced.map(EnhancedCode::class).or_else(of_code)
    }
}

/// How much a line tells, 3 at most, and what.
fn of_line(line: &str) -> (u8, Answer) {
    let mut best = (0, Answer::default());
    if !line.bytes().any(|byte| matches!(byte, b'4' | b'5')) {
        return best;
    }
    let mut previous: Option<(usize, u16)> = None;
    let is_edge = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '-' | '(' | ')' | '<' | '>' | '[' | ']' | '#' | '"' | '\'' | ',' | ':')
    };
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let end = rest.find(is_edge).unwrap_or(rest.len());
        let (word, begin) = (&rest[..end], at);
        at += end + rest[end..].chars().next().map_or(0, char::len_utf8);
        if word.is_empty() {
            continue;
        }
        let words = || {
            cut(line.get(begin + word.len()..).unwrap_or_default(), WORDS)
                .trim_start_matches([' ', '-', ')', ':', ';', ']', '>'])
                .to_owned()
        };
        if let Some(enhanced) = plausible(word.trim_end_matches('.')) {
            // Directly behind the code, with a dash, a colon or a number sign between them at most.
            let code =
                previous.filter(|(end, _)| line[*end..begin].trim_matches([' ', '-', '#', ':', '(', '\'']).is_empty());
            let rank = if code.is_some() { 3 } else { 2 };
            if rank > best.0 {
                best = (rank, Answer { code: code.map(|(_, code)| code), enhanced: Some(enhanced), words: words() });
            }
        } else if let Some(code) = reply_code(word) {
            previous = Some((begin + word.len(), code));
            let follows = line[begin + word.len()..].chars().next().is_none_or(|c| matches!(c, ' ' | '-' | ';' | ':'));
            if best.0 == 0 && follows && introduces_code(&line[..begin]) {
                best = (1, Answer { code: Some(code), enhanced: None, words: words() });
            }
        }
    }
    best
}

/// Whether what stands before a number makes it the code of an answer.
fn introduces_code(before: &str) -> bool {
    let before = before.trim_end();
    let introductions = ["said", "error", "code", "status", "response", "reply", "reason", "answered", "returned"];
    before.is_empty()
        || before.ends_with([':', ';', '#', '(', '<', '[', '"', '>'])
        || introductions.iter().any(|word| ends_with(before, word))
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// A code of RFC 5321 and its extensions that says no.
fn reply_code(word: &str) -> Option<u16> {
    let code = if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse().ok()? } else { 0 };
    matches!(code, 420..=459 | 471 | 499 | 500..=559 | 571 | 590..=599).then_some(code)
}

/// An enhanced code that says no. Versions of programs look alike, but are no codes that anybody registered.
fn plausible(word: &str) -> Option<EnhancedCode> {
    let code = EnhancedCode::parse(word)?;
    let subject = word.split('.').nth(1)?.parse::<u16>().ok()?;
    (matches!(code.class(), 4 | 5) && subject <= 7).then_some(code)
}

/// At most so many bytes of a text.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Option<u16>, Option<String>, String) {
        let Answer { code, enhanced, words } = Answer::find(text);
        (code, enhanced.map(|code| code.to_string()), words)
    }

    #[test]
    fn the_most_telling_answer_of_a_text_is_found() {
        for (text, code, enhanced, words) in [
            ("Remote host said: 550 5.1.1 no such user", Some(550), Some("5.1.1"), "no such user"),
            ("sorry\n550-5.1.1 no such\n    user here", Some(550), Some("5.1.1"), "no such user here"),
            ("<<< 550 #5.1.0 Address rejected", Some(550), Some("5.1.0"), "Address rejected"),
            ("554 of 600 mails\nerror 550: 5.7.1: spam", Some(550), Some("5.7.1"), "spam"),
            ("mx.example.org #5.2.2 smtp; mailbox full", None, Some("5.2.2"), "smtp; mailbox full"),
            ("host mx.example.org[192.0.2.25]: 452 try later", Some(452), None, "try later"),
            ("5.1.0 - Unknown address 550-'5.7.1 denied", Some(550), Some("5.7.1"), "denied"),
            ("SMTP error 552 too large", Some(552), None, "too large"),
        ] {
            assert_eq!(found(text), (code, enhanced.map(str::to_owned), words.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_answers() {
        for text in [
            "we moved 550 km away, call +49 550 5511",
            "Exim 4.96.1 and 4.99.2 at 5.1.1.7",
            "it has 512 bytes",
            "version 5.11.2",
            "",
            "é550é",
        ] {
            assert_eq!(Answer::find(text), Answer::default(), "{text}");
        }
    }

    #[test]
    fn without_a_code_the_words_behind_the_address_are_the_reason() {
        let words = |text| Answer::words_of(text).words;
        assert_eq!(words("Hello\n\n<ada@example.org>:\nno such\n user\n"), "no such user");
        assert_eq!(words("The mailbox of ada@example.org is full.\n"), "is full.");
        assert_eq!(words("The mailbox is full."), "The mailbox is full.");
        assert_eq!(words("To ada@example.org"), "To ada@example.org");
        assert_eq!(words(""), "");
    }

    #[test]
    fn a_diagnostic_may_quote_the_answer_behind_other_words() {
        let Answer { code, enhanced, .. } = Answer::of_diagnostic("smtp; mx.example.org said: 550 5.1.1 no such user");
        assert_eq!((code, enhanced.map(|code| code.to_string()).as_deref()), (Some(550), Some("5.1.1")));
    }
}
