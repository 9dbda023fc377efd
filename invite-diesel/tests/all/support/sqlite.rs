//! SQLite, in a file of its own.

use std::sync::Mutex;

use diesel::{ConnectionError, SqliteConnection, connection::SimpleConnection};
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, deadpool::Pool},
    sync_connection_wrapper::SyncConnectionWrapper,
};
pub(crate) use invite_diesel::SqliteStore as Store;
use invite_diesel::sqlite;
use tempfile::TempDir;

pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection>;

const PRAGMAS: &str = "PRAGMA busy_timeout = 120000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;";

/// Folders, kept until the program ends.
static FOLDERS: Mutex<Vec<TempDir>> = Mutex::new(Vec::new());

/// A fresh database.
pub(crate) async fn fresh() -> String {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("test.db").to_str().unwrap().to_owned();
    FOLDERS.lock().unwrap().push(folder);
    let mut conn = connect(&url).await;
    sqlite::migrate(&mut conn).await.unwrap();
    conn.batch_execute(super::MEMBERSHIPS).await.unwrap();
    url
}

pub(crate) async fn connect(url: &str) -> Conn {
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute(PRAGMAS).await.unwrap();
    conn
}

pub(crate) fn manager(url: &str) -> AsyncDieselConnectionManager<Conn> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| {
        Box::pin(async move {
            let mut conn = Conn::establish(url).await?;
            let pragmas = conn.spawn_blocking(|conn| conn.batch_execute(PRAGMAS)).await;
            pragmas.map(|()| conn).map_err(ConnectionError::CouldntSetupConfiguration)
        })
    });
    AsyncDieselConnectionManager::new_with_config(url, config)
}

pub(crate) fn pool(url: &str, size: usize) -> Pool<Conn> {
    Pool::builder(manager(url)).max_size(size).build().unwrap()
}
