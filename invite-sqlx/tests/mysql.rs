//! What only MySQL and MariaDB could get wrong.

#![cfg(feature = "mysql")]

use std::{env, process};

use invite_core::{
    Actor, Claimant, Error, InvitationQuery, Invitations, Kind, NewInvitation, Policy, Sort, Unchecked, Worker,
    testing::CapturingMailer,
};
use invite_sqlx::{MySqlStore, mysql};
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool, Row,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

const PAGE: u32 = 50;
/// A page, and what the question how many there were costs itself.
const AT_MOST: i64 = 150;

/// 10,000 invitations, half of them in scope 1.
const FILL: &str = "INSERT INTO invite_invitations (id, kind, scope, recipient_given, recipient, inviter, payload, \
    display, status, generation, min_generation, revision, created_at, expires_at) \
    SELECT UNHEX(LPAD(HEX(n), 32, '0')), 'member', CONCAT(n % 2), CONCAT('p', n, '@example.com'), \
        CONCAT('p', n, '@example.com'), 'user:1', 'null', '{}', 'pending', 1, 1, 1, \
        '2030-01-01' + INTERVAL (n DIV 4) SECOND, '2040-01-01' \
    FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d AS n FROM digits a, digits b, digits c, digits d) AS numbers";

async fn touched(conn: &mut MySqlConnection) -> i64 {
    let counters = conn.fetch_all("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'").await.unwrap();
    counters.iter().map(|counter| counter.get::<String, _>(1).parse::<i64>().unwrap()).sum()
}

/// A new, migrated database of this name.
async fn database(name: &str) -> MySqlPool {
    let server = env::var("INVITE_TEST_MYSQL_URL").expect("`cargo xtask databases` sets INVITE_TEST_MYSQL_URL");
    let server: MySqlConnectOptions = server.parse().unwrap();
    let database = format!("invite_{name}_{}", process::id());
    let create = AssertSqlSafe(format!("CREATE DATABASE {database}"));
    MySqlConnection::connect_with(&server).await.unwrap().execute(create).await.unwrap();
    let pool = MySqlPool::connect_with(server.database(&database)).await.unwrap();
    mysql::migrate(&pool).await.unwrap();
    pool
}

/// An insertion fails by what would be a default value where nothing is strict.
#[tokio::test]
async fn a_taken_address_is_told_in_every_sql_mode_and_the_row_in_the_way_stays_on_mysql() {
    let pool = database("modes").await;
    let members = Invitations::<_, Membership>::new(MySqlStore, Policy::default(), Unchecked);
    let (scoped, admin) = (members.scope(1), Actor::new(1));
    for mode in ["", "STRICT_ALL_TABLES", "TRADITIONAL", "ANSI", "NO_ZERO_DATE"] {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("SET sql_mode = ?").bind(mode).execute(&mut *tx).await.unwrap();
        let new = || NewInvitation::new("ada@example.com", Membership);
        let first = scoped.create(&mut tx, &admin, new()).await.unwrap();
        for _ in 0..2 {
            let taken = scoped.create(&mut tx, &admin, new()).await;
            assert!(matches!(taken, Err(Error::AlreadyPending(id)) if id == first.id), "{mode:?}: {taken:?}");
        }
        let stands = scoped.get(&mut tx, &admin, first.id).await.unwrap();
        assert_eq!(stands.into_record(), first.into_record(), "{mode:?}");
        tx.rollback().await.unwrap();
    }
}

/// 1927, or a connection that is gone; and 1969 on MariaDB, 3024 on MySQL.
#[tokio::test]
async fn a_connection_that_was_killed_and_a_statement_that_took_too_long_ask_for_a_retry_on_mysql() {
    let pool = database("killed").await;
    let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let id: u64 = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *one).await.unwrap();
    other.execute(AssertSqlSafe(format!("KILL {id}"))).await.unwrap();
    let killed = one.execute("SELECT 1").await.map(drop).unwrap_err();
    assert!(mysql::store_error(killed).is_retryable());

    let slow = "/*M! SET STATEMENT max_statement_time = 0.01 FOR */ \
                SELECT /*+ MAX_EXECUTION_TIME(10) */ COUNT(*) FROM information_schema.COLLATIONS AS a, \
                information_schema.COLLATIONS AS b, information_schema.COLLATIONS AS c, \
                information_schema.COLLATIONS AS d";
    let slow = other.execute(slow).await.map(drop).unwrap_err();
    assert!(mysql::store_error(slow).is_retryable());
}

