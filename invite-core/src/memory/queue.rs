//! The worker's side of the reference store.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    Memory, MemoryStore,
    state::{Queued, State, Undo},
};
use crate::{
    actor::{Actor, Scope},
    clock::{Clock, SystemClock},
    email_address::EmailAddress,
    invitation::Record,
    state::{EventKind, Status},
    store::{
        Change, DeliveryId, Dispatch, Guard, LeaseRequest, Leased, LeasedLetter, NewEvent, NewLetter, Purge, Purpose,
        QueueChange, ReminderDecision, ReminderReport, ReminderScan, Settlement, StoreError, Sweep, Target, TimeGuard,
        Transition, WorkerStore,
    },
    token::Channel,
};

#[async_trait]
impl WorkerStore<Memory> for MemoryStore {
    async fn lease(&self, memory: &Memory, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let mut conn = memory.begin().await;
        let leased = conn.run(|state, undo| lease_letters(state, undo, request)).await?;
        conn.commit();
        Ok(leased)
    }

    async fn now(&self, _: &Memory) -> Result<DateTime<Utc>, StoreError> {
        Ok(SystemClock.now())
    }

    async fn settle(&self, memory: &Memory, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut conn = memory.begin().await;
        let settle = |state: &mut State, undo: &mut Vec<Undo>| {
            settlements.iter().map(|settlement| settle_letter(state, undo, settlement)).collect()
        };
        let settled = conn.run(settle).await;
        conn.commit();
        Ok(settled)
    }

    async fn sweep(&self, memory: &Memory, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let mut conn = memory.begin().await;
        let swept = conn.run(|state, undo| expire_due(state, undo, sweep)).await;
        conn.commit();
        Ok(swept)
    }

    async fn remind(&self, memory: &Memory, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        let mut conn = memory.begin().await;
        let report = conn.run(|state, undo| remind_due(state, undo, scan)).await?;
        conn.commit();
        Ok(report)
    }

    async fn purge(&self, memory: &Memory, purge: &Purge<'_>) -> Result<u64, StoreError> {
        let mut conn = memory.begin().await;
        let purged = conn.run(|state, undo| forget_old(state, undo, purge)).await;
        conn.commit();
        Ok(purged)
    }
}

fn lease_letters(state: &mut State, undo: &mut Vec<Undo>, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
    let mut due: Vec<_> = (state.queue.iter())
        .filter(|(_, queued)| queued.not_before <= request.now)
        .filter(|(_, queued)| queued.lease.is_none_or(|(_, until)| until <= request.now))
        .filter_map(|(id, queued)| {
            Some((*id, queued.clone(), state.invitations.get(&queued.invitation)?.record.clone()))
        })
        .filter(|(_, _, record)| request.kinds.contains(&record.kind.as_str()))
        .filter(|(_, queued, record)| {
            let domain = record.addressee(queued.purpose).map(EmailAddress::domain);
            domain.is_none_or(|domain| !request.full.contains(&domain))
        })
        .collect();
    due.sort_unstable_by_key(|(id, queued, _)| (queued.not_before, *id));
    take_turns(&mut due, request.after);
    due.truncate(request.limit.try_into().unwrap_or(usize::MAX));

    let comes_first = due.first().is_some_and(|(_, queued, _)| queued.purpose.comes_first());
    let last = due.iter().rfind(|(_, queued, _)| queued.purpose.comes_first() == comes_first);
    let mut leased = Leased { last: last.map(|(_, _, record)| record.scope.clone()), ..Leased::default() };
    for (delivery, mut queued, record) in due {
        if !request.is_current(&record, queued.purpose, queued.generation) {
            state.write_queue(delivery, None, undo);
            leased.discarded += 1;
            continue;
        }
        if !request.admits(&record, queued.purpose) {
            continue;
        }
        if queued.purpose.has_link() {
            let digest = request.mint(delivery, &record.kind)?;
            state.write_token(&record, &digest, Channel::Mail, undo);
        }
        queued.attempt += 1;
        queued.lease = Some((request.owner, request.lease_until));
        let Queued { purpose, attempt, refusals, unknowns, .. } = queued;
        state.write_queue(delivery, Some(queued), undo);
        leased.letters.push(LeasedLetter { delivery, purpose, attempt, refusals, unknowns, record });
    }
    Ok(leased)
}

/// The key of the order: what comes first before the rest, then the scopes behind `after` before the others.
fn turn<'r>(queued: &Queued, record: &'r Record, after: Option<&Scope>) -> (bool, bool, &'r Scope) {
    let is_behind = after.is_none_or(|after| record.scope > *after);
    (!queued.purpose.comes_first(), !is_behind, &record.scope)
}

