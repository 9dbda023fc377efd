//! The Content-Type of a mail or part: RFC 2045, with the comments of RFC 5322 and the pieces of RFC 2231.

use percent_encoding::percent_decode_str;

/// More pieces of one parameter than a boundary of 70 characters needs.
const PIECES: usize = 20;

pub(super) struct ContentType {
    /// Such as `multipart/report`, in lower case.
    pub(super) name: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    pub(super) fn read(value: &str) -> Self {
        let value = without_comments(value);
        let (name, rest) = value.split_once(';').unwrap_or((&value, ""));
        let name = name.split_whitespace().collect::<String>().to_ascii_lowercase();
        Self { name, parameters: parameters(rest) }
    }

    /// The value of a parameter, put together if it came in pieces.
    pub(super) fn parameter(&self, wanted: &str) -> Option<String> {
        let whole = self.get(wanted).map(str::to_owned).or_else(|| self.get(&format!("{wanted}*")).map(decoded));
        let value = whole.unwrap_or_else(|| {
            let mut value = String::new();
            for piece in 0..PIECES {
                let encoded = || self.get(&format!("{wanted}*{piece}*")).map(decoded);
                match self.get(&format!("{wanted}*{piece}")).map(str::to_owned).or_else(encoded) {
                    Some(piece) => value.push_str(&piece),
                    None => break,
                }
            }
            value
        });
        (!value.is_empty()).then_some(value)
    }

    fn get(&self, wanted: &str) -> Option<&str> {
        self.parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        // What stands before the last semicolon is a parameter without a value.
        let name = name.rsplit(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        parameters.push((name, value));
        rest = next;
    }
    parameters
}

/// What stands before the closing quote, and what follows it.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// Comments are in parentheses, may nest, and are none inside quotes. One that is never closed is none either: the
/// rest would be lost with it.
fn without_comments(value: &str) -> String {
    if !value.contains('(') {
        return value.to_owned();
    }
    let (mut kept, mut depth, mut quoted, mut opened) = (String::new(), 0_usize, false, 0);
    let mut characters = value.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                let escaped = characters.next().map(|(_, escaped)| escaped);
                if depth == 0 {
                    kept.push(c);
                    kept.extend(escaped);
                }
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                kept.push(c);
            }
            '(' if !quoted => {
                if depth == 0 {
                    opened = at;
                }
                depth += 1;
            }
            ')' if depth > 0 => depth -= 1,
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    if depth > 0 {
        kept.push_str(&value[opened..]);
    }
    kept
}

/// `charset'language'percent-encoded`; a boundary is ASCII in any charset.
fn decoded(value: &str) -> String {
    let text = value.splitn(3, '\'').nth(2).unwrap_or(value);
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_however_they_are_written() {
        for value in [
            "boundary=abc",
            "BOUNDARY = \"abc\"",
            "report-type=x; boundary=abc; charset=y",
            "report-type=\"a;boundary=no\";\n\tboundary=\"a\\bc\"",
            "x; boundary=abc",
            "boundary*0=a; boundary*1=\"bc\"",
            "boundary*1=bc; boundary*0=a",
            "boundary*=us-ascii'en'a%62c",
            "boundary*0*=us-ascii''a%62; boundary*1=c",
            "(a comment; boundary=no) boundary=abc (another (nested) one)",
            "boundary=(why not)abc",
            "boundary=abc; x=y (never closed",
        ] {
            let kind = ContentType::read(&format!("Multipart/Report (a comment); {value}"));
            assert_eq!(kind.name, "multipart/report", "{value}");
            assert_eq!(kind.parameter("boundary").as_deref(), Some("abc"), "{value}");
        }
        assert_eq!(ContentType::read("a/b; boundary=\"a(b)c\"").parameter("boundary").as_deref(), Some("a(b)c"));
        for value in ["", ";", "=", "a/b; boundary=", "a/b; boundary*1=x", "a/b; boundary", "a/b; \"", "\\"] {
            assert_eq!(ContentType::read(value).parameter("boundary"), None, "{value}");
        }
    }
}