/// A page deep inside a list costs what the first one costs, counted in rows the server touches: left to itself, it
/// walks the index to where the page begins.
#[tokio::test]
async fn a_deep_page_touches_no_more_rows_than_the_first_on_mysql() {
    let pool = database("depth").await;
    let mut conn = pool.acquire().await.unwrap();
    conn.execute("CREATE TABLE digits (d INT)").await.unwrap();
    conn.execute("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)").await.unwrap();
    conn.execute(FILL).await.unwrap();
    conn.execute("ANALYZE TABLE invite_invitations").await.unwrap();

    let members = Invitations::<_, Membership>::new(MySqlStore, Policy::default(), Unchecked);
    let (scoped, admin) = (members.scope(1), Actor::new(1));
    for sort in [Sort::NewestFirst, Sort::OldestFirst] {
        let mut query = InvitationQuery::new().sort(sort).limit(PAGE);
        for depth in 0..80 {
            let before = touched(&mut conn).await;
            let page = scoped.list(&mut conn, &admin, &query).await.unwrap();
            let rows = touched(&mut conn).await - before;
            assert!(rows <= AT_MOST, "{sort:?}, page {depth}: {rows} rows");
            query = query.after(page.next.expect("there are 100 pages"));
        }
    }
}

/// In this mode an empty text is null, also where a value is bound.
#[tokio::test]
async fn a_whole_life_goes_well_where_an_empty_text_is_null_on_mysql() {
    let pool = database("empty").await;
    let options = pool.connect_options().as_ref().clone();
    let null = MySqlPoolOptions::new().after_connect(|conn, _| {
        Box::pin(async move { conn.execute("SET sql_mode = 'EMPTY_STRING_IS_NULL'").await.map(drop) })
    });
    let pool = null.connect_with(options).await.unwrap();
    let members = Invitations::<_, Membership>::new(MySqlStore, Policy::default(), Unchecked);
    let (scoped, admin) = (members.scope(1), Actor::new(1));
    let mut tx = pool.begin().await.unwrap();
    let id = scoped.create(&mut tx, &admin, NewInvitation::new("ada@example.com", Membership)).await.unwrap().id;
    scoped.create(&mut tx, &admin, NewInvitation::new("grace@example.com", Membership)).await.unwrap();
    scoped.cancel(&mut tx, &admin, id, None).await.unwrap();
    for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
        let query = InvitationQuery::new().limit(1).sort(sort);
        let first = scoped.list(&mut tx, &admin, &query).await.unwrap();
        let second = scoped.list(&mut tx, &admin, &query.after(first.next.unwrap())).await.unwrap();
        assert_eq!((first.items.len(), second.items.len()), (1, 1));
    }
    tx.commit().await.unwrap();
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MySqlStore, pool.clone(), mailer.clone()).serve(&members);
    assert_eq!(worker.tick().await.unwrap().sent, 1);
    let letters = mailer.take();
    let mut tx = pool.begin().await.unwrap();
    members.accept(&mut tx, letters[0].token(), &Claimant::new(2).verified("grace@example.com")).await.unwrap();
    tx.commit().await.unwrap();
}

/// A server that has become a replica refuses to write, and goes on to answer.
#[tokio::test]
async fn what_a_replica_refuses_asks_for_a_retry_on_mysql() {
    let pool = database("replica").await;
    let mut conn = pool.acquire().await.unwrap();
    conn.execute("SET SESSION TRANSACTION READ ONLY").await.unwrap();
    let refused = conn.execute("DELETE FROM invite_events").await.unwrap_err();
    assert!(mysql::store_error(refused).is_retryable());
}
