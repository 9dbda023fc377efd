//! What an SMTP error means for the letter.

use std::{
    error::Error as _,
    io::{self, ErrorKind},
};

use invite_core::Outcome;
use lettre::transport::smtp::Error;

/// What is kept of a server's words.
const WORDS: usize = 200;
/// Longer words are no language: identifiers, links, secrets.
const WORD: usize = 40;

/// How far a hand-over came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No recipient was named yet: what goes wrong is between the server and us.
    Opening,
    /// The sender is accepted, the recipient is being named.
    Named,
    /// Some of the letter was sent, perhaps all of it.
    OnItsWay,
    /// The server has said that it took it.
    Taken,
}

pub(super) fn of_error(phase: Phase, error: &Error) -> Outcome {
    if let Some(status) = error.status() {
        let code = u16::from(status);
        let text = cleaned(&error.source().map(ToString::to_string).unwrap_or_default());
        let ours = matches!(code, 530 | 534 | 535 | 538) || (error.is_permanent() && phase == Phase::Opening);
        return if ours {
            Outcome::Misconfigured { text: format!("{code} {text}") }
        } else {
            Outcome::Refused { permanent: error.is_permanent(), code: Some(code), text }
        };
    }
    let io = io_error(error);
    // TLS reports a certificate it does not trust, or no TLS at all, as invalid data.
    let bad_tls = io.is_some_and(|io| io.kind() == ErrorKind::InvalidData);
    if phase == Phase::Opening && (error.is_client() || bad_tls) {
        return Outcome::Misconfigured { text: cleaned(&innermost(error)) };
    }
    let what = io.map_or_else(|| "no proper answer".into(), |io| cleaned(&io.to_string()));
    undecided(phase, &what)
}

pub(super) fn of_silence(phase: Phase) -> Outcome {
    undecided(phase, "no answer within the time limit")
}

fn undecided(phase: Phase, what: &str) -> Outcome {
    let unreachable = |when| Outcome::Unreachable { text: format!("{what} {when}") };
    match phase {
        Phase::Opening => unreachable("when connecting to the mail server"),
        Phase::Named => unreachable("before the letter was sent"),
        Phase::OnItsWay => Outcome::Unknown { text: format!("{what} after the letter was sent") },
        Phase::Taken => Outcome::Accepted,
    }
}

fn io_error(error: &Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        source = error.source();
    }
    None
}

fn innermost(error: &Error) -> String {
    let mut source = error.source();
    let mut text = error.to_string();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text
}

/// A server may quote what it was sent: addresses, links and tokens are left out.
fn cleaned(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let telling = |word: &str| {
        word.contains(['@', '#', '?']) || word.contains("://") || word.contains("inv1_") || word.len() > WORD
    };
    let kept: Vec<_> = words.map(|word| if telling(word) { "…" } else { word }).collect();
    kept.join(" ").chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_lose_addresses_links_and_tokens() {
        let text = format!(
            "5.1.1 <ada@example.com>\r\nsee https://x.example/?t=inv1_abc www.x.example/i/{} mailbox full\u{7}",
            "0f".repeat(32)
        );
        assert_eq!(cleaned(&text), "5.1.1 … see … … mailbox full");
        assert_eq!(cleaned(&"é ".repeat(500)).chars().count(), WORDS);
    }

    #[test]
    fn silence_is_unknown_only_while_the_letter_is_on_its_way() {
        assert!(matches!(of_silence(Phase::Opening), Outcome::Unreachable { .. }));
        assert!(matches!(of_silence(Phase::Named), Outcome::Unreachable { .. }));
        assert!(matches!(of_silence(Phase::OnItsWay), Outcome::Unknown { .. }));
        assert_eq!(of_silence(Phase::Taken), Outcome::Accepted);
    }
}
