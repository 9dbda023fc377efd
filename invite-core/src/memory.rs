//! The reference store: everything in memory, one transaction at a time.
//!
//! It is the contract in its shortest form, made of [`Guard::holds`](crate::store::Guard::holds) and
//! [`Transition::apply`](crate::store::Transition::apply), and it serves tests of hosts. Nothing survives the process.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Answer {
//! # let (members, me) = (members(), Actor::new(1));
//! let memory = Memory::default();
//!
//! let mut tx = memory.begin().await; // waits until every other transaction has ended
//! let id = members.scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?.id;
//! tx.commit(); // without it, dropping `tx` would roll back
//!
//! let mut conn = memory.connection(); // sees what is committed, and may not write
//! assert_eq!(members.scope("org:7").get(&mut conn, &me, id).await?.status, Status::Pending);
//! let refused = members.scope("org:7").cancel(&mut conn, &me, id, None).await;
//! assert!(matches!(refused, Err(Error::NotInTransaction)));
//! # Ok(())
//! # }
//! ```

mod queue;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use async_lock::{Mutex, MutexGuardArc};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    actor::Scope,
    event::Event,
    invitation::{Delivery, InvitationId, Record},
    list::Sort,
    store::{
        AddressedQuery, Change, DeliveryId, DeliveryUpdate, Dispatch, Found, FoundToken, Insertion, InvitationStore,
        Key, ListQuery, NewEvent, OpenKey, Purpose, Read, StoreError, Target, Transition,
    },
    token::{Channel, TokenDigest},
};

/// A database in memory; clones share it.
#[derive(Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

impl Memory {
    /// Begins a transaction, once every other has ended.
    pub async fn begin(&self) -> MemoryConn {
        let tx = Tx { state: self.state.lock_arc().await, undo: Vec::new() };
        MemoryConn { state: Arc::clone(&self.state), tx: Some(tx) }
    }

    /// A connection outside any transaction: it may only read.
    #[must_use]
    pub fn connection(&self) -> MemoryConn {
        MemoryConn { state: Arc::clone(&self.state), tx: None }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// A connection to a [`Memory`]. Dropped inside a transaction it rolls back.
pub struct MemoryConn {
    state: Arc<Mutex<State>>,
    tx: Option<Tx>,
}

impl MemoryConn {
    /// Keeps what the transaction did.
    pub fn commit(mut self) {
        if let Some(tx) = &mut self.tx {
            tx.undo.clear();
        }
    }

    /// Undoes what the transaction did.
    pub fn rollback(self) {}

    async fn run<T>(&mut self, work: impl FnOnce(&mut State, &mut Vec<Undo>) -> T + Send) -> T {
        match &mut self.tx {
            Some(tx) => work(&mut tx.state, &mut tx.undo),
            None => work(&mut *self.state.lock().await, &mut Vec::new()),
        }
    }
}

impl std::fmt::Debug for MemoryConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryConn").field("in_transaction", &self.tx.is_some()).finish_non_exhaustive()
    }
}

struct Tx {
    state: MutexGuardArc<State>,
    undo: Vec<Undo>,
}

impl Drop for Tx {
    fn drop(&mut self) {
        while let Some(undo) = self.undo.pop() {
            undo.run(&mut self.state);
        }
    }
}

#[derive(Default)]
struct State {
    invitations: BTreeMap<InvitationId, Row>,
    open: HashMap<OpenKey, InvitationId>,
    tokens: HashMap<[u8; 32], (InvitationId, FoundToken)>,
    queue: BTreeMap<DeliveryId, Queued>,
    events: Vec<Event>,
}

#[derive(Clone)]
struct Row {
    record: Record,
    open_key: Option<OpenKey>,
}

#[derive(Clone)]
struct Queued {
    invitation: InvitationId,
    generation: u32,
    purpose: Purpose,
    not_before: DateTime<Utc>,
    attempt: u32,
    refusals: u32,
    unknowns: u32,
    lease: Option<(Uuid, DateTime<Utc>)>,
}

/// What was there before, to put back.
enum Undo {
    Row(InvitationId, Option<Box<Row>>),
    Token([u8; 32]),
    Queue(DeliveryId, Option<Queued>),
    Event,
}

