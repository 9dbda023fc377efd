//! What an outcome means: done, again later, or given up.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    delivery::{Delivery, DeliveryState},
    mailer::{Outcome, Refusal},
    store::QueueChange,
};

/// The first wait; each further one is twice as long.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// A letter never waits longer than this, jitter aside.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);
/// After so many refusals "for now" the letter has failed: three to four hours of trying.
const MAX_REFUSALS: u32 = 10;
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

pub(super) fn judge(outcome: &Outcome, mut history: History, now: DateTime<Utc>, jitter: u8) -> Verdict {
    let mut last_error = None;
    let (state, again) = match outcome {
        Outcome::Accepted { .. } => (DeliveryState::Sent, false),
        Outcome::Refused { refusal, code, enhanced, text } => {
            last_error = Some(Outcome::reason(*code, *enhanced, text));
            history.refusals += 1;
            if *refusal == Refusal::Permanent || history.refusals >= MAX_REFUSALS {
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
    let summary = Delivery { state, attempts: history.attempt, last_error };
    let again = again.then(|| (now + wait(history.attempt, jitter), history));
    Verdict { summary, again }
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
        let verdict = judge(&refused(Refusal::Transient), FRESH, now, 0);
        assert_eq!(verdict.summary.state, DeliveryState::Retrying);
        assert_eq!(verdict.summary.last_error.as_deref(), Some("450 4.2.1 … try later"));
        assert!(
            matches!(verdict.queue(), QueueChange::Postpone { not_before, refusals: 1, .. } if not_before == now + FIRST_WAIT)
        );

        let last = History { refusals: MAX_REFUSALS - 1, ..FRESH };
        assert_eq!(judge(&refused(Refusal::Transient), last, now, 0).summary.state, DeliveryState::Failed);
        assert_eq!(judge(&refused(Refusal::Permanent), FRESH, now, 0).summary.state, DeliveryState::Failed);
    }

    #[test]
    fn what_nobody_knows_never_fails() {
        let unknown = Outcome::Unknown { text: "incomplete response".into() };
        let last = History { unknowns: MAX_UNKNOWNS - 1, ..FRESH };
        assert_eq!(judge(&unknown, FRESH, DateTime::UNIX_EPOCH, 0).summary.state, DeliveryState::Retrying);
        assert_eq!(judge(&unknown, last, DateTime::UNIX_EPOCH, 0).summary.state, DeliveryState::Unknown);
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
            assert_eq!(judge(&outcome, long, DateTime::UNIX_EPOCH, 0).summary.state, DeliveryState::Retrying);
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
