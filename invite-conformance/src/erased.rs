//! One type for all databases, so that every case is compiled once.

use std::{
    any::Any,
    ops::DerefMut,
    pin::Pin,
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    EmailAddress, Event, InvitationId, Listed, Record, Scope,
    store::{
        AddressedQuery, Counts, DeliveryUpdate, Erasure, Found, Insertion, InvitationStore, Key, LeaseRequest, Leased,
        ListQuery, OfAddress, Purge, Read, ReminderReport, ReminderScan, Removal, Settlement, StatsRequest, StoreError,
        Sweep, Transition, Waiting, WorkerStore,
    },
};

use crate::harness::{Damage, Effort, Harness};

/// A connection or transaction of whichever database.
pub(crate) struct Conn {
    lent: Option<Box<dyn Lent>>,
    /// Raised when a transaction is left to be rolled back by whoever comes next.
    left_open: Option<Arc<AtomicBool>>,
}

trait Lent: Send {
    fn driver(&mut self) -> &mut dyn Any;
    fn holder(&mut self) -> &mut dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

struct Holder<T>(T);

impl<T: DerefMut<Target: Sized + 'static> + Send + 'static> Lent for Holder<T> {
    fn driver(&mut self) -> &mut dyn Any {
        &mut *self.0
    }

    fn holder(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        Box::new(self.0)
    }
}

const OWN: &str = "a connection of the same harness";

impl Conn {
    fn driver<C: 'static>(&mut self) -> &mut C {
        self.lent.as_mut().and_then(|lent| lent.driver().downcast_mut()).expect(OWN)
    }

    fn transaction<T: 'static>(&mut self) -> &mut T {
        self.lent.as_mut().and_then(|lent| lent.holder().downcast_mut()).expect(OWN)
    }

    fn into_transaction<T: 'static>(mut self) -> T {
        self.left_open = None;
        *self.lent.take().and_then(|lent| lent.into_any().downcast().ok()).expect(OWN)
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if let Some(left_open) = &self.left_open {
            left_open.store(true, Ordering::SeqCst);
        }
    }
}

/// A store on an open, empty schema, and all that a case asks of it.
#[async_trait]
pub(crate) trait Database: InvitationStore<Conn = Conn> + WorkerStore<()> {
    async fn connect(&self) -> Result<Conn, StoreError>;
    async fn begin_at(&self, level: &'static str) -> Result<Conn, StoreError>;
    async fn commit(&self, tx: Conn) -> Result<(), StoreError>;
    async fn rollback(&self, tx: Conn) -> Result<(), StoreError>;
    async fn move_time_zone(&self, tx: &mut Conn) -> Result<bool, StoreError>;
    async fn damage(&self, tx: &mut Conn, what: Damage, id: InvitationId) -> Result<bool, StoreError>;
    async fn clean_up(&self) -> Result<(), StoreError>;
    async fn at_rest(&self) -> Result<Option<Vec<u8>>, StoreError>;
    fn levels(&self) -> &'static [&'static str];
    fn overlaps(&self) -> bool;
    fn effort(&self) -> Effort;
    fn block_on(&self, work: Pin<Box<dyn Future<Output = ()> + '_>>);
}

/// The calls about one thing, of which the contract's are about several.
impl dyn Database {
    pub(crate) async fn insert_one(&self, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        only(self.insert(conn, slice::from_ref(new)).await?)
    }

    pub(crate) async fn apply_one(&self, conn: &mut Conn, asked: &Transition<'_>) -> Result<Option<Found>, StoreError> {
        only(self.apply(conn, slice::from_ref(asked)).await?)
    }

    pub(crate) async fn find_one(
        &self,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        only(self.find(conn, slice::from_ref(key), read).await?)
    }

    pub(crate) async fn record_one(&self, conn: &mut Conn, update: &DeliveryUpdate<'_>) -> Result<bool, StoreError> {
        only(self.record_delivery(conn, slice::from_ref(update)).await?)
    }

