//! As much of a mail's syntax as a report needs: no recursion, and nothing that grows faster than its input.

use std::borrow::Cow;

use super::{content_type::ContentType, encoding};

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
        self.values(name).next()
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.trim()))
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
    pub(super) fields: Fields,
    pub(super) body: &'m [u8],
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

    /// A mail, before whose first field some servers leave a blank line.
    pub(super) fn read_mail(bytes: &'m [u8]) -> Self {
        Self::read(bytes.trim_ascii_start())
    }

    /// A part of a mail. One without fields begins with a blank line, and so does one by mistake.
    fn read_part(bytes: &'m [u8]) -> Self {
        let begin = bytes.trim_ascii_start();
        let by_mistake = begin.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"content-"));
        Self::read(if by_mistake { begin } else { bytes })
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields.value(name)
    }

    pub(super) fn content_type(&self) -> ContentType {
        ContentType::read(self.value("content-type").unwrap_or("text/plain"))
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
                    parts.push(Self::read_part(&self.body[begin..here]));
                }
                begin = Some(self.body.len() - after.len());
                if !tail.is_empty() || parts.len() == PARTS {
                    return parts;
                }
            }
            rest = after;
        }
        parts.extend(begin.map(|begin| Self::read_part(&self.body[begin..])));
        parts
    }

    /// The body without its transfer encoding.
    pub(super) fn decoded(&self) -> Cow<'m, [u8]> {
        encoding::decoded(self.value("content-transfer-encoding").unwrap_or_default(), self.body)
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

/// The lines of a body, without their ends.
pub(super) fn lines(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (line, rest) = next_line(body)?;
        body = rest;
        Some(line)
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_blank_line_before_the_fields_of_a_part_is_a_mistake() {
        let mail = Entity::read(b"\n--a\n\nContent-Type: text/html\n\none\n--a\n\nSubject: two\n--a--\n");
        let parts = mail.parts("a");
        assert_eq!((parts[0].value("content-type"), parts[0].body), (Some("text/html"), &b"one\n"[..]));
        assert_eq!((parts[1].value("subject"), parts[1].body), (None, &b"Subject: two\n"[..]));
    }
}