impl Undo {
    fn run(self, state: &mut State) {
        match self {
            Self::Row(id, row) => drop(state.put(id, row.map(|row| *row))),
            Self::Token(digest) => drop(state.tokens.remove(&digest)),
            Self::Queue(id, Some(queued)) => drop(state.queue.insert(id, queued)),
            Self::Queue(id, None) => drop(state.queue.remove(&id)),
            Self::Event => drop(state.events.pop()),
        }
    }
}

impl State {
    fn put(&mut self, id: InvitationId, row: Option<Row>) -> Option<Row> {
        let old = match &row {
            Some(row) => self.invitations.insert(id, row.clone()),
            None => self.invitations.remove(&id),
        };
        if let Some(key) = old.as_ref().and_then(|old| old.open_key) {
            self.open.remove(&key);
        }
        if let Some(key) = row.and_then(|row| row.open_key) {
            self.open.insert(key, id);
        }
        old
    }

    fn write_row(&mut self, row: Row, undo: &mut Vec<Undo>) {
        let id = row.record.id;
        let old = self.put(id, Some(row));
        undo.push(Undo::Row(id, old.map(Box::new)));
    }

    fn write_token(&mut self, record: &Record, digest: &TokenDigest, channel: Channel, undo: &mut Vec<Undo>) {
        let token = FoundToken { digest: digest.clone(), generation: record.generation, channel };
        self.tokens.insert(*digest.as_bytes(), (record.id, token));
        undo.push(Undo::Token(*digest.as_bytes()));
    }

    fn write_queue(&mut self, id: DeliveryId, queued: Option<Queued>, undo: &mut Vec<Undo>) {
        let old = match queued {
            Some(queued) => self.queue.insert(id, queued),
            None => self.queue.remove(&id),
        };
        undo.push(Undo::Queue(id, old));
    }

