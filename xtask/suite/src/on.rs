//! Any driver on any database under the suite: each case in an empty database, or file.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::blocking::wait;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::database::{Care, Database};

/// The harness. Databases on a server are dropped by nobody: the server is thrown away as a whole.
pub struct On<D: Database> {
    runtime: Runtime,
    care: Care,
    /// Where files lie. It is removed with this.
    folder: TempDir,
    /// Databases that are empty again.
    empty: Mutex<Vec<D::Pool>>,
}

impl<D: Database> Default for On<D> {
    fn default() -> Self {
        Self::with(Care::Quick)
    }
}

impl<D: Database> On<D> {
    /// With connections that are so careful.
    #[must_use]
    pub fn with(care: Care) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { runtime: crate::runtime(), care, folder, empty: Mutex::default() }
    }

    /// The URL of a new database without tables, on the server of the test command or in a file.
    ///
    /// # Errors
    /// When the server does not answer, or its variable names none.
    pub async fn new_url(&self) -> Result<String, StoreError> {
        let server = match D::FACTS.server {
            Some(variable) => crate::server(variable)?,
            None => self.folder.path().display().to_string(),
        };
        new_url::<D>(&server, &crate::unique_name()).await
    }

    /// Empties the tables; `false` where that fails.
    pub(crate) async fn clear(&self, pool: &D::Pool) -> bool {
        let Ok(mut conn) = D::connect(pool).await else { return false };
        for statement in D::FACTS.empty {
            if D::execute(&mut conn, statement).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// Creates a database of this name on that server, or names a file in that folder.
pub(crate) async fn new_url<D: Database>(server: &str, name: &str) -> Result<String, StoreError> {
    if D::FACTS.server.is_none() {
        return Ok(Path::new(server).join(name).display().to_string());
    }
    let pool = D::open(server, 1, Care::Quick).await?;
    D::execute(&mut *D::connect(&pool).await?, &format!("CREATE DATABASE {name}")).await?;
    Ok(crate::beside(server, name))
}

impl<D: Database> Harness for On<D> {
    type Store = D::Store;
    type Pool = D::Pool;
    type Connection = D::Connection;
    type Transaction = D::Transaction;

    fn store(&self) -> D::Store {
        D::Store::default()
    }

    /// What blocks needs no runtime, and so none drives it: whatever the suite lets happen at once happens on threads
    /// of its own.
    fn block_on<F: Future>(&self, work: F) -> F::Output {
        if D::BLOCKS { wait(work) } else { self.runtime.block_on(work) }
    }

    fn levels(&self) -> &'static [&'static str] {
        D::FACTS.levels
    }

    fn effort(&self) -> Effort {
        if D::BLOCKS { crate::less_effort() } else { crate::effort() }
    }

    async fn fresh(&self) -> Result<D::Pool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(pool) = empty {
            return Ok(pool);
        }
        let pool = D::open(&self.new_url().await?, crate::connections_to(D::FACTS), self.care).await?;
        D::migrate(&pool).await?;
        Ok(pool)
    }

    async fn close(&self, pool: D::Pool) {
        if self.clear(&pool).await {
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        }
    }

    async fn connect(&self, pool: &D::Pool) -> Result<D::Connection, StoreError> {
        D::connect(pool).await
    }

    async fn begin(&self, pool: &D::Pool, level: &'static str) -> Result<D::Transaction, StoreError> {
        D::begin(pool, level).await
    }

    async fn commit(&self, tx: D::Transaction) -> Result<(), StoreError> {
        D::commit(tx).await
    }

    async fn rollback(&self, tx: D::Transaction) -> Result<(), StoreError> {
        D::rollback(tx).await
    }

    async fn move_time_zone(&self, tx: &mut D::Transaction) -> Result<bool, StoreError> {
        let Some(statement) = D::FACTS.time_zone else { return Ok(false) };
        D::execute(tx, statement).await?;
        Ok(true)
    }

    async fn damage(&self, tx: &mut D::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = D::FACTS.damage(what, id) else { return Ok(false) };
        D::execute(tx, &statement).await?;
        Ok(true)
    }

    async fn clean_up(&self, pool: &D::Pool) -> Result<(), StoreError> {
        if D::FACTS.server.is_none() {
            let mut conn = D::connect(pool).await?;
            D::execute(&mut conn, "VACUUM").await?;
            D::execute(&mut conn, "PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    async fn at_rest(&self, pool: &D::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = D::connect(pool).await?;
        let mut all = Vec::new();
        for statement in D::FACTS.dump {
            for bytes in D::bytes(&mut conn, statement).await? {
                if D::FACTS.server.is_some() {
                    all.extend(bytes);
                } else {
                    all.extend(files(&String::from_utf8_lossy(&bytes))?);
                }
            }
        }
        Ok(Some(all))
    }
}

/// The file, its log and its journal.
fn files(file: &str) -> Result<Vec<u8>, StoreError> {
    let mut bytes = fs::read(file).map_err(StoreError::failed)?;
    for suffix in ["-wal", "-journal"] {
        bytes.extend(fs::read(format!("{file}{suffix}")).unwrap_or_default());
    }
    Ok(bytes)
}
