//! What is kept, and how a change of it is undone.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    delivery::{Delivery, Purpose},
    event::Event,
    id::{DeliveryId, InvitationId},
    invitation::{OpenKey, Record},
    store::{Change, DeliveryUpdate, Dispatch, Found, FoundToken, Insertion, ListQuery, NewEvent, Target, Transition},
    token::{Channel, TokenDigest},
};

#[derive(Default)]
pub(super) struct State {
    pub(super) invitations: BTreeMap<InvitationId, Row>,
    pub(super) open: HashMap<OpenKey, InvitationId>,
    pub(super) keys: HashMap<[u8; 32], InvitationId>,
    pub(super) tokens: HashMap<[u8; 32], (InvitationId, FoundToken)>,
    pub(super) queue: BTreeMap<DeliveryId, Queued>,
    pub(super) events: Vec<Event>,
    pub(super) provider_ids: BTreeMap<DeliveryId, String>,
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) record: Record,
    pub(super) open_key: Option<OpenKey>,
}

#[derive(Clone)]
pub(super) struct Queued {
    pub(super) invitation: InvitationId,
    pub(super) generation: u32,
    pub(super) purpose: Purpose,
    pub(super) not_before: DateTime<Utc>,
    pub(super) attempt: u32,
    pub(super) refusals: u32,
    pub(super) unknowns: u32,
    pub(super) lease: Option<(Uuid, DateTime<Utc>)>,
}

/// What was there before, to put back.
pub(super) enum Undo {
    Row(InvitationId, Option<Box<Row>>),
    Token([u8; 32]),
    Queue(DeliveryId, Option<Queued>),
    Event,
    Events(Vec<Event>),
    ProviderId(DeliveryId, Option<String>),
    /// With all events that there were.
    Forgotten {
        row: Box<Row>,
        tokens: HashMap<[u8; 32], (InvitationId, FoundToken)>,
        events: Vec<Event>,
    },
}

impl Undo {
    pub(super) fn run(self, state: &mut State) {
        match self {
            Self::Row(id, row) => drop(state.put(id, row.map(|row| *row))),
            Self::Token(digest) => drop(state.tokens.remove(&digest)),
            Self::Queue(id, Some(queued)) => drop(state.queue.insert(id, queued)),
            Self::Queue(id, None) => drop(state.queue.remove(&id)),
            Self::Event => drop(state.events.pop()),
            Self::Events(events) => state.events = events,
            Self::ProviderId(id, Some(old)) => drop(state.provider_ids.insert(id, old)),
            Self::ProviderId(id, None) => drop(state.provider_ids.remove(&id)),
            Self::Forgotten { row, tokens, events } => {
                state.put(row.record.id, Some(*row));
                state.tokens.extend(tokens);
                state.events = events;
            }
        }
    }
}

impl State {
    pub(super) fn put(&mut self, id: InvitationId, row: Option<Row>) -> Option<Row> {
        let old = match &row {
            Some(row) => self.invitations.insert(id, row.clone()),
            None => self.invitations.remove(&id),
        };
        if let Some(key) = old.as_ref().and_then(|old| old.open_key) {
            self.open.remove(&key);
        }
        if let Some(key) = old.as_ref().and_then(|old| old.record.idempotency) {
            self.keys.remove(key.key());
        }
        if let Some(key) = row.as_ref().and_then(|row| row.record.idempotency) {
            self.keys.insert(*key.key(), id);
        }
        if let Some(key) = row.and_then(|row| row.open_key) {
            self.open.insert(key, id);
        }
        old
    }

    pub(super) fn write_row(&mut self, row: Row, undo: &mut Vec<Undo>) {
        let id = row.record.id;
        let old = self.put(id, Some(row));
        undo.push(Undo::Row(id, old.map(Box::new)));
    }

    pub(super) fn write_token(
        &mut self,
        record: &Record,
        digest: &TokenDigest,
        channel: Channel,
        undo: &mut Vec<Undo>,
    ) {
        let token = FoundToken { digest: digest.clone(), generation: record.generation, channel };
        self.tokens.insert(*digest.as_bytes(), (record.id, token));
        undo.push(Undo::Token(*digest.as_bytes()));
    }

    pub(super) fn write_queue(&mut self, id: DeliveryId, queued: Option<Queued>, undo: &mut Vec<Undo>) {
        let old = match queued {
            Some(queued) => self.queue.insert(id, queued),
            None => self.queue.remove(&id),
        };
        undo.push(Undo::Queue(id, old));
    }

    pub(super) fn write_event(&mut self, record: &Record, event: &NewEvent<'_>, undo: &mut Vec<Undo>) {
        self.events.push(Event {
            invitation: record.id,
            revision: record.revision,
            kind: event.kind,
            actor: event.actor.clone(),
            reason: event.reason.map(Into::into),
            at: event.at,
        });
        undo.push(Undo::Event);
    }