    fn write_event(&mut self, record: &Record, event: &NewEvent<'_>, undo: &mut Vec<Undo>) {
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

    fn dispatch(&mut self, record: &Record, dispatch: Dispatch<'_>, undo: &mut Vec<Undo>) {
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

    fn transition(&mut self, transition: &Transition<'_>, undo: &mut Vec<Undo>) -> Option<Found> {
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

    fn of_delivery(&self, delivery: DeliveryId) -> Option<&Row> {
        self.invitations.values().find(|row| row.record.delivery_id == Some(delivery))
    }

    fn record_delivery(&mut self, update: &DeliveryUpdate<'_>, undo: &mut Vec<Undo>) -> bool {
        let standing = |row: &&Row| row.record.kind == update.kind && update.over.contains(&row.record.delivery.state);
        let Some(mut row) = self.of_delivery(update.delivery).filter(standing).cloned() else { return false };
        row.record.delivery = Delivery {
            state: update.state,
            attempts: update.attempts.unwrap_or(row.record.delivery.attempts),
            last_error: update.error.map(Into::into),
        };
        self.write_row(row, undo);
        true
    }

    fn found(&self, id: InvitationId, token: Option<FoundToken>) -> Option<Found> {
        self.invitations.get(&id).map(|row| Found { record: row.record.clone(), token })
    }
}

/// The store over a [`Memory`].
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct MemoryStore;

#[async_trait]
impl InvitationStore for MemoryStore {
    type Conn = MemoryConn;

    fn in_transaction(&self, conn: &mut MemoryConn) -> bool {
        conn.tx.is_some()
    }

    async fn lock_for_write(&self, _: &mut MemoryConn) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, conn: &mut MemoryConn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let insert = |state: &mut State, undo: &mut Vec<Undo>| {
            if new.open_key.is_some_and(|key| state.open.contains_key(key)) {
                return false;
            }
            state.write_row(Row { record: new.record.clone(), open_key: new.open_key.copied() }, undo);
            state.write_event(new.record, new.event, undo);
            state.dispatch(new.record, new.dispatch, undo);
            true
        };
        Ok(conn.run(insert).await)
    }

    async fn transition(
        &self,
        conn: &mut MemoryConn,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        Ok(conn.run(|state, undo| state.transition(transition, undo)).await)
    }

    async fn record_delivery(&self, conn: &mut MemoryConn, update: &DeliveryUpdate<'_>) -> Result<bool, StoreError> {
        Ok(conn.run(|state, undo| state.record_delivery(update, undo)).await)
    }

    async fn find(&self, conn: &mut MemoryConn, key: &Key<'_>, _: Read) -> Result<Option<Found>, StoreError> {
        let find = |state: &mut State, _: &mut Vec<Undo>| match *key {
            Key::Token(digest) => {
                let (id, token) = state.tokens.get(digest.as_bytes())?;
                state.found(*id, Some(token.clone()))
            }
            Key::Id { kind, scope, id } => state
                .found(id, None)
                .filter(|found| found.record.kind == kind && scope.is_none_or(|scope| found.record.scope == *scope)),
            Key::Open(key) => state.found(*state.open.get(key)?, None),
        };
        Ok(conn.run(find).await)
    }

    async fn list(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let list = |state: &mut State, _: &mut Vec<Undo>| {
            let mut records: Vec<_> = (state.invitations.values().map(|row| &row.record))
                .filter(|record| record.kind == query.kind && record.scope == *query.scope)
                .filter(|record| {
                    query.statuses.is_empty() || query.statuses.contains(&(*record).clone().seen_at(query.now).status)
                })
                .filter(|record| query.address.is_none_or(|part| record.recipient.canonical().contains(part)))
                .filter(|record| {
                    query.expiring_until.is_none_or(|until| {
                        record.status.is_open() && record.expires_at > query.now && record.expires_at <= until
                    })
                })
                .collect();
            records.sort_unstable_by(|a, b| match query.sort {
                Sort::NewestFirst => (b.created_at, b.id).cmp(&(a.created_at, a.id)),
                Sort::OldestFirst => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
                Sort::ExpiresFirst => (a.expires_at, a.id).cmp(&(b.expires_at, b.id)),
                Sort::Address => (a.recipient.canonical(), a.id).cmp(&(b.recipient.canonical(), b.id)),
            });
            let seek = query.after.map(|seek| {
                let found = state.invitations.get(&seek.id).map(|row| &row.record);
                let found = found.filter(|record| record.kind == query.kind && record.scope == *query.scope);
                let address = found.map_or("", |record| record.recipient.canonical());
                (seek, address)
            });
            (records.into_iter())
                .filter(|record| {
                    seek.is_none_or(|(seek, address)| match query.sort {
                        Sort::NewestFirst => (record.created_at, record.id) < (seek.at, seek.id),
                        Sort::OldestFirst => (record.created_at, record.id) > (seek.at, seek.id),
                        Sort::ExpiresFirst => (record.expires_at, record.id) > (seek.at, seek.id),
                        Sort::Address => (record.recipient.canonical(), record.id) > (address, seek.id),
                    })
                })
                .take(query.limit.try_into().unwrap_or(usize::MAX))
                .cloned()
                .collect()
        };
        Ok(conn.run(list).await)
    }

    async fn addressed_to(&self, conn: &mut MemoryConn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let addressed = |state: &mut State, _: &mut Vec<Undo>| {
            let mut records: Vec<_> = (state.invitations.values().map(|row| &row.record))
                .filter(|record| record.kind == query.kind && record.status.is_open() && record.expires_at > query.now)
                .filter(|record| query.addresses.contains(&Some(record.recipient.canonical())))
                .cloned()
                .collect();
            records.sort_unstable_by_key(|record| std::cmp::Reverse((record.created_at, record.id)));
            records.truncate(query.limit.try_into().unwrap_or(usize::MAX));
            records
        };
        Ok(conn.run(addressed).await)
    }

    async fn history(
        &self,
        conn: &mut MemoryConn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        let history = |state: &mut State, _: &mut Vec<Undo>| {
            let concerned =
                (state.invitations.get(&id)).is_some_and(|row| row.record.kind == kind && row.record.scope == *scope);
            (state.events.iter()).filter(|event| concerned && event.invitation == id).cloned().collect()
        };
        Ok(conn.run(history).await)
    }
}
