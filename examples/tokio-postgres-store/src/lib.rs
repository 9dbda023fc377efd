//! Invitations in PostgreSQL through tokio-postgres: a whole store for a driver that no crate of the library covers.
//!
//! invite-schema has the tables, the statements and the rules. This crate sends the statements, reads the
//! rows, and keeps what tokio-postgres does not: whether a transaction is open, and the prepared statements.

mod pool;
mod row;

use std::collections::HashMap;

use invite_core::store::StoreError;
use invite_schema::{
    Driver, Fault, FromRow, Postgres, Statement,
    postgres::{self, BEGIN, Value},
    store, worker_store,
};
use tokio_postgres::{Client, Config, Error, NoTls, error::SqlState, types::ToSql};

pub use crate::pool::{PgPool, Transaction};
use crate::row::Row;

/// Invitations in PostgreSQL.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no state")]
pub struct PgStore;

store!(PgStore, postgres);
worker_store!(PgStore, postgres, PgPool);

/// A connection that knows whether it is in a transaction.
#[derive(Debug)]
pub struct PgConnection {
    client: Client,
    /// From before the `BEGIN` until after the `COMMIT` or `ROLLBACK` was answered, so that an interruption
    /// leaves it set.
    in_transaction: bool,
    prepared: HashMap<&'static str, tokio_postgres::Statement>,
}

impl PgConnection {
    /// Connects without TLS. The connection is driven by a task of its own.
    ///
    /// # Errors
    /// A [`StoreError`]: retryable when the server cannot be reached.
    pub async fn connect(config: &Config) -> Result<Self, StoreError> {
        let (client, connection) = config.connect(NoTls).await.map_err(store_error)?;
        // It ends when the client is dropped, and each call reports what went wrong meanwhile.
        drop(tokio::spawn(connection));
        Ok(Self { client, in_transaction: false, prepared: HashMap::new() })
    }

    /// The client, for statements of the host's own.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a transaction with this statement.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub async fn begin(&mut self, sql: &str) -> Result<(), StoreError> {
        self.in_transaction = true;
        self.client.batch_execute(sql).await.map_err(store_error)
    }

    /// Commits.
    ///
    /// # Errors
    /// A [`StoreError`]: retryable when the transaction lost to another one.
    pub async fn commit(&mut self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Rolls back.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub async fn rollback(&mut self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(store_error)?;
        self.in_transaction = false;
        Ok(())
    }

    async fn prepare(&mut self, sql: &'static str) -> Result<tokio_postgres::Statement, Error> {
        if let Some(prepared) = self.prepared.get(sql) {
            return Ok(prepared.clone());
        }
        let prepared = self.client.prepare(sql).await?;
        self.prepared.insert(sql, prepared.clone());
        Ok(prepared)
    }
}

impl Driver for PgStore {
    type Db = Postgres;
    type Conn = PgConnection;

    fn in_transaction(conn: &mut PgConnection) -> bool {
        conn.in_transaction
    }

    async fn execute(conn: &mut PgConnection, statement: Statement<'_, Postgres>) -> Result<u64, Fault> {
        let prepared = conn.prepare(statement.text()).await.map_err(fault)?;
        let values: Vec<_> = statement.values().map(parameter).collect();
        conn.client.execute(&prepared, &values).await.map_err(fault)
    }

    async fn fetch<T: FromRow>(
        conn: &mut PgConnection,
        statement: Statement<'_, Postgres>,
    ) -> Result<Vec<Result<T, StoreError>>, Fault> {
        let prepared = conn.prepare(statement.text()).await.map_err(fault)?;
        let values: Vec<_> = statement.values().map(parameter).collect();
        let rows = conn.client.query(&prepared, &values).await.map_err(fault)?;
        Ok(rows.iter().map(|row| T::read(&Row(row))).collect())
    }

    async fn script(conn: &mut PgConnection, sql: &'static str) -> Result<(), StoreError> {
        conn.client.batch_execute(sql).await.map_err(store_error)
    }
}

fn parameter<'v>(value: &'v Value<'_>) -> &'v (dyn ToSql + Sync) {
    match value {
        Value::Uuid(uuid) => uuid,
        Value::Text(text) => text,
        Value::Bytes(bytes) => bytes,
        Value::Int(int) => int,
        Value::BigInt(int) => int,
        Value::Bool(flag) => flag,
        Value::Time(time) => time,
        Value::Json(json) => json,
        Value::Texts(texts) => texts,
        Value::Uuids(uuids) => uuids,
        Value::Blobs(blobs) => blobs,
        Value::Ints(ints) => ints,
    }
}

/// Brings the database to the present schema, all of it or nothing.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub async fn migrate(conn: &mut PgConnection) -> Result<(), StoreError> {
    conn.begin(BEGIN).await?;
    match postgres::migrate::migrate::<PgStore>(conn).await {
        Ok(()) => conn.commit().await,
        Err(error) => {
            // The first error says more than a failure to roll back after it.
            let _ = conn.rollback().await;
            Err(error)
        }
    }
}

fn fault(error: Error) -> Fault {
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => Fault::Taken(store_error(error)),
        Some(&SqlState::NOT_NULL_VIOLATION) => Fault::Null(store_error(error)),
        _ => Fault::Other(store_error(error)),
    }
}

/// What an error of tokio-postgres means to the library's callers: for a host's own statements, begins and
/// commits, so that one retry loop serves both.
#[must_use]
pub fn store_error(error: Error) -> StoreError {
    let retryable = match error.as_db_error() {
        // Without an answer of the server, the connection broke or could not be made.
        None => {
            error.is_closed() || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>())
        }
        Some(answer) => match answer.code().code() {
            // Two amendments to one address at once: done again, the later one finds the earlier.
            "23505" => answer.table() == Some("invite_invitations"),
            code => postgres::is_retryable(code),
        },
    };
    if retryable { StoreError::retryable(error) } else { StoreError::failed(error) }
}
