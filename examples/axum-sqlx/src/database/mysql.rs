//! MariaDB and MySQL, at REPEATABLE READ, their default.

use std::{error::Error, time::Duration};

use invite_sqlx::mysql::is_writable;
pub(crate) use invite_sqlx::{MySqlStore as Store, mysql::store_error};
use shared::{DatabaseUrl, Engine, Member, MemberOf, Organization, Role, User};
use sqlx::{
    Connection, MySql, Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlQueryResult},
    pool::PoolConnectionMetadata,
};

use super::{LOCK_TIMEOUT, NewUser, REST, role};
use crate::accounts::Account;

pub(crate) type Pool = sqlx::MySqlPool;
pub(crate) type Conn = sqlx::MySqlConnection;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects, and brings the tables up to date: the example's own, then the library's. Several processes may do so at
/// once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let options: MySqlConnectOptions = url.of(Engine::MySql)?.parse()?;
    reach(&options).await?;
    let pool = MySqlPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|conn, about| Box::pin(is_usable(conn, about)))
        .after_connect(|conn, _| {
            Box::pin(async move {
                let sql = "SET SESSION innodb_lock_wait_timeout = ?";
                sqlx::query(sql).bind(LOCK_TIMEOUT.as_secs()).execute(conn).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    // This server lets only one process at a time make a table.
    sqlx::raw_sql(include_str!("../../../schema/mysql.sql")).execute(&pool).await?;
    invite_sqlx::mysql::migrate(&pool).await?;
    Ok(pool)
}

/// Fails at once, and says why, where a pool would go on trying for a while.
async fn reach(options: &MySqlConnectOptions) -> Result<(), Box<dyn Error>> {
    let connecting = tokio::time::timeout(PATIENCE, Conn::connect_with(options));
    let connection = connecting.await.map_err(|_| "the server does not answer")??;
    Ok(connection.close().await?)
}

/// Whether a connection may be lent again. One that has just served somebody is not asked whether it is alive.
async fn is_usable(conn: &mut Conn, about: PoolConnectionMetadata) -> sqlx::Result<bool> {
    if about.idle_for > REST {
        conn.ping().await?;
    }
    Ok(is_writable(conn).await)
}

/// Begins a transaction on a connection from the pool.
pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Transaction<'static, MySql>> {
    pool.begin().await
}

/// Makes an account; `None` if there is one with this address already.
///
/// `INSERT IGNORE` would hide other mistakes too, and MySQL lacks `RETURNING`.
pub(crate) async fn insert_user(conn: &mut Conn, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
    let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES (?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(new.email).bind(new.email_canonical);
    if !inserted(row.bind(new.full_name).bind(new.password_hash).execute(&mut *conn).await)? {
        return Ok(None);
    }
    let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = LAST_INSERT_ID()";
    sqlx::query_as(sql).fetch_optional(conn).await
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
    sqlx::query("INSERT INTO organizations (name) VALUES (?)").bind(name).execute(&mut *conn).await?;
    sqlx::query_as("SELECT id, name FROM organizations WHERE id = LAST_INSERT_ID()").fetch_one(conn).await
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
    let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES (?, ?, ?, ?)";
    let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
    inserted(insertion.execute(conn).await)
}

/// Returns the role of a member; `None` for a user who is no member.
pub(crate) async fn role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ?";
    let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await?;
    word.map(role).transpose()
}

/// As [`role_of`], and keeps the role as it is until the transaction ends.
///
/// A plain read shows the transaction's snapshot. MariaDB has no `FOR SHARE`; this one both know.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ? LOCK IN SHARE MODE";
    let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await?;
    word.map(role).transpose()
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
///
/// Two statements: `ON DUPLICATE KEY UPDATE` takes no condition.
pub(crate) async fn charge(conn: &mut Conn, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
    let sql = "INSERT INTO quotas (user_id, minute, used) VALUES (?, ?, 0)
               ON DUPLICATE KEY UPDATE user_id = user_id";
    sqlx::query(sql).bind(user).bind(minute).execute(&mut *conn).await?;
    // Assigned from left to right, so `used` still sees the old minute.
    let sql = "UPDATE quotas SET used = CASE WHEN minute = ? THEN used + 1 ELSE 1 END, minute = ?
               WHERE user_id = ? AND (minute <> ? OR used < ?)";
    let charge = sqlx::query(sql).bind(minute).bind(minute).bind(user).bind(minute).bind(most);
    Ok(charge.execute(conn).await?.rows_affected() == 1)
}

/// `false` when a unique key was taken, which costs this server's transactions nothing.
fn inserted(result: sqlx::Result<MySqlQueryResult>) -> sqlx::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(other) => Err(other),
    }
}
