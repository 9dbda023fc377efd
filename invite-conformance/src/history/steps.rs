//! The states of one invitation, and when each may have been seen.

#![expect(clippy::wildcard_enum_match_arm, reason = "a refusal or verb that is not named explains nothing")]

use chrono::{DateTime, Utc};
use invite_core::{Actor, Error, Event, EventKind, Status};

use super::{Answer, Asked, Call, Life, Rules};

/// One invitation, revision by revision.
pub(super) struct Steps<'a> {
    steps: Vec<Step<'a>>,
    rules: Rules,
}

/// What a revision left, and between which moments it was committed.
struct Step<'a> {
    status: Status,
    by: &'a Actor,
    generation: u32,
    expires_at: DateTime<Utc>,
    resent_at: Option<DateTime<Utc>>,
    /// Whether a letter of this generation was queued.
    mailed: bool,
    earliest: u64,
    latest: u64,
}

impl<'a> Steps<'a> {
    /// Follows the events, each with the call that asked for it; the library's own nobody asked for.
    pub(super) fn follow(
        life: &'a Life,
        rules: Rules,
        asked: &mut dyn FnMut(&Event) -> Option<&'a Call>,
    ) -> Result<Self, String> {
        let mut steps: Vec<Step<'_>> = Vec::new();
        for event in life.events.iter().filter(|event| event.kind.is_change()) {
            let call = asked(event);
            let own = matches!(event.kind, EventKind::Expired | EventKind::DeliveryFailed);
            match call {
                Some(call) => answers(call, event)?,
                None if own && event.actor == Actor::System => {}
                None => return Err(format!("an event that nobody asked for: {event:?}")),
            }
            let (earliest, mut latest) = call.map_or((0, u64::MAX), |call| (call.began, call.ended));
            if matches!(call.map(|call| &call.answer), Some(Answer::Unknown)) {
                latest = u64::MAX;
            }
            let earliest = steps.last().map_or(earliest, |before| before.earliest.max(earliest));
            if latest < earliest {
                return Err(format!("{event:?} came after a change that began after {call:?} had ended"));
            }
            let step = match (steps.last(), call) {
                (None, Some(Call { asked: Asked::Create { place, lifetime, mailed }, .. })) if *place == life.place => {
                    Step {
                        status: Status::Pending,
                        by: &event.actor,
                        generation: 1,
                        expires_at: event.at + *lifetime,
                        resent_at: None,
                        mailed: *mailed,
                        earliest,
                        latest,
                    }
                }
                (None, call) => {
                    return Err(format!("an invitation to address {} was asked for by {call:?}", life.place));
                }
                (Some(before), call) => before.then(event, call, rules, earliest, latest)?,
            };
            steps.push(step);
        }
        // What a later revision shows to be committed was so before it.
        let mut known = u64::MAX;
        for step in steps.iter_mut().rev() {
            known = known.min(step.latest);
            step.latest = known;
        }
        let told = steps.last().map(|last| (last.generation, last.expires_at));
        let row = Some((life.record.generation, life.record.expires_at));
        if row == told {
            Ok(Self { steps, rules })
        } else {
            Err(format!("generation and end of {:?} are {row:?}, by its events {told:?}", life.record))
        }
    }

