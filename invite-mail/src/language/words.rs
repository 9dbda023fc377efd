//! A file of words.

use invite_core::store::Purpose;

use super::{
    LanguageError,
    sentence::{Alternatives, Names, pieces},
};

/// A file of words, as read.
pub(super) struct Words {
    lines: Vec<Line>,
}

struct Line {
    line: usize,
    letter: String,
    name: String,
    text: String,
    used: bool,
}

impl Words {
    pub(super) fn read(text: &str) -> Result<Self, LanguageError> {
        let mut letter = String::new();
        let mut lines = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let line = index + 1;
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if let Some(heading) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
                if Purpose::from_word(heading).is_none() {
                    return Err(LanguageError::Unknown { line });
                }
                letter = heading.into();
                continue;
            }
            let (name, text) = text.split_once('=').ok_or(LanguageError::Malformed { line })?;
            let (name, text) = (name.trim(), text.trim());
            if name.is_empty() || text.is_empty() || text.chars().any(char::is_control) {
                return Err(LanguageError::Malformed { line });
            }
            lines.push(Line { line, letter: letter.clone(), name: name.into(), text: text.into(), used: false });
        }
        Ok(Self { lines })
    }

    /// The only line of this name.
    pub(super) fn one(&mut self, letter: &'static str, name: &'static str) -> Result<Given, LanguageError> {
        self.optional(letter, name)?.ok_or(LanguageError::Missing { letter, name })
    }

    pub(super) fn optional(&mut self, letter: &str, name: &str) -> Result<Option<Given>, LanguageError> {
        let mut found = None;
        for line in self.lines.iter_mut().filter(|line| line.letter == letter && line.name == name) {
            if found.is_some() {
                return Err(LanguageError::Malformed { line: line.line });
            }
            line.used = true;
            found = Some(Given { line: line.line, text: line.text.clone() });
        }
        Ok(found)
    }

    /// A line that holds all of these names.
    pub(super) fn pattern(
        &mut self,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Option<String>, LanguageError> {
        let Some(given) = self.optional("", name)? else { return Ok(None) };
        let pieces = pieces(&given.text, given.line, known)?;
        let has = |name: &&str| pieces.iter().any(|piece| piece.name() == Some(name));
        if known.iter().all(has) { Ok(Some(given.text)) } else { Err(LanguageError::Malformed { line: given.line }) }
    }

    pub(super) fn needed_pattern(
        &mut self,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<String, LanguageError> {
        self.pattern(name, known)?.ok_or(LanguageError::Missing { letter: "", name })
    }

    /// A letter's own words, or those that serve all letters.
    pub(super) fn alternatives(&mut self, purpose: Purpose, name: &'static str) -> Result<Alternatives, LanguageError> {
        let letter = purpose.as_str();
        let own = self.lines.iter().any(|line| line.letter == letter && line.name == name);
        let from = if own { letter } else { "" };
        let mut alternatives = Alternatives::default();
        for line in self.lines.iter_mut().filter(|line| line.letter == from && line.name == name) {
            line.used = true;
            alternatives.add(&line.text, line.line, Names::of(purpose))?;
        }
        if alternatives.serve_every_letter() { Ok(alternatives) } else { Err(LanguageError::Missing { letter, name }) }
    }

    pub(super) fn all_used(&self) -> Result<(), LanguageError> {
        match self.lines.iter().find(|line| !line.used) {
            Some(line) => Err(LanguageError::Unknown { line: line.line }),
            None => Ok(()),
        }
    }
}

/// The value of a line that may stand only once.
pub(super) struct Given {
    pub(super) line: usize,
    pub(super) text: String,
}
