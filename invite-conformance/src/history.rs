//! What happened, held against what was answered.
//!
//! Many threads do what people, workers and clocks do, and write down every call: when it began and ended, on one
//! counter, and what was answered. Afterwards the rows and events must explain every answer by some order that
//! contradicts no clock: a call that began after another had ended comes after it. With one row to an
//! invitation, whose revisions are that order, this needs no search.

mod check;
#[cfg(test)]
mod objections;
mod steps;
pub(crate) mod timeline;
pub(crate) mod workload;

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{Actor, Error, Event, EventKind, InvitationId, Record};

/// One call, as its caller saw it.
#[derive(Debug)]
struct Call {
    began: u64,
    ended: u64,
    /// What the clock showed before and after.
    clock: (DateTime<Utc>, DateTime<Utc>),
    actor: Actor,
    asked: Asked,
    answer: Answer,
}

#[derive(Debug)]
enum Asked {
    /// An invitation to one of the addresses, with a letter or with a link.
    Create { place: usize, lifetime: TimeDelta, mailed: bool },
    /// A change, by a token of this generation or by id.
    Change { kind: EventKind, id: InvitationId, token: Option<u32> },
}

#[derive(Debug)]
enum Answer {
    /// It made this revision.
    Done(InvitationId, u32),
    /// The same person had done it before.
    Before,
    Refused(Error),
    /// The answer to the commit was lost.
    Unknown,
    /// The host rolled back.
    Undone,
}

/// How an invitation stands in the end.
struct Life {
    place: usize,
    record: Record,
    events: Vec<Event>,
}

/// One attempt at a letter.
#[derive(Debug)]
struct Mailed {
    id: InvitationId,
    generation: u32,
    attempt: u32,
    /// When the worker began to look for letters.
    began: u64,
    outcome: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    /// For good.
    Refused,
    /// For now.
    Postponed,
    Unknown,
}

/// The policy that the calls were made under; earlier links are retired by a resend.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// What a resend gives.
    lifetime: TimeDelta,
    cooldown: TimeDelta,
    /// How far ahead of the clock a resend may be dated and still count: a call that has waited longer than this, while the
    /// clock went on, takes the other's date for a mistake.
    ahead: TimeDelta,
}

struct History {
    rules: Rules,
    calls: Vec<Call>,
    lives: Vec<Life>,
    letters: Vec<Mailed>,
    /// When every letter that was due had been tried.
    end: DateTime<Utc>,
}
