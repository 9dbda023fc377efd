//! The parts of a whole mail, however they nest.

use std::borrow::Cow;

use super::entity::{Entity, lines};

/// A report is nested once or twice. Each level is read once more, so this bounds the work as well.
const DEPTH: usize = 5;
const LEAVES: usize = 60;

pub(super) struct Mail<'m> {
    pub(super) head: Entity<'m>,
    pub(super) leaves: Vec<Leaf<'m>>,
}

/// A part that is no multipart itself.
pub(super) struct Leaf<'m> {
    /// Its content type in lower case, such as `text/plain`.
    pub(super) name: String,
    pub(super) body: Cow<'m, [u8]>,
}

impl<'m> Mail<'m> {
    pub(super) fn read(bytes: &'m [u8]) -> Self {
        let head = Entity::read_mail(bytes);
        let mut leaves = Vec::new();
        let mut level = parts_of(&head).unwrap_or_else(|| {
            leaves.push(Leaf::of(&head));
            Vec::new()
        });
        // Level by level, so that a report comes before what is inside the letter that it returns.
        for _ in 1..DEPTH {
            let mut next = Vec::new();
            for part in &level {
                match parts_of(part) {
                    Some(parts) => next.extend(parts),
                    None => leaves.push(Leaf::of(part)),
                }
                if leaves.len() + next.len() > LEAVES {
                    return Self { head, leaves };
                }
            }
            level = next;
        }
        Self { head, leaves }
    }

    /// The first part of one of these types.
    pub(super) fn find(&self, names: &[&str]) -> Option<&Leaf<'m>> {
        self.leaves.iter().find(|leaf| leaf.is(names))
    }
}

impl<'m> Leaf<'m> {
    fn of(entity: &Entity<'m>) -> Self {
        let name = entity.content_type().name;
        // Of a picture or an archive nothing is needed.
        let is_text = name.starts_with("text/") || name.starts_with("message/") || !name.contains('/');
        Self { body: if is_text { entity.decoded() } else { entity.body.into() }, name }
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// The body if it differs from how it stands in the mail.
    pub(super) fn rewritten(&self) -> Option<&[u8]> {
        match &self.body {
            Cow::Owned(body) => Some(body),
            Cow::Borrowed(_) => None,
        }
    }

    /// Whether it is written for people.
    pub(super) fn is_text(&self) -> bool {
        !self.name.starts_with("message/") && (self.name.starts_with("text/") || !self.name.contains('/'))
    }
}

fn parts_of<'m>(entity: &Entity<'m>) -> Option<Vec<Entity<'m>>> {
    let kind = entity.content_type();
    if !kind.name.starts_with("multipart/") {
        return None;
    }
    let named = kind.parameter("boundary").map(|boundary| entity.parts(boundary.trim_end()));
    named.filter(|parts| !parts.is_empty()).or_else(|| Some(entity.parts(&guessed(entity)?)))
}

/// The boundary where the Content-Type lost it, or names another: the first line that looks like one.
fn guessed(entity: &Entity<'_>) -> Option<String> {
    let boundary = lines(entity.body).find_map(|line| {
        let boundary = line.strip_prefix(b"--")?.trim_ascii_end();
        let fits = (3..=70).contains(&boundary.len()) && boundary.iter().all(u8::is_ascii_graphic);
        fits.then_some(boundary)
    })?;
    String::from_utf8(boundary.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(mail: &str) -> Vec<String> {
        Mail::read(mail.as_bytes()).leaves.into_iter().map(|leaf| leaf.name).collect()
    }

    #[test]
    fn parts_of_parts_are_found_and_those_of_a_returned_letter_are_not() {
        let nested = "\n\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/report; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; \
             boundary=c\n\n--c\nContent-Type: text/html\n\n--c--\n--b--\n--a\nContent-Type: text/x-footer\n\n--a--\n";
        assert_eq!(names(nested), ["text/x-footer", "text/plain", "message/rfc822"]);
        assert_eq!(names("Subject: x\n\nbody"), ["text/plain"]);
    }

    #[test]
    fn a_lost_boundary_is_guessed() {
        for kind in ["multipart/mixed", "multipart/mixed; boundary=another"] {
            let mail = format!("Content-Type: {kind}\n\nwords\n-- \n--=_abc\nContent-Type: text/html\n\n--=_abc--\n");
            assert_eq!(names(&mail), ["text/html"], "{kind}");
        }
        assert_eq!(names("Content-Type: multipart/mixed\n\nwords"), ["multipart/mixed"]);
    }

    #[test]
    fn depth_and_number_have_an_end() {
        let deep: String =
            (0..50).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
        assert!(names(&deep).is_empty());
        let wide = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\n".repeat(1_000));
        assert!(names(&wide).len() <= LEAVES);
    }
}
