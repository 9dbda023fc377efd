//! sqlx and diesel on one database: each transaction goes through the other of the two than the one before it, and so
//! does each of the worker's. What one writes the other reads, and they race each other.

use std::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use invite_conformance::{Damage, Effort, Harness};
use invite_core::{
    Event, InvitationId, Record, Scope,
    store::{
        AddressedQuery, Claim, Claims, Found, Insertion, InvitationStore, Key, ListQuery, Read, Reminders, Reminding,
        Settlement, StoreError, Summary, Sweep, Transition, WorkerStore,
    },
};

use crate::{diesel_mysql, diesel_postgres, diesel_sqlite, sqlx_mysql, sqlx_postgres, sqlx_sqlite};

/// A harness whose databases another can open too.
pub trait Shared: Harness {
    /// The other.
    type Other: Harness + Default;

    /// The other's connections to the same database.
    ///
    /// # Errors
    /// When the pool cannot be built.
    fn beside(pool: &Self::Pool) -> Result<<Self::Other as Harness>::Pool, StoreError>;
}

impl Shared for sqlx_postgres::OnPostgres {
    type Other = diesel_postgres::OnPostgres;

    fn beside(pool: &Self::Pool) -> Result<<Self::Other as Harness>::Pool, StoreError> {
        let options = pool.connect_options();
        let name = options.get_database().unwrap_or_default();
        diesel_postgres::pool(&crate::beside(&crate::server("INVITE_TEST_POSTGRES_URL")?, name), crate::connections())
    }
}

impl Shared for sqlx_mysql::OnMySql {
    type Other = diesel_mysql::OnMySql;

    fn beside(pool: &Self::Pool) -> Result<<Self::Other as Harness>::Pool, StoreError> {
        let options = pool.connect_options();
        let name = options.get_database().unwrap_or_default();
        diesel_mysql::pool(&crate::beside(&crate::server("INVITE_TEST_MYSQL_URL")?, name), crate::connections())
    }
}

impl Shared for sqlx_sqlite::OnSqlite {
    type Other = diesel_sqlite::OnSqlite;

    fn beside(pool: &Self::Pool) -> Result<<Self::Other as Harness>::Pool, StoreError> {
        diesel_sqlite::pool(
            pool.connect_options().get_filename().to_str().unwrap_or_default(),
            crate::SQLITE_CONNECTIONS,
        )
    }
}

/// Two harnesses on one database.
pub struct Mixed<A: Shared> {
    one: A,
    other: A::Other,
    turn: Turn,
}

