//! What a fault means for the letter.

use invite_core::{Outcome, Refusal};

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

fn refused(phase: Phase, reply: &Reply) -> Outcome {
    let (code, enhanced) = (reply.code(), reply.enhanced());
    let permanent = code >= 500;
    let text = Outcome::sanitize(&reply.text());
    let whole = || {
        let enhanced = enhanced.map(|enhanced| format!("{enhanced} ")).unwrap_or_default();
        Outcome::sanitize(&format!("{code} {enhanced}{text}"))
    };
    if is_ours(phase, reply) || (permanent && phase == Phase::Opening) {
        Outcome::Misconfigured { text: whole() }
    } else if code == CLOSING || phase == Phase::Opening {
        // Before a recipient is named, or as it shuts down, a server says nothing about one.
        Outcome::Unreachable { text: whole() }
    } else {
        let refusal = if permanent { Refusal::Permanent } else { Refusal::Transient };
        Outcome::Refused { refusal, code: Some(code), enhanced, text }
    }
}

/// Log-in asked for, refused, too weak, or to be encrypted; or who we are, whom we write to or how
/// much is not to this server's liking. Many servers say that of the recipient only, or after the
/// letter: by the codes of RFC 3463 for a sender's address (3.2) and for a congested system (3.5),
/// or in these words. Before the letter, a wrong order of commands is what some say who want a log-in.
fn is_ours(phase: Phase, reply: &Reply) -> bool {
    match reply.code() {
        CLOSING => return false,
        530 | 534 | 535 | 538 => return true,
        500 | 502 | 503 if phase == Phase::Named => return true,
        _ => {}
    }
    match reply.enhanced().map(|code| (code.subject(), code.detail())) {
        Some((1, 7 | 8)) => return true,
        Some((4, 5)) if phase != Phase::Opening => return true,
        _ => {}
    }
    // Anything quoted, such as an address, is no word of the server's own.
    let words = Outcome::sanitize(&reply.text()).to_ascii_lowercase();
    let says = |phrase| words.contains(phrase);
    let sender = says("sender address rejected") || says("client host rejected") || says("helo command rejected");
    let quota = ["sending limit", "sending quota", "sending rate", "message quota", "throttling"].into_iter().any(says);
    let unverified = says("email address is not verified");
    let policy = reply.enhanced().is_none_or(|code| code.subject() == 7);
    let relaying = words.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "relay" | "relaying"));
    sender || quota || unverified || policy && (relaying || says("send as"))
}
