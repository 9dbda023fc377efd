//! A store with something spoiled: what is not spoiled goes through to the store below.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    EmailAddress, Event, InvitationId, Listed, Record, Scope,
    store::{
        AddressedQuery, Counts, DeliveryId, DeliveryUpdate, Dispatch, Erasure, Found, Insertion, InvitationStore, Key,
        LeaseRequest, Leased, ListQuery, NewLetter, OfAddress, OpenKey, Purge, Read, ReminderReport, ReminderScan,
        Removal, Settlement, StatsRequest, StoreError, Sweep, Transition, Waiting, WorkerStore,
    },
};
use uuid::Uuid;

use crate::{
    erased::{Conn, Database, Db},
    harness::{Damage, Effort},
};

/// What is spoiled. Whatever it does not say is done as by the store below.
#[async_trait]
pub(super) trait Spoil: Send + Sync + 'static {
    fn in_transaction(&self, below: &Below, conn: &mut Conn) -> bool {
        below.db.in_transaction(conn)
    }

    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        below.db.insert_one(conn, new).await
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        below.db.apply_one(conn, asked).await
    }

    /// All insertions of one call.
    async fn insert_all(&self, below: &Below, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for new in new {
            answers.push(self.insert(below, conn, new).await?);
        }
        Ok(answers)
    }

    /// All changes of one call.
    async fn apply_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(self.transition(below, conn, asked).await?);
        }
        Ok(answers)
    }

    /// All summaries of one call.
    async fn record_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for update in updates {
            answers.push(self.record_delivery(below, conn, update).await?);
        }
        Ok(answers)
    }

    /// All settlements of one call.
    async fn settle_all(&self, below: &Below, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for settlement in settlements {
            answers.push(self.settle(below, settlement).await?);
        }
        Ok(answers)
    }

    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        below.db.remove(conn, removal).await
    }

    /// All reads of one call.
    async fn find_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        keys: &[Key<'_>],
        read: Read,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let mut answers = Vec::new();
        for key in keys {
            answers.push(self.find(below, conn, key, read).await?);
        }
        Ok(answers)
    }

    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        below.db.erase(conn, erasure).await
    }

    async fn forget_inviter(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, address): (&str, &EmailAddress),
    ) -> Result<u64, StoreError> {
        below.db.forget_inviter(conn, kind, address).await
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        below.db.find_one(conn, key, read).await
    }

    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        below.db.list(conn, query).await
    }

    async fn list_rows(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &ListQuery<'_>,
    ) -> Result<Vec<Listed>, StoreError> {
        below.db.list_rows(conn, query).await
    }

    async fn stats(&self, below: &Below, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        below.db.stats(conn, request).await
    }

    async fn addressed_to(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        below.db.addressed_to(conn, query).await
    }

    async fn of_address(
        &self,
        below: &Below,
        conn: &mut Conn,
        query: &OfAddress<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        below.db.of_address(conn, query).await
    }

    async fn history(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, scope, id): (&str, &Scope, InvitationId),
    ) -> Result<Vec<Event>, StoreError> {
        below.db.history(conn, kind, scope, id).await
    }

    async fn lease(&self, below: &Below, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        below.db.lease(&(), request).await
    }

    async fn now(&self, below: &Below) -> Result<DateTime<Utc>, StoreError> {
        below.db.now(&()).await
    }

    async fn settle(&self, below: &Below, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        below.db.settle_one(settlement).await
    }

    async fn record_delivery(
        &self,
        below: &Below,
        conn: &mut Conn,
        update: &DeliveryUpdate<'_>,
    ) -> Result<bool, StoreError> {
        below.db.record_one(conn, update).await
    }

    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        below.db.sweep(&(), sweep).await
    }

    async fn remind(&self, below: &Below, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        below.db.remind(&(), scan).await
    }

    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        below.db.purge(&(), purge).await
    }

    fn error(&self, error: StoreError) -> StoreError {
        error
    }
}

