//! The worker's side of the reference store.

use async_trait::async_trait;

use super::{
    Memory, MemoryStore,
    state::{Queued, State, Undo},
};
use crate::{
    actor::Actor,
    state::{EventKind, Status},
    store::{
        Change, DeliveryId, Dispatch, Guard, LeaseRequest, Leased, LeasedLetter, NewEvent, NewLetter, Purpose,
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
}

fn lease_letters(state: &mut State, undo: &mut Vec<Undo>, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
    let mut due: Vec<_> = (state.queue.iter())
        .filter(|(_, queued)| queued.not_before <= request.now)
        .filter(|(_, queued)| queued.lease.is_none_or(|(_, until)| until <= request.now))
        .filter_map(|(id, queued)| {
            Some((*id, queued.clone(), state.invitations.get(&queued.invitation)?.record.clone()))
        })
        .filter(|(_, _, record)| request.kinds.contains(&record.kind.as_str()))
        .collect();
    due.sort_unstable_by_key(|(id, queued, _)| (queued.not_before, *id));
    due.truncate(request.limit.try_into().unwrap_or(usize::MAX));

    let mut leased = Leased::default();
    for (delivery, mut queued, record) in due {
        if !request.is_current(&record, queued.purpose, queued.generation) {
            state.write_queue(delivery, None, undo);
            leased.discarded += 1;
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
