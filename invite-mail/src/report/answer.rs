//! The answer of a server, found in words: `550 5.1.1 no such user`.

mod context;

use invite_core::EnhancedCode;

use self::context::Rank;

/// Where words are long, the answer stands in front.
const LINES: usize = 300;
const LINE: usize = 1_000;
/// What is kept of the words behind the codes.
const WORDS: usize = 400;

/// What a server answered, as far as it was found, whether a mail or a webhook quotes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: Option<u16>,
    pub(crate) enhanced: Option<EnhancedCode>,
    /// What follows the codes. Not yet fit to be shown.
    pub(crate) words: String,
    /// Whether it can be nothing but an answer. Otherwise a number stands where answers do, which people write too.
    pub(crate) certain: bool,
}

impl Answer {
    /// Reads the value of a Diagnostic-Code, `smtp; 550 5.1.1 no such user`, which begins with the codes, or quotes them.
    pub(crate) fn of_diagnostic(value: &str) -> Self {
        let words = value.split_once(';').map_or(value, |(_kind, words)| words).trim_start();
        let code = words.get(..3).filter(|_| !words[3..].starts_with(|c: char| c.is_ascii_alphanumeric()));
        let code = code.filter(|_| !context::goes_on_in_digits(&words[3..]));
        let code = code.and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
        let words = if code.is_some() { words[3..].trim_start_matches(['-', ' ', '#', ':']) } else { words };
        let (first, rest) = words.split_once(|c: char| c.is_whitespace()).unwrap_or((words, ""));
        let enhanced = EnhancedCode::parse(first.trim_start_matches('#').trim_end_matches([':', '-', ';']));
        // Some servers quote the answer of another behind words, or a code, of their own.
        let quoted = if code.is_none() { Self::find(words) } else { Self::default() };
        let is_whole = quoted.code.is_some() && quoted.enhanced.is_some();
        if enhanced.is_some() && !is_whole {
            return Self { code, enhanced, words: rest.trim_start().into(), certain: true };
        }
        if quoted.certain {
            return Self { words: words.into(), ..quoted };
        }
        Self { code, enhanced: None, words: words.into(), certain: code.is_some() }
    }

    /// The most telling answer in a text for people: both codes before one, and one that the words around it make an answer
    /// before one that only looks like it. The first of several that tell as much.
    pub(super) fn find(text: &str) -> Self {
        let mut best = (Rank::None, Self::default());
        let mut before = "";
        let mut lines = text.lines().take(LINES).map(|line| cut(line, LINE)).peekable();
        while let Some(line) = lines.next() {
            let found = context::of_line(line, before);
            if found.0 > best.0 {
                best = found;
                // An answer goes on in the next line.
                if let Some(next) = lines.peek()
                    && context::of_line(next, line).0 == Rank::None
                    && best.1.words.len() < WORDS
                {
                    best.1.words.push(' ');
                    best.1.words.push_str(cut(next.trim(), WORDS));
                }
            }
            if best.0 == Rank::Both {
                break;
            }
            if !line.trim().is_empty() {
                before = line;
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

    pub(crate) const fn is_none(&self) -> bool {
        self.code.is_none() && self.enhanced.is_none()
    }

    /// 2, 4 or 5: what the answer says, the enhanced code first.
    pub(crate) fn class(&self) -> Option<u8> {
        let of_code = || self.code.and_then(|code| u8::try_from(code / 100).ok());
        self.enhanced.map(EnhancedCode::class).or_else(of_code)
    }
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
        let Answer { code, enhanced, words, .. } = Answer::find(text);
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
            // Telephones.
            "514-555-0100",
            "450 123 4567",
            "Phone: 514 555 0100",
            "Fax: 555-0100",
            "1-514-555-0100",
            "+1 (514) 555-0100",
            "error line: 450-123-4567",
            "Ext: 555 or by mail",
            // Postal addresses, rooms, tickets and prices.
            "Ada Lovelace\n500 Main Street\nSpringfield",
            "ada@example.org\n500 Main Street",
            "Our address:\n500 Main Street",
            "Postal code 550 Saudarkrokur",
            "Room: 550 in the east wing",
            "Ticket #550: we got your mail",
            "Ticket [#550] we got your mail",
            "(550 seats)",
            "\"550 miles to go\"",
            "> 550 of 600 are sold",
            "500 thanks",
            // Dates, sections and versions.
            "vom 4.5.26 bis 5.5.26",
            "Abwesend: 4.1.26",
            "5.1.26 bin ich zurück",
            "see section 5.1.1 of the manual",
            "Firmware 4.2.2 is out",
            "version 5.1.1",
        ] {
            assert_eq!(Answer::find(text), Answer::default(), "{text}");
        }
    }

    #[test]
    fn what_stands_around_a_code_makes_it_an_answer() {
        for (text, certain) in [
            ("Remote host said: 550 no such user", true),
            ("<ada@example.org>: 550 no such user", true),
            ("RCPT TO:<ada@example.org>: 550 no such user", true),
            ("mx.example.org[192.0.2.25]: 554 192.0.2.1 is listed", true),
            ("<<< 550 no such user", true),
            ("smtp; 550 no such user", true),
            ("The error code was: 5.1.1", false),
            ("Response: 550 words at most", false),
            ("SMTP error 552 too large", true),
            ("no such user (#5.1.1)", true),
            ("550 5.1.1", true),
            ("<ada@example.org>:\n550 no such user", false),
            (">>> RCPT TO:<ada@example.org>\n550 no such user", false),
            ("  ada@example.org\n    550 no such user", false),
            ("ada@example.org (550 no such user)", false),
            ("5.1.1 - no such user", false),
        ] {
            let answer = Answer::find(text);
            assert!(!answer.is_none(), "{text}");
            assert_eq!(answer.certain, certain, "{text}");
        }
        for (value, code, enhanced) in [
            ("smtp; 5.7.1 denied", None, Some("5.7.1")),
            ("smtp; #5.1.1 denied", None, Some("5.1.1")),
            ("smtp; 5.1.0 - Unknown address error 550-'5.7.1 denied", Some(550), Some("5.7.1")),
            ("smtp; mx.example.org[192.0.2.25]: 550 no such user", Some(550), None),
            ("smtp; we have 550 rooms", None, None),
        ] {
            let answer = Answer::of_diagnostic(value);
            let found = (answer.code, answer.enhanced.map(|code| code.to_string()));
            assert_eq!(found, (code, enhanced.map(str::to_owned)), "{value}");
        }
        let Answer { code, words, .. } = Answer::of_diagnostic("x-unix; 514-555-0100 is our number");
        assert_eq!((code, words.as_str()), (None, "514-555-0100 is our number"));
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
