//! What the errors of real servers mean. Diesel passes on little of what a server says.

use diesel::result::{DatabaseErrorKind, Error, QueryResult};
use diesel_async::{AnsiTransactionManager, AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use invite_core::store::StoreError;

use crate::support::*;

/// Whether to do it again, and what the server said.
fn retryable(answer: QueryResult<impl Sized>, store_error: fn(Error) -> StoreError) -> (bool, String) {
    let error = answer.map(drop).expect_err("this was to fail");
    let words = error.to_string();
    (store_error(error).is_retryable(), words)
}

macro_rules! asks_for_a_retry {
    ($answer:expr) => {{
        let (retryable, words) = retryable($answer, store_error);
        assert!(retryable, "{words}");
    }};
}

macro_rules! is_final {
    ($answer:expr) => {{
        let (retryable, words) = retryable($answer, store_error);
        assert!(!retryable, "{words}");
    }};
}

macro_rules! run {
    ($conn:expr, $sql:expr) => {
        diesel::sql_query($sql).execute(&mut $conn).await
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_sqlite_asks_for_a_retry_and_a_broken_rule_does_not() {
    use crate::support::sqlite as db;
    use invite_diesel::sqlite::store_error;

    let url = db::fresh().await;
    let (mut one, mut other) = (db::connect(&url).await, db::connect(&url).await);
    run!(other, "PRAGMA busy_timeout = 0").unwrap();
    one.batch_execute("BEGIN IMMEDIATE").await.unwrap();
    asks_for_a_retry!(run!(other, JOIN));
    asks_for_a_retry!(other.immediate_transaction(async |_| Ok::<_, Error>(())).await);
    run!(one, JOIN).unwrap();
    // SQLITE_BUSY_SNAPSHOT: it read before somebody else wrote.
    other.batch_execute("BEGIN").await.unwrap();
    assert_eq!(count!(other, "memberships"), 0);
    one.batch_execute("COMMIT").await.unwrap();
    asks_for_a_retry!(run!(other, JOIN));
    other.batch_execute("ROLLBACK").await.unwrap();

    is_final!(run!(other, JOIN)); // a unique violation
    is_final!(run!(other, "SELECT nonsense"));
    let library_s = "INSERT INTO invite_migrations (version) SELECT max(version) FROM invite_migrations";
    is_final!(run!(other, library_s));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_passes_on_postgresql_asks_for_a_retry() {
    use crate::support::postgres as db;
    use invite_diesel::postgres::store_error;

    let url = db::fresh().await;
    let (mut one, mut other) = (db::connect(&url).await, db::connect(&url).await);
    run!(one, "INSERT INTO memberships VALUES (1, 'a'), (2, 'b')").unwrap();

    // 40001
    other.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM memberships").await.unwrap();
    run!(one, "UPDATE memberships SET role = 'c'").unwrap();
    asks_for_a_retry!(run!(other, "UPDATE memberships SET role = 'd'"));
    other.batch_execute("ROLLBACK").await.unwrap();

    // 40P01
    for (conn, person) in [(&mut one, 1), (&mut other, 2)] {
        conn.batch_execute("SET deadlock_timeout = '10ms'; BEGIN").await.unwrap();
        conn.batch_execute(&format!("UPDATE memberships SET role = 'x' WHERE person = {person}")).await.unwrap();
    }
    // Whoever survives waits for the other's end.
    macro_rules! crossing {
        ($conn:expr, $person:literal) => {
            async {
                let answer = run!($conn, concat!("UPDATE memberships SET role = 'x' WHERE person = ", $person));
                $conn.batch_execute("ROLLBACK").await.unwrap();
                answer
            }
        };
    }
    let both = tokio::join!(crossing!(one, 2), crossing!(other, 1));
    asks_for_a_retry!(if both.0.is_err() { both.0 } else { both.1 });

    // 55P03, both ways
    one.batch_execute("BEGIN; SELECT * FROM memberships FOR UPDATE").await.unwrap();
    asks_for_a_retry!(run!(other, "SELECT * FROM memberships FOR UPDATE NOWAIT"));
    other.batch_execute("SET lock_timeout = '10ms'").await.unwrap();
    asks_for_a_retry!(run!(other, "SELECT * FROM memberships FOR UPDATE"));
    one.batch_execute("ROLLBACK").await.unwrap();

    // 57014 and 25006
    other.batch_execute("SET statement_timeout = '10ms'").await.unwrap();
    asks_for_a_retry!(run!(other, "SELECT pg_sleep(60)"));
    other.batch_execute("SET statement_timeout = 0; SET default_transaction_read_only = on").await.unwrap();
    asks_for_a_retry!(run!(other, JOIN));
    other.batch_execute("SET default_transaction_read_only = off").await.unwrap();

    // 57P01, and a connection that is gone
    let pid = "SELECT pg_backend_pid()::bigint AS n";
    let pid = diesel::sql_query(pid).get_result::<Count>(&mut other).await.unwrap().n;
    let (ended, _) = tokio::join!(async { run!(other, "SELECT pg_sleep(60)") }, async {
        let sleeping = format!("pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'");
        let sleeping = format!("SELECT count(*) AS n FROM {sleeping}");
        while diesel::sql_query(&sleeping).get_result::<Count>(&mut one).await.unwrap().n == 0 {
            tokio::task::yield_now().await;
        }
        run!(one, format!("SELECT pg_terminate_backend({pid})")).unwrap();
    },);
    asks_for_a_retry!(ended);
    asks_for_a_retry!(run!(other, JOIN));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_broken_rule_of_the_host_s_is_final_on_postgresql_and_one_of_ours_is_a_lost_race() {
    use crate::support::postgres as db;
    use invite_diesel::postgres::store_error;

    let mut conn = db::connect(&db::fresh().await).await;
    run!(conn, JOIN).unwrap();
    is_final!(run!(conn, JOIN));
    is_final!(run!(conn, "SELECT nonsense"));
    is_final!(run!(conn, "INSERT INTO memberships (person, role) VALUES (3, NULL)"));
    conn.transaction(async |conn| {
        members::<db::Store>().scope(7).create(conn, &invite_core::Actor::new(1), new("ada@example.com")).await?;
        Ok::<_, Failure>(())
    })
    .await
    .unwrap();
    asks_for_a_retry!(run!(conn, "INSERT INTO invite_invitations SELECT * FROM invite_invitations"));
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn what_passes_on_mysql_asks_for_a_retry_and_a_broken_rule_does_not() {
    use crate::support::mysql as db;
    use invite_diesel::mysql::store_error;

    let url = db::fresh().await;
    let (mut one, mut other) = (db::connect(&url).await, db::connect(&url).await);
    run!(one, "INSERT INTO memberships VALUES (1, 'a'), (2, 'b')").unwrap();

    // 1213
    for (conn, person) in [(&mut one, 1), (&mut other, 2)] {
        AnsiTransactionManager::begin_transaction(&mut *conn).await.unwrap();
        conn.batch_execute(&format!("UPDATE memberships SET role = 'x' WHERE person = {person}")).await.unwrap();
    }
    let both = tokio::join!(async { run!(one, "UPDATE memberships SET role = 'x' WHERE person = 2") }, async {
        run!(other, "UPDATE memberships SET role = 'x' WHERE person = 1")
    },);
    asks_for_a_retry!(if both.0.is_err() { both.0 } else { both.1 });
    // The server has rolled one back by itself; diesel may say so again.
    AnsiTransactionManager::rollback_transaction(&mut one).await.unwrap();
    AnsiTransactionManager::rollback_transaction(&mut other).await.unwrap();

    // 1205
    one.batch_execute("BEGIN").await.unwrap();
    run!(one, "UPDATE memberships SET role = 'y'").unwrap();
    other.batch_execute("SET innodb_lock_wait_timeout = 0").await.unwrap();
    asks_for_a_retry!(run!(other, "UPDATE memberships SET role = 'z'"));
    one.batch_execute("ROLLBACK").await.unwrap();

    is_final!(run!(other, JOIN)); // a unique violation
    is_final!(run!(other, "SELECT nonsense"));

    // 1792
    other.batch_execute("SET SESSION TRANSACTION READ ONLY").await.unwrap();
    asks_for_a_retry!(run!(other, "UPDATE memberships SET role = 'z'"));

    // A connection that is gone.
    let id = diesel::sql_query("SELECT CONNECTION_ID() AS n").get_result::<Count>(&mut other).await.unwrap().n;
    run!(one, format!("KILL {id}")).unwrap();
    asks_for_a_retry!(run!(other, JOIN));
    asks_for_a_retry!(run!(other, JOIN));
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_deadlock_in_a_nested_transaction_asks_for_a_retry_on_mysql() {
    use crate::support::mysql as db;
    use invite_diesel::mysql::store_error;

    let url = db::fresh().await;
    let (mut one, mut other) = (db::connect(&url).await, db::connect(&url).await);
    run!(one, "INSERT INTO memberships VALUES (1, 'a'), (2, 'b')").unwrap();
    let both_have_their_own = tokio::sync::Barrier::new(2);
    let meet = &both_have_their_own;
    macro_rules! crossing {
        ($conn:ident, $own:literal, $other:literal) => {
            $conn.transaction(async |conn| {
                conn.transaction(async |conn| {
                    run!(*conn, concat!("UPDATE memberships SET role = 'x' WHERE person = ", $own))?;
                    meet.wait().await;
                    run!(*conn, concat!("UPDATE memberships SET role = 'x' WHERE person = ", $other))
                })
                .await
            })
        };
    }
    let both = tokio::join!(crossing!(one, 1, 2), crossing!(other, 2, 1));
    asks_for_a_retry!(if both.0.is_err() { both.0 } else { both.1 });
    // And both are of use for it.
    assert_eq!((count!(one, "memberships"), count!(other, "memberships")), (2, 2));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_url_that_cannot_work_is_final_on_postgresql() {
    let misspelt = crate::support::postgres::pool("postgres://postgres:secret@127.0.0.1:port/none", 1);
    let refused = invite_diesel::Connections::lend(&misspelt).await.map(drop).unwrap_err();
    assert!(!refused.is_retryable(), "{refused:?}");
}

#[cfg(all(feature = "mysql", feature = "postgres"))]
#[tokio::test]
async fn a_server_that_is_not_there_asks_for_a_retry_and_a_database_that_is_not_there_does_not() {
    use invite_diesel::Connections;

    // Nobody listens on port 1.
    let absent = crate::support::postgres::pool("postgres://postgres@127.0.0.1:1/none", 1);
    assert!(absent.lend().await.is_err_and(|error| error.is_retryable()));
    let absent = crate::support::mysql::pool("mysql://root@127.0.0.1:1/none", 1);
    assert!(absent.lend().await.is_err_and(|error| error.is_retryable()));
    let nameless = crate::support::postgres::pool(&format!("{}_none", server("INVITE_TEST_POSTGRES_URL")), 1);
    assert!(nameless.lend().await.is_err_and(|error| !error.is_retryable()));
    let nameless = crate::support::mysql::pool(&format!("{}_none", server("INVITE_TEST_MYSQL_URL")), 1);
    assert!(nameless.lend().await.is_err_and(|error| !error.is_retryable()));
}

#[test]
fn when_neither_commit_nor_roll_back_came_through_the_commit_says_what_to_do() {
    let kind = |kind| Box::new(Error::DatabaseError(kind, Box::new("words".to_owned())));
    let both =
        |commit, rollback| Error::RollbackErrorOnCommit { commit_error: kind(commit), rollback_error: kind(rollback) };
    let (lost, broken) = (DatabaseErrorKind::SerializationFailure, DatabaseErrorKind::NotNullViolation);
    assert!(invite_diesel::sqlite::store_error(both(lost, broken)).is_retryable());
    assert!(!invite_diesel::sqlite::store_error(both(broken, lost)).is_retryable());
}
