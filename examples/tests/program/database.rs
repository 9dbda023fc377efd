use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection as _};

use self::chosen::SERVER;
pub(crate) use self::chosen::{DATABASE, Inner};

// The database that the program is built for; the same one counts if several features are on.
#[cfg(feature = "sqlite")]
mod chosen {
    /// The feature that has chosen it.
    pub(crate) const DATABASE: &str = "sqlite";
    /// What says where its server is, and how it drops a database that is in use. SQLite has no server.
    pub(super) const SERVER: Option<(&str, &str)> = None;
    pub(crate) type Inner = sqlx::SqliteConnection;
}
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
mod chosen {
    pub(crate) const DATABASE: &str = "postgres";
    pub(super) const SERVER: Option<(&str, &str)> = Some(("INVITE_TEST_POSTGRES_URL", " WITH (FORCE)"));
    pub(crate) type Inner = sqlx::PgConnection;
}
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
mod chosen {
    pub(crate) const DATABASE: &str = "mysql";
    pub(super) const SERVER: Option<(&str, &str)> = Some(("INVITE_TEST_MYSQL_URL", ""));
    pub(crate) type Inner = sqlx::MySqlConnection;
}

/// One program's database; a server's is dropped with this.
pub(crate) struct Place {
    url: String,
    on_server: Option<OnServer>,
}

/// A database on a server that serves others too.
struct OnServer {
    server: String,
    drop: String,
}

/// A second way into a program's database.
pub(crate) struct Connection(pub(crate) Inner);

impl Place {
    /// A new one. SQLite's file lies in the folder, and the program itself makes it.
    pub(crate) async fn make(dir: &Path) -> Self {
        static NAMES: AtomicUsize = AtomicUsize::new(0);

        let Some((variable, force)) = SERVER else {
            let url = format!("sqlite://{}", dir.join("test.sqlite").display());
            return Self { url, on_server: None };
        };
        let server = env::var(variable).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {variable}"));
        let name = format!("example_{}_{}", process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        let drop = format!("DROP DATABASE IF EXISTS {name}{force}");
        let mut connection = Connection::to(&server).await;
        // A process of this number may have been killed before it could drop its own.
        connection.execute(drop.as_str()).await;
        connection.execute(format!("CREATE DATABASE {name}")).await;
        let mut url: url::Url = server.parse().unwrap();
        url.set_path(&name);
        Self { url: url.into(), on_server: Some(OnServer { server, drop }) }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn connect(&self) -> Connection {
        Connection::to(&self.url).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(OnServer { server, drop }) = self.on_server.take() else { return };
        // The test's own runtime cannot be waited for here.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Connection::to(&server).await.execute(drop).await });
        });
        let _ = dropping.join();
    }
}

impl Connection {
    pub(crate) async fn to(url: &str) -> Self {
        Self(Inner::connect(url).await.unwrap())
    }

    /// Returns how many rows were affected.
    pub(crate) async fn execute(&mut self, sql: impl Into<String>) -> u64 {
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut self.0).await.unwrap().rows_affected()
    }

    /// Moves the end of an invitation's life into the past.
    pub(crate) async fn expire(&mut self, address: &str) {
        let sql = format!("UPDATE invite_invitations SET expires_at = created_at WHERE recipient = '{address}'");
        assert_eq!(self.execute(sql).await, 1);
    }
}
