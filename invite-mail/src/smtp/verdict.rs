//! What a fault means for the letter.

use invite_core::{Fault as Blame, Outcome, Refusal};

use super::{connection::Fault, reply::Reply};

/// How far a hand-over came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No recipient was named yet: what goes wrong is between the server and us.
    Opening,
    /// The recipient is named; the letter is not complete, so nobody can have taken it.
    Named,
    /// The end of the letter was sent.
    Sent,
}

/// A fault, and when it struck.
pub(super) struct Stop {
    pub(super) phase: Phase,
    pub(super) fault: Fault,
}

impl Stop {
    /// Whether the server refused the recipient or the letter and goes on listening.
    pub(super) fn is_refusal(&self) -> bool {
        self.phase != Phase::Opening && matches!(&self.fault, Fault::Refused(reply) if reply.code() != CLOSING)
    }

    pub(super) fn outcome(&self) -> Outcome {
        let what = match &self.fault {
            Fault::Refused(reply) => return refused(self.phase, reply),
            Fault::Unusable(text) => return Outcome::Misconfigured { text: text.clone() },
            Fault::Decided(outcome) => return outcome.clone(),
            Fault::Closed => "the server hung up".to_owned(),
            Fault::Silent => "no answer within the time limit".to_owned(),
            Fault::Garbled => "no proper answer".to_owned(),
            Fault::Network(kind) => kind.to_string(),
        };
        match self.phase {
            Phase::Opening => Outcome::Unreachable { text: format!("{what} when connecting to the mail server") },
            Phase::Named => Outcome::Unreachable { text: format!("{what} before the letter was sent") },
            Phase::Sent => Outcome::Unknown { text: format!("{what} after the letter was sent") },
        }
    }
}

/// The server shuts down, at whatever point.
const CLOSING: u16 = 421;

/// The fault of an answer to MAIL, which tells the server how large the letter is (RFC 1870, 6.1): that it is too large is
/// neither our configuration's fault nor any recipient's.
pub(super) fn at_mail(fault: Fault) -> Fault {
    match &fault {
        Fault::Refused(reply) if is_too_large(reply) => Fault::Decided(Outcome::ComposeFailed { text: whole(reply) }),
        Fault::Refused(_)
        | Fault::Closed
        | Fault::Silent
        | Fault::Garbled
        | Fault::Network(_)
        | Fault::Unusable(_)
        | Fault::Decided(_) => fault,
    }
}

/// Whether the server takes no letter of this size. Before it has seen the letter, it can say nothing else about it.
fn is_too_large(reply: &Reply) -> bool {
    let detail = reply.enhanced().map(|code| (code.subject(), code.detail()));
    match (reply.code(), detail) {
        (500.., Some((2, 3) | (3, 4))) => true,
        // Some say with this code that the account has sent, or holds, too much.
        (552, _) => matches!(Blame::of(Some(552), reply.enhanced(), &reply.text()), None | Some(Blame::Content)),
        _ => false,
    }
}

/// Codes and words.
fn whole(reply: &Reply) -> String {
    let enhanced = reply.enhanced().map(|enhanced| format!("{enhanced} ")).unwrap_or_default();
    Outcome::sanitize(&format!("{} {enhanced}{}", reply.code(), Outcome::sanitize(&reply.text())))
}

fn refused(phase: Phase, reply: &Reply) -> Outcome {
    let (code, enhanced) = (reply.code(), reply.enhanced());
    let permanent = code >= 500;
    if is_ours(phase, reply) || (permanent && phase == Phase::Opening) {
        Outcome::Misconfigured { text: whole(reply) }
    } else if code == CLOSING || phase == Phase::Opening {
        // Before a recipient is named, or as it shuts down, a server says nothing about one.
        Outcome::Unreachable { text: whole(reply) }
    } else {
        let text = Outcome::sanitize(&reply.text());
        let refusal = if permanent { Refusal::Permanent } else { Refusal::Transient };
        Outcome::Refused { refusal, code: Some(code), enhanced, text }
    }
}

/// Whether the server speaks of us, as many do only when a recipient is named, or after the letter. Before the letter, a
/// wrong order of commands is what some say who want a log-in.
fn is_ours(phase: Phase, reply: &Reply) -> bool {
    match reply.code() {
        CLOSING => false,
        530 | 534 | 535 | 538 => true,
        500 | 502 | 503 if phase == Phase::Named => true,
        // What it refuses for now before a recipient is named may pass.
        _ if phase == Phase::Opening => false,
        code => {
            // Anything quoted, such as an address, is no word of the server's own.
            let words = Outcome::sanitize(&reply.text());
            Blame::of(Some(code), reply.enhanced(), &words) == Some(Blame::Sender)
        }
    }
}
