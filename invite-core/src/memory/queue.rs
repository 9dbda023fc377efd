//! The worker's side of the reference store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Memory, MemoryStore, Queued, Row, State, Undo};
use crate::{
    actor::Actor,
    invitation::{Delivery, Record},
    state::{Status, Verb},
    store::{
        Change, Claim, Claimed, Claims, Dispatch, Guard, NewEvent, QueueChange, RecipientGuard, Settlement, StoreError,
        Target, TimeGuard, Transition, WorkerStore,
    },
    token::Channel,
};

#[async_trait]
impl WorkerStore<Memory> for MemoryStore {
    async fn claim(&self, memory: &Memory, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        let mut conn = memory.begin().await;
        let claimed = conn.run(|state, undo| claim_letters(state, undo, claim)).await?;
        conn.commit();
        Ok(claimed)
    }

    async fn settle(&self, memory: &Memory, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let mut conn = memory.begin().await;
        let settled = conn.run(|state, undo| settle_letter(state, undo, settlement)).await;
        conn.commit();
        Ok(settled)
    }

    async fn sweep(&self, memory: &Memory, kinds: &[&str], now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut conn = memory.begin().await;
        let swept = conn.run(|state, undo| expire_due(state, undo, kinds, now, limit)).await;
        conn.commit();
        Ok(swept)
    }
}

fn claim_letters(state: &mut State, undo: &mut Vec<Undo>, claim: &Claim<'_>) -> Result<Claims, StoreError> {
    let mut due: Vec<_> = (state.queue.iter())
        .filter(|(_, queued)| queued.not_before <= claim.now)
        .filter(|(_, queued)| queued.lease.is_none_or(|(_, until)| until <= claim.now))
        .filter_map(|(id, queued)| {
            Some((*id, queued.clone(), state.invitations.get(&queued.invitation)?.record.clone()))
        })
        .filter(|(_, _, record)| claim.kinds.contains(&record.kind.as_str()))
        .collect();
    due.sort_unstable_by_key(|(id, queued, _)| (queued.not_before, *id));
    due.truncate(claim.limit.try_into().unwrap_or(usize::MAX));

    let mut claims = Claims::default();
    for (delivery, mut queued, record) in due {
        if !claim.is_current(&record, queued.purpose, queued.generation) {
            state.write_queue(delivery, None, undo);
            claims.discarded += 1;
            continue;
        }
        if queued.purpose.has_link() {
            let digest = claim.mint(delivery, &record.kind)?;
            state.write_token(&record, &digest, Channel::Mail, undo);
        }
        queued.attempt += 1;
        queued.lease = Some((claim.owner, claim.lease_until));
        let Queued { purpose, attempt, refusals, unknowns, .. } = queued;
        state.write_queue(delivery, Some(queued), undo);
        claims.letters.push(Claimed { delivery, purpose, attempt, refusals, unknowns, record });
    }
    Ok(claims)
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
    if let Some(row) = state.invitations.get(&settlement.invitation).cloned()
        && row.record.generation == settlement.generation
    {
        let record = Record { delivery: Delivery::clone(settlement.summary), ..row.record };
        state.write_row(Row { record, ..row }, undo);
    }
    if let Some(transition) = settlement.transition {
        state.transition(transition, undo);
    }
    true
}

fn expire_due(state: &mut State, undo: &mut Vec<Undo>, kinds: &[&str], now: DateTime<Utc>, limit: u32) -> u64 {
    let due: Vec<_> = (state.invitations.values().map(|row| &row.record))
        .filter(|record| record.status.is_open() && record.expires_at <= now && kinds.contains(&record.kind.as_str()))
        .take(limit.try_into().unwrap_or(usize::MAX))
        .cloned()
        .collect();
    let event = NewEvent { verb: Verb::Expired, actor: &Actor::System, reason: None, at: now };
    let swept = due.iter().filter(|record| {
        let guard = Guard {
            target: Target::Id(record.id, None),
            kind: &record.kind,
            statuses: Verb::Expired.allowed_in(),
            now,
            time: TimeGuard::Due,
            recipient: RecipientGuard::Anyone,
            not_resent_since: None,
            generation: None,
        };
        let change = Change::End { status: Status::Expired, event: event.clone() };
        let transition = Transition { guard, change, event: event.clone(), dispatch: Dispatch::None };
        state.transition(&transition, undo).is_some()
    });
    swept.count() as u64
}
