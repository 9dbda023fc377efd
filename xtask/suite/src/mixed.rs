//! sqlx and diesel on one database: each transaction goes through the other of the two than the one before it, and so
//! does each of the worker's. What one writes the other reads, and they race each other.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::{Damage, Effort, Harness};
use invite_core::{
    EmailAddress, Event, InvitationId, Listed, Record, Scope,
    store::{
        AddressedQuery, Counts, DeliveryUpdate, Erasure, Found, Insertion, InvitationStore, Key, LeaseRequest, Leased,
        ListQuery, OfAddress, Purge, Read, ReminderReport, ReminderScan, Removal, Settlement, StatsRequest, StoreError,
        Sweep, Transition, Waiting, WorkerStore,
    },
};

use crate::{
    database::{Care, Database},
    on::On,
};

/// Two drivers on one database.
pub struct Mixed<A: Database, B: Database> {
    one: On<A>,
    turn: Turn,
    /// Databases that are empty again.
    empty: Mutex<Vec<Pools<A, B>>>,
}

impl<A: Database, B: Database> Default for Mixed<A, B> {
    fn default() -> Self {
        Self { one: On::with(Care::Quick), turn: Turn::default(), empty: Mutex::default() }
    }
}

/// Whose turn it is.
#[derive(Debug, Default)]
struct Turn(AtomicUsize);

impl Turn {
    fn is_the_others(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) % 2 == 1
    }
}

/// A connection of either, inside a transaction or not.
#[expect(clippy::exhaustive_enums, reason = "two drivers have four kinds of connections")]
pub enum Either<A: Database, B: Database> {
    /// The one's.
    One(A::Connection),
    /// The one's, inside a transaction.
    OneInside(A::Transaction),
    /// The other's.
    Other(B::Connection),
    /// The other's, inside a transaction.
    OtherInside(B::Transaction),
}

/// On loan.
pub struct Lent<A: Database, B: Database>(Either<A, B>);

impl<A: Database, B: Database> Deref for Lent<A, B> {
    type Target = Either<A, B>;

    fn deref(&self) -> &Either<A, B> {
        &self.0
    }
}

impl<A: Database, B: Database> DerefMut for Lent<A, B> {
    fn deref_mut(&mut self) -> &mut Either<A, B> {
        &mut self.0
    }
}

/// The stores of both.
pub struct MixedStore<A: Database, B: Database> {
    one: A::Store,
    other: B::Store,
    turn: Turn,
}

/// `either!(self, conn, call(arguments))`: calls the store whose connection it is.
macro_rules! either {
    ($stores:expr, $conn:expr, $call:ident($($argument:expr),*) $($wait:tt)*) => {
        match $conn {
            Either::One(conn) => $stores.one.$call(&mut **conn, $($argument),*)$($wait)*,
            Either::OneInside(conn) => $stores.one.$call(&mut **conn, $($argument),*)$($wait)*,
            Either::Other(conn) => $stores.other.$call(&mut **conn, $($argument),*)$($wait)*,
            Either::OtherInside(conn) => $stores.other.$call(&mut **conn, $($argument),*)$($wait)*,
        }
    };
}

#[async_trait]
impl<A: Database, B: Database> InvitationStore for MixedStore<A, B> {
    type Conn = Either<A, B>;

    fn in_transaction(&self, conn: &mut Self::Conn) -> bool {
        either!(self, conn, in_transaction())
    }

    async fn lock_for_write(&self, conn: &mut Self::Conn) -> Result<(), StoreError> {
        either!(self, conn, lock_for_write().await)
    }

    async fn insert(&self, conn: &mut Self::Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        either!(self, conn, insert(new).await)
    }

    async fn apply(
        &self,
        conn: &mut Self::Conn,
        transitions: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        either!(self, conn, apply(transitions).await)
    }

    async fn record_delivery(
        &self,
        conn: &mut Self::Conn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        either!(self, conn, record_delivery(updates).await)
    }

    async fn remove(&self, conn: &mut Self::Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        either!(self, conn, remove(removal).await)
    }

    async fn erase(&self, conn: &mut Self::Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        either!(self, conn, erase(erasure).await)
    }

    async fn forget_inviter(
        &self,
        conn: &mut Self::Conn,
        kind: &str,
        address: &EmailAddress,
    ) -> Result<u64, StoreError> {
        either!(self, conn, forget_inviter(kind, address).await)
    }