/// The sound store, and what has been asked of it so far, rolled back or not.
pub(super) struct Below {
    pub(super) db: Db,
    past: Mutex<Past>,
}

#[derive(Default)]
pub(super) struct Past {
    pub(super) inserted: Vec<(Record, Option<OpenKey>)>,
    /// With the row as it was queued for.
    pub(super) letters: Vec<(NewLetter, Record)>,
    /// Whose each letter was last, and at which attempt.
    pub(super) leases: Vec<(DeliveryId, Uuid, u32)>,
}

impl Below {
    pub(super) fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<_> = self.past().inserted.iter().map(|(record, _)| record.kind.clone()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes: Vec<_> = self.past().inserted.iter().map(|(record, _)| record.scope.clone()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    pub(super) fn inserted(&self, id: InvitationId) -> Option<Record> {
        self.past().inserted.iter().find(|(record, _)| record.id == id).map(|(record, _)| record.clone())
    }

    /// The row as it now is, in any kind and scope.
    pub(super) async fn row(&self, conn: &mut Conn, id: InvitationId) -> Result<Option<Record>, StoreError> {
        let Some(Record { kind, .. }) = self.inserted(id) else { return Ok(None) };
        let key = Key::Id { kind: &kind, scope: None, id };
        Ok(self.db.find_one(conn, &key, Read::Latest).await?.map(|found| found.record))
    }

    fn dispatched(&self, record: &Record, dispatch: Dispatch<'_>) {
        if let Dispatch::Letter(letter) = dispatch {
            self.past().letters.push((letter.clone(), record.clone()));
        }
    }
}

/// The store that the suite is shown.
pub(super) struct Spoiled {
    below: Below,
    spoil: Box<dyn Spoil>,
}

impl Spoiled {
    pub(super) fn new(db: Db, spoil: Box<dyn Spoil>) -> Self {
        Self { below: Below { db, past: Mutex::default() }, spoil }
    }
}

#[async_trait]
impl InvitationStore for Spoiled {
    type Conn = Conn;

    fn in_transaction(&self, conn: &mut Conn) -> bool {
        self.spoil.in_transaction(&self.below, conn)
    }

    async fn lock_for_write(&self, conn: &mut Conn) -> Result<(), StoreError> {
        self.below.db.lock_for_write(conn).await.map_err(|error| self.spoil.error(error))
    }

    async fn insert(&self, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        let answers = self.spoil.insert_all(&self.below, conn, new).await.map_err(|error| self.spoil.error(error))?;
        for (new, _) in new.iter().zip(&answers).filter(|(_, inserted)| **inserted) {
            self.below.past().inserted.push((new.record.clone(), new.open_key.copied()));
            self.below.dispatched(new.record, new.dispatch);
        }
        Ok(answers)
    }

    async fn apply(&self, conn: &mut Conn, asked: &[Transition<'_>]) -> Result<Vec<Option<Found>>, StoreError> {
        let answers = self.spoil.apply_all(&self.below, conn, asked).await.map_err(|error| self.spoil.error(error))?;
        for (asked, found) in asked.iter().zip(&answers) {
            if let Some(found) = found {
                self.below.dispatched(&found.record, asked.dispatch);
            }
        }
        Ok(answers)
    }

    async fn record_delivery(&self, conn: &mut Conn, updates: &[DeliveryUpdate<'_>]) -> Result<Vec<bool>, StoreError> {
        self.spoil.record_all(&self.below, conn, updates).await.map_err(|error| self.spoil.error(error))
    }

    async fn remove(&self, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        self.spoil.remove(&self.below, conn, removal).await.map_err(|error| self.spoil.error(error))
    }

    async fn erase(&self, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        self.spoil.erase(&self.below, conn, erasure).await.map_err(|error| self.spoil.error(error))
    }

    async fn forget_inviter(&self, conn: &mut Conn, kind: &str, address: &EmailAddress) -> Result<u64, StoreError> {
        self.spoil.forget_inviter(&self.below, conn, (kind, address)).await.map_err(|error| self.spoil.error(error))
    }

    async fn find(&self, conn: &mut Conn, keys: &[Key<'_>], read: Read) -> Result<Vec<Option<Found>>, StoreError> {
        self.spoil.find_all(&self.below, conn, keys, read).await.map_err(|error| self.spoil.error(error))
    }

    async fn list(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        self.spoil.list(&self.below, conn, query).await.map_err(|error| self.spoil.error(error))
    }

    async fn list_rows(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        self.spoil.list_rows(&self.below, conn, query).await.map_err(|error| self.spoil.error(error))
    }

    async fn stats(&self, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        self.spoil.stats(&self.below, conn, request).await.map_err(|error| self.spoil.error(error))
    }

    async fn addressed_to(&self, conn: &mut Conn, query: &AddressedQuery<'_>) -> Result<Vec<Waiting>, StoreError> {
        self.spoil.addressed_to(&self.below, conn, query).await.map_err(|error| self.spoil.error(error))
    }

    async fn of_address(&self, conn: &mut Conn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        self.spoil.of_address(&self.below, conn, query).await.map_err(|error| self.spoil.error(error))
    }

    async fn history(
        &self,
        conn: &mut Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        self.spoil.history(&self.below, conn, (kind, scope, id)).await.map_err(|error| self.spoil.error(error))
    }
}

#[async_trait]
impl WorkerStore<()> for Spoiled {
    async fn lease(&self, (): &(), request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        let leased = self.spoil.lease(&self.below, request).await.map_err(|error| self.spoil.error(error))?;
        let leases = leased.letters.iter().map(|letter| (letter.delivery, request.owner, letter.attempt));
        self.below.past().leases.extend(leases);
        Ok(leased)
    }

    async fn now(&self, (): &()) -> Result<DateTime<Utc>, StoreError> {
        self.spoil.now(&self.below).await
    }

    async fn settle(&self, (): &(), settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        self.spoil.settle_all(&self.below, settlements).await.map_err(|error| self.spoil.error(error))
    }

    async fn sweep(&self, (): &(), sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        self.spoil.sweep(&self.below, sweep).await.map_err(|error| self.spoil.error(error))
    }

    async fn remind(&self, (): &(), scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        self.spoil.remind(&self.below, scan).await.map_err(|error| self.spoil.error(error))
    }

    async fn purge(&self, (): &(), purge: &Purge<'_>) -> Result<u64, StoreError> {
        self.spoil.purge(&self.below, purge).await.map_err(|error| self.spoil.error(error))
    }
}

#[async_trait]
impl Database for Spoiled {
    async fn connect(&self) -> Result<Conn, StoreError> {
        self.below.db.connect().await
    }

    async fn begin_at(&self, level: &'static str) -> Result<Conn, StoreError> {
        self.below.db.begin_at(level).await.map_err(|error| self.spoil.error(error))
    }

    async fn commit(&self, tx: Conn) -> Result<(), StoreError> {
        self.below.db.commit(tx).await.map_err(|error| self.spoil.error(error))
    }

    async fn rollback(&self, tx: Conn) -> Result<(), StoreError> {
        self.below.db.rollback(tx).await
    }

    async fn move_time_zone(&self, tx: &mut Conn) -> Result<bool, StoreError> {
        self.below.db.move_time_zone(tx).await
    }

    async fn damage(&self, tx: &mut Conn, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        self.below.db.damage(tx, what, id).await
    }

    async fn clean_up(&self) -> Result<(), StoreError> {
        self.below.db.clean_up().await
    }

    async fn at_rest(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.db.at_rest().await
    }

    fn levels(&self) -> &'static [&'static str] {
        self.below.db.levels()
    }

    fn overlaps(&self) -> bool {
        self.below.db.overlaps()
    }

    /// However much the harness does: what is broken shows in few rounds, or the case that shows it is missing.
    fn effort(&self) -> Effort {
        Effort::default()
    }

    fn block_on(&self, work: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.below.db.block_on(work);
    }
}
