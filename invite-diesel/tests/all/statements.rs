//! How many statements an operation costs, besides the host's own, and that each is prepared once.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, DeliveryState, InvitationQuery, Linked, Sort, StatsQuery, Step, Worker,
    testing, testing::CapturingMailer,
};

use crate::support::*;

/// What a connection was asked about our tables, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    run: Vec<String>,
    prepared: Vec<String>,
}

impl Seen {
    fn event(&self, event: InstrumentationEvent<'_>) {
        let mut log = self.0.lock().unwrap();
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let query = query.to_string();
            let sql = query.split(" -- binds").next().unwrap();
            if sql.contains("invite_") {
                log.run.push(sql.to_owned());
            }
        } else if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            log.prepared.push(sql.to_owned());
        }
    }

    fn take(&self) -> Log {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

macro_rules! statements {
    ($seen:expr, $work:expr) => {{
        $seen.take();
        let answer = $work;
        ($seen.take().run.len(), answer)
    }};
}

/// What an operation may cost.
struct Budget {
    create: usize,
    accept: usize,
    /// A round of the worker with eight letters to send and one to discard.
    worker: usize,
    idle: usize,
}

/// The same for every server; only the types differ.
macro_rules! operations_keep_to {
    ($budget:expr, $db:ident) => {{
        use crate::support::$db as db;

        let budget: Budget = $budget;
        let pool = db::pool(&db::fresh().await, 1);
        let members = members::<db::Store>();
        let (scoped, admin) = (members.scope(7), Actor::new(1));
        let ada = Claimant::new(2).verified("ada@example.com");
        let seen = Seen::default();
        let log = seen.clone();
        let mut conn = pool.get().await.unwrap();
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| log.event(event));

        let work = conn.transaction(async |tx| {
            let (count, created) = statements!(seen, scoped.create(tx, &admin, new("ada@example.com")).await.unwrap());
            assert_eq!(count, budget.create, "create");
            let token = testing::deliver(&members, tx, created.id).await.unwrap();
            let (count, _) = statements!(seen, members.preview(tx, &token).await.unwrap());
            assert_eq!(count, 1, "preview");
            let (count, accepted) = statements!(seen, members.accept(tx, &token, &ada).await.unwrap());
            assert_eq!(count, budget.accept, "accept");
            assert!(matches!(accepted, Accepted::Now(_)));
            let (count, _) = statements!(seen, members.accept(tx, &token, &ada).await.unwrap());
            assert_eq!(count, 2, "accept again: the guarded statement, and the read that explains it");
            let linked = scoped.create_with_link(tx, &admin, new("grace@example.com"));
            let (count, Linked { invitation: linked, token: link, .. }) = statements!(seen, linked.await.unwrap());
            assert_eq!(count, budget.create, "create with link");
            let (count, _) = statements!(seen, members.reject(tx, &link, &Actor::Bearer, None).await.unwrap());
            assert_eq!(count, budget.accept, "reject");
            let (count, _) = statements!(seen, scoped.get(tx, &admin, linked.id).await.unwrap());
            assert_eq!(count, 1, "get");
            let (count, _) = statements!(seen, scoped.list(tx, &admin, &InvitationQuery::new()).await.unwrap());
            assert_eq!(count, 1, "list");
            let filtered = InvitationQuery::new().search("ada").import("march").delivery(DeliveryState::Sent);
            let (count, _) = statements!(seen, scoped.list(tx, &admin, &filtered).await.unwrap());
            assert_eq!(count, 1, "filtered list");
            let (count, _) = statements!(seen, scoped.list_rows(tx, &admin, &filtered).await.unwrap());
            assert_eq!(count, 1, "rows of a list");
            let series = StatsQuery::new().created(linked.created_at..).per(Step::Day);
            let (count, _) = statements!(seen, scoped.stats(tx, &admin, &series).await.unwrap());
            assert_eq!(count, 1, "stats");
            let (count, _) = statements!(seen, scoped.history(tx, &admin, linked.id).await.unwrap());
            assert_eq!(count, 1, "history");
            for n in 0..8 {
                scoped.create(tx, &admin, new(&format!("p{n}@example.com"))).await.unwrap();
            }
            Ok::<_, Failure>(())
        });
        work.await.unwrap();
        drop(conn);

        let worker = Worker::new(db::Store, pool.clone(), CapturingMailer::default()).batch(9).serve(&members);
        let (count, tick) = statements!(seen, worker.tick().await.unwrap());
        assert_eq!(tick.sent, 8);
        assert_eq!(count, budget.worker, "worker");
        let (count, tick) = statements!(seen, worker.tick().await.unwrap());
        assert!(!tick.found_work());
        assert_eq!(count, budget.idle, "an idle worker only looks");
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_on_sqlite_keep_to_their_statements() {
    // One look for expired ones, three for letters, each of the nine read, one discarded; then for each letter its lease,
    // its digest, the queue, and the summary.
    // `Unchecked` reads nothing, so nothing locks before a creation.
    operations_keep_to!(Budget { create: 3, accept: 2, worker: 4 + 9 + 1 + 8 * 4, idle: 2 }, sqlite);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn operations_on_postgresql_keep_to_their_statements() {
    // The sweep, two; two looks for letters, because the first is full of those of one scope; all are read, then leased or
    // discarded with their digests; what became of all. An idle worker looks twice which letters have become due.
    operations_keep_to!(Budget { create: 1, accept: 1, worker: 2 + 2 + 2 + 1, idle: 4 }, postgres);
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn operations_on_mysql_keep_to_their_statements() {
    // The sweep, two; two looks for letters; all are locked, read, discarded or leased, with their digests; three for what
    // became of all.
    operations_keep_to!(Budget { create: 3, accept: 3, worker: 2 + 2 + 5 + 3, idle: 4 }, mysql);
}

on_every_server! {
    async fn each_statement_is_prepared_once() {
        let pool = db::pool(&db::fresh().await, 1);
        let members = members::<db::Store>();
        let (scoped, admin) = (members.scope(7), Actor::new(1));
        let seen = Seen::default();
        let log = seen.clone();
        pool.get().await.unwrap().set_instrumentation(move |event: InstrumentationEvent<'_>| log.event(event));
        let worker = Worker::new(db::Store, pool.clone(), CapturingMailer::default()).serve(&members);

        let mut rounds = Vec::new();
        for round in 0..2 {
            let email = |n: u8| format!("p{round}{n}@example.com");
            let mut conn = pool.get().await.unwrap();
            let work = conn.transaction(async |tx| {
                let created = scoped.create(tx, &admin, new(&email(0))).await?;
                let token = testing::deliver(&members, tx, created.id).await?;
                members.mark_viewed(tx, &token).await?;
                scoped.amend(tx, &admin, created.id, &Amendment::new().message("soon")).await?;
                scoped.amend(tx, &admin, created.id, &Amendment::new().email(email(1))).await?;
                scoped.cancel(tx, &admin, created.id, None).await?;
                let link = scoped.create_with_link(tx, &admin, new(&email(2))).await?.token;
                members.accept(tx, &link, &Claimant::new(2).verified(&email(2))).await?;
                scoped.create(tx, &admin, new(&email(3))).await?;
                for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
                    scoped.list(tx, &admin, &InvitationQuery::new().sort(sort)).await?;
                    scoped.list(tx, &admin, &InvitationQuery::new().sort(sort).import("march")).await?;
                }
                scoped.stats(tx, &admin, &StatsQuery::new()).await?;
                members.addressed_to(tx, &Claimant::new(2).verified(&email(3)), None).await?;
                scoped.history(tx, &admin, created.id).await?;
                Ok::<_, Failure>(())
            });
            work.await.unwrap();
            drop(conn);
            worker.tick().await.unwrap();
            rounds.push(seen.take());
        }
        let run: BTreeSet<_> = rounds[0].run.iter().collect();
        let prepared: BTreeSet<_> = rounds[0].prepared.iter().filter(|sql| sql.contains("invite_")).collect();
        assert!(run.len() > 15, "{}", run.len());
        assert_eq!(run, prepared);
        let again: Vec<_> = rounds[1].prepared.iter().filter(|sql| sql.contains("invite_")).collect();
        assert!(again.is_empty(), "{again:#?}");
        assert_eq!(rounds[0].run.len(), rounds[1].run.len());
    }
}
