//! What an SMTP error means for the letter.

use std::{
    error::Error as _,
    io::{self, ErrorKind},
};

use invite_core::Outcome;
use lettre::transport::smtp::Error;

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
        let text = Outcome::words(&error.source().map(ToString::to_string).unwrap_or_default());
        let ours = matches!(code, 530 | 534 | 535 | 538) || (error.is_permanent() && phase == Phase::Opening);
        // Before a recipient is named, or as it shuts down, a server says nothing about one.
        let away = error.is_transient() && (phase == Phase::Opening || code == 421);
        return if ours {
            Outcome::Misconfigured { text: format!("{code} {text}") }
        } else if away {
            Outcome::Unreachable { text: format!("{code} {text}") }
        } else {
            Outcome::Refused { permanent: error.is_permanent(), code: Some(code), enhanced: None, text }
        };
    }
    let io = io_error(error);
    // TLS reports a certificate it does not trust, or no TLS at all, as invalid data.
    let bad_tls = io.is_some_and(|io| io.kind() == ErrorKind::InvalidData);
    if phase == Phase::Opening && (error.is_client() || bad_tls) {
        return Outcome::Misconfigured { text: Outcome::words(&innermost(error)) };
    }
    let what = io.map_or_else(|| "no proper answer".into(), |io| Outcome::words(&io.to_string()));
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
        Phase::Taken => Outcome::accepted(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_unknown_only_while_the_letter_is_on_its_way() {
        assert!(matches!(of_silence(Phase::Opening), Outcome::Unreachable { .. }));
        assert!(matches!(of_silence(Phase::Named), Outcome::Unreachable { .. }));
        assert!(matches!(of_silence(Phase::OnItsWay), Outcome::Unknown { .. }));
        assert_eq!(of_silence(Phase::Taken), Outcome::accepted());
    }
}
