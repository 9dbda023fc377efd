//! How many statements an operation costs, besides the host's own. A program of its own: sqlx
//! reports statements from its worker threads, so the subscriber must be global.

#![cfg(all(feature = "mysql", feature = "postgres"))]

use std::{
    env,
    fmt::Debug,
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, Cursor, DeliveryState, Invitation, InvitationQuery, Invitations, Kind,
    Linked, NewInvitation, Policy, Selection, Sort, StatsQuery, Step, Token, Unchecked, Verdict, Worker,
    memory::{Memory, MemoryStore},
    testing::{self, CapturingMailer},
};
use invite_sqlx::{MySqlStore, PgStore, SqliteStore, mysql, postgres, sqlite};
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool, PgConnection, PgPool,
    mysql::MySqlConnectOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::sync::{Mutex, MutexGuard};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// Counts the statements about our tables that sqlx reports.
struct Counting;

struct IsOurs(bool);

impl Visit for IsOurs {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 |= field.name() == "summary" && format!("{value:?}").contains("invite_")
            || field.name() == "db.statement" && format!("{value:?}").contains("invite_");
    }
}

impl Subscriber for Counting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut ours = IsOurs(false);
        event.record(&mut ours);
        STATEMENTS.fetch_add(usize::from(ours.0), Ordering::SeqCst);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

macro_rules! statements {
    ($work:expr) => {{
        STATEMENTS.store(0, Ordering::SeqCst);
        let answer = $work;
        (STATEMENTS.load(Ordering::SeqCst), answer)
    }};
}

macro_rules! refused_for_nothing {
    ($work:expr) => {{
        let (count, refused) = statements!($work.await.map(drop));
        assert_eq!((count, refused.is_err()), (0, true), stringify!($work));
    }};
}

/// The end of a page that was sorted by address.
async fn page_end() -> Cursor {
    let mut tx = Memory::default().begin().await;
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    for email in ["a@example.com", "b@example.com"] {
        members.scope(7).create(&mut tx, &Actor::new(1), NewInvitation::new(email, Membership)).await.unwrap();
    }
    let query = InvitationQuery::new().sort(Sort::Address).limit(1);
    members.scope(7).list(&mut tx, &Actor::new(1), &query).await.unwrap().next.unwrap()
}

/// What an operation may cost.
struct Budget {
    create: usize,
    accept: usize,
    /// A round of the worker with eight letters to send and one to discard.
    worker: usize,
    idle: usize,
    /// Twenty created, resent, cancelled and deleted together.
    many: [usize; 4],
}

