//! Text of which no mail program makes a link.

use std::borrow::Cow;

use super::engine::escaped;

/// Breaks what looks like a link: a dot between a word and what could be a domain's ending, and
/// the colon of a scheme.
///
/// In text each becomes `[.]` and `[:]`, as people who handle hostile links write them: the reader
/// sees what was meant, and nothing is lost. In HTML so does a word that can hardly be anything
/// but a link, because of its slash; in one that may well be a name the dot gets an element of its
/// own, which is invisible. No invisible character is put in, for nobody should copy one.
pub(super) fn unlinked(text: &str, is_html: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let visible = !is_html || word.contains(['/', '\\']);
        let mut rest = word;
        while let Some((before, mark, after)) = next_mark(word, rest) {
            shown.push_str(&part(before, is_html));
            shown.push_str(match (mark, visible) {
                ('.', true) => "[.]",
                (_, true) => "[:]",
                ('.', false) => "<span>.</span>",
                (_, false) => "<span>:</span>",
            });
            rest = after;
        }
        shown.push_str(&part(rest, is_html));
    }
    shown
}

fn part(text: &str, is_html: bool) -> Cow<'_, str> {
    if is_html { escaped(text).into() } else { text.into() }
}

/// The first mark in `rest`, the end of `word`, that would make a link; and what is around it.
fn next_mark<'a>(word: &'a str, rest: &'a str) -> Option<(&'a str, char, &'a str)> {
    let start = word.len() - rest.len();
    rest.char_indices().find_map(|(index, mark)| {
        let (before, after) = (&word[..start + index], &rest[index + mark.len_utf8()..]);
        let makes_link = match mark {
            '.' => ends_a_label(before) && starts_an_ending(after),
            ':' => ends_a_scheme(before) && starts_an_address(after),
            _ => false,
        };
        makes_link.then_some((&rest[..index], mark, after))
    })
}

fn ends_a_label(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| c != '.')
}

/// Two letters or more: `a.m.` and `1.5` have no such ending, `Node.js` does.
fn starts_an_ending(after: &str) -> bool {
    let mut ending = after.chars().filter(|c| !is_invisible(*c));
    ending.next().is_some_and(char::is_alphabetic) && ending.next().is_some_and(|c| c.is_alphanumeric() || c == '-')
}

/// What a mail program may drop before it looks: the soft hyphen, fillers, selectors and tags that
/// core lets pass.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}')
        || matches!(c, '\u{2061}'..='\u{2064}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

fn ends_a_scheme(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric())
        && before.chars().any(|c| c.is_ascii_alphabetic())
}

fn starts_an_address(after: &str) -> bool {
    after.chars().find(|c| !is_invisible(*c)).is_some_and(|c| c.is_alphanumeric() || "/\\?#+[%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_link_is_broken_and_nothing_else_changes() {
        for (text, shown) in [
            ("https://evil.example/claim", "https[:]//evil[.]example/claim"),
            ("Click evil.example/claim now", "Click evil[.]example/claim now"),
            ("www.evil.co.uk", "www[.]evil[.]co[.]uk"),
            ("eve@mail.evil.example", "eve@mail[.]evil[.]example"),
            ("mailto:eve@evil", "mailto[:]eve@evil"),
            ("http://127.0.0.1/x", "http[:]//127.0.0.1/x"),
            ("javascript:alert(1)", "javascript[:]alert(1)"),
            ("bücher.example", "bücher[.]example"),
            ("evil.xn--p1ai", "evil[.]xn--p1ai"),
            ("(evil.example)", "(evil[.]example)"),
            ("evil.\u{ad}example", "evil[.]\u{ad}example"),
        ] {
            assert_eq!(unlinked(text, false), shown, "{text}");
        }
        for text in [
            "Dr. Ada Lovelace, S.p.A.",
            "e.g. 1.5 litres at 12:30... or so: yes",
            "AC/DC & Söhne",
            "wait...what",
            ":-) .net",
            "  two  spaces\n\n",
        ] {
            assert_eq!(unlinked(text, false), text);
        }
    }

    #[test]
    fn in_html_a_name_looks_as_it_is() {
        for (text, shown) in [
            ("Booking.com", "Booking<span>.</span>com"),
            ("<b>evil.example/x</b>", "&lt;b&gt;evil[.]example/x&lt;/b&gt;"),
            ("Ann & Bob", "Ann &amp; Bob"),
            ("\"'", "&quot;&#39;"),
        ] {
            assert_eq!(unlinked(text, true), shown, "{text}");
        }
    }
}
