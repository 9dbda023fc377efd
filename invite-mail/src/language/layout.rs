//! The one layout of all letters, into which a language sets its words.

use std::collections::HashMap;

use invite_core::store::Purpose;
use minijinja::{Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

use super::{
    LanguageError,
    sentence::{Alternatives, Place, by_choice},
};
use crate::template::Templates;

const HTML: &str = include_str!("../../templates/layout.html");
const TEXT: &str = include_str!("../../templates/layout.txt");

/// One letter of one language.
pub(super) struct Slots<'a> {
    pub(super) tag: &'a str,
    pub(super) is_rtl: bool,
    pub(super) purpose: Purpose,
    /// How text shows a line of details.
    pub(super) detail: &'a str,
}

impl Slots<'_> {
    /// The letter's templates: the layout with these words in it.
    pub(super) fn templates(
        &self,
        mut words: impl FnMut(&'static str) -> Result<Alternatives, LanguageError>,
    ) -> Result<Templates, LanguageError> {
        let is_rtl = self.is_rtl;
        let line = Place::Line { is_rtl };
        let mut in_text = HashMap::new();
        let mut in_html = HashMap::new();
        let mut subject = String::new();
        for Slot { name, accept, is_telling } in slots(self.purpose) {
            let place = if is_telling { Place::Telling { is_rtl } } else { Place::Html { is_rtl } };
            let both = words(name)?;
            let (mut shown, mut html) = (both.template(line), both.template(place));
            if let Some(accept) = accept {
                let accept = words(accept)?;
                shown = by_choice(&shown, &accept.template(line));
                html = by_choice(&html, &accept.template(place));
            }
            if name == "subject" {
                subject.clone_from(&shown);
            }
            in_text.insert(name, shown);
            in_html.insert(name, html);
        }
        let isolated = |name: &str| format!("{{{{ detail.{name}|isolated({is_rtl}) }}}}");
        let detail = self.detail.replace("{label}", &isolated("label")).replace("{value}", &isolated("value"));
        in_text.insert("detail", detail);
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
            is_rtl => self.is_rtl,
            has_link => self.purpose.has_link(),
            has_reason => matches!(self.purpose, Purpose::Rejected | Purpose::DeliveryFailed),
            words => Value::from(words.clone()),
        };
        // A checkout on Windows may have changed the line ends.
        let layout = layout.replace("\r\n", "\n");
        environment.render_str(&layout, values).expect("the layout that comes with the crate is valid")
    }
}

/// Words of a letter.
struct Slot {
    name: &'static str,
    /// What stands there instead where people may not decline.
    accept: Option<&'static str>,
    /// Whether HTML makes bold what a reader looks for.
    is_telling: bool,
}

/// The words of a letter, and how HTML shows them.
fn slots(purpose: Purpose) -> impl Iterator<Item = Slot> {
    let own: &[&str] = match (purpose.has_link(), purpose) {
        (true, _) => &["wrote", "button", "open", "copy"],
        (false, Purpose::Rejected | Purpose::DeliveryFailed) => &["reason", "manage"],
        (false, _) => &["manage"],
    };
    let all = ["subject", "preview", "title", "lead", "note", "foot"];
    all.into_iter().chain(own.iter().copied()).map(move |name| Slot {
        name,
        accept: if purpose.has_link() { accept(name) } else { None },
        is_telling: matches!(name, "lead" | "note"),
    })
}

fn accept(name: &str) -> Option<&'static str> {
    match name {
        "preview" => Some("preview.accept"),
        "open" => Some("open.accept"),
        "note" => Some("note.accept"),
        _ => None,
    }
}
