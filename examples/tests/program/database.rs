use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, SqliteConnection};

/// What the program is to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
    MySql,
}

/// One program's database; a server's is dropped with this.
pub(crate) struct Place {
    database: Database,
    url: String,
    /// On a server.
    name: String,
}

/// A second way into a program's database.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl Database {
    /// The server that the test command has started, or was told of.
    fn server(self) -> String {
        let variable = match self {
            Self::Sqlite => unreachable!("SQLite has no server"),
            Self::Postgres => "INVITE_TEST_POSTGRES_URL",
            Self::MySql => "INVITE_TEST_MYSQL_URL",
        };
        env::var(variable).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {variable}"))
    }

    async fn connect(self, url: &str) -> Connection {
        match self {
            Self::Sqlite => Connection::Sqlite(SqliteConnection::connect(url).await.unwrap()),
            Self::Postgres => Connection::Postgres(PgConnection::connect(url).await.unwrap()),
            Self::MySql => Connection::MySql(MySqlConnection::connect(url).await.unwrap()),
        }
    }
}

impl Place {
    /// A new one. A file lies in the folder, and is made by the program itself.
    pub(crate) async fn make(database: Database, dir: &Path) -> Self {
        static NAMES: AtomicUsize = AtomicUsize::new(0);

        if database == Database::Sqlite {
            let url = format!("sqlite://{}", dir.join("test.sqlite").display());
            return Self { database, url, name: String::new() };
        }
        let name = format!("example_{}_{}", process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        let mut url: url::Url = database.server().parse().unwrap();
        let mut server = database.connect(url.as_str()).await;
        // A process of this number may have been killed before it could drop its own.
        server.execute(format!("DROP DATABASE IF EXISTS {name}")).await;
        server.execute(format!("CREATE DATABASE {name}")).await;
        url.set_path(&name);
        Self { database, url: url.into(), name }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn connect(&self) -> Connection {
        self.database.connect(&self.url).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let sql = match self.database {
            Database::Sqlite => return,
            Database::Postgres => format!("DROP DATABASE {} WITH (FORCE)", self.name),
            Database::MySql => format!("DROP DATABASE {}", self.name),
        };
        let database = self.database;
        // The test's own runtime cannot be waited for here.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { database.connect(&database.server()).await.execute(sql).await });
        });
        let _ = dropping.join();
    }
}

impl Connection {
    /// Returns how many rows were affected.
    pub(crate) async fn execute(&mut self, sql: impl Into<String>) -> u64 {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Sqlite(conn) => statement.execute(conn).await.unwrap().rows_affected(),
            Self::Postgres(conn) => statement.execute(conn).await.unwrap().rows_affected(),
            Self::MySql(conn) => statement.execute(conn).await.unwrap().rows_affected(),
        }
    }

    /// Moves the end of an invitation's life into the past.
    pub(crate) async fn expire(&mut self, address: &str) {
        let sql = format!("UPDATE invite_invitations SET expires_at = created_at WHERE recipient = '{address}'");
        assert_eq!(self.execute(sql).await, 1);
    }
}