    pub(crate) async fn settle_one(&self, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        only(self.settle(&(), slice::from_ref(settlement)).await?)
    }
}

fn only<T>(answers: Vec<T>) -> Result<T, StoreError> {
    let [answer] = <[T; 1]>::try_from(answers)
        .map_err(|answers| StoreError::failed(format!("a call about one thing has {} answers", answers.len())))?;
    Ok(answer)
}

/// A database under test, shared.
pub(crate) type Db = Arc<dyn Database>;

/// A harness with one of its schemas.
pub(crate) struct Opened<H: Harness> {
    harness: Arc<H>,
    store: H::Store,
    pool: Option<H::Pool>,
    left_open: Arc<AtomicBool>,
}

type DriverConn<H> = <<H as Harness>::Store as InvitationStore>::Conn;

impl<H: Harness> Opened<H> {
    pub(crate) async fn new(harness: Arc<H>) -> Result<Self, StoreError> {
        let pool = Some(harness.fresh().await?);
        Ok(Self { store: harness.store(), pool, harness, left_open: Arc::default() })
    }

    fn pool(&self) -> &H::Pool {
        self.pool.as_ref().expect("open until it is closed")
    }

    /// Gives the schema back, unless something may still be going on in it.
    pub(crate) async fn close(mut self) {
        if let Some(pool) = self.pool.take()
            && !self.left_open.load(Ordering::SeqCst)
        {
            self.harness.close(pool).await;
        }
    }
}

#[async_trait]
impl<H: Harness> Database for Opened<H> {
    async fn connect(&self) -> Result<Conn, StoreError> {
        let connection = self.harness.connect(self.pool()).await?;
        Ok(Conn { lent: Some(Box::new(Holder(connection))), left_open: None })
    }

    async fn begin_at(&self, level: &'static str) -> Result<Conn, StoreError> {
        let tx = self.harness.begin(self.pool(), level).await?;
        Ok(Conn { lent: Some(Box::new(Holder(tx))), left_open: Some(Arc::clone(&self.left_open)) })
    }

    async fn commit(&self, tx: Conn) -> Result<(), StoreError> {
        self.harness.commit(tx.into_transaction()).await
    }

    async fn rollback(&self, tx: Conn) -> Result<(), StoreError> {
        self.harness.rollback(tx.into_transaction()).await
    }

    async fn move_time_zone(&self, tx: &mut Conn) -> Result<bool, StoreError> {
        let tx = tx.transaction::<H::Transaction>();
        self.harness.move_time_zone(tx).await
    }

    async fn damage(&self, tx: &mut Conn, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let tx = tx.transaction::<H::Transaction>();
        self.harness.damage(tx, what, id).await
    }

    async fn clean_up(&self) -> Result<(), StoreError> {
        self.harness.clean_up(self.pool()).await
    }

    async fn at_rest(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.harness.at_rest(self.pool()).await
    }

    fn levels(&self) -> &'static [&'static str] {
        self.harness.levels()
    }

    fn overlaps(&self) -> bool {
        self.harness.overlaps()
    }

    fn effort(&self) -> Effort {
        self.harness.effort()
    }

    fn block_on(&self, work: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.harness.block_on(work);
    }
}

#[async_trait]
impl<H: Harness> InvitationStore for Opened<H> {
    type Conn = Conn;

    fn in_transaction(&self, conn: &mut Conn) -> bool {
        self.store.in_transaction(conn.driver::<DriverConn<H>>())
    }

    async fn lock_for_write(&self, conn: &mut Conn) -> Result<(), StoreError> {
        self.store.lock_for_write(conn.driver()).await
    }

    async fn insert(&self, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        self.store.insert(conn.driver(), new).await
    }

