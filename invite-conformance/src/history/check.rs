//! What the rows and events of a history must explain, and how.

use std::collections::HashMap;

use invite_core::{Error, Event, InvitationId, Status};

use super::{Answer, Asked, Fate, History, Life, steps::Steps, timeline};

/// Objects to the first thing that no order explains.
pub(super) fn check(history: &History) -> Result<(), String> {
    let mut done = HashMap::new();
    let mut by_actor = HashMap::new();
    for call in &history.calls {
        if let Answer::Done(id, revision) = call.answer
            && let Some(other) = done.insert((id, revision), call)
        {
            return Err(format!("two calls were told that they made one revision: {call:?} and {other:?}"));
        }
        if matches!(call.answer, Answer::Unknown | Answer::Undone) {
            by_actor.insert(&call.actor, call);
        }
    }
    let mut lives = HashMap::new();
    for life in &history.lives {
        timeline::explain(&life.record, &life.events)?;
        let mut asked = |event: &Event| {
            let call = done.remove(&(event.invitation, event.revision));
            call.or_else(|| by_actor.get(&event.actor).copied())
        };
        lives.insert(life.record.id, (life, Steps::follow(life, history.rules, &mut asked)?));
    }
    if let Some(call) = done.into_values().next() {
        return Err(format!("a change that was answered has no event: {call:?}"));
    }
    for call in &history.calls {
        let explained = match (&call.asked, &call.answer) {
            (_, Answer::Done(..) | Answer::Unknown | Answer::Undone) => true,
            (Asked::Create { place, .. }, Answer::Refused(Error::AlreadyPending(id))) => {
                (lives.get(id)).is_some_and(|(life, steps)| life.place == *place && steps.were_in_the_way(call))
            }
            (Asked::Create { .. }, Answer::Refused(_) | Answer::Before) => false,
            (Asked::Change { kind, id, token }, Answer::Refused(refusal)) => {
                lives.get(id).is_some_and(|(_, steps)| steps.explain(call, *kind, *token, refusal))
            }
            (Asked::Change { id, .. }, Answer::Before) => {
                lives.get(id).is_some_and(|(_, steps)| steps.were_accepted_by(call))
            }
        };
        if !explained {
            return Err(format!("no state between its begin and its end explains {call:?}"));
        }
    }
    one_open(history, &lives)?;
    letters(history, &lives)
}

type Lives<'a> = HashMap<InvitationId, (&'a Life, Steps<'a>)>;

/// At no time were two open for one address.
fn one_open(history: &History, lives: &Lives<'_>) -> Result<(), String> {
    let mut open: Vec<_> = (history.lives.iter())
        .filter_map(|life| lives.get(&life.record.id))
        .map(|(life, steps)| (life.place, steps.surely_open()))
        .filter(|(_, (from, to))| from < to)
        .collect();
    open.sort_unstable();
    for pair in open.windows(2) {
        if let [(place, (_, to)), (other, (from, _))] = pair
            && place == other
            && from < to
        {
            return Err(format!("two invitations were open for address {place} between {from} and {to}"));
        }
    }
    Ok(())
}

/// No letter is lost, none was taken twice, none was mailed by who could have known better.
fn letters(history: &History, lives: &Lives<'_>) -> Result<(), String> {
    let mut tried: HashMap<_, Vec<_>> = HashMap::new();
    for letter in &history.letters {
        let Some((_, steps)) = lives.get(&letter.id) else {
            return Err(format!("mailed about an invitation that nobody created: {letter:?}"));
        };
        if steps.surely_past(letter.generation) < letter.began {
            return Err(format!("mailed by a worker that began after it was of no use: {letter:?}"));
        }
        tried.entry((letter.id, letter.generation)).or_default().push((letter.attempt, letter.outcome));
    }
    for ((_, generation), attempts) in &mut tried {
        attempts.sort_unstable_by_key(|(attempt, _)| *attempt);
        let counted = (1..).zip(&*attempts).all(|(nth, (attempt, _))| nth == *attempt);
        let ended = attempts.iter().rev().skip(1).any(|(_, fate)| matches!(fate, Fate::Sent | Fate::Refused));
        if !counted || ended {
            return Err(format!("the attempts at a letter of generation {generation} were {attempts:?}"));
        }
    }
    for (life, steps) in lives.values() {
        let record = &life.record;
        let attempts = tried.get(&(record.id, record.generation)).map_or(&[][..], Vec::as_slice);
        let arrived = attempts.iter().any(|(_, fate)| *fate == Fate::Sent)
            || attempts.iter().filter(|(_, fate)| *fate == Fate::Unknown).count() == 3;
        let due = record.status == Status::Pending && record.expires_at > history.end && steps.mailed();
        if due && !arrived {
            return Err(format!("a letter of generation {} is lost: {attempts:?}", record.generation));
        }
    }
    Ok(())
}
