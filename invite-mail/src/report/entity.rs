//! As much of MIME as a report needs: no recursion, and nothing that grows faster than its input.

use std::borrow::Cow;

/// More header fields, or parts, than anything has that is to be understood.
const FIELDS: usize = 500;
const PARTS: usize = 20;
/// A longer value is cut.
const VALUE: usize = 4_000;

/// Header fields in their order: names in lower case, values unfolded.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    fn read_line(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.0.last_mut()
                && value.len() < VALUE
            {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':')
            && self.0.len() < FIELDS
        {
            let end = (0..=VALUE.min(value.len())).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
            self.0.push((name.trim().to_ascii_lowercase(), value[..end].trim().to_owned()));
        }
    }
}

/// A mail, or a part of one: fields, an empty line, and the rest.
pub(super) struct Entity<'m> {
    fields: Fields,
    body: &'m [u8],
}

impl<'m> Entity<'m> {
    pub(super) fn read(mut bytes: &'m [u8]) -> Self {
        let mut fields = Fields::default();
        while let Some((line, rest)) = next_line(bytes) {
            bytes = rest;
            if line.is_empty() {
                break;
            }
            fields.read_line(&String::from_utf8_lossy(line));
        }
        Self { fields, body: bytes }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields.value(name)
    }

    pub(super) fn content_type(&self) -> ContentType<'_> {
        let value = self.value("content-type").unwrap_or("text/plain");
        let (name, parameters) = value.split_once(';').unwrap_or((value, ""));
        ContentType { name: name.trim().to_owned(), parameters }
    }

    /// The parts of a multipart body; the last may lack its end.
    pub(super) fn parts(&self, boundary: &str) -> Vec<Entity<'m>> {
        let mut parts = Vec::new();
        let (mut rest, mut begin) = (self.body, None);
        while let Some((line, after)) = next_line(rest) {
            let here = self.body.len() - rest.len();
            let delimiter = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()));
            // What follows the boundary decides whether it is one, and whether it is the last.
            if let Some(tail) = delimiter.map(<[u8]>::trim_ascii).filter(|tail| matches!(*tail, b"" | b"--")) {
                if let Some(begin) = begin {
                    parts.push(Self::read(&self.body[begin..here]));
                }
                begin = Some(self.body.len() - after.len());
                if !tail.is_empty() || parts.len() == PARTS {
                    return parts;
                }
            }
            rest = after;
        }
        parts.extend(begin.map(|begin| Self::read(&self.body[begin..])));
        parts
    }

    /// The body without its transfer encoding. Damage stays as it is, or ends it.
    pub(super) fn decoded(&self) -> Cow<'m, [u8]> {
        let encoding = self.value("content-transfer-encoding").unwrap_or_default();
        if encoding.eq_ignore_ascii_case("quoted-printable") {
            quoted_printable(self.body).into()
        } else if encoding.eq_ignore_ascii_case("base64") {
            let digits: Vec<_> = self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let whole = digits.len() / 4 * 4;
            data_encoding::BASE64.decode(&digits[..whole]).unwrap_or_default().into()
        } else {
            self.body.into()
        }
    }
}

pub(super) struct ContentType<'e> {
    pub(super) name: String,
    parameters: &'e str,
}

impl ContentType<'_> {
    pub(super) fn parameter(&self, wanted: &str) -> Option<String> {
        let mut rest = self.parameters;
        loop {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim_start_matches([';', ' ', '\t']).trim();
            let after = after.trim_start();
            let (value, next) = match after.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => {
                    let end = after.find(';').unwrap_or(after.len());
                    (after[..end].trim().to_owned(), &after[end..])
                }
            };
            if name.eq_ignore_ascii_case(wanted) {
                return (!value.is_empty()).then_some(value);
            }
            rest = next;
        }
    }
}

/// The groups of fields in a body, with empty lines between them; empty groups are left out.
pub(super) fn fields(mut body: &[u8]) -> impl Iterator<Item = Fields> {
    std::iter::from_fn(move || {
        while !body.is_empty() {
            let entity = Entity::read(body);
            body = entity.body;
            if !entity.fields.0.is_empty() {
                return Some(entity.fields);
            }
        }
        None
    })
}

/// A line without its end, and what follows; `None` at the end.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, rest) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 1..]));
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

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

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match after {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => rest = after,
            [high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                decoded.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            _ => decoded.push(b'='),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_however_they_are_written() {
        let entity = |value: &str| format!("Content-Type: multipart/report; {value}\n\n");
        for value in [
            "boundary=abc",
            "BOUNDARY = \"abc\"",
            "report-type=x; boundary=abc; charset=y",
            "report-type=\"a;boundary=no\";\n\tboundary=\"a\\bc\"",
            "x; boundary=abc",
        ] {
            let text = entity(value);
            let entity = Entity::read(text.as_bytes());
            let found = entity.content_type().parameter("boundary");
            let expected = if value.starts_with("x;") { None } else { Some("abc") };
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn parts_begin_and_end_at_their_boundaries_and_nowhere_else() {
        let text = "\n--a\n\none\n--ab\ntwo\n--a \r\nX: y\r\n\r\nthree\r\n--a--\nfour\n--a\nfive";
        let mail = Entity::read(text.as_bytes());
        let bodies: Vec<_> =
            mail.parts("a").iter().map(|part| String::from_utf8_lossy(part.body).into_owned()).collect();
        assert_eq!(bodies, ["one\n--ab\ntwo\n", "three\r\n"]);
        assert_eq!(Entity::read(b"\n--a\n\nunfinished").parts("a").len(), 1);
        assert_eq!(Entity::read("\n--a\n".repeat(1_000).as_bytes()).parts("a").len(), PARTS);
    }

    #[test]
    fn what_was_encoded_is_decoded_and_damage_ends_nothing() {
        let decoded = |encoding: &str, body: &str| {
            let text = format!("Content-Transfer-Encoding: {encoding}\n\n{body}");
            String::from_utf8(Entity::read(text.as_bytes()).decoded().into_owned()).unwrap()
        };
        assert_eq!(decoded("Quoted-Printable", "a=3Db=\r\nc=\nd=zz=4"), "a=bcd=zz=4");
        assert_eq!(decoded("base64", "aGVs\r\nbG8=\r\n"), "hello");
        assert_eq!(decoded("base64", "aGVsb"), "hel");
        assert_eq!(decoded("base64", "?!?!"), "");
        assert_eq!(decoded("8bit", "a=3D"), "a=3D");
    }
}