    /// The states that somebody may have seen between the begin and the end of this call.
    fn seen_by(&self, call: &Call) -> impl Iterator<Item = &Step<'a>> {
        let next = self.steps.iter().skip(1).map(|next| next.latest).chain([u64::MAX]);
        let steps = self.steps.iter().zip(next);
        steps.filter(|(step, over)| step.earliest < call.ended && *over > call.began).map(|(step, _)| step)
    }

    /// Whether an open one was there to collide with.
    pub(super) fn were_in_the_way(&self, call: &Call) -> bool {
        self.seen_by(call).any(|step| step.status.is_open() && step.expires_at > call.clock.0)
    }

    pub(super) fn were_accepted_by(&self, call: &Call) -> bool {
        self.seen_by(call).any(|step| step.status == Status::Accepted && *step.by == call.actor)
    }

    /// Whether one of the states refuses this.
    pub(super) fn explain(&self, call: &Call, kind: EventKind, token: Option<u32>, refusal: &Error) -> bool {
        let out_of_time = |step: &Step<'_>| step.status.is_open() && step.expires_at <= call.clock.1;
        self.seen_by(call).any(|step| match refusal {
            Error::AlreadyAccepted => step.status == Status::Accepted && *step.by != call.actor,
            Error::Rejected => step.status == Status::Rejected,
            Error::Cancelled => step.status == Status::Cancelled,
            Error::Expired { at } => (step.status == Status::Expired || out_of_time(step)) && *at == step.expires_at,
            Error::Superseded => step.status.is_open() && token.is_some_and(|token| token < step.generation),
            Error::IllegalTransition { status, event: asked } => {
                let seen = *status == step.status || (*status == Status::Expired && out_of_time(step));
                seen && *asked == kind && kind.applied_to(*status).is_none()
            }
            Error::LimitReached { .. } => {
                let since = call.clock.0 - self.rules.cooldown;
                kind == EventKind::Resent && step.status.is_open() && step.resent_at.is_some_and(|at| at > since)
            }
            _ => false,
        })
    }

    /// From when on, and until when, it was open for sure.
    pub(super) fn surely_open(&self) -> (u64, u64) {
        let from = self.steps.first().map_or(u64::MAX, |first| first.latest);
        let end = self.steps.iter().find(|step| !step.status.is_open());
        (from, end.map_or(u64::MAX, |end| end.earliest))
    }

    /// From when on a letter of this generation was of no use for sure.
    pub(super) fn surely_past(&self, generation: u32) -> u64 {
        let past = self.steps.iter().find(|step| step.generation > generation || !step.status.is_open());
        past.map_or(u64::MAX, |past| past.latest)
    }

    /// Whether its present generation has a letter.
    pub(super) fn mailed(&self) -> bool {
        self.steps.last().is_some_and(|last| last.mailed)
    }
}

impl<'a> Step<'a> {
    /// The next, unless its guard should not have held.
    fn then(
        &self,
        event: &'a Event,
        call: Option<&Call>,
        rules: Rules,
        earliest: u64,
        latest: u64,
    ) -> Result<Self, String> {
        let objection = |why| Err(format!("{event:?} {why}"));
        let out_of_time = self.expires_at <= event.at;
        match event.kind {
            EventKind::Expired if !out_of_time => return objection("came too early"),
            EventKind::Expired | EventKind::DeliveryFailed => {}
            _ if out_of_time => return objection("came too late"),
            EventKind::Resent
                if self.resent_at.is_some_and(|at| at > event.at - rules.cooldown && at <= event.at + rules.ahead) =>
            {
                return objection("came too soon after another");
            }
            _ => {}
        }
        if let Some(Call { asked: Asked::Change { token: Some(token), .. }, .. }) = call
            && *token != self.generation
        {
            return objection("was opened by a link that had been retired");
        }
        let resent = event.kind == EventKind::Resent;
        Ok(Self {
            status: event.kind.applied_to(self.status).unwrap_or(self.status),
            by: &event.actor,
            generation: self.generation + u32::from(resent),
            expires_at: if resent { self.expires_at.max(event.at + rules.lifetime) } else { self.expires_at },
            resent_at: if resent { Some(event.at) } else { self.resent_at },
            mailed: resent || self.mailed,
            earliest,
            latest,
        })
    }
}

/// Whether this event is what that call asked for.
fn answers(call: &Call, event: &Event) -> Result<(), String> {
    let wanted = match &call.asked {
        Asked::Create { .. } => event.kind == EventKind::Created,
        Asked::Change { kind, id, .. } => event.kind == *kind && event.invitation == *id,
    };
    let told = match &call.answer {
        Answer::Done(id, revision) => (*id, *revision) == (event.invitation, event.revision),
        Answer::Unknown => true,
        Answer::Undone => return Err(format!("what the host rolled back stands: {event:?}")),
        Answer::Before | Answer::Refused(_) => false,
    };
    let (from, until) = call.clock;
    if wanted && told && event.actor == call.actor && (from..=until).contains(&event.at) {
        return Ok(());
    }
    Err(format!("{event:?} is not what was asked for by {call:?}"))
}
