//! The stores on diesel's own connections: the same statements, without waiting.

use std::task::Poll;

use diesel::{
    Connection, RunQueryDsl,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, Pool},
};
use invite_core::{
    Accepted, Actor, Claimant, Error, Worker, store::InvitationStore, testing, testing::CapturingMailer,
};
use invite_diesel::blocking::wait;

use crate::support::{Count, Failure, JOIN, members, new};

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

macro_rules! rows {
    ($conn:expr, $what:literal) => {
        diesel::sql_query(concat!("SELECT count(*) AS n FROM ", $what)).get_result::<Count>($conn).unwrap().n
    };
}

/// The whole life of an invitation, its transactions and its letter; only the types differ.
macro_rules! serves_a_blocking_host {
    ($db:ident, $store:ident, $conn:ty, $prepare:literal) => {
        #[tokio::test]
        async fn $db() {
            use invite_diesel::blocking::$db::{self, $store};

            // Made by the other half, and found up to date by this one.
            let url = crate::support::$db::fresh().await;
            let life = move || {
                let pool = Pool::builder().max_size(2).build(ConnectionManager::<$conn>::new(&url)).unwrap();
                let conn = &mut *pool.get().unwrap();
                conn.batch_execute($prepare).unwrap();
                $db::migrate(conn).unwrap();
                let members = members::<$store>();
                let (scoped, admin) = (members.scope(7), Actor::new(1));

                let outside = wait(scoped.create(conn, &admin, new("ada@example.com")));
                assert!(matches!(outside, Err(Error::NotInTransaction)));
                let created = conn.transaction(|conn| {
                    assert!($store.in_transaction(conn));
                    let id = wait(scoped.create(conn, &admin, new("ada@example.com")))?.id;
                    Ok::<_, Failure>((id, wait(testing::deliver(&members, conn, id))?))
                });
                let (id, token) = created.unwrap();

                let full = conn.transaction(|conn| {
                    assert!(matches!(wait(members.accept(conn, &token, &ada()))?, Accepted::Now(_)));
                    conn.batch_execute(JOIN)?;
                    Err::<(), Failure>("no seats left".into())
                });
                assert_eq!(full.unwrap_err().to_string(), "no seats left");
                assert_eq!((rows!(conn, "memberships"), rows!(conn, "invite_events WHERE action = 'accepted'")), (0, 0));

                // In a savepoint.
                conn.transaction(|conn| {
                    conn.batch_execute(JOIN)?;
                    conn.transaction(|conn| {
                        assert!(matches!(wait(members.accept(conn, &token, &ada()))?, Accepted::Now(_)));
                        Ok::<_, Failure>(())
                    })
                })
                .unwrap();
                assert_eq!((rows!(conn, "memberships"), rows!(conn, "invite_events WHERE action = 'accepted'")), (1, 1));
                let history = wait(scoped.history(conn, &admin, id)).unwrap();
                assert_eq!(history.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["created", "link_created", "accepted"]);

                conn.transaction(|conn| Ok::<_, Failure>(wait(scoped.create(conn, &admin, new("b@example.com")))?)).unwrap();
                let worker = Worker::new($store, pool.clone(), CapturingMailer::default()).serve(&members);
                assert_eq!(wait(worker.tick()).unwrap().sent, 1);
                assert!(!wait(worker.tick()).unwrap().found_work());
                assert_eq!(rows!(conn, "invite_outbox"), 0);
                assert!(matches!(conn.batch_execute(JOIN).map_err($db::store_error), Err(error) if !error.is_retryable()));
            };
            tokio::task::spawn_blocking(life).await.unwrap();
        }
    };
}

mod hosts {
    use super::*;

    serves_a_blocking_host!(sqlite, SqliteStore, diesel::SqliteConnection, "PRAGMA busy_timeout = 120000");
    #[cfg(feature = "blocking-postgres")]
    serves_a_blocking_host!(postgres, PgStore, diesel::PgConnection, "SELECT 1");
    #[cfg(feature = "blocking-mysql")]
    serves_a_blocking_host!(mysql, MySqlStore, diesel::MysqlConnection, "DO 0");
}

#[test]
fn what_waits_after_all_is_woken() {
    let mut woken = false;
    let waits = std::future::poll_fn(|cx| {
        if std::mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        std::thread::spawn(move || waker.wake());
        Poll::Pending
    });
    wait(waits);
}

#[test]
fn a_busy_sqlite_asks_a_blocking_host_for_a_retry() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("test.db").to_str().unwrap().to_owned();
    let connect = || diesel::SqliteConnection::establish(&url).unwrap();
    let (mut one, mut other) = (connect(), connect());
    one.batch_execute("BEGIN IMMEDIATE").unwrap();
    let refused = other.immediate_transaction(|_| Ok::<_, diesel::result::Error>(())).unwrap_err();
    assert!(invite_diesel::sqlite::store_error(refused).is_retryable());
}

#[cfg(feature = "blocking-postgres")]
#[tokio::test]
async fn what_passes_on_postgresql_asks_a_blocking_host_for_a_retry() {
    use invite_diesel::blocking::postgres::store_error;

    let url = crate::support::postgres::fresh().await;
    let work = move || {
        let connect = || diesel::PgConnection::establish(&url).unwrap();
        let (mut one, mut other) = (connect(), connect());
        one.batch_execute(JOIN).unwrap();
        other.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM memberships").unwrap();
        one.batch_execute("UPDATE memberships SET role = 'c'").unwrap();
        let lost = other.batch_execute("UPDATE memberships SET role = 'd'").unwrap_err();
        assert!(store_error(lost).is_retryable());
        other.batch_execute("ROLLBACK").unwrap();
        let pid = diesel::sql_query("SELECT pg_backend_pid()::bigint AS n").get_result::<Count>(&mut other).unwrap().n;
        one.batch_execute(&format!("SELECT pg_terminate_backend({pid})")).unwrap();
        for _ in 0..2 {
            let gone = diesel::sql_query(JOIN).execute(&mut other).unwrap_err();
            assert!(store_error(gone).is_retryable());
        }
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[cfg(feature = "blocking-mysql")]
#[tokio::test]
async fn what_passes_on_mysql_asks_a_blocking_host_for_a_retry() {
    use invite_diesel::blocking::mysql::store_error;

    let url = crate::support::mysql::fresh().await;
    let work = move || {
        let connect = || diesel::MysqlConnection::establish(&url).unwrap();
        let (mut one, mut other) = (connect(), connect());
        diesel::sql_query(JOIN).execute(&mut one).unwrap();
        one.batch_execute("BEGIN").unwrap();
        diesel::sql_query("UPDATE memberships SET role = 'y'").execute(&mut one).unwrap();
        other.batch_execute("SET innodb_lock_wait_timeout = 0").unwrap();
        let locked = diesel::sql_query("UPDATE memberships SET role = 'z'").execute(&mut other).unwrap_err();
        assert!(store_error(locked).is_retryable());
        let id = diesel::sql_query("SELECT CONNECTION_ID() AS n").get_result::<Count>(&mut other).unwrap().n;
        one.batch_execute(&format!("KILL {id}")).unwrap();
        for _ in 0..2 {
            let gone = diesel::sql_query(JOIN).execute(&mut other).unwrap_err();
            let words = gone.to_string();
            assert!(store_error(gone).is_retryable(), "{words}");
        }
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}
