use sqlx::Row;

use crate::program::Connection;

#[cfg(feature = "sqlite")]
const BLOCK_WRITERS: &str = "BEGIN IMMEDIATE";
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
const BLOCK_WRITERS: &str = "BEGIN; LOCK TABLE memberships IN EXCLUSIVE MODE";
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
const BLOCK_WRITERS: &str = "BEGIN; SELECT role FROM memberships FOR UPDATE";

/// SQLite does not know who waits.
#[cfg(feature = "sqlite")]
const WAITING: Option<&str> = None;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
const WAITING: Option<&str> = Some(
    "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database
     WHERE NOT granted AND d.datname = current_database()",
);
/// InnoDB's own table of transactions is a copy, which is not renewed for those who ask often.
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
const WAITING: Option<&str> = Some(
    "SELECT count(*) FROM information_schema.processlist
     WHERE db = database() AND info LIKE 'INSERT INTO%memberships%'",
);

/// What only a look into the database tells.
impl Connection {
    pub(crate) async fn number(&mut self, sql: &'static str) -> i64 {
        self.numbers(sql).await[0]
    }

    pub(crate) async fn numbers(&mut self, sql: &'static str) -> Vec<i64> {
        sqlx::query_scalar(sql).fetch_all(&mut self.0).await.unwrap()
    }

    /// The columns of the only row, whatever their types: as text where the database says it so,
    /// as bytes where it does not.
    pub(crate) async fn row(&mut self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::raw_sql(sql).fetch_all(&mut self.0).await.unwrap();
        assert_eq!(rows.len(), 1, "{sql}");
        let column = |index| match rows[0].try_get_unchecked::<Option<String>, _>(index) {
            Ok(text) => text.unwrap_or_else(|| "null".into()),
            Err(_) => format!("{:?}", rows[0].try_get_unchecked::<Vec<u8>, _>(index).unwrap()),
        };
        (0..rows[0].len()).map(column).collect()
    }

    /// Keeps everybody else from writing what an invitation or an organization needs, and nobody
    /// from reading.
    pub(crate) async fn block_writers(&mut self) {
        self.execute(BLOCK_WRITERS).await;
    }

    /// How many wait for the writer that blocks them; `None` where the database does not tell.
    pub(crate) async fn waiting(&mut self) -> Option<i64> {
        match WAITING {
            Some(sql) => Some(self.number(sql).await),
            None => None,
        }
    }

    pub(crate) async fn unblock_writers(&mut self) {
        self.execute("ROLLBACK").await;
    }
}
