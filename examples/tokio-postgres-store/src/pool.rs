//! Connections for the worker and for requests.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use invite_core::store::StoreError;
use invite_schema::Pool;
use tokio_postgres::Config;

use crate::{PgConnection, PgStore};

/// Keeps connections that are idle, and makes a new one where there is none.
#[derive(Debug, Clone)]
pub struct PgPool {
    config: Config,
    idle: Arc<Mutex<Vec<PgConnection>>>,
}

impl PgPool {
    /// An empty pool.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, idle: Arc::default() }
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// A [`StoreError`]: retryable when the server cannot be reached.
    pub async fn lend(&self) -> Result<Transaction, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) if !conn.client.is_closed() => conn,
            _ => PgConnection::connect(&self.config).await?,
        };
        Ok(Transaction { conn: Some(conn), idle: Arc::clone(&self.idle) })
    }
}

/// A connection on loan. Dropped, it goes back to its pool, or is closed if it is still in a transaction.
#[derive(Debug)]
pub struct Transaction {
    conn: Option<PgConnection>,
    idle: Arc<Mutex<Vec<PgConnection>>>,
}

const LENT: &str = "the connection is there until it is dropped";

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.conn.as_ref().expect(LENT)
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.as_mut().expect(LENT)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take_if(|conn| !conn.in_transaction) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}

impl Pool<PgStore> for PgPool {
    type Tx = Transaction;

    async fn begin(&self, sql: &'static str) -> Result<Transaction, StoreError> {
        let mut tx = self.lend().await?;
        tx.begin(sql).await?;
        Ok(tx)
    }

    async fn commit(mut tx: Transaction) -> Result<(), StoreError> {
        tx.conn.as_mut().expect(LENT).commit().await
    }

    async fn rollback(mut tx: Transaction) -> Result<(), StoreError> {
        tx.conn.as_mut().expect(LENT).rollback().await
    }
}