    pub(super) fn dispatch(&mut self, record: &Record, dispatch: Dispatch<'_>, undo: &mut Vec<Undo>) {
        match dispatch {
            Dispatch::None => {}
            Dispatch::Token(digest, channel) => self.write_token(record, digest, channel, undo),
            Dispatch::Letter(letter) if !letter.has_addressee(record) => {}
            Dispatch::Letter(letter) => {
                let queued = Queued {
                    invitation: record.id,
                    generation: record.generation,
                    purpose: letter.purpose,
                    not_before: letter.not_before,
                    attempt: 0,
                    refusals: 0,
                    unknowns: 0,
                    lease: None,
                };
                self.write_queue(letter.delivery, Some(queued), undo);
            }
        }
    }

    pub(super) fn insert(&mut self, new: &Insertion<'_>, undo: &mut Vec<Undo>) -> bool {
        let is_repeated = new.record.idempotency.is_some_and(|key| self.keys.contains_key(key.key()));
        if is_repeated || new.open_key.is_some_and(|key| self.open.contains_key(key)) {
            return false;
        }
        self.write_row(Row { record: new.record.clone(), open_key: new.open_key.copied() }, undo);
        self.write_event(new.record, new.event, undo);
        self.dispatch(new.record, new.dispatch, undo);
        true
    }

    pub(super) fn transition(&mut self, transition: &Transition<'_>, undo: &mut Vec<Undo>) -> Option<Found> {
        let (id, token) = match transition.guard.target {
            Target::Id(id, _) => (id, None),
            Target::Token(digest) => {
                let (id, token) = self.tokens.get(digest.as_bytes())?;
                (*id, Some(token.clone()))
            }
            Target::Delivery(delivery) => (self.of_delivery(delivery)?.record.id, None),
        };
        let Row { mut record, mut open_key } = self.invitations.get(&id)?.clone();
        if !transition.guard.holds(&record, token.as_ref()) {
            return None;
        }
        match &transition.change {
            Change::View { .. } if record.viewed_at.is_some() => return None,
            Change::Amend { recipient: Some((_, Some(key))), .. }
                if self.open.get(key).is_some_and(|other| *other != id) =>
            {
                return None;
            }
            Change::Amend { recipient: Some((_, key)), .. } => open_key = *key,
            Change::End { .. } => open_key = None,
            Change::Amend { .. } | Change::Renew { .. } | Change::Link | Change::View { .. } | Change::FailDelivery => {
            }
        }
        transition.apply(&mut record, token.as_ref());
        self.write_row(Row { record: record.clone(), open_key }, undo);
        self.write_event(&record, &transition.event, undo);
        self.dispatch(&record, transition.dispatch, undo);
        Some(Found { record, token })
    }

    pub(super) fn of_delivery(&self, delivery: DeliveryId) -> Option<&Row> {
        self.invitations.values().find(|row| row.record.delivery_id == Some(delivery))
    }

    pub(super) fn record_delivery(&mut self, update: &DeliveryUpdate<'_>, undo: &mut Vec<Undo>) -> bool {
        let standing = |row: &&Row| row.record.kind == update.kind && update.over.contains(&row.record.delivery.state);
        let Some(mut row) = self.of_delivery(update.delivery).filter(standing).cloned() else { return false };
        row.record.delivery = Delivery {
            state: update.state,
            attempts: update.attempts.unwrap_or(row.record.delivery.attempts),
            last_error: update.error.map(Into::into),
            fault: update.fault,
        };
        if let Some(id) = update.provider_id {
            let old = self.provider_ids.insert(update.delivery, id.into());
            undo.push(Undo::ProviderId(update.delivery, old));
        }
        self.write_row(row, undo);
        true
    }

    pub(super) fn of_provider(&self, name: &str) -> Option<&Row> {
        let (delivery, _) = self.provider_ids.iter().rfind(|(_, known)| *known == name)?;
        self.of_delivery(*delivery)
    }

    /// A page of a list.
    pub(super) fn page(&self, query: &ListQuery<'_>) -> impl Iterator<Item = &Record> {
        let records = self.invitations.values().map(|row| &row.record);
        let mut records: Vec<_> = records.filter(|record| query.holds(record) && query.is_after(record)).collect();
        records.sort_unstable_by(|a, b| query.order(a, b));
        records.into_iter().take(query.limit.try_into().unwrap_or(usize::MAX))
    }

    pub(super) fn found(&self, id: InvitationId, token: Option<FoundToken>) -> Option<Found> {
        self.invitations.get(&id).map(|row| Found { record: row.record.clone(), token })
    }
}
