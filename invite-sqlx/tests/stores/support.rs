//! The same tests against the reference store and a database.

use std::{
    env,
    future::Future,
    ops::DerefMut,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Action, Actor, Authority, Denial, Invitation, InvitationId, Invitations, Kind, Letter, NewInvitation, Policy,
    Scope, Worker,
    memory::{Memory, MemoryConn, MemoryStore},
    store::{InvitationStore, StoreError, WorkerStore},
    testing::{CapturingMailer, ManualClock},
};
use invite_sqlx::{MySqlStore, PgStore, SqliteStore, mysql, postgres, sqlite};
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, Connection, MySql, MySqlConnection, MySqlPool, PgConnection, PgPool, Postgres, Sqlite, SqlitePool,
    Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(crate) fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

/// Another flow over the same tables.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Provider {}

impl Kind for Provider {
    const NAME: &'static str = "provider";
}

/// A store, a fresh schema, and a way to begin and commit.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    type Store: InvitationStore<Conn: Sized> + WorkerStore<Self::Pool> + Default;
    type Pool: Clone + Send + Sync + 'static;
    type Tx: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send;

    /// What the isolation levels this database offers are called in [`begin_at`](Self::begin_at).
    const LEVELS: &'static [&'static str];

    fn fresh() -> impl Future<Output = Self> + Send;
    fn pool(&self) -> Self::Pool;
    fn begin(&self) -> impl Future<Output = Self::Tx> + Send;
    /// At one of the levels; other people's connections, so it may wait for one.
    fn begin_at(&self, level: &'static str) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;
    /// A commit that may lose a race.
    fn try_commit(tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn commit(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// Said and awaited: of a transaction that is only dropped, sqlx rolls back some time later.
    fn rollback(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// A rollback of what may be broken already.
    fn abandon(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// A connection outside any transaction.
    fn with_connection(
        &self,
        work: impl AsyncFnOnce(&mut <Self::Store as InvitationStore>::Conn) + Send,
    ) -> impl Future<Output = ()>;
}

/// Many tasks share few connections: whoever waits for one waits for as long as a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct InMemory(Memory);

pub(crate) struct MemoryTx(MemoryConn);

impl std::ops::Deref for MemoryTx {
    type Target = MemoryConn;

    fn deref(&self) -> &MemoryConn {
        &self.0
    }
}

impl DerefMut for MemoryTx {
    fn deref_mut(&mut self) -> &mut MemoryConn {
        &mut self.0
    }
}

impl Backend for InMemory {
    type Store = MemoryStore;
    type Pool = Memory;
    type Tx = MemoryTx;

    const LEVELS: &'static [&'static str] = &["one at a time"];

    async fn fresh() -> Self {
        Self(Memory::default())
    }

    fn pool(&self) -> Memory {
        self.0.clone()
    }

    async fn begin(&self) -> MemoryTx {
        MemoryTx(self.0.begin().await)
    }

    async fn begin_at(&self, _: &'static str) -> Result<MemoryTx, StoreError> {
        Ok(self.begin().await)
    }

    async fn try_commit(tx: MemoryTx) -> Result<(), StoreError> {
        tx.0.commit();
        Ok(())
    }

    async fn commit(tx: MemoryTx) {
        tx.0.commit();
    }

    async fn rollback(tx: MemoryTx) {
        tx.0.rollback();
    }

    async fn abandon(tx: MemoryTx) {
        tx.0.rollback();
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut MemoryConn) + Send) {
        work(&mut self.0.connection()).await;
    }
}

pub(crate) struct OnSqlite {
    pool: SqlitePool,
    _folder: TempDir,
}

impl OnSqlite {
    pub(crate) async fn with_journal(mode: SqliteJournalMode, connections: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(mode)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .unwrap();
        sqlite::migrate(&pool).await.unwrap();
        Self { pool, _folder: folder }
    }
}

impl Backend for OnSqlite {
    type Store = SqliteStore;
    type Pool = SqlitePool;
    type Tx = Transaction<'static, Sqlite>;

    const LEVELS: &'static [&'static str] = &["BEGIN", "BEGIN IMMEDIATE"];

    async fn fresh() -> Self {
        Self::with_journal(SqliteJournalMode::Wal, 16).await
    }

    fn pool(&self) -> SqlitePool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        self.pool.begin_with(level).await.map_err(sqlite_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(sqlite_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut sqlx::SqliteConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

/// A database of its own on the server that `cargo xtask test` starts, dropped by nobody: the server
/// is thrown away as a whole.
pub(crate) struct OnPostgres {
    pool: PgPool,
}

impl Backend for OnPostgres {
    type Store = PgStore;
    type Pool = PgPool;
    type Tx = Transaction<'static, Postgres>;

    const LEVELS: &'static [&'static str] = &[
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ];

    async fn fresh() -> Self {
        let server =
            env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
        let server: PgConnectOptions = server.parse().unwrap();
        let name = format!("invite_{}_{}", process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect_with(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .connect_with(server.database(&name))
            .await
            .unwrap();
        postgres::migrate(&pool).await.unwrap();
        Self { pool }
    }

    fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        self.pool.begin_with(level).await.map_err(postgres_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(postgres_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut PgConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

/// As [`OnPostgres`].
pub(crate) struct OnMySql {
    pool: MySqlPool,
}

impl Backend for OnMySql {
    type Store = MySqlStore;
    type Pool = MySqlPool;
    type Tx = Transaction<'static, MySql>;

    const LEVELS: &'static [&'static str] = &[
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ];

    async fn fresh() -> Self {
        let server = env::var("INVITE_TEST_MYSQL_URL").expect("`cargo xtask databases` sets INVITE_TEST_MYSQL_URL");
        let server: MySqlConnectOptions = server.parse().unwrap();
        let name = format!("invite_{}_{}", process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = MySqlConnection::connect_with(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let pool = MySqlPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .connect_with(server.database(&name))
            .await
            .unwrap();
        mysql::migrate(&pool).await.unwrap();
        Self { pool }
    }

    fn pool(&self) -> MySqlPool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        let mut conn = self.pool.acquire().await.map_err(mysql_error)?;
        sqlx::query(level).execute(&mut *conn).await.map_err(mysql_error)?;
        Transaction::begin(conn, None).await.map_err(mysql_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(mysql_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut MySqlConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

// What a host's own statements and commits may say when they lose a race; the library classifies
// its own.

fn sqlite_error(error: sqlx::Error) -> StoreError {
    classified(error, &["5", "6", "517"])
}

fn postgres_error(error: sqlx::Error) -> StoreError {
    classified(error, &["40001", "40P01"])
}

fn mysql_error(error: sqlx::Error) -> StoreError {
    classified(error, &["40001", "HY000"])
}

fn classified(error: sqlx::Error, retryable: &[&str]) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    match code {
        Some(code) if retryable.contains(&&*code) => StoreError::retryable(error),
        _ => StoreError::failed(error),
    }
}

static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// Allows, and writes down what it was asked; refuses once told to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<(Vec<&'static str>, Option<&'static str>)>>);

impl Asked {
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    pub(crate) fn refuse(&self, why: Option<&'static str>) {
        self.0.lock().unwrap().1 = why;
    }
}

#[async_trait]
impl<C: Send, K: Kind> Authority<C, K> for Asked {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, action: &Action<'_, K>) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap();
        let name = match action {
            Action::Read => "read",
            Action::Create(_) => "create",
            Action::Resend(_) => "resend",
            Action::Amend(..) => "amend",
            Action::Cancel(_) => "cancel",
            Action::NewLink(_) => "new_link",
            _ => "something new",
        };
        state.0.push(name);
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }
}

/// Everything a test needs, on one clock.
pub(crate) struct World<B: Backend> {
    pub(crate) backend: B,
    pub(crate) clock: ManualClock,
    pub(crate) asked: Asked,
    pub(crate) members: Invitations<B::Store, Membership>,
    pub(crate) mailer: CapturingMailer,
    pub(crate) worker: Worker<B::Store, B::Pool>,
    pub(crate) admin: Actor,
}

impl<B: Backend> World<B> {
    pub(crate) async fn new(policy: Policy) -> Self {
        let backend = B::fresh().await;
        let clock = ManualClock::default();
        let asked = Asked::default();
        let members = Invitations::new(B::Store::default(), policy, asked.clone()).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let worker = Worker::new(B::Store::default(), backend.pool(), mailer.clone()).serve(&members);
        Self { backend, clock, asked, members, mailer, worker, admin: Actor::new(1) }
    }

    /// Invites to scope 7, and commits.
    pub(crate) async fn invite(&self, email: &str) -> Invitation<Membership> {
        let mut tx = self.backend.begin().await;
        let new = NewInvitation::new(email, membership("admin"));
        let invitation = self.members.scope(7).create(&mut tx, &self.admin, new).await.unwrap();
        B::commit(tx).await;
        invitation
    }

    /// Lets the worker mail what is due.
    pub(crate) async fn mailed(&self) -> Vec<Letter> {
        while self.worker.tick().await.unwrap().found_work() {}
        self.mailer.take()
    }

    /// Invites, mails, and takes the letter.
    pub(crate) async fn invite_and_mail(&self, email: &str) -> (InvitationId, Letter) {
        let id = self.invite(email).await.id;
        let mut letters = self.mailed().await;
        assert_eq!(letters.len(), 1);
        (id, letters.remove(0))
    }

    /// Resends after the cool-down, mails, and takes the letter.
    pub(crate) async fn resend_and_mail(&self, id: InvitationId) -> Letter {
        self.clock.advance(TimeDelta::minutes(2));
        let mut tx = self.backend.begin().await;
        self.members.scope(7).resend(&mut tx, &self.admin, id).await.unwrap();
        B::commit(tx).await;
        let mut letters = self.mailed().await;
        assert_eq!(letters.len(), 1);
        letters.remove(0)
    }

    pub(crate) async fn get(&self, id: InvitationId) -> Invitation<Membership> {
        let mut tx = self.backend.begin().await;
        let invitation = self.members.scope(7).get(&mut tx, &self.admin, id).await.unwrap();
        B::rollback(tx).await;
        invitation
    }

    /// What happened, as words with revisions.
    pub(crate) async fn history(&self, id: InvitationId) -> Vec<(u32, &'static str)> {
        let mut tx = self.backend.begin().await;
        let events = self.members.scope(7).history(&mut tx, &self.admin, id).await.unwrap();
        B::rollback(tx).await;
        events.iter().map(|event| (event.revision, event.verb.as_str())).collect()
    }
}

/// `in_a_transaction!(world, tx => expression)`: begins, evaluates, commits.
macro_rules! in_a_transaction {
    ($world:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $world.backend.begin().await;
        let answer = $work;
        B::commit($tx).await;
        answer
    }};
}

/// Makes one test per store of each generic function.
macro_rules! on_every_store {
    ($($(#[$meta:meta])* async fn $name:ident<B: Backend>() $body:block)*) => {
        $($(#[$meta])* async fn $name<B: Backend>() $body)*

        mod memory {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::InMemory>().await; })*
        }

        mod mysql {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnMySql>().await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnPostgres>().await; })*
        }

        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnSqlite>().await; })*
        }
    };
}

pub(crate) use {in_a_transaction, on_every_store};