/// The same for every database; only the types differ.
macro_rules! operations_keep_to {
    ($budget:expr, $pool:expr, $store:expr) => {{
        let (budget, pool): (Budget, _) = ($budget, $pool);
        let members = Invitations::<_, Membership>::new($store, Policy::default(), Unchecked);
        let (scoped, admin) = (members.scope(7), Actor::new(1));
        let new = |email: &str| NewInvitation::new(email, Membership);
        let ada = Claimant::new(2).verified("ada@example.com");

        let mut tx = pool.begin().await.unwrap();
        let (count, created) = statements!(scoped.create(&mut tx, &admin, new("ada@example.com")).await.unwrap());
        assert_eq!(count, budget.create, "create");
        let token = testing::deliver(&members, &mut tx, created.id).await.unwrap();
        let (count, _) = statements!(members.preview(&mut tx, &token).await.unwrap());
        assert_eq!(count, 1, "preview");
        let (count, accepted) = statements!(members.accept(&mut tx, &token, &ada).await.unwrap());
        assert_eq!(count, budget.accept, "accept");
        assert!(matches!(accepted, Accepted::Now(_)));
        let (count, _) = statements!(members.accept(&mut tx, &token, &ada).await.unwrap());
        assert_eq!(count, 2, "accept again: the guarded statement, and the read that explains it");
        let malformed = "x".parse::<invite_core::Token>();
        assert!(malformed.is_err(), "no statement is possible with it");
        // Bad input costs nothing.
        let hex: Token = "0f".repeat(32).parse().unwrap();
        let (bearer, long) = (Actor::Bearer, "x".repeat(201));
        let nine = (0..9).fold(Claimant::new(2), |claimant, n| claimant.verified(&format!("p{n}@example.com")));
        let other_order = page_end().await;
        refused_for_nothing!(scoped.create(&mut tx, &admin, new("not an address")));
        refused_for_nothing!(scoped.create(&mut tx, &admin, new("x@example.com").expires_in(TimeDelta::zero())));
        refused_for_nothing!(scoped.create(&mut tx, &admin, new("x@example.com").expires_in(TimeDelta::MAX)));
        refused_for_nothing!(scoped.create(&mut tx, &admin, new("x@example.com").message("\0")));
        refused_for_nothing!(scoped.create(&mut tx, &Actor::new(&long), new("x@example.com")));
        refused_for_nothing!(scoped.create_with_link(&mut tx, &admin, new("")));
        refused_for_nothing!(scoped.amend(&mut tx, &admin, created.id, &Amendment::new()));
        refused_for_nothing!(scoped.amend(&mut tx, &admin, created.id, &Amendment::new().email("x")));
        refused_for_nothing!(scoped.cancel(&mut tx, &admin, created.id, Some(&long)));
        refused_for_nothing!(scoped.list(&mut tx, &admin, &InvitationQuery::new().after(other_order)));
        refused_for_nothing!(scoped.list(&mut tx, &admin, &InvitationQuery::new().limit(0)));
        refused_for_nothing!(scoped.list(&mut tx, &admin, &InvitationQuery::new().search(&long)));
        refused_for_nothing!(scoped.stats(&mut tx, &admin, &StatsQuery::new().per(Step::Day)));
        refused_for_nothing!(members.preview(&mut tx, &hex));
        refused_for_nothing!(members.accept(&mut tx, &hex, &ada));
        refused_for_nothing!(members.accept(&mut tx, &token, &nine));
        refused_for_nothing!(members.reject(&mut tx, &hex, &bearer, None));
        refused_for_nothing!(members.reject(&mut tx, &token, &bearer, Some("two\nlines")));
        refused_for_nothing!(members.mark_viewed(&mut tx, &hex));
        refused_for_nothing!(members.addressed_to(&mut tx, &Claimant::new(2), None));
        let (count, Linked { invitation: linked, token: link, .. }) =
            statements!(scoped.create_with_link(&mut tx, &admin, new("grace@example.com")).await.unwrap());
        assert_eq!(count, budget.create, "create with link");
        let (count, _) = statements!(members.reject(&mut tx, &link, &Actor::Bearer, None).await.unwrap());
        assert_eq!(count, budget.accept, "reject");
        let (count, _) = statements!(scoped.get(&mut tx, &admin, linked.id).await.unwrap());
        assert_eq!(count, 1, "get");
        let (count, _) = statements!(scoped.list(&mut tx, &admin, &InvitationQuery::new()).await.unwrap());
        assert_eq!(count, 1, "list");
        let filtered = InvitationQuery::new().search("ada").import("march").delivery(DeliveryState::Sent);
        let (count, _) = statements!(scoped.list(&mut tx, &admin, &filtered).await.unwrap());
        assert_eq!(count, 1, "filtered list");
        let (count, _) = statements!(scoped.list_rows(&mut tx, &admin, &filtered).await.unwrap());
        assert_eq!(count, 1, "rows of a list");
        let series = StatsQuery::new().created(linked.created_at..).per(Step::Day);
        let (count, _) = statements!(scoped.stats(&mut tx, &admin, &series).await.unwrap());
        assert_eq!(count, 1, "stats");
        let (count, _) = statements!(scoped.history(&mut tx, &admin, linked.id).await.unwrap());
        assert_eq!(count, 1, "history");
        for n in 0..8 {
            scoped.create(&mut tx, &admin, new(&format!("p{n}@example.com"))).await.unwrap();
        }
        tx.commit().await.unwrap();

        let mut tx = pool.begin().await.unwrap();
        let rows = (0..20).map(|n| new(&format!("many{n}@example.com"))).collect();
        let (created, verdicts) = statements!(scoped.many().create(&mut tx, &admin, rows).await.unwrap());
        let id = |verdict: &Verdict<Invitation<Membership>>| {
            if let Verdict::Created(created) = verdict { Some(created.id) } else { None }
        };
        let ids: Vec<_> = verdicts.iter().filter_map(id).collect();
        assert_eq!(ids.len(), 20);
        let these = Selection::Ids(ids);
        let (resent, done) = statements!(scoped.many().resend(&mut tx, &admin, &these).await.unwrap());
        assert_eq!(done.summary(), (20, 0));
        let (cancelled, done) = statements!(scoped.many().cancel(&mut tx, &admin, &these, None).await.unwrap());
        assert_eq!(done.summary(), (20, 0));
        let (deleted, done) = statements!(scoped.many().delete(&mut tx, &admin, &these).await.unwrap());
        assert_eq!(done.summary(), (20, 0));
        assert_eq!([created, resent, cancelled, deleted], budget.many, "many: created, resent, cancelled, deleted");
        tx.rollback().await.unwrap();

        let worker = Worker::new($store, pool.clone(), CapturingMailer::default()).batch(9).serve(&members);
        let (count, tick) = statements!(worker.tick().await.unwrap());
        assert_eq!(tick.sent, 8);
        assert_eq!(count, budget.worker, "worker");
        let (count, tick) = statements!(worker.tick().await.unwrap());
        assert!(!tick.found_work());
        assert_eq!(count, budget.idle, "an idle worker only looks");
    }};
}

