//! What a status report says of one recipient.

use std::fmt;

use invite_core::{EnhancedCode, Outcome};

use super::{answer::Answer, encoded_words, entity::Fields, is};

/// What happened to one recipient of a letter, which is not named. Its `Debug` shows no words of the mail.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientStatus {
    /// What the server did.
    pub action: Action,
    /// Why, such as 5.1.1: the more specific one of the report's status and the answer that it quotes.
    pub status: Option<EnhancedCode>,
    /// The code of the answer that decided it, such as 550, where there was one.
    pub code: Option<u16>,
    /// Why in words, cleaned as [`Outcome::sanitize`] does, without the codes.
    pub diagnostic: Option<String>,
}

/// What became of a letter, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Action {
    /// It is in the mailbox.
    Delivered,
    /// It was handed on to a server that sends no reports.
    Relayed,
    /// It was handed on to several addresses.
    Expanded,
    /// A machine wrote about the letter, but not what became of it, or only in words that prove nothing: a bounce without any
    /// code, or the answer of an absent person that is not marked as one.
    Unclear,
    /// It waits; the server goes on trying.
    Delayed,
    /// The recipient reported it as spam.
    Complained,
    /// It was not delivered and will not be.
    Failed,
}

impl RecipientStatus {
    /// Reads a group of fields. `None` if it does not say what happened.
    pub(super) fn read(group: &Fields) -> Option<Self> {
        let first_word = |name| group.value(name)?.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).next();
        let status = first_word("status").and_then(EnhancedCode::parse);
        let answer = Answer::of_diagnostic(&encoded_words::decoded(group.value("diagnostic-code").unwrap_or_default()));
        let named = match first_word("action") {
            // An action that nobody registered says nothing, whatever the status.
            Some(word) if !word.is_empty() => Some(Action::read(word)?),
            _ => None,
        };
        // Of a group about no recipient the codes alone say nothing.
        let about_one =
            || ["final-recipient", "original-recipient", "action"].iter().any(|name| group.value(name).is_some());
        let class = || status.map(EnhancedCode::class).or_else(|| answer.class().filter(|_| about_one()));
        let action = named.or_else(|| Action::of_class(class()?))?;
        Some(Self::new(action, status, answer))
    }

    pub(super) fn new(action: Action, status: Option<EnhancedCode>, answer: Answer) -> Self {
        let Answer { code, enhanced, words, .. } = answer;
        let specific = |code: EnhancedCode| specificity(&code.to_string());
        let better = enhanced.filter(|quoted| status.is_none_or(|status| specific(*quoted) > specific(status)));
        let diagnostic = Some(Outcome::sanitize(&words)).filter(|words| !words.is_empty());
        Self { action, status: better.or(status), code, diagnostic }
    }
}

impl fmt::Debug for RecipientStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecipientStatus")
            .field("action", &self.action)
            .field("status", &self.status)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// How many of subject and detail are other than 0, "undefined".
fn specificity(code: &str) -> usize {
    code.split('.').skip(1).filter(|part| part.bytes().any(|digit| digit != b'0')).count()
}

impl Action {
    fn read(word: &str) -> Option<Self> {
        let known = [
            ("delivered", Self::Delivered),
            ("relayed", Self::Relayed),
            ("expanded", Self::Expanded),
            ("delayed", Self::Delayed),
            ("failed", Self::Failed),
            // Not of RFC 3464, and written.
            ("delay", Self::Delayed),
            ("failure", Self::Failed),
            ("fail", Self::Failed),
        ];
        known.into_iter().find(|(name, _)| is(name, word)).map(|(_, action)| action)
    }

    pub(super) const fn of_class(class: u8) -> Option<Self> {
        match class {
            2 => Some(Self::Delivered),
            4 => Some(Self::Delayed),
            5 => Some(Self::Failed),
            _ => None,
        }
    }
}
