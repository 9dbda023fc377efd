//! Text of which no mail program makes a link.

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
        let mut breaks = Breaks::of(word, is_html);
        let visible = !is_html || is_address(word);
        // Found once: a word may consist of marks.
        let letter = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
        let mut rest = word;
        while let Some((before, mark, after)) = next_mark(word, rest, letter) {
            breaks.push(&mut shown, before, is_html);
            shown.push_str(match (mark, visible) {
                ('.', true) => "[.]",
                (_, true) => "[:]",
                ('.', false) => "<span>.</span>",
                (_, false) => "<span>:</span>",
            });
            rest = after;
        }
        breaks.push(&mut shown, rest, is_html);
    }
    shown
}

/// The same for a place in HTML where no element can stand, not yet escaped: there a name stays as it is, since no mail
/// program looks for links in one.
pub(super) fn unlinked_without_elements(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    words.map(|word| if is_address(word) { unlinked(word, false) } else { word.to_owned() }).collect()
}

/// Whether a word can hardly be anything but a link.
fn is_address(word: &str) -> bool {
    word.contains(['/', '\\'])
}

/// Where HTML may break a long word: some mail programs ignore the styles that allow it, and the
/// word would make the letter wider than a phone.
struct Breaks {
    /// Of the word, if it is a long one.
    until_next: Option<usize>,
    last: char,
}

/// Any longer word is none that a reader expects in one piece; most addresses are shorter.
const LONG: usize = 30;
/// Of the widest letters, as many fit a phone in a heading.
const PIECE: usize = 10;

impl Breaks {
    fn of(word: &str, is_html: bool) -> Self {
        let is_long = is_html && word.chars().nth(LONG).is_some();
        Self { until_next: is_long.then_some(PIECE), last: ' ' }
    }

    /// Writes a part of the word. `<wbr>` rather than a zero-width space: it is not copied along.
    fn push(&mut self, shown: &mut String, text: &str, is_html: bool) {
        if !is_html {
            shown.push_str(text);
            return;
        }
        let Some(until_next) = &mut self.until_next else {
            shown.push_str(&escaped(text));
            return;
        };
        for (index, c) in text.char_indices() {
            if *until_next == 0 && stands_alone(self.last) && stands_alone(c) {
                shown.push_str("<wbr>");
                *until_next = PIECE;
            }
            *until_next = until_next.saturating_sub(1);
            self.last = c;
            shown.push_str(&escaped(&text[index..index + c.len_utf8()]));
        }
    }
}

/// Latin, Greek and Cyrillic letters, digits and signs: a break beside one tears nothing apart that
/// is written together. Chinese and Japanese break anywhere without help.
fn stands_alone(c: char) -> bool {
    matches!(c, '!'..='~' | '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{482}' | '\u{48A}'..='\u{52F}')
}

/// The first mark in `rest`, the end of `word`, that would make a link; and what is around it. The first letter of the
/// word, without which it has no scheme, stands at `letter`.
fn next_mark<'a>(word: &'a str, rest: &'a str, letter: usize) -> Option<(&'a str, char, &'a str)> {
    let start = word.len() - rest.len();
    rest.char_indices().find_map(|(index, mark)| {
        let (before, after) = (&word[..start + index], &rest[index + mark.len_utf8()..]);
        let makes_link = match mark {
            '.' => ends_a_label(before) && starts_an_ending(after),
            ':' => letter < before.len() && ends_a_scheme(before) && starts_an_address(after),
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
    let mut ending = after.chars().inspect(look).filter(|c| !is_invisible(*c));
    ending.next().is_some_and(char::is_alphabetic) && ending.next().is_some_and(|c| c.is_alphanumeric() || c == '-')
}

/// What a mail program may drop before it looks: the soft hyphen, joiners, spaces of no width, fillers, selectors and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}')
        || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2061}'..='\u{2064}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

fn ends_a_scheme(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric())
}

fn starts_an_address(after: &str) -> bool {
    after
        .chars()
        .inspect(look)
        .find(|c| !is_invisible(*c))
        .is_some_and(|c| c.is_alphanumeric() || "/\\?#+[%".contains(c))
}

#[cfg(test)]
thread_local! {
    /// How many characters were looked at around marks.
    static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Lets a test see how much is looked at.
fn look(_: &char) {
    #[cfg(test)]
    LOOKS.with(|looks| looks.set(looks.get() + 1));
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
    fn the_work_grows_with_the_text_and_no_faster() {
        // Counted, since a time would depend on the machine: no character is looked at again for each mark.
        for piece in ["1:", "1:/", ":", ".", "a.b", "\u{ad}.", ".\u{ad}", ":\u{ad}", "..a", "a:\u{200b}"] {
            let looks = |count: usize| {
                LOOKS.with(|looks| looks.set(0));
                let text = piece.repeat(count);
                let _ = (unlinked(&text, false), unlinked(&text, true));
                LOOKS.with(std::cell::Cell::get)
            };
            let (few, many) = (looks(500), looks(2_000));
            assert!(many <= 4 * few + 100, "{piece:?}: {few}, {many}");
        }
    }

    #[test]
    fn html_may_break_a_long_word_but_not_within_a_letter() {
        assert_eq!(unlinked(&"W".repeat(30), true), "W".repeat(30));
        let shown = unlinked(&format!("a {}", "&".repeat(31)), true);
        assert_eq!(shown, format!("a {0}<wbr>{0}<wbr>{0}<wbr>&amp;", "&amp;".repeat(10)));
        assert_eq!(unlinked(&"W".repeat(31), false), "W".repeat(31));
        let address = unlinked("ada.lovelace.the.first@engines.example", true);
        assert_eq!(
            address.replace("<wbr>", "").replace("<span>.</span>", "."),
            "ada.lovelace.the.first@engines.example"
        );
        assert_eq!(address.matches("<wbr>").count(), 3, "{address}");
        // A letter and its accent, the parts of a Malayalam syllable, and an emoji of several stay together.
        for word in ["e\u{301}", "അനിവർ", "👩\u{200D}💻", "ش"] {
            assert_eq!(unlinked(&word.repeat(30), true), word.repeat(30));
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
