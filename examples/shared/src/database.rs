//! The databases that an example can be built for, and the address of one.

use std::fmt;

/// A database that an example can be built for, by the feature of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
    MySql,
}

impl Engine {
    /// The database that a URL is for, by its scheme.
    fn of(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MariaDB and MySQL",
        }
    }

    /// The options of cargo that build an example for this database.
    const fn options(self) -> &'static str {
        match self {
            Self::Sqlite => "--no-default-features --features sqlite",
            Self::Postgres => "--no-default-features --features postgres",
            Self::MySql => "--no-default-features --features mysql",
        }
    }

    /// The URL that is used if none is set.
    const fn default_url(self) -> Result<&'static str, &'static str> {
        match self {
            Self::Sqlite => Ok("sqlite://invitations.sqlite"),
            Self::Postgres => Err("it is not set; it is a URL such as postgres://user:password@host/name"),
            Self::MySql => Err("it is not set; it is a URL such as mysql://user:password@host/name"),
        }
    }
}

/// Where the database is, as the environment says it. There may be a password in it.
pub struct DatabaseUrl(pub(crate) Option<String>);

impl DatabaseUrl {
    pub fn new(url: String) -> Self {
        Self(Some(url))
    }

    /// Returns the URL, for a program that is built for this database.
    ///
    /// # Errors
    /// The URL is of another database, or there is none. The message repeats nothing of the URL, because what was
    /// misspelt may be a password.
    pub fn of(self, built_for: Engine) -> Result<String, String> {
        let Some(url) = self.0 else { return Ok(built_for.default_url()?.into()) };
        match Engine::of(&url) {
            Some(engine) if engine == built_for => Ok(url),
            Some(other) => Err(format!(
                "this program is built for {}; for {}, build it with `{}`",
                built_for.name(),
                other.name(),
                other.options()
            )),
            None => Err("it begins with none of sqlite:, postgres:, mysql: and mariadb:".into()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(engine: Engine, url: &str) -> Result<String, String> {
        DatabaseUrl::new(url.into()).of(engine)
    }

    #[test]
    fn a_program_takes_the_urls_of_its_own_database() {
        for (engine, urls) in [
            (Engine::Sqlite, &["sqlite:app.sqlite", "sqlite://app.sqlite?mode=rwc"][..]),
            (Engine::Postgres, &["postgres://host/name", "postgresql://host/name"]),
            (Engine::MySql, &["mysql://host/name", "mariadb://host/name"]),
        ] {
            for url in urls {
                assert_eq!(of(engine, url), Ok((*url).into()));
            }
        }
    }

    #[test]
    fn the_url_of_another_database_is_refused_with_the_feature_to_build_with() {
        let refused = of(Engine::Sqlite, "postgres://app:hunter2@host/name").unwrap_err();
        let expected = "this program is built for SQLite; for PostgreSQL, build it with `--no-default-features --features postgres`";
        assert_eq!(refused, expected);
        for (engine, url, options) in [
            (Engine::Sqlite, "mariadb://app:hunter2@host/name", "--features mysql`"),
            (Engine::Postgres, "sqlite:hunter2", "--features sqlite`"),
            (Engine::Postgres, "mysql://app:hunter2@host/name", "--features mysql`"),
            (Engine::MySql, "postgresql://app:hunter2@host/name", "--features postgres`"),
        ] {
            let refused = of(engine, url).unwrap_err();
            assert!(refused.ends_with(options) && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_url_of_an_unknown_database_is_not_repeated() {
        for url in ["mssql://app:hunter2@host/name", "hunter2:", "hunter2"] {
            for engine in [Engine::Sqlite, Engine::Postgres, Engine::MySql] {
                let refused = of(engine, url).unwrap_err();
                assert!(refused.starts_with("it begins with none of") && !refused.contains("hunter2"), "{refused}");
            }
        }
    }

    #[test]
    fn only_sqlite_needs_no_url() {
        assert_eq!(DatabaseUrl(None).of(Engine::Sqlite).as_deref(), Ok("sqlite://invitations.sqlite"));
        assert!(DatabaseUrl(None).of(Engine::Postgres).unwrap_err().contains("postgres://"));
        assert!(DatabaseUrl(None).of(Engine::MySql).unwrap_err().contains("mysql://"));
    }
}
