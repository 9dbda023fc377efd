//! The places of an HTML template where no element can stand: attributes, and elements that hold nothing but text.

use crate::inline::next_tag;

/// The name of the filter for values in such a place.
pub(super) const FILTER: &str = "in_plain_place";

/// Elements inside which a tag is shown as text, or does what it should not.
const TEXT_ONLY: [&str; 4] = ["title", "textarea", "style", "script"];

/// The template with the filter put behind every expression in such a place: the values there get no `<wbr>` and no `<span>`.
pub(super) fn marked(template: &str) -> String {
    let mut marked = String::with_capacity(template.len());
    let mut place = Place::Content;
    let mut rest = template;
    while let Some((before, tag, after)) = next_tag(rest) {
        place = place.behind(before);
        marked.push_str(before);
        match expression(tag).filter(|_| place.is_plain()) {
            Some((open, expression, close)) => {
                marked.extend([open, "(", expression, ")|", FILTER, " ", close]);
            }
            None => marked.push_str(tag),
        }
        rest = after;
    }
    marked + rest
}

/// `{{` or `{{-`, what is between, and `}}` or `-}}`. None of a statement or comment, nor of what only looks like an expression,
/// which the engine will complain about.
fn expression(tag: &str) -> Option<(&str, &str, &str)> {
    let inside = tag.strip_prefix("{{")?.strip_suffix("}}")?;
    let begin = usize::from(inside.starts_with(['-', '+']));
    let end = inside.len() - usize::from(inside.len() > begin && inside.ends_with(['-', '+']));
    let expression = &inside[begin..end];
    let closed = |mark: char| expression.matches(mark).count().is_multiple_of(2);
    let whole = !expression.trim().is_empty() && closed('"') && closed('\'');
    whole.then(|| (&tag[..2 + begin], expression, &tag[2 + end..]))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Content,
    /// Between the name of an element and its end; the name, if it is one that holds nothing but text.
    Element(Option<&'static str>),
    /// In a value, until this mark.
    Value(Option<&'static str>, char),
    /// In an element that holds nothing but text.
    TextOnly(&'static str),
    /// Nothing in it is shown.
    Comment,
}

impl Place {
    fn is_plain(self) -> bool {
        matches!(self, Self::Element(_) | Self::Value(..) | Self::TextOnly(_))
    }

    /// Where what follows this piece of HTML stands.
    fn behind(mut self, html: &str) -> Self {
        let mut rest = html;
        while let Some(c) = rest.chars().next() {
            let skipped;
            (self, skipped) = self.step(rest, c);
            rest = &rest[skipped..];
        }
        self
    }

    /// One step, and how many bytes it took.
    fn step(self, rest: &str, c: char) -> (Self, usize) {
        let one = c.len_utf8();
        let starts = |word: &str| rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        match self {
            // What is in a comment for Outlook is HTML for Outlook.
            Self::Content if starts("<!--") && !starts("<!--[if") => (Self::Comment, 4),
            Self::Content if c == '<' => {
                let name = rest[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
                let is_element = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
                let text_only = TEXT_ONLY.into_iter().find(|known| known.eq_ignore_ascii_case(name));
                if is_element { (Self::Element(text_only), 1 + name.len()) } else { (self, 1) }
            }
            Self::Element(text_only) => match c {
                '>' => (text_only.map_or(Self::Content, Self::TextOnly), 1),
                '"' | '\'' => (Self::Value(text_only, c), 1),
                _ => (self, one),
            },
            Self::Value(text_only, mark) if c == mark => (Self::Element(text_only), 1),
            Self::TextOnly(name) if c == '<' && rest[1..].starts_with('/') => {
                let is_end = rest.get(2..2 + name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name));
                (if is_end { Self::Element(None) } else { self }, 2)
            }
            Self::Comment if starts("-->") => (Self::Content, 3),
            Self::Content | Self::Value(..) | Self::TextOnly(_) | Self::Comment => (self, one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_marked_where_no_element_can_stand_and_nowhere_else() {
        for (template, expected) in [
            ("<img alt=\"{{ a }}\">{{ b }}", "<img alt=\"{{( a )|in_plain_place }}\">{{ b }}"),
            ("<img alt='{{- a|upper -}}'>", "<img alt='{{-( a|upper )|in_plain_place -}}'>"),
            ("<a title=\"1 > {{ a }}\">{{ b }}", "<a title=\"1 > {{( a )|in_plain_place }}\">{{ b }}"),
            ("<a title='\"{{ a }}'>{{ b }}", "<a title='\"{{( a )|in_plain_place }}'>{{ b }}"),
            ("<title>{{ a }}</title>{{ b }}", "<title>{{( a )|in_plain_place }}</title>{{ b }}"),
            ("<TITLE x=y>a < b {{ a }}</Title >{{ b }}", "<TITLE x=y>a < b {{( a )|in_plain_place }}</Title >{{ b }}"),
            (
                "<!--[if mso]><i alt=\"{{ a }}\">{{ b }}<![endif]-->{{ c }}",
                "<!--[if mso]><i alt=\"{{( a )|in_plain_place }}\">{{ b }}<![endif]-->{{ c }}",
            ),
            ("<!-- <a b=\" -->{{ c }}", "<!-- <a b=\" -->{{ c }}"),
            ("1 < 2 {{ a }}", "1 < 2 {{ a }}"),
            ("<p {% if a < b %}>{{ c }}</p>", "<p {% if a < b %}>{{ c }}</p>"),
            (
                "<i a=\"{% if b > \"x\" %}{{ c }}{% endif %}\">",
                "<i a=\"{% if b > \"x\" %}{{( c )|in_plain_place }}{% endif %}\">",
            ),
            ("<i a=\"{{ }}{# {{ b #}\">{{ c", "<i a=\"{{ }}{# {{ b #}\">{{ c"),
        ] {
            assert_eq!(marked(template), expected, "{template}");
        }
    }

    proptest::proptest! {
        /// Whatever a template is made of, nothing but marks is added.
        #[test]
        fn without_the_marks_it_is_the_template_again(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "<", ">", "</", "<!--", "-->", "<!--[if mso]>", "<title", "</title", "<i a=", "\"", "'", "{{ a }}", "{{", "}}",
                "{% if a %}", "{# b #}", "é", " ", "=", "{{-a-}}", "{{ 'b' }}", "x", "/", "\n",
            ]), 0..40),
        ) {
            let template = pieces.concat();
            let without = |text: &str| text.replace([' ', '(', ')'], "").replace(&format!("|{FILTER}"), "");
            proptest::prop_assert_eq!(without(&marked(&template)), without(&template));
        }
    }
}
