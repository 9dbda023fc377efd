//! SQLite: a file, one writer at a time.

use std::error::Error;

pub(crate) use invite_sqlx::{SqliteStore as Store, sqlite::store_error};
use shared::{DatabaseUrl, Engine, Member, MemberOf, Organization, Role, User};
use sqlx::{
    Sqlite, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{LOCK_TIMEOUT, NewUser, role};
use crate::accounts::Account;

pub(crate) type Pool = sqlx::SqlitePool;
pub(crate) type Conn = sqlx::SqliteConnection;

/// Connects, and brings the tables up to date: the example's own, then the library's. Several processes may do so at
/// once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let options: SqliteConnectOptions = url.of(Engine::Sqlite)?.parse()?;
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(LOCK_TIMEOUT)
        .foreign_keys(true);
    let pool = Pool::connect_with(options).await?;
    sqlx::raw_sql(include_str!("../../../schema/sqlite.sql")).execute(&pool).await?;
    invite_sqlx::sqlite::migrate(&pool).await?;
    Ok(pool)
}

/// Begins a transaction that will write. It is IMMEDIATE because some of ours read first, and SQLite does not let a
/// reader become a writer once another has written.
pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    pool.begin_with("BEGIN IMMEDIATE").await
}

/// Makes an account; `None` if there is one with this address already.
pub(crate) async fn insert_user(conn: &mut Conn, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
    let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES (?, ?, ?, ?)
               ON CONFLICT (email_canonical) DO NOTHING
               RETURNING id, email, email_verified, full_name";
    let row = sqlx::query_as(sql).bind(new.email).bind(new.email_canonical);
    row.bind(new.full_name).bind(new.password_hash).fetch_optional(conn).await
}

/// Finds an account by its id.
pub(crate) async fn find_user(conn: &mut Conn, id: i64) -> sqlx::Result<Option<User>> {
    let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = ?";
    sqlx::query_as(sql).bind(id).fetch_optional(conn).await
}

/// Finds an account by its canonical address, with what is secret about it.
pub(crate) async fn find_account(conn: &mut Conn, email: &str) -> sqlx::Result<Option<Account>> {
    let sql = "SELECT id, email, email_verified, full_name, password_hash FROM users WHERE email_canonical = ?";
    sqlx::query_as(sql).bind(email).fetch_optional(conn).await
}

/// Records that the user reads the mail sent to their address.
pub(crate) async fn mark_verified(conn: &mut Conn, user: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE users SET email_verified = TRUE WHERE id = ?").bind(user).execute(conn).await?;
    Ok(())
}

/// Makes an organization, and returns it with its new id.
pub(crate) async fn insert_organization(conn: &mut Conn, name: &str) -> sqlx::Result<Organization> {
    let sql = "INSERT INTO organizations (name) VALUES (?) RETURNING id, name";
    sqlx::query_as(sql).bind(name).fetch_one(conn).await
}

/// Finds an organization by its id.
pub(crate) async fn find_organization(conn: &mut Conn, org: i64) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as("SELECT id, name FROM organizations WHERE id = ?").bind(org).fetch_optional(conn).await
}

/// Makes the user a member; `false` if they are one already.
pub(crate) async fn insert_member(
    conn: &mut Conn,
    org: i64,
    user: i64,
    role: Role,
    invitation: Option<&str>,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES (?, ?, ?, ?)
               ON CONFLICT (organization_id, user_id) DO NOTHING";
    let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
    Ok(insertion.execute(conn).await?.rows_affected() == 1)
}

/// Returns the role of a member; `None` for a user who is no member.
pub(crate) async fn role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ?";
    let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await?;
    word.map(role).transpose()
}

/// As [`role_of`], and keeps the role as it is until the transaction ends.
///
/// A transaction that began IMMEDIATE holds the whole database.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    role_of(conn, org, user).await
}

/// Whether somebody with this canonical address is a member.
pub(crate) async fn has_member(conn: &mut Conn, org: i64, email: &str) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                              WHERE m.organization_id = ? AND u.email_canonical = ?)";
    sqlx::query_scalar(sql).bind(org).bind(email).fetch_one(conn).await
}

/// All memberships of a user.
pub(crate) async fn memberships_of(conn: &mut Conn, user: i64) -> sqlx::Result<Vec<MemberOf>> {
    let sql = "SELECT o.id, o.name, m.role, m.invitation_id
               FROM memberships m JOIN organizations o ON o.id = m.organization_id
               WHERE m.user_id = ? ORDER BY o.name, o.id";
    sqlx::query_as(sql).bind(user).fetch_all(conn).await
}

/// All members of an organization.
pub(crate) async fn members_of(conn: &mut Conn, org: i64) -> sqlx::Result<Vec<Member>> {
    let sql = "SELECT u.id, u.email, u.full_name, m.role, m.invitation_id
               FROM memberships m JOIN users u ON u.id = m.user_id
               WHERE m.organization_id = ? ORDER BY u.full_name, u.id";
    sqlx::query_as(sql).bind(org).fetch_all(conn).await
}

/// Takes one of the user's letters and links of this minute; `false` if none is left. The
/// statement decides, so two requests cannot both find the last one free.
pub(crate) async fn charge(conn: &mut Conn, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
    let sql = "INSERT INTO quotas (user_id, minute, used) VALUES (?1, ?2, 1)
               ON CONFLICT (user_id) DO UPDATE
               SET used = CASE WHEN minute = ?2 THEN used + 1 ELSE 1 END, minute = ?2
               WHERE minute <> ?2 OR used < ?3";
    let charged = sqlx::query(sql).bind(user).bind(minute).bind(most).execute(conn).await?;
    Ok(charged.rows_affected() == 1)
}
