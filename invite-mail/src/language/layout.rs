//! The one layout of all letters, into which a language sets its words.

use std::collections::HashMap;

use invite_core::store::Purpose;
use minijinja::{Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

use super::{
    LanguageError,
    sentence::{Alternatives, Place},
};
use crate::template::Templates;

const HTML: &str = include_str!("../../templates/layout.html");
const TEXT: &str = include_str!("../../templates/layout.txt");

/// One letter of one language.
pub(super) struct Slots<'a> {
    pub(super) tag: &'a str,
    pub(super) is_rtl: bool,
    pub(super) purpose: Purpose,
}

impl Slots<'_> {
    /// The letter's templates: the layout with these words in it.
    pub(super) fn templates(
        &self,
        mut words: impl FnMut(&'static str) -> Result<Alternatives, LanguageError>,
    ) -> Result<Templates, LanguageError> {
        let line = Place::Line { is_rtl: self.is_rtl };
        let mut in_text = HashMap::new();
        let mut in_html = HashMap::new();
        let mut subject = String::new();
        for &(name, place) in slots(self.purpose) {
            let words = words(name)?;
            if name == "subject" {
                subject = words.template(line);
            }
            in_text.insert(name, words.template(line));
            in_html.insert(name, words.template(place));
        }
        let (text, html) = (self.set(TEXT, &in_text), self.set(HTML, &in_html));
        Ok(Templates::bare(self.purpose).subject(subject)?.text(text)?.html(html)?)
    }

    /// The layout is a template whose tags are in square brackets, and what comes of it a template
    /// whose tags are in braces, for the letters.
    fn set(&self, layout: &'static str, words: &HashMap<&'static str, String>) -> String {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .block_delimiters("[%", "%]")
            .variable_delimiters("[[", "]]")
            .comment_delimiters("[#", "#]")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.expect("the delimiters differ"));
        let (direction, start) = if self.is_rtl { ("rtl", "right") } else { ("ltr", "left") };
        let values = context! {
            tag => self.tag,
            direction,
            start,
            has_link => self.purpose.has_link(),
            has_reason => self.purpose == Purpose::Rejected,
            words => Value::from(words.clone()),
        };
        // A checkout on Windows may have changed the line ends.
        let layout = layout.replace("\r\n", "\n");
        environment.render_str(&layout, values).expect("the layout that comes with the crate is valid")
    }
}

/// The words of a letter, and how HTML shows them.
fn slots(purpose: Purpose) -> &'static [(&'static str, Place)] {
    const INVITED: &[(&str, Place)] = &[
        ("subject", Place::Html),
        ("preview", Place::Html),
        ("title", Place::Html),
        ("lead", Place::Telling),
        ("wrote", Place::Html),
        ("button", Place::Html),
        ("open", Place::Html),
        ("copy", Place::Html),
        ("note", Place::Telling),
        ("foot", Place::Html),
    ];
    const INVITER: &[(&str, Place)] = &[
        ("subject", Place::Html),
        ("preview", Place::Html),
        ("title", Place::Html),
        ("lead", Place::Telling),
        ("note", Place::Telling),
        ("foot", Place::Html),
    ];
    const REJECTED: &[(&str, Place)] = &[
        ("subject", Place::Html),
        ("preview", Place::Html),
        ("title", Place::Html),
        ("lead", Place::Telling),
        ("reason", Place::Html),
        ("note", Place::Telling),
        ("foot", Place::Html),
    ];
    match (purpose.has_link(), purpose) {
        (true, _) => INVITED,
        (false, Purpose::Rejected) => REJECTED,
        (false, _) => INVITER,
    }
}
