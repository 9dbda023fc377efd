use sqlx::Row;

use crate::program::Connection;

/// What only a look into the database tells.
impl Connection {
    pub(crate) async fn number(&mut self, sql: &'static str) -> i64 {
        self.numbers(sql).await[0]
    }

    pub(crate) async fn numbers(&mut self, sql: &'static str) -> Vec<i64> {
        match self {
            Self::Sqlite(conn) => sqlx::query_scalar(sql).fetch_all(conn).await.unwrap(),
            Self::Postgres(conn) => sqlx::query_scalar(sql).fetch_all(conn).await.unwrap(),
            Self::MySql(conn) => sqlx::query_scalar(sql).fetch_all(conn).await.unwrap(),
        }
    }

    /// The columns of the only row, whatever their types: as text where the database says it so,
    /// as bytes where it does not.
    pub(crate) async fn row(&mut self, sql: &'static str) -> Vec<String> {
        macro_rules! columns {
            ($conn:ident) => {{
                let rows = sqlx::raw_sql(sql).fetch_all($conn).await.unwrap();
                assert_eq!(rows.len(), 1, "{sql}");
                let column = |index| match rows[0].try_get_unchecked::<Option<String>, _>(index) {
                    Ok(text) => text.unwrap_or_else(|| "null".into()),
                    Err(_) => format!("{:?}", rows[0].try_get_unchecked::<Vec<u8>, _>(index).unwrap()),
                };
                (0..rows[0].len()).map(column).collect()
            }};
        }
        match self {
            Self::Sqlite(conn) => columns!(conn),
            Self::Postgres(conn) => columns!(conn),
            Self::MySql(conn) => columns!(conn),
        }
    }

    /// Keeps everybody else from writing what an invitation or an organization needs, and nobody
    /// from reading.
    pub(crate) async fn block_writers(&mut self) {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN; LOCK TABLE memberships IN EXCLUSIVE MODE",
            Self::MySql(_) => "BEGIN; SELECT role FROM memberships FOR UPDATE",
        };
        self.execute(sql).await;
    }

    /// How many wait for the writer that blocks them. SQLite does not know.
    pub(crate) async fn waiting(&mut self) -> Option<i64> {
        let sql = match self {
            Self::Sqlite(_) => return None,
            Self::Postgres(_) => {
                "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database
                 WHERE NOT granted AND d.datname = current_database()"
            }
            // InnoDB's own table of transactions is a copy, which whoever asks often never sees renewed.
            Self::MySql(_) => {
                "SELECT count(*) FROM information_schema.processlist
                 WHERE db = database() AND info LIKE 'INSERT INTO%memberships%'"
            }
        };
        Some(self.number(sql).await)
    }

    pub(crate) async fn unblock_writers(&mut self) {
        self.execute("ROLLBACK").await;
    }
}
