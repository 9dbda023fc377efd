//! Sentences with names in braces, and the template that chooses among several.

use invite_core::store::Purpose;

use super::LanguageError;
use crate::template::escaped;

/// Which names a sentence of a letter may hold.
#[derive(Clone, Copy)]
pub(super) struct Names(&'static [&'static str]);

impl Names {
    pub(super) fn of(purpose: Purpose) -> Self {
        Self(match purpose.tells_of() {
            None => &["organization", "inviter", "recipient", "expires_at"],
            Some(_) if matches!(purpose, Purpose::Expired | Purpose::DeliveryFailed) => {
                &["organization", "inviter", "recipient", "expires_at"]
            }
            Some(_) => &["organization", "inviter", "recipient", "answered_at"],
        })
    }
}

/// Names that a letter may lack.
const OPTIONAL: [&str; 2] = ["organization", "inviter"];

pub(super) enum Piece {
    Text(String),
    Name(&'static str),
}

impl Piece {
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => None,
            Self::Name(name) => Some(name),
        }
    }
}

/// Cuts a sentence at its braces.
pub(super) fn pieces(text: &str, line: usize, known: &[&'static str]) -> Result<Vec<Piece>, LanguageError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(LanguageError::Malformed { line })?;
        let name = known.iter().find(|known| **known == name).ok_or(LanguageError::Placeholder { line })?;
        pieces.push(Piece::Text(before.into()));
        pieces.push(Piece::Name(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest.into()));
    let stray = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(['{', '}']));
    if pieces.iter().any(stray) { Err(LanguageError::Malformed { line }) } else { Ok(pieces) }
}

/// Where a sentence is shown, and whether the text around it runs from right to left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the subject and in text.
    Line { is_rtl: bool },
    /// In HTML, as it is.
    Html { is_rtl: bool },
    /// In HTML, with what a reader looks for made bold.
    Telling { is_rtl: bool },
}

/// One thing to say, in several sentences that need more or fewer names.
#[derive(Default)]
pub(super) struct Alternatives(Vec<Vec<Piece>>);

impl Alternatives {
    pub(super) fn add(&mut self, text: &str, line: usize, names: Names) -> Result<(), LanguageError> {
        if self.serve_every_letter() {
            // Nobody would ever read it.
            return Err(LanguageError::Unknown { line });
        }
        self.0.push(pieces(text, line, names.0)?);
        Ok(())
    }

    pub(super) fn serve_every_letter(&self) -> bool {
        self.0.last().is_some_and(|last| needs(last).is_empty())
    }

    /// The template that says it.
    pub(super) fn template(&self, place: Place) -> String {
        let [only] = &self.0[..] else {
            let mut template = String::new();
            for (index, sentence) in self.0.iter().enumerate() {
                let needs: Vec<_> = needs(sentence).iter().map(|name| format!("{name} is defined")).collect();
                template += &match (index, needs.is_empty()) {
                    (_, true) => "{% else %}".into(),
                    (0, false) => format!("{{% if {} %}}", needs.join(" and ")),
                    (_, false) => format!("{{% elif {} %}}", needs.join(" and ")),
                };
                template += &source(sentence, place);
            }
            // The engine takes away the line end that follows a tag.
            return template + "{% endif %}\n";
        };
        source(only, place)
    }
}

/// The template that says one thing where people may decline, and another where they may not.
pub(super) fn by_choice(both: &str, accept: &str) -> String {
    // The engine takes away the line end that follows a tag.
    format!("{{% if may_decline %}}{}{{% else %}}{}{{% endif %}}\n", both.trim_end(), accept.trim_end())
}

fn needs(sentence: &[Piece]) -> Vec<&'static str> {
    OPTIONAL.into_iter().filter(|name| sentence.iter().any(|piece| piece.name() == Some(name))).collect()
}

fn source(sentence: &[Piece], place: Place) -> String {
    let piece = |piece: &Piece| match (piece, place) {
        (Piece::Text(text), Place::Line { .. }) => text.clone(),
        (Piece::Text(text), Place::Html { .. } | Place::Telling { .. }) => escaped(text),
        // Dates are ours, in the language around them.
        (Piece::Name(name @ ("expires_at" | "answered_at")), Place::Telling { .. }) => {
            format!("<strong class=\"time\">{{{{ {name} }}}}</strong>")
        }
        (Piece::Name(name @ ("expires_at" | "answered_at")), Place::Html { .. } | Place::Line { .. }) => {
            format!("{{{{ {name} }}}}")
        }
        (Piece::Name(name), Place::Line { is_rtl }) => format!("{{{{ {name}|isolated({is_rtl}) }}}}"),
        // Some mail programs drop `<bdi>`; the marks stay.
        (Piece::Name(name), Place::Html { is_rtl }) => format!("<bdi>{{{{ {name}|isolated({is_rtl}) }}}}</bdi>"),
        (Piece::Name(name), Place::Telling { is_rtl }) => {
            format!("<strong><bdi>{{{{ {name}|isolated({is_rtl}) }}}}</bdi></strong>")
        }
    };
    sentence.iter().map(piece).collect()
}
