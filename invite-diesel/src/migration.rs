//! A step of the schema.

use invite_core::store::StoreError;

/// One step of a database's schema. A host that keeps all its migrations in one folder copies the
/// SQL there instead of calling `migrate`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Migration {
    /// Its number, from 1 without a gap.
    pub version: i32,
    /// The file's name.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// The steps a database at version `present` still needs.
pub(crate) fn check_present(
    migrations: &'static [Migration],
    present: i32,
) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    if migrations.last().is_some_and(|last| last.version < present) {
        return Err(StoreError::failed("the database has a newer schema than this library"));
    }
    Ok(migrations.iter().filter(move |migration| migration.version > present))
}