impl<A: Shared> Mixed<A> {
    /// This one and its other.
    pub fn new(one: A) -> Self {
        Self { one, other: A::Other::default(), turn: Turn::default() }
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
#[expect(clippy::exhaustive_enums, reason = "two harnesses have four kinds of connections")]
pub enum Either<A: Harness, B: Harness> {
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
pub struct Lent<A: Harness, B: Harness>(Either<A, B>);

impl<A: Harness, B: Harness> Deref for Lent<A, B> {
    type Target = Either<A, B>;

    fn deref(&self) -> &Either<A, B> {
        &self.0
    }
}

impl<A: Harness, B: Harness> DerefMut for Lent<A, B> {
    fn deref_mut(&mut self) -> &mut Either<A, B> {
        &mut self.0
    }
}

/// The stores of both.
pub struct MixedStore<A: Harness, B: Harness> {
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
impl<A: Harness, B: Harness> InvitationStore for MixedStore<A, B> {
    type Conn = Either<A, B>;

    fn in_transaction(&self, conn: &mut Self::Conn) -> bool {
        either!(self, conn, in_transaction())
    }

    async fn lock_for_write(&self, conn: &mut Self::Conn) -> Result<(), StoreError> {
        either!(self, conn, lock_for_write().await)
    }

    async fn insert(&self, conn: &mut Self::Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        either!(self, conn, insert(new).await)
    }

    async fn transition(
        &self,
        conn: &mut Self::Conn,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        either!(self, conn, transition(transition).await)
    }

    async fn summarize(&self, conn: &mut Self::Conn, summary: &Summary<'_>) -> Result<bool, StoreError> {
        either!(self, conn, summarize(summary).await)
    }

    async fn find(&self, conn: &mut Self::Conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        either!(self, conn, find(key, read).await)
    }

    async fn list(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        either!(self, conn, list(query).await)
    }

    async fn addressed_to(&self, conn: &mut Self::Conn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError> {
        either!(self, conn, addressed_to(query).await)
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
pub struct Pools<A: Harness, B: Harness> {
    one: A::Pool,
    other: B::Pool,
}

#[async_trait]
impl<A: Harness, B: Harness> WorkerStore<Pools<A, B>> for MixedStore<A, B> {
    async fn claim(&self, pools: &Pools<A, B>, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        if self.turn.is_the_others() {
            return self.other.claim(&pools.other, claim).await;
        }
        self.one.claim(&pools.one, claim).await
    }

    async fn settle(&self, pools: &Pools<A, B>, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        if self.turn.is_the_others() {
            return self.other.settle(&pools.other, settlement).await;
        }
        self.one.settle(&pools.one, settlement).await
    }

    async fn sweep(&self, pools: &Pools<A, B>, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        if self.turn.is_the_others() {
            return self.other.sweep(&pools.other, sweep).await;
        }
        self.one.sweep(&pools.one, sweep).await
    }

    async fn remind(&self, pools: &Pools<A, B>, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
        if self.turn.is_the_others() {
            return self.other.remind(&pools.other, reminding).await;
        }
        self.one.remind(&pools.one, reminding).await
    }
}

impl<A: Shared> Harness for Mixed<A> {
    type Store = MixedStore<A, A::Other>;
    type Pool = Pools<A, A::Other>;
    type Connection = Lent<A, A::Other>;
    type Transaction = Lent<A, A::Other>;

    fn store(&self) -> Self::Store {
        MixedStore { one: self.one.store(), other: self.other.store(), turn: Turn::default() }
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.one.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        self.one.levels()
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::BRIEF)
    }

    async fn fresh(&self) -> Result<Self::Pool, StoreError> {
        let one = self.one.fresh().await?;
        let other = A::beside(&one)?;
        Ok(Pools { one, other })
    }

    async fn close(&self, pools: Self::Pool) {
        drop(pools.other);
        self.one.close(pools.one).await;
    }

    async fn connect(&self, pools: &Self::Pool) -> Result<Self::Connection, StoreError> {
        if self.turn.is_the_others() {
            return Ok(Lent(Either::Other(self.other.connect(&pools.other).await?)));
        }
        Ok(Lent(Either::One(self.one.connect(&pools.one).await?)))
    }

    async fn begin(&self, pools: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        if self.turn.is_the_others() {
            return Ok(Lent(Either::OtherInside(self.other.begin(&pools.other, level).await?)));
        }
        Ok(Lent(Either::OneInside(self.one.begin(&pools.one, level).await?)))
    }

    async fn commit(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        match tx.0 {
            Either::OneInside(tx) => self.one.commit(tx).await,
            Either::OtherInside(tx) => self.other.commit(tx).await,
            Either::One(_) | Either::Other(_) => Ok(()),
        }
    }

    async fn rollback(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        match tx.0 {
            Either::OneInside(tx) => self.one.rollback(tx).await,
            Either::OtherInside(tx) => self.other.rollback(tx).await,
            Either::One(_) | Either::Other(_) => Ok(()),
        }
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        match &mut tx.0 {
            Either::OneInside(tx) => self.one.move_time_zone(tx).await,
            Either::OtherInside(tx) => self.other.move_time_zone(tx).await,
            Either::One(_) | Either::Other(_) => Ok(false),
        }
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        match &mut tx.0 {
            Either::OneInside(tx) => self.one.damage(tx, what, id).await,
            Either::OtherInside(tx) => self.other.damage(tx, what, id).await,
            Either::One(_) | Either::Other(_) => Ok(false),
        }
    }

    async fn at_rest(&self, pools: &Self::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        self.one.at_rest(&pools.one).await
    }
}
