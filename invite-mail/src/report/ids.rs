//! By what a letter is known again.

use invite_core::store::DeliveryId;

use super::{
    entity::{Entity, lines},
    mail::{Leaf, Mail},
};

/// Types of a part that returns the letter, or its head.
const RETURNED: [&str; 8] = [
    "message/rfc822",
    "message/rfc822-headers",
    "text/rfc822-headers",
    "text/rfc822",
    "message/partial",
    "message/global",
    "message/global-headers",
    "message/news",
];
/// Lines of a returned letter that are looked at.
const LINES: usize = 2_000;
const ADDRESSES: usize = 20;
/// What is read of a line, and of its continuations, for a subject.
const LINE: usize = 1_000;
const FOLDED: usize = 10;

/// The letter that came back: its fields, as far as they were found.
pub(super) struct Returned<'m> {
    leaf: Option<&'m Leaf<'m>>,
    letter: Option<Entity<'m>>,
}

impl<'m> Returned<'m> {
    pub(super) fn of(mail: &'m Mail<'m>) -> Self {
        let leaf = mail.find(&RETURNED);
        Self { leaf, letter: leaf.map(|leaf| Entity::read_mail(&leaf.body)) }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.letter.as_ref()?.value(name)
    }

    /// The Message-ID in the returned part, or in a line of another part that quotes the letter. One of ours before
    /// others, since a letter may have been given another on its way.
    pub(super) fn message_id(&self, mail: &Mail<'_>) -> Option<String> {
        let mut first = None;
        let named = self.letter.iter().flat_map(|letter| letter.fields.values("message-id")).filter_map(message_id);
        let returned = self.leaf.iter().flat_map(|leaf| quoted_ids(&leaf.body));
        let texts = mail.leaves.iter().filter(|leaf| leaf.is_text() || leaf.is(&["message/delivery-status"]));
        for id in named.chain(returned).chain(texts.flat_map(|leaf| quoted_ids(&leaf.body))) {
            if DeliveryId::from_message_id(&id).is_some() {
                return Some(id);
            }
            first.get_or_insert(id);
        }
        first
    }
}

/// The subject of the letter where a text quotes its head, also behind a sign of quotation.
pub(super) fn quoted_subject(mail: &Mail<'_>) -> Option<String> {
    let texts = mail.leaves.iter().filter(|leaf| leaf.is_text());
    texts.into_iter().find_map(|leaf| {
        let text = |line: &[u8]| {
            let line = String::from_utf8_lossy(&line[..line.len().min(LINE)]).into_owned();
            line.trim_start_matches('>').to_owned()
        };
        let mut lines = lines(&leaf.body).take(LINES).map(text).skip_while(|line| !is_subject(line));
        let (_, begin) = lines.next()?.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()))?;
        let rest = lines.take_while(|line| line.starts_with([' ', '\t'])).take(FOLDED);
        Some(rest.fold(begin, |subject, line| subject + " " + line.trim()))
    })
}

fn is_subject(line: &str) -> bool {
    let name = "subject:";
    line.trim_start().get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// Message-IDs in lines that begin with the name of the field, or end their first word with it, as `X-Original-Message-ID:`
/// does, also behind a sign of quotation.
fn quoted_ids(body: &[u8]) -> impl Iterator<Item = String> {
    let mut lines = lines(body).take(LINES);
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some(colon) = line.iter().take(60).position(|byte| *byte == b':') else { continue };
            let name = &line[..colon];
            if name.len() < 10 || !name[name.len() - 10..].eq_ignore_ascii_case(b"message-id") {
                continue;
            }
            let here = String::from_utf8_lossy(&line[colon + 1..line.len().min(colon + 500)]);
            if here.trim().is_empty() {
                // A long one may be folded.
                let next = lines.next()?;
                if let Some(id) = message_id(&String::from_utf8_lossy(&next[..next.len().min(500)])) {
                    return Some(id);
                }
            } else if let Some(id) = message_id(&here) {
                return Some(id);
            }
        }
    })
}

/// Some servers return nothing, and answer the letter. The last of several is the one that is answered.
pub(super) fn answered(mail: &Mail<'_>) -> Option<String> {
    let values = ["in-reply-to", "references"].into_iter().flat_map(|name| mail.head.fields.values(name));
    let ids: Vec<_> = values.filter_map(|value| message_id(&value[value.rfind('<')?..])).collect();
    let ours = ids.iter().position(|id| DeliveryId::from_message_id(id).is_some()).unwrap_or(0);
    ids.into_iter().nth(ours)
}

/// The first id in angle brackets; what stands around it is a comment.
pub(super) fn message_id(value: &str) -> Option<String> {
    let begin = value.find('<')?;
    let end = begin + value[begin..].find('>')?;
    let id = &value[begin..=end];
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic()) && (3..=250).contains(&id.len());
    plain.then(|| id.to_owned())
}

