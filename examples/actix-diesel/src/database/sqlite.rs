//! SQLite: a file, one writer at a time.

#[cfg(test)]
#[path = "transactions.rs"]
mod transactions;

use std::error::Error;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryResult, SqliteConnection,
    connection::{AnsiTransactionManager, TransactionManager},
    dsl::{case_when, insert_into},
    query_dsl::methods::FilterDsl,
    result::Error::AlreadyInTransaction,
};
use diesel_async::{
    RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{RecyclingMethod, bb8},
    sync_connection_wrapper::SyncConnectionWrapper,
};
pub(crate) use invite_diesel::{SqliteStore as Store, sqlite::store_error};
use shared::{DatabaseUrl, Engine, Organization, Role, User};

use super::{
    PATIENCE, Pool, manager, reach,
    tables::{NewUser, USER, memberships, organizations, quotas, users},
};

pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection>;

/// After two seconds of waiting for somebody else's lock a statement asks for a retry. Diesel sets
/// none of these.
const SETUP: &str = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON";

/// A request that waits for a connection is woken when there is one; a connection that waits for the file's lock looks
/// for it now and then. So few connections are faster than many.
const CONNECTIONS: u32 = 4;

/// Connects to a file, which is made if it is missing, and brings the tables up to date: the example's own, then the
/// library's. Several processes may do so at once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let url = url.of(Engine::Sqlite)?;
    let path = path(&url)?;
    let mut conn = reach(path, SETUP).await?;
    conn.batch_execute(include_str!("../../../schema/sqlite.sql")).await?;
    invite_diesel::sqlite::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().max_size(CONNECTIONS).connection_timeout(PATIENCE);
    Ok(pool.build(manager(path, SETUP, RecyclingMethod::Fast)).await?)
}

/// The path in `sqlite:path` or `sqlite://path?mode=rwc`. sqlx reads other options and escapes too, and makes a database
/// for each connection of `:memory:`; diesel would take all of these for a part of a file's name.
fn path(url: &str) -> Result<&str, &'static str> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url).trim_start_matches("//");
    let path = path.strip_suffix("?mode=rwc").unwrap_or(path);
    if path.contains(['?', '%']) || path.contains(":memory:") {
        return Err("after sqlite: the path of a file is read, without %, :memory: and options other than ?mode=rwc");
    }
    Ok(path)
}

/// As `immediate_transaction` begins: some of ours read first, and SQLite does not let a reader become a writer once
/// another has written. Inside a transaction it is a savepoint.
pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    conn.spawn_blocking(|conn| match AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE") {
        Err(AlreadyInTransaction) => AnsiTransactionManager::begin_transaction(conn),
        begun => begun,
    })
    .await
}

/// Makes an account; `None` if there is one with this address already.
pub(crate) async fn insert_user(conn: &mut Conn, new: NewUser<'_>) -> QueryResult<Option<User>> {
    let insertion = insert_into(users::table).values(new).on_conflict(users::email_canonical).do_nothing();
    insertion.returning(USER).get_result(conn).await.optional()
}

/// Makes an organization, and returns it with its new id.
pub(crate) async fn insert_organization(conn: &mut Conn, name: &str) -> QueryResult<Organization> {
    let insertion = insert_into(organizations::table).values(organizations::name.eq(name));
    insertion.returning(organizations::all_columns).get_result(conn).await
}

/// Makes the user a member; `false` if they are one already.
pub(crate) async fn insert_member(
    conn: &mut Conn,
    org: i64,
    user: i64,
    role: Role,
    invitation: Option<&str>,
) -> QueryResult<bool> {
    let insertion = insert_into(memberships::table).values((
        memberships::organization_id.eq(org),
        memberships::user_id.eq(user),
        memberships::role.eq(role.word()),
        memberships::invitation_id.eq(invitation),
    ));
    let key = (memberships::organization_id, memberships::user_id);
    Ok(insertion.on_conflict(key).do_nothing().execute(conn).await? == 1)
}

/// As [`role_of`](super::role_of): a transaction that began IMMEDIATE holds the whole database.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> QueryResult<Option<Role>> {
    super::role_of(conn, org, user).await
}

/// Takes one of the user's letters and links of this minute; `false` if none is left. The statement decides, so two
/// requests cannot both find the last one free.
pub(crate) async fn charge(conn: &mut Conn, user: i64, minute: i64, most: u32) -> QueryResult<bool> {
    let first = (quotas::user_id.eq(user), quotas::minute.eq(minute), quotas::used.eq(1_i64));
    let one_more = case_when(quotas::minute.eq(minute), quotas::used + 1_i64).otherwise(1_i64);
    let is_left = quotas::minute.ne(minute).or(quotas::used.lt(i64::from(most)));
    let upsert = insert_into(quotas::table).values(first).on_conflict(quotas::user_id).do_update();
    let upsert = upsert.set((quotas::used.eq(one_more), quotas::minute.eq(minute)));
    Ok(FilterDsl::filter(upsert, is_left).execute(conn).await? == 1)
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_url_names_the_path_of_a_file() {
        for url in ["sqlite:app.db", "sqlite://app.db", "sqlite://app.db?mode=rwc"] {
            assert_eq!(path(url), Ok("app.db"), "{url}");
        }
        assert_eq!(path("sqlite:///var/app.db"), Ok("/var/app.db"));
    }

    #[test]
    fn of_sqlite_only_the_path_of_a_file_is_read() {
        for url in ["sqlite://app.db?mode=ro", "sqlite://app.db?cache=shared", "sqlite:app%20one.db", "sqlite::memory:"]
        {
            let refused = path(url).unwrap_err();
            assert!(refused.contains("the path of a file"), "{url}: {refused}");
        }
    }
}