/// Puts letters that are sorted by age into the order in which they are leased.
fn take_turns(due: &mut [(DeliveryId, Queued, Record)], after: Option<&Scope>) {
    let mut rounds = HashMap::new();
    let rounds: HashMap<_, _> = (due.iter())
        .map(|(id, queued, record)| {
            let round: &mut u32 = rounds.entry((queued.purpose.comes_first(), record.scope.clone())).or_default();
            *round += 1;
            (*id, *round)
        })
        .collect();
    due.sort_by(|(id, queued, record), (other_id, other_queued, other_record)| {
        let (turn, other_turn) = (turn(queued, record, after), turn(other_queued, other_record, after));
        let (round, other_round) = (rounds.get(id), rounds.get(other_id));
        turn.0.cmp(&other_turn.0).then(round.cmp(&other_round)).then(turn.cmp(&other_turn))
    });
}

fn settle_letter(state: &mut State, undo: &mut Vec<Undo>, settlement: &Settlement<'_>) -> bool {
    let Some(queued) = state.queue.get(&settlement.delivery).cloned() else {
        return false;
    };
    let ours = queued.lease.is_some_and(|(owner, _)| owner == settlement.owner) && queued.attempt == settlement.attempt;
    if !ours {
        return false;
    }
    let rest = match settlement.queue {
        QueueChange::Remove => None,
        QueueChange::Postpone { not_before, refusals, unknowns, .. } => {
            Some(Queued { not_before, refusals, unknowns, lease: None, ..queued })
        }
    };
    state.write_queue(settlement.delivery, rest, undo);
    if state.record_delivery(&settlement.summary, undo)
        && let Some(transition) = settlement.transition
    {
        state.transition(transition, undo);
    }
    true
}

fn expire_due(state: &mut State, undo: &mut Vec<Undo>, sweep: &Sweep<'_>) -> u64 {
    let Sweep { kinds, notify, now, limit } = *sweep;
    let due: Vec<_> = (state.invitations.values().map(|row| &row.record))
        .filter(|record| record.status.is_open() && record.expires_at <= now && kinds.contains(&record.kind.as_str()))
        .take(limit.try_into().unwrap_or(usize::MAX))
        .cloned()
        .collect();
    let event = NewEvent { kind: EventKind::Expired, actor: &Actor::System, reason: None, at: now };
    let swept = due.iter().filter(|record| {
        let guard = Guard {
            time: TimeGuard::Due,
            ..Guard::of(Target::Id(record.id, None), &record.kind, EventKind::Expired, now)
        };
        let change = Change::End { status: Status::Expired };
        let delivery = DeliveryId::from_uuid(*record.id.as_uuid());
        let notice = NewLetter { delivery, purpose: Purpose::Expired, not_before: now };
        let is_queued = state.queue.contains_key(&delivery);
        let dispatch = match notify.contains(&record.kind.as_str()) && !is_queued {
            true => Dispatch::Letter(&notice),
            false => Dispatch::None,
        };
        state.transition(&Transition { guard, change, event: event.clone(), dispatch }, undo).is_some()
    });
    swept.count() as u64
}

fn forget_old(state: &mut State, undo: &mut Vec<Undo>, purge: &Purge<'_>) -> u64 {
    let is_old = |record: &&Record| {
        let ended = record.ended.as_ref();
        purge.kinds.iter().any(|(kind, until)| record.kind == *kind && ended.is_some_and(|ended| ended.at <= *until))
    };
    let old: Vec<_> = (state.invitations.values().map(|row| &row.record))
        .filter(is_old)
        .take(purge.limit.try_into().unwrap_or(usize::MAX))
        .map(|record| record.id)
        .collect();
    old.into_iter().filter(|id| state.forget(*id, undo)).count() as u64
}

fn remind_due(state: &mut State, undo: &mut Vec<Undo>, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
    let mut due: Vec<_> = (state.invitations.values())
        .filter(|row| row.record.remind_at.is_some_and(|at| at <= scan.now))
        .filter(|row| scan.kinds.contains(&row.record.kind.as_str()))
        .cloned()
        .collect();
    due.sort_unstable_by_key(|row| (row.record.remind_at, row.record.id));
    due.truncate(scan.limit.try_into().unwrap_or(usize::MAX));

    let mut report = ReminderReport::default();
    for mut row in due {
        let ReminderDecision { letter, remind_at, reminded } = scan.decide(&row.record)?;
        row.record.remind_at = remind_at;
        row.record.reminded = reminded;
        let record = row.record.clone();
        state.write_row(row, undo);
        if let Some(letter) = &letter {
            state.dispatch(&record, Dispatch::Letter(letter), undo);
            report.queued += 1;
        }
    }
    Ok(report)
}