/// One of our ids anywhere in the mail, but as its own Message-ID.
pub(super) fn anywhere(mail: &Mail<'_>) -> Option<DeliveryId> {
    let answers = ["message-id", "in-reply-to", "references"];
    let head = mail.head.fields.iter().filter(|(name, _)| !answers.contains(name)).map(|(_, value)| value.as_bytes());
    let texts: Vec<_> = head.chain([mail.head.body]).chain(mail.leaves.iter().filter_map(Leaf::rewritten)).collect();
    let found = || texts.iter().flat_map(|text| ids(text));
    // Those that this library draws have the version 7, of others in a mail one cannot be sure.
    found().find(|id| id.as_uuid().get_version_num() == 7).or_else(|| found().next())
}

/// What looks like `uuid@domain`, as it was sent: in lower case.
fn ids(text: &[u8]) -> impl Iterator<Item = DeliveryId> {
    const UUID: usize = 36;
    let signs = text.iter().enumerate().filter(|(_, byte)| **byte == b'@').map(|(at, _)| at);
    signs.filter_map(move |at| {
        let begin = at.checked_sub(UUID)?;
        let uuid = &text[begin..at];
        let lower = uuid.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        let inside = begin.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric());
        let domain = text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        let written = (lower && domain && !inside).then(|| std::str::from_utf8(uuid).ok()).flatten()?;
        DeliveryId::from_message_id(&format!("{written}@domain"))
    })
}

/// The addresses in a field, in the order in which they stand there, without display names, types and brackets. An apostrophe
/// inside is a part of one, and around it are marks of quotation.
pub(super) fn addresses(value: &str) -> impl Iterator<Item = &str> {
    let is_edge = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '[' | ']' | '"');
    let bare = |word| unquoted(str::trim_matches(word, [':', '.']));
    let words = value.split(is_edge).map(move |word| bare(without_scheme(bare(word))));
    words.filter(|word| word.find('@').is_some_and(|at| at > 0 && at + 1 < word.len())).take(ADDRESSES)
}

fn without_scheme(word: &str) -> &str {
    let scheme = "mailto:";
    let is_scheme = word.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    if is_scheme { &word[scheme.len()..] } else { word }
}

/// `o'brien@example.com` may stand in quotation marks, or end with one that began before it.
fn unquoted(word: &str) -> &str {
    let quoted = |mark: char| word.strip_prefix(mark).map(|word| word.strip_suffix(mark).unwrap_or(word));
    let unquoted = quoted('\'').or_else(|| quoted('`')).unwrap_or(word);
    // No domain ends like this.
    unquoted.trim_end_matches(['\'', ':', '.', '!', '?'])
}

/// Takes the encoding `+2B` of RFC 3461 (section 4) back.
pub(super) fn xtext(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('+') {
        decoded.push_str(before);
        let byte = after.get(..2).filter(|hex| hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F')));
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii_graphic) {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = &after[2..];
            }
            None => {
                decoded.push('+');
                rest = after;
            }
        }
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_from_what_stands_around_them() {
        let found = |value| addresses(value).collect::<Vec<_>>();
        assert_eq!(found("rfc822; ada@example.org"), ["ada@example.org"]);
        assert_eq!(found("rfc822;<ada+x@example.org> (Ada)"), ["ada+x@example.org"]);
        assert_eq!(found("\"Ada\" <ada@example.org>, b@example.org"), ["ada@example.org", "b@example.org"]);
        assert_eq!(found("Ada @ home, @, a@"), [""; 0]);
        for value in [
            "o'brien@example.com",
            "rfc822;o'brien@example.com",
            "'o'brien@example.com'",
            "<o'brien@example.com>:",
            "the user 'o'brien@example.com' is unknown",
            "it said: \"o'brien@example.com\".",
            "'O'Brien' <o'brien@example.com>",
            "MAILTO:o'brien@example.com.",
        ] {
            assert_eq!(found(value), ["o'brien@example.com"], "{value}");
        }
        let odd = "a!#$%&'*+-/=?^_`{|}~b@example.org";
        assert_eq!(found(&format!("rfc822; {odd}, '{odd}'")), [odd, odd]);
    }

    #[test]
    fn xtext_is_decoded_and_a_plus_of_an_address_stays() {
        assert_eq!(xtext("ada+2Bx@example.org"), "ada+x@example.org");
        assert_eq!(xtext("ada+tag@example.org"), "ada+tag@example.org");
        assert_eq!(xtext("+3Da++2"), "=a++2");
        assert_eq!(xtext("é+é"), "é+é");
    }

    #[test]
    fn a_message_id_may_have_words_around_it() {
        assert_eq!(message_id(" <a@b> (added by x@y)").as_deref(), Some("<a@b>"));
        assert_eq!(message_id("(comment) <a@b>").as_deref(), Some("<a@b>"));
        for none in ["", "<", "<>", "><", "a@b", "<a b@c>", "two words"] {
            assert_eq!(message_id(none), None, "{none}");
        }
    }
}
