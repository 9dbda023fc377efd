//! What an outcome means: done, again later, or given up.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    delivery::{Delivery, DeliveryState},
    mailer::{Fault, Outcome, Refusal, fit_id},
    store::QueueChange,
};

/// The first wait; each further one is twice as long.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// A letter never waits longer than this, jitter aside.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);
/// After so many refusals "for now" the letter has failed: three to four hours of trying.
const MAX_REFUSALS: u32 = 10;
/// After so many permanent refusals that do not say whose fault it is, while other letters come through, the letter has
/// failed.
const MAX_UNCLEAR: u32 = 2;
/// An outcome nobody knows is tried again this often: each try may be a duplicate mail.
const MAX_UNKNOWNS: u32 = 3;

/// What happened to this letter before.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    pub(super) attempt: u32,
    pub(super) refusals: u32,
    pub(super) unknowns: u32,
}

#[derive(Clone)]
pub(super) struct Verdict {
    pub(super) summary: Delivery,
    /// The provider's name for the letter.
    pub(super) provider_id: Option<String>,
    again: Option<(DateTime<Utc>, History)>,
}

impl Verdict {
    pub(super) fn queue(&self) -> QueueChange<'_> {
        match &self.again {
            None => QueueChange::Remove,
            Some((not_before, history)) => QueueChange::Postpone {
                not_before: *not_before,
                refusals: history.refusals,
                unknowns: history.unknowns,
                error: self.summary.last_error.as_deref().unwrap_or_default(),
            },
        }
    }
}

/// What is known of the provider when a letter is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Since this letter was refused for the last time, or since ever, nobody knows.
    Unknown,
    /// It took or answered about another letter since.
    Broken,
    /// It refused other letters before this one, and has taken none since: the fault may be ours.
    GoesOn,
}

impl Verdict {
    /// Whether its invitation fails with it.
    pub(super) fn fails(&self) -> bool {
        self.summary.state == DeliveryState::Failed && matches!(self.summary.fault, Some(Fault::Recipient) | None)
    }
}

pub(super) fn judge(outcome: &Outcome, mut history: History, run: Run, now: DateTime<Utc>, jitter: u8) -> Verdict {
    let mut last_error = None;
    let mut provider_id = None;
    let fault = outcome.fault();
    let (state, again) = match outcome {
        Outcome::Accepted { id } => {
            provider_id = id.as_deref().and_then(fit_id);
            (DeliveryState::Sent, false)
        }
        Outcome::Refused { refusal, code, enhanced, text } => {
            last_error = Some(Outcome::reason(*code, *enhanced, text));
            if has_failed(*refusal, fault, &mut history, run) {
                (DeliveryState::Failed, false)
            } else {
                (DeliveryState::Retrying, true)
            }
        }
        // Not the recipient's doing, so it never counts: tried until `LeaseRequest::is_current` says no.
        Outcome::ComposeFailed { text } | Outcome::Misconfigured { text } | Outcome::Unreachable { text } => {
            last_error = Some(Outcome::sanitize(text));
            (DeliveryState::Retrying, true)
        }
        Outcome::Unknown { text } => {
            last_error = Some(Outcome::sanitize(text));
            history.unknowns += 1;
            if history.unknowns >= MAX_UNKNOWNS {
                (DeliveryState::Unknown, false)
            } else {
                (DeliveryState::Retrying, true)
            }
        }
    };
    let summary = Delivery { state, attempts: history.attempt, last_error, fault };
    let again = again.then(|| (now + wait(history.attempt, jitter), history));
    Verdict { summary, provider_id, again }
}

/// Whether a refused letter is given up, and counts the refusal if it counts.
fn has_failed(refusal: Refusal, fault: Option<Fault>, history: &mut History, run: Run) -> bool {
    match fault {
        // Tried until the invitation ends: nothing is known of the recipient.
        Some(Fault::Sender | Fault::Provider) => return false,
        Some(Fault::Recipient | Fault::Content) if refusal == Refusal::Permanent => {
            history.refusals += 1;
            return true;
        }
        // What everybody is told says nothing about this letter.
        None if run == Run::GoesOn => return false,
        None | Some(Fault::Recipient | Fault::Content) => history.refusals += 1,
    }
    let most = match refusal {
        Refusal::Permanent if run == Run::Broken => MAX_UNCLEAR,
        Refusal::Permanent | Refusal::Transient => MAX_REFUSALS,
    };
    history.refusals >= most
}

