//! Connections of diesel's own. Their futures are ready at once.

use diesel::{
    Connection, QueryResult, RunQueryDsl,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
};
use invite_schema::FromRow;

use super::Session;
use crate::statement::{Constant, Row};

macro_rules! session {
    ($conn:ty, $database:ty) => {
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
                RunQueryDsl::load(statement, self)
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
session!(diesel::MysqlConnection, diesel::mysql::Mysql);

#[cfg(feature = "blocking-postgres")]
session!(diesel::PgConnection, diesel::pg::Pg);

#[cfg(feature = "blocking-sqlite")]
session!(diesel::SqliteConnection, diesel::sqlite::Sqlite);
