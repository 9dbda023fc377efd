//! The database, which is chosen when the program is built: by one of the features `sqlite` (the default), `postgres`
//! and `mysql`.
//!
//! A service has one database, so it keeps one of `sqlite.rs`, `postgres.rs` and `mysql.rs`. These three mirror each
//! other: the types, how to connect, how a transaction begins, and the statements about the example's own tables.

// `--all-features` switches on all three, which the workspace's builds, lints and documentation use. So several of
// them are no error: SQLite comes first, because it needs no server, then PostgreSQL.
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
use self::sqlite as chosen;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
mod postgres;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
use self::postgres as chosen;
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
mod mysql;
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
use self::mysql as chosen;
#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("choose the database by one of the features `sqlite`, `postgres` and `mysql`");

use std::time::Duration;

use shared::Role;

pub(crate) use self::chosen::{
    Conn, Pool, Store, begin, charge, connect, find_account, find_organization, find_user, has_member, hold_role_of,
    insert_member, insert_organization, insert_user, mark_verified, members_of, memberships_of, role_of, store_error,
};

/// How long a statement waits for somebody else's lock before it asks for a retry.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection may have been idle and still be taken for alive. Asking costs a round trip.
#[cfg(not(feature = "sqlite"))]
const REST: Duration = Duration::from_secs(5);

/// An account that does not exist yet.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a str,
    /// The form the library compares addresses in.
    pub(crate) email_canonical: &'a str,
    pub(crate) full_name: &'a str,
    pub(crate) password_hash: &'a str,
}

/// A role as a column holds it.
fn role(word: String) -> sqlx::Result<Role> {
    Role::try_from(word).map_err(|error| sqlx::Error::Decode(error.into()))
}