    async fn find(
        &self,
        conn: &mut Self::Conn,
        keys: &[Key<'_>],
        read: Read,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        either!(self, conn, find(keys, read).await)
    }

    async fn list(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        either!(self, conn, list(query).await)
    }

    async fn list_rows(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        either!(self, conn, list_rows(query).await)
    }

    async fn stats(&self, conn: &mut Self::Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        either!(self, conn, stats(request).await)
    }

    async fn addressed_to(
        &self,
        conn: &mut Self::Conn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        either!(self, conn, addressed_to(query).await)
    }

    async fn of_address(&self, conn: &mut Self::Conn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        either!(self, conn, of_address(query).await)
    }

    async fn history(
        &self,
        conn: &mut Self::Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        either!(self, conn, history(kind, scope, id).await)
    }
}

/// Both's connections to one database.
pub struct Pools<A: Database, B: Database> {
    one: A::Pool,
    other: B::Pool,
}

#[async_trait]
impl<A: Database, B: Database> WorkerStore<Pools<A, B>> for MixedStore<A, B> {
    async fn lease(&self, pools: &Pools<A, B>, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        if self.turn.is_the_others() {
            return self.other.lease(&pools.other, request).await;
        }
        self.one.lease(&pools.one, request).await
    }

    async fn now(&self, pools: &Pools<A, B>) -> Result<DateTime<Utc>, StoreError> {
        if self.turn.is_the_others() {
            return self.other.now(&pools.other).await;
        }
        self.one.now(&pools.one).await
    }

    async fn settle(&self, pools: &Pools<A, B>, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        if self.turn.is_the_others() {
            return self.other.settle(&pools.other, settlements).await;
        }
        self.one.settle(&pools.one, settlements).await
    }

    async fn sweep(&self, pools: &Pools<A, B>, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        if self.turn.is_the_others() {
            return self.other.sweep(&pools.other, sweep).await;
        }
        self.one.sweep(&pools.one, sweep).await
    }

    async fn remind(&self, pools: &Pools<A, B>, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        if self.turn.is_the_others() {
            return self.other.remind(&pools.other, scan).await;
        }
        self.one.remind(&pools.one, scan).await
    }

    async fn purge(&self, pools: &Pools<A, B>, purge: &Purge<'_>) -> Result<u64, StoreError> {
        if self.turn.is_the_others() {
            return self.other.purge(&pools.other, purge).await;
        }
        self.one.purge(&pools.one, purge).await
    }
}

impl<A: Database, B: Database> Harness for Mixed<A, B> {
    type Store = MixedStore<A, B>;
    type Pool = Pools<A, B>;
    type Connection = Lent<A, B>;
    type Transaction = Lent<A, B>;

    fn store(&self) -> Self::Store {
        MixedStore { one: A::Store::default(), other: B::Store::default(), turn: Turn::default() }
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.one.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        A::FACTS.levels
    }

    fn effort(&self) -> Effort {
        crate::less_effort()
    }

    async fn fresh(&self) -> Result<Self::Pool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(pools) = empty {
            return Ok(pools);
        }
        let url = self.one.new_url().await?;
        let connections = crate::connections_to(A::FACTS);
        let one = A::open(&url, connections, Care::Quick).await?;
        A::migrate(&one).await?;
        Ok(Pools { one, other: B::open(&url, connections, Care::Quick).await? })
    }

    async fn close(&self, pools: Self::Pool) {
        if self.one.clear(&pools.one).await {
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pools);
        }
    }

    async fn connect(&self, pools: &Self::Pool) -> Result<Self::Connection, StoreError> {
        if self.turn.is_the_others() {
            return Ok(Lent(Either::Other(B::connect(&pools.other).await?)));
        }
        Ok(Lent(Either::One(A::connect(&pools.one).await?)))
    }

    async fn begin(&self, pools: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        if self.turn.is_the_others() {
            return Ok(Lent(Either::OtherInside(B::begin(&pools.other, level).await?)));
        }
        Ok(Lent(Either::OneInside(A::begin(&pools.one, level).await?)))
    }

    async fn commit(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        match tx.0 {
            Either::OneInside(tx) => A::commit(tx).await,
            Either::OtherInside(tx) => B::commit(tx).await,
            Either::One(_) | Either::Other(_) => Ok(()),
        }
    }

    async fn rollback(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        match tx.0 {
            Either::OneInside(tx) => A::rollback(tx).await,
            Either::OtherInside(tx) => B::rollback(tx).await,
            Either::One(_) | Either::Other(_) => Ok(()),
        }
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        let Some(statement) = A::FACTS.time_zone else { return Ok(false) };
        execute(tx, statement).await
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = A::FACTS.damage(what, id) else { return Ok(false) };
        execute(tx, &statement).await
    }

    async fn clean_up(&self, pools: &Self::Pool) -> Result<(), StoreError> {
        self.one.clean_up(&pools.one).await
    }

    async fn at_rest(&self, pools: &Self::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        self.one.at_rest(&pools.one).await
    }
}

async fn execute<A: Database, B: Database>(tx: &mut Lent<A, B>, statement: &str) -> Result<bool, StoreError> {
    match &mut tx.0 {
        Either::One(conn) => A::execute(conn, statement).await?,
        Either::OneInside(tx) => A::execute(tx, statement).await?,
        Either::Other(conn) => B::execute(conn, statement).await?,
        Either::OtherInside(tx) => B::execute(tx, statement).await?,
    }
    Ok(true)
}
