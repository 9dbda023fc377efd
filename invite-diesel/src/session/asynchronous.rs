//! Connections of diesel-async.

use diesel::QueryResult;
#[cfg(feature = "sqlite")]
use diesel::SqliteConnection;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use diesel_async::AnsiTransactionManager;
#[cfg(feature = "sqlite")]
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use invite_schema::FromRow;

use super::Session;
use crate::statement::{Constant, Row};

macro_rules! session {
    ($conn:ty, $database:ty, |$self:ident, $sql:ident| $begin:expr) => {
        impl Session for $conn {
            type Database = $database;

            fn in_transaction(&mut self) -> bool {
                let status = <Self as AsyncConnection>::TransactionManager::transaction_manager_status_mut(self);
                matches!(status.transaction_depth(), Ok(Some(_)))
            }

            fn is_idle(&mut self) -> bool {
                !<Self as AsyncConnection>::TransactionManager::is_broken_transaction_manager(self)
            }

            async fn execute(&mut self, statement: Constant<'_, $database>) -> QueryResult<usize> {
                RunQueryDsl::execute(statement, self).await
            }

            async fn load<T: FromRow>(&mut self, statement: Constant<'_, $database>) -> QueryResult<Vec<Row<T>>> {
                RunQueryDsl::load(statement, self).await
            }

            async fn script(&mut self, sql: &'static str) -> QueryResult<()> {
                self.batch_execute(sql).await
            }

            async fn begin(&mut $self, $sql: &'static str) -> QueryResult<()> {
                $begin.await
            }

            async fn commit(&mut self) -> QueryResult<()> {
                <Self as AsyncConnection>::TransactionManager::commit_transaction(self).await
            }

            async fn roll_back(&mut self) -> QueryResult<()> {
                <Self as AsyncConnection>::TransactionManager::rollback_transaction(self).await
            }
        }
    };
}

#[cfg(feature = "mysql")]
session!(diesel_async::AsyncMysqlConnection, diesel::mysql::Mysql, |self, sql| {
    AnsiTransactionManager::begin_transaction_sql(self, sql)
});

#[cfg(feature = "postgres")]
session!(diesel_async::AsyncPgConnection, diesel::pg::Pg, |self, sql| {
    AnsiTransactionManager::begin_transaction_sql(self, sql)
});

#[cfg(feature = "sqlite")]
session!(SyncConnectionWrapper<SqliteConnection>, diesel::sqlite::Sqlite, |self, sql| {
    self.spawn_blocking(move |conn| diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, sql))
});
