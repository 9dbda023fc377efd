//! The steps of a schema, and the ledger of those that a database has.

use std::fmt::Write;

use invite_core::store::StoreError;
use sha2::{Digest, Sha256};

use crate::{
    catalog::Catalog,
    driver::{Driver, all, execute},
    name::Name,
    row::{Columns, FromRow},
    statement::Values,
};

/// One step of a database's schema.
///
/// A host that keeps all its migrations in one folder copies the SQL there instead of calling `migrate`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Migration {
    /// Its number, from 1 without a gap.
    pub version: u32,
    /// The name of its file.
    pub name: &'static str,
    /// Its statements. On MySQL, which commits each of them by itself, all can be repeated.
    pub sql: &'static str,
    /// The oldest step that a library must know to work with a database that has this one. It lets a host
    /// roll back to an earlier release without rolling back the schema.
    pub compatible_since: u32,
}

impl Migration {
    /// The SHA-256 of the statements in hexadecimal, whatever the line ends of the file.
    pub(crate) fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        for line in self.sql.lines() {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// A line of the ledger.
#[derive(Debug, Clone)]
struct Applied {
    version: u32,
    checksum: String,
    compatible_since: u32,
}

impl FromRow for Applied {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.count(0, "version")?,
            checksum: row.text(1, "checksum")?.into_owned(),
            compatible_since: row.count(2, "compatible_since")?,
        })
    }
}

/// Takes the steps that a database lacks, each followed by its line in the ledger.
pub(crate) async fn apply<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    migrations: &'static [Migration],
) -> Result<(), StoreError> {
    D::script(conn, D::Db::CREATE_LEDGER).await?;
    let ledger = all::<D, Applied>(conn, Values::new().of_statement(D::Db::LEDGER)?.once()).await?;
    for migration in lacking(migrations, &ledger)? {
        D::script(conn, migration.sql).await?;
        let line = Values::new()
            .count(Name::Version, migration.version)
            .owned(Name::Checksum, migration.checksum())
            .count(Name::CompatibleSince, migration.compatible_since);
        execute::<D>(conn, line.of_statement(D::Db::RECORD_MIGRATION)?.once()).await?;
    }
    Ok(())
}

/// The steps that a database with this ledger lacks.
fn lacking(
    migrations: &'static [Migration],
    ledger: &[Applied],
) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let known = migrations.last().map_or(0, |last| last.version);
    if ledger.iter().any(|applied| applied.compatible_since > known) {
        return Err(StoreError::failed("the database has a newer schema than this library can work with"));
    }
    for migration in migrations {
        let applied = ledger.iter().find(|applied| applied.version == migration.version);
        if applied.is_some_and(|applied| applied.checksum != migration.checksum()) {
            return Err(StoreError::failed("the database has another schema under the number of one of this library"));
        }
    }
    let present = ledger.iter().map(|applied| applied.version).max().unwrap_or_default();
    Ok(migrations.iter().filter(move |migration| migration.version > present))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATIONS: &[Migration] = &[
        Migration { version: 1, name: "0001_a.sql", sql: "CREATE\nA;\n", compatible_since: 1 },
        Migration { version: 2, name: "0002_b.sql", sql: "CREATE B;\n", compatible_since: 1 },
    ];

    fn applied(migration: &Migration) -> Applied {
        let Migration { version, compatible_since, .. } = *migration;
        Applied { version, checksum: migration.checksum(), compatible_since }
    }

    fn versions(ledger: &[Applied]) -> Result<Vec<u32>, String> {
        let lacking = lacking(MIGRATIONS, ledger).map_err(|error| error.to_string())?;
        Ok(lacking.map(|migration| migration.version).collect())
    }

    #[test]
    fn a_database_gets_the_steps_it_lacks() {
        assert_eq!(versions(&[]), Ok(vec![1, 2]));
        assert_eq!(versions(&[applied(&MIGRATIONS[0])]), Ok(vec![2]));
        assert_eq!(versions(&[applied(&MIGRATIONS[0]), applied(&MIGRATIONS[1])]), Ok(vec![]));
    }

    #[test]
    fn a_newer_schema_is_refused_unless_it_says_that_this_library_may_use_it() {
        let newer = |compatible_since| Applied { version: 3, checksum: "of another file".into(), compatible_since };
        assert_eq!(versions(&[newer(2)]), Ok(vec![]));
        assert!(versions(&[newer(3)]).is_err());
    }

    #[test]
    fn a_step_of_another_file_is_refused() {
        let other = Applied { checksum: "of another file".into(), ..applied(&MIGRATIONS[0]) };
        assert!(versions(&[other]).is_err());
    }

    #[test]
    fn line_ends_do_not_change_a_checksum() {
        let windows = Migration { sql: "CREATE\r\nA;\r\n", ..MIGRATIONS[0] };
        assert_eq!(windows.checksum(), MIGRATIONS[0].checksum());
        assert_ne!(MIGRATIONS[1].checksum(), MIGRATIONS[0].checksum());
    }
}
