//! Words of header fields that are not ASCII: RFC 2047.

use std::borrow::Cow;

use super::encoding;

/// The value of a field for people, with its encoded words decoded. One in a charset that is not known here stays as it is.
/// Never for a field of which ids or addresses are taken: what is decoded is no syntax.
pub(super) fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains("=?") {
        return value.into();
    }
    let mut text = String::with_capacity(value.len());
    // A character may be spread over neighbours.
    let mut run: Option<Run> = None;
    let mut rest = value;
    while let Some(begin) = rest.find("=?") {
        let (before, word) = rest.split_at(begin);
        let Some((read, after)) = Word::read(word) else {
            end(&mut text, &mut run);
            text.push_str(before);
            text.push_str("=?");
            rest = &word[2..];
            continue;
        };
        let source = &word[..word.len() - after.len()];
        match &mut run {
            // The blanks between two encoded words are none of the text.
            Some(run) if before.trim().is_empty() && run.charset == read.charset => run.add(before, &read, source),
            _ => {
                let is_neighbour = run.is_some() && before.trim().is_empty();
                end(&mut text, &mut run);
                text.push_str(if is_neighbour { "" } else { before });
                run = Some(Run { charset: read.charset, bytes: read.bytes, source: source.to_owned() });
            }
        }
        rest = after;
    }
    end(&mut text, &mut run);
    text.push_str(rest);
    text.into()
}

struct Word {
    charset: String,
    bytes: Vec<u8>,
}

impl Word {
    /// The word at the beginning, and what follows it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
        let (charset, kind, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (encoded, after) = rest.split_once("?=")?;
        if charset.is_empty() || encoded.contains(char::is_whitespace) {
            return None;
        }
        let bytes = match kind {
            "B" | "b" => encoding::decoded("base64", encoded.as_bytes()).into_owned(),
            "Q" | "q" => encoding::decoded("quoted-printable", encoded.replace('_', " ").as_bytes()).into_owned(),
            _ => return None,
        };
        // RFC 2231 puts the language behind an asterisk.
        let charset = charset.split('*').next().unwrap_or_default().to_ascii_lowercase();
        Some((Self { charset, bytes }, after))
    }
}

/// Neighbours in one charset.
struct Run {
    charset: String,
    bytes: Vec<u8>,
    source: String,
}

impl Run {
    fn add(&mut self, blanks: &str, word: &Word, source: &str) {
        self.bytes.extend_from_slice(&word.bytes);
        self.source.push_str(blanks);
        self.source.push_str(source);
    }

    fn text(self) -> String {
        let is_plain = self.bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
        match self.charset.as_str() {
            "utf-8" | "utf8" => String::from_utf8_lossy(&self.bytes).into_owned(),
            "iso-8859-1" | "iso-8859-15" | "latin1" | "windows-1252" => {
                self.bytes.iter().copied().map(char::from).collect()
            }
            _ if is_plain => self.bytes.iter().copied().map(char::from).collect(),
            _ => self.source,
        }
    }
}

fn end(text: &mut String, run: &mut Option<Run>) {
    text.extend(run.take().map(Run::text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded_and_what_is_none_stays() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?utf-8?q?Zustellung_verz=C3=B6gert?=", "Zustellung verzögert"),
            ("=?UTF-8?B?VmVyesO2Z2VydA==?= (1)", "Verzögert (1)"),
            ("Re: =?iso-8859-1?Q?verz=F6gert?=", "Re: verzögert"),
            // A character in two words, and the blanks between them.
            ("=?utf-8?q?verz=C3?=\t =?utf-8?q?=B6gert?=", "verzögert"),
            ("=?utf-8?q?a?= =?iso-8859-1?q?b?= c", "ab c"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            ("=?utf-8*en?q?late?=", "late"),
            ("=?x-unknown?q?late?=", "late"),
            ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?="),
            ("=?utf-8?x?late?=", "=?utf-8?x?late?="),
            ("=?utf-8?q?two words?=", "=?utf-8?q?two words?="),
            ("=?=? a =?utf-8?q?", "=?=? a =?utf-8?q?"),
        ] {
            assert_eq!(decoded(value), text, "{value}");
        }
        assert_eq!(decoded(&"=?".repeat(10_000)).len(), 20_000);
    }
}
