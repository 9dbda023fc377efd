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

mod forget;
mod queue;
mod state;

use std::sync::Arc;

use async_lock::{Mutex, MutexGuardArc};
use async_trait::async_trait;

use self::state::{State, Undo};
use crate::{
    actor::Scope,
    email_address::EmailAddress,
    event::Event,
    id::InvitationId,
    invitation::Record,
    list::Listed,
    store::{
        AddressedQuery, Counts, DeliveryUpdate, Erasure, Found, Insertion, InvitationStore, Key, ListQuery, OfAddress,
        Read, Removal, StatsRequest, StoreError, Transition, Waiting,
    },
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

    async fn insert(&self, conn: &mut MemoryConn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        Ok(conn.run(|state, undo| new.iter().map(|new| state.insert(new, undo)).collect()).await)
    }

    async fn apply(
        &self,
        conn: &mut MemoryConn,
        transitions: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let apply = |state: &mut State, undo: &mut Vec<Undo>| {
            transitions.iter().map(|transition| state.transition(transition, undo)).collect()
        };
        Ok(conn.run(apply).await)
    }

    async fn record_delivery(
        &self,
        conn: &mut MemoryConn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        let record = |state: &mut State, undo: &mut Vec<Undo>| {
            updates.iter().map(|update| state.record_delivery(update, undo)).collect()
        };
        Ok(conn.run(record).await)
    }

    async fn remove(&self, conn: &mut MemoryConn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let remove = |state: &mut State, undo: &mut Vec<Undo>| {
            let is_meant = |state: &State, id| state.invitations.get(id).is_some_and(|row| removal.holds(&row.record));
            removal.ids.iter().map(|id| is_meant(state, id) && state.forget(*id, undo)).collect()
        };
        Ok(conn.run(remove).await)
    }

    async fn find(&self, conn: &mut MemoryConn, keys: &[Key<'_>], _: Read) -> Result<Vec<Option<Found>>, StoreError> {
        let find = |state: &State, key: &Key<'_>| match *key {
            Key::Token(digest) => {
                let (id, token) = state.tokens.get(digest.as_bytes())?;
                state.found(*id, Some(token.clone()))
            }
            Key::Id { kind, scope, id } => state
                .found(id, None)
                .filter(|found| found.record.kind == kind && scope.is_none_or(|scope| found.record.scope == *scope)),
            Key::Open(key) => state.found(*state.open.get(key)?, None),
            Key::Idempotency(key) => state.found(*state.keys.get(key.key())?, None),
            Key::Delivery { kind, id } => of_kind(kind, state.of_delivery(id)?),
            Key::Provider { kind, id } => of_kind(kind, state.of_provider(id)?),
        };
        Ok(conn.run(|state, _| keys.iter().map(|key| find(state, key)).collect()).await)
    }

    async fn erase(&self, conn: &mut MemoryConn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        Ok(conn.run(|state, undo| erasure.ids.iter().map(|id| state.erase(*id, erasure, undo)).collect()).await)
    }

    async fn forget_inviter(
        &self,
        conn: &mut MemoryConn,
        kind: &str,
        address: &EmailAddress,
    ) -> Result<u64, StoreError> {
        Ok(conn.run(|state, undo| state.forget_inviter(kind, address, undo)).await)
    }

    async fn list(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        Ok(conn.run(|state, _| state.page(query).cloned().collect()).await)
    }

    async fn list_rows(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        Ok(conn.run(|state, _| state.page(query).map(Listed::from).collect()).await)
    }

    async fn stats(&self, conn: &mut MemoryConn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        Ok(conn.run(|state, _| Counts::of(request, state.invitations.values().map(|row| &row.record))).await)
    }

    async fn addressed_to(
        &self,
        conn: &mut MemoryConn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        Ok(conn.run(|state, _| query.page(state.invitations.values().map(|row| &row.record))).await)
    }

    async fn of_address(&self, conn: &mut MemoryConn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        Ok(conn.run(|state, _| query.page(state.invitations.values().map(|row| &row.record))).await)
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

fn of_kind(kind: &str, row: &state::Row) -> Option<Found> {
    (row.record.kind == kind).then(|| Found { record: row.record.clone(), token: None })
}
