//! What the three databases have in common: sending a statement and reading its rows through sqlx.

/// Implements the driver of a store, and the worker's transactions on its pool.
macro_rules! driver {
    ($store:ident, $database:ident, $sqlx:ident) => {
        const _: () = {
            use invite_core::store::StoreError;
            use invite_schema::{Driver, Fault, FromRow, Pool, Statement, store, worker_store};
            use sqlx::{Connection, Database, Executor, Transaction, error::ErrorKind};

            type Db = sqlx::$sqlx;
            type Dialect = invite_schema::$sqlx;

            store!($store, $database);
            worker_store!($store, $database, sqlx::Pool<Db>);

            impl Driver for $store {
                type Db = Dialect;
                type Conn = <Db as Database>::Connection;

                fn in_transaction(conn: &mut Self::Conn) -> bool {
                    conn.is_in_transaction()
                }

                async fn execute(conn: &mut Self::Conn, statement: Statement<'_, Dialect>) -> Result<u64, Fault> {
                    let query = sqlx::query_with(statement.text(), arguments(&statement)?);
                    let query = query.persistent(statement.is_repeated());
                    Ok(query.execute(conn).await.map_err(fault)?.rows_affected())
                }

                async fn fetch<T: FromRow>(
                    conn: &mut Self::Conn,
                    statement: Statement<'_, Dialect>,
                ) -> Result<Vec<Result<T, StoreError>>, Fault> {
                    let query = sqlx::query_with(statement.text(), arguments(&statement)?);
                    let query = query.persistent(statement.is_repeated());
                    let rows = query.fetch_all(conn).await.map_err(fault)?;
                    Ok(rows.iter().map(|row| T::read(&Row(row))).collect())
                }

                async fn script(conn: &mut Self::Conn, sql: &'static str) -> Result<(), StoreError> {
                    conn.execute(sqlx::raw_sql(sql)).await.map(drop).map_err(store_error)
                }
            }

            impl Pool<$store> for sqlx::Pool<Db> {
                type Tx = Transaction<'static, Db>;

                async fn begin(&self, sql: &'static str) -> Result<Self::Tx, StoreError> {
                    self.begin_with(sql).await.map_err(store_error)
                }

                async fn commit(tx: Self::Tx) -> Result<(), StoreError> {
                    tx.commit().await.map_err(store_error)
                }

                async fn rollback(tx: Self::Tx) -> Result<(), StoreError> {
                    tx.rollback().await.map_err(store_error)
                }
            }

            fn arguments(statement: &Statement<'_, Dialect>) -> Result<<Db as Database>::Arguments, Fault> {
                let mut arguments = <Db as Database>::Arguments::default();
                for value in statement.values() {
                    bind(&mut arguments, value).map_err(|error| Fault::Other(StoreError::failed(error)))?;
                }
                Ok(arguments)
            }

            fn fault(error: sqlx::Error) -> Fault {
                match error.as_database_error().map(|error| error.kind()) {
                    Some(ErrorKind::UniqueViolation) => Fault::Taken(store_error(error)),
                    Some(ErrorKind::NotNullViolation) => Fault::Null(store_error(error)),
                    _ => Fault::Other(store_error(error)),
                }
            }
        };
    };
}

pub(crate) use driver;
