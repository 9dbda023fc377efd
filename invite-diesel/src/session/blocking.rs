//! Connections of diesel's own. Their futures are ready at once.

#[cfg(feature = "blocking-mysql")]
use diesel::connection::CacheSize;
use diesel::{
    Connection, QueryResult, RunQueryDsl,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
};
use invite_schema::FromRow;

use super::Session;
use crate::statement::{Constant, Row};

macro_rules! session {
    ($conn:ty, $database:ty, $after_failure:expr) => {
        impl Session for $conn {
            type Database = $database;

            fn in_transaction(&mut self) -> bool {
                let status = <Self as Connection>::TransactionManager::transaction_manager_status_mut(self);
                matches!(status.transaction_depth(), Ok(Some(_)))
            }

            fn is_idle(&mut self) -> bool {
                !<Self as Connection>::TransactionManager::is_broken_transaction_manager(self)
            }

            async fn execute(&mut self, statement: Constant<'_, $database>) -> QueryResult<usize> {
                RunQueryDsl::execute(statement, self)
            }

            async fn load<T: FromRow>(&mut self, statement: Constant<'_, $database>) -> QueryResult<Vec<Row<T>>> {
                let rows = RunQueryDsl::load(statement, self);
                if rows.is_err() {
                    let after_failure: fn(&mut Self) = $after_failure;
                    after_failure(self);
                }
                rows
            }

            async fn script(&mut self, sql: &'static str) -> QueryResult<()> {
                self.batch_execute(sql)
            }

            async fn begin(&mut self, sql: &'static str) -> QueryResult<()> {
                AnsiTransactionManager::begin_transaction_sql(self, sql)
            }

            async fn commit(&mut self) -> QueryResult<()> {
                <Self as Connection>::TransactionManager::commit_transaction(self)
            }

            async fn roll_back(&mut self) -> QueryResult<()> {
                <Self as Connection>::TransactionManager::rollback_transaction(self)
            }
        }
    };
}

#[cfg(feature = "blocking-mysql")]
// The server begins its answer to a query before it has locked all rows, so it may tell of a deadlock after that. The C
// client then waits for ever when the same prepared statement is executed again. It closes such a statement well enough,
// and diesel closes all when it is told to keep none.
session!(diesel::MysqlConnection, diesel::mysql::Mysql, |conn: &mut diesel::MysqlConnection| {
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    conn.set_prepared_statement_cache_size(CacheSize::Unbounded);
});

#[cfg(feature = "blocking-postgres")]
session!(diesel::PgConnection, diesel::pg::Pg, |_| ());

#[cfg(feature = "blocking-sqlite")]
session!(diesel::SqliteConnection, diesel::sqlite::Sqlite, |_| ());