fn server(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {name}"))
}

/// Alone: the statements of all are counted together.
async fn counting() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    let alone = ALONE.lock().await;
    // Whoever comes later finds it set.
    let _ = tracing::subscriber::set_global_default(Counting);
    alone
}

fn create_database() -> (String, AssertSqlSafe<String>) {
    let database = format!("invite_statements_{}", process::id());
    let create = AssertSqlSafe(format!("CREATE DATABASE {database}"));
    (database, create)
}

#[tokio::test]
async fn operations_keep_to_their_statements_on_sqlite() {
    let _alone = counting().await;
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("test.db")).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlite::migrate(&pool).await.unwrap();
    // One look for expired ones, three for letters, each of the nine read, one discarded; then for each letter its lease,
    // its digest, the queue, and the summary.
    // `Unchecked` reads nothing, so nothing locks before a creation.
    let budget = Budget {
        create: 3,
        accept: 2,
        worker: 4 + 9 + 1 + 8 * 4,
        idle: 2,
        many: [1 + 20 * 4, 1 + 20 * 3, 1 + 20 * 2, 1 + 20 * 5],
    };
    operations_keep_to!(budget, pool, SqliteStore);
}

#[tokio::test]
async fn operations_keep_to_their_statements_on_postgres() {
    let _alone = counting().await;
    let options: PgConnectOptions = server("INVITE_TEST_POSTGRES_URL").parse().unwrap();
    let (database, create) = create_database();
    PgConnection::connect_with(&options).await.unwrap().execute(create).await.unwrap();
    let pool = PgPool::connect_with(options.database(&database)).await.unwrap();
    postgres::migrate(&pool).await.unwrap();
    // The sweep, two; two looks for letters, because the first is full of those of one scope; all are read, then leased or
    // discarded with their digests; what became of all. An idle worker looks twice which letters have become due.
    operations_keep_to!(
        Budget { create: 1, accept: 1, worker: 2 + 2 + 2 + 1, idle: 4, many: [2, 1, 1, 2] },
        pool,
        PgStore
    );
}

#[tokio::test]
async fn operations_keep_to_their_statements_on_mysql() {
    let _alone = counting().await;
    let options: MySqlConnectOptions = server("INVITE_TEST_MYSQL_URL").parse().unwrap();
    let (database, create) = create_database();
    MySqlConnection::connect_with(&options).await.unwrap().execute(create).await.unwrap();
    let pool = MySqlPool::connect_with(options.database(&database)).await.unwrap();
    mysql::migrate(&pool).await.unwrap();
    // The sweep, two; two looks for letters; all are locked, read, discarded or leased, with their digests; three for what
    // became of all.
    operations_keep_to!(
        Budget { create: 3, accept: 3, worker: 2 + 2 + 5 + 3, idle: 4, many: [5, 5, 4, 6] },
        pool,
        MySqlStore
    );
}