    async fn apply(&self, conn: &mut Conn, transitions: &[Transition<'_>]) -> Result<Vec<Option<Found>>, StoreError> {
        self.store.apply(conn.driver(), transitions).await
    }

    async fn record_delivery(&self, conn: &mut Conn, updates: &[DeliveryUpdate<'_>]) -> Result<Vec<bool>, StoreError> {
        self.store.record_delivery(conn.driver(), updates).await
    }

    async fn remove(&self, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        self.store.remove(conn.driver(), removal).await
    }

    async fn erase(&self, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        self.store.erase(conn.driver(), erasure).await
    }

    async fn forget_inviter(&self, conn: &mut Conn, kind: &str, address: &EmailAddress) -> Result<u64, StoreError> {
        self.store.forget_inviter(conn.driver(), kind, address).await
    }

    async fn find(&self, conn: &mut Conn, keys: &[Key<'_>], read: Read) -> Result<Vec<Option<Found>>, StoreError> {
        self.store.find(conn.driver(), keys, read).await
    }

    async fn list(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        self.store.list(conn.driver(), query).await
    }

    async fn list_rows(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        self.store.list_rows(conn.driver(), query).await
    }

    async fn stats(&self, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        self.store.stats(conn.driver(), request).await
    }

    async fn addressed_to(&self, conn: &mut Conn, query: &AddressedQuery<'_>) -> Result<Vec<Waiting>, StoreError> {
        self.store.addressed_to(conn.driver(), query).await
    }

    async fn of_address(&self, conn: &mut Conn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        self.store.of_address(conn.driver(), query).await
    }

    async fn history(
        &self,
        conn: &mut Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        self.store.history(conn.driver(), kind, scope, id).await
    }
}

#[async_trait]
impl<H: Harness> WorkerStore<()> for Opened<H> {
    async fn lease(&self, (): &(), request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        self.store.lease(self.pool(), request).await
    }

    async fn now(&self, (): &()) -> Result<DateTime<Utc>, StoreError> {
        self.store.now(self.pool()).await
    }

    async fn settle(&self, (): &(), settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        self.store.settle(self.pool(), settlements).await
    }

    async fn sweep(&self, (): &(), sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        self.store.sweep(self.pool(), sweep).await
    }

    async fn remind(&self, (): &(), scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        self.store.remind(self.pool(), scan).await
    }

    async fn purge(&self, (): &(), purge: &Purge<'_>) -> Result<u64, StoreError> {
        self.store.purge(self.pool(), purge).await
    }
}

/// What the services of a case are made with: the store, whichever it is.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Db);

#[async_trait]
impl InvitationStore for Shared {
    type Conn = Conn;

    fn in_transaction(&self, conn: &mut Conn) -> bool {
        self.0.in_transaction(conn)
    }

    async fn lock_for_write(&self, conn: &mut Conn) -> Result<(), StoreError> {
        self.0.lock_for_write(conn).await
    }

    async fn insert(&self, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        self.0.insert(conn, new).await
    }

    async fn apply(&self, conn: &mut Conn, transitions: &[Transition<'_>]) -> Result<Vec<Option<Found>>, StoreError> {
        self.0.apply(conn, transitions).await
    }

    async fn record_delivery(&self, conn: &mut Conn, updates: &[DeliveryUpdate<'_>]) -> Result<Vec<bool>, StoreError> {
        self.0.record_delivery(conn, updates).await
    }

    async fn remove(&self, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        self.0.remove(conn, removal).await
    }

    async fn erase(&self, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        self.0.erase(conn, erasure).await
    }

    async fn forget_inviter(&self, conn: &mut Conn, kind: &str, address: &EmailAddress) -> Result<u64, StoreError> {
        self.0.forget_inviter(conn, kind, address).await
    }

    async fn find(&self, conn: &mut Conn, keys: &[Key<'_>], read: Read) -> Result<Vec<Option<Found>>, StoreError> {
        self.0.find(conn, keys, read).await
    }

    async fn list(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        self.0.list(conn, query).await
    }

    async fn list_rows(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        self.0.list_rows(conn, query).await
    }

    async fn stats(&self, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        self.0.stats(conn, request).await
    }

    async fn addressed_to(&self, conn: &mut Conn, query: &AddressedQuery<'_>) -> Result<Vec<Waiting>, StoreError> {
        self.0.addressed_to(conn, query).await
    }

    async fn of_address(&self, conn: &mut Conn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        self.0.of_address(conn, query).await
    }

    async fn history(
        &self,
        conn: &mut Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        self.0.history(conn, kind, scope, id).await
    }
}

#[async_trait]
impl WorkerStore<()> for Shared {
    async fn lease(&self, pool: &(), request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        self.0.lease(pool, request).await
    }

    async fn now(&self, pool: &()) -> Result<DateTime<Utc>, StoreError> {
        self.0.now(pool).await
    }

    async fn settle(&self, pool: &(), settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        self.0.settle(pool, settlements).await
    }

    async fn sweep(&self, pool: &(), sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        self.0.sweep(pool, sweep).await
    }

    async fn remind(&self, pool: &(), scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        self.0.remind(pool, scan).await
    }

    async fn purge(&self, pool: &(), purge: &Purge<'_>) -> Result<u64, StoreError> {
        self.0.purge(pool, purge).await
    }
}