/// Doubles up to the cap, and spreads over a quarter of the wait so that letters refused together
/// do not come back together.
fn wait(attempt: u32, jitter: u8) -> TimeDelta {
    let doublings = attempt.saturating_sub(1).min(16);
    let wait = (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT);
    wait + wait / 4 * i32::from(jitter) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailer::EnhancedCode;

    const FRESH: History = History { attempt: 1, refusals: 0, unknowns: 0 };

    fn refused(refusal: Refusal) -> Outcome {
        let enhanced = EnhancedCode::new(4, 2, 1);
        Outcome::Refused { refusal, code: Some(450), enhanced, text: "<ada@example.com> try later".into() }
    }

    #[test]
    fn a_refusal_for_now_is_tried_again_and_in_the_end_fails() {
        let now = DateTime::UNIX_EPOCH;
        let verdict = judge(&refused(Refusal::Transient), FRESH, Run::Unknown, now, 0);
        assert_eq!(verdict.summary.state, DeliveryState::Retrying);
        assert_eq!(verdict.summary.last_error.as_deref(), Some("450 4.2.1 … try later"));
        assert!(
            matches!(verdict.queue(), QueueChange::Postpone { not_before, refusals: 1, .. } if not_before == now + FIRST_WAIT)
        );

        let last = History { refusals: MAX_REFUSALS - 1, ..FRESH };
        assert_eq!(
            judge(&refused(Refusal::Transient), last, Run::Unknown, now, 0).summary.state,
            DeliveryState::Failed
        );
        assert_eq!(
            judge(&refused(Refusal::Permanent), FRESH, Run::Unknown, now, 0).summary.state,
            DeliveryState::Failed
        );
    }

    #[test]
    fn whose_fault_it_is_decides_what_becomes_of_a_refused_letter() {
        let becomes = |code: &str, text: &str, refusals, run| {
            let enhanced = EnhancedCode::parse(code);
            let text = text.into();
            let outcome = Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced, text };
            let verdict = judge(&outcome, History { refusals, ..FRESH }, run, DateTime::UNIX_EPOCH, 0);
            (verdict.summary.state, verdict.fails())
        };
        let runs = [Run::Unknown, Run::Broken, Run::GoesOn];
        for run in runs {
            assert_eq!(becomes("5.1.1", "", 0, run), (DeliveryState::Failed, true));
            assert_eq!(becomes("5.6.0", "", 0, run), (DeliveryState::Failed, false), "the letter's");
            assert_eq!(becomes("5.7.26", "", 99, run), (DeliveryState::Retrying, false), "ours");
            assert_eq!(becomes("5.3.2", "", 99, run), (DeliveryState::Retrying, false), "the provider's");
            assert_eq!(becomes("5.7.1", "no", 0, run), (DeliveryState::Retrying, false), "nobody knows");
        }
        assert_eq!(
            becomes("5.7.1", "no", 99, Run::GoesOn),
            (DeliveryState::Retrying, false),
            "so is everybody refused"
        );
        assert_eq!(becomes("5.7.1", "no", 1, Run::Broken), (DeliveryState::Failed, true), "nobody else is");
        assert_eq!(becomes("5.7.1", "no", 1, Run::Unknown), (DeliveryState::Retrying, false));
        assert_eq!(becomes("5.7.1", "no", MAX_REFUSALS - 1, Run::Unknown), (DeliveryState::Failed, true));
    }

    #[test]
    fn what_nobody_knows_never_fails() {
        let unknown = Outcome::Unknown { text: "incomplete response".into() };
        let last = History { unknowns: MAX_UNKNOWNS - 1, ..FRESH };
        assert_eq!(
            judge(&unknown, FRESH, Run::Unknown, DateTime::UNIX_EPOCH, 0).summary.state,
            DeliveryState::Retrying
        );
        assert_eq!(judge(&unknown, last, Run::Unknown, DateTime::UNIX_EPOCH, 0).summary.state, DeliveryState::Unknown);
    }

    #[test]
    fn our_own_mistake_and_an_outage_are_never_the_recipient_s() {
        let long = History { attempt: 1_000, ..FRESH };
        let text = || "what happened".into();
        let outcomes = [
            Outcome::Misconfigured { text: text() },
            Outcome::Unreachable { text: text() },
            Outcome::ComposeFailed { text: text() },
        ];
        for outcome in outcomes {
            assert_eq!(
                judge(&outcome, long, Run::GoesOn, DateTime::UNIX_EPOCH, 0).summary.state,
                DeliveryState::Retrying
            );
        }
    }

    #[test]
    fn waits_double_up_to_a_cap_with_a_quarter_of_jitter() {
        assert_eq!(wait(1, 0), TimeDelta::seconds(30));
        assert_eq!(wait(3, 0), TimeDelta::seconds(120));
        assert_eq!(wait(u32::MAX, 0), LONGEST_WAIT);
        assert_eq!(wait(u32::MAX, 255), LONGEST_WAIT + LONGEST_WAIT / 4);
    }
}
