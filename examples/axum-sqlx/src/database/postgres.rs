//! PostgreSQL, at READ COMMITTED, its default.

use std::{error::Error, time::Duration};

use invite_sqlx::postgres::is_writable;
pub(crate) use invite_sqlx::{PgStore as Store, postgres::store_error};
use shared::{DatabaseUrl, Engine, Member, MemberOf, Organization, Role, User};
use sqlx::{
    Connection, Postgres, Transaction,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{LOCK_TIMEOUT, NewUser, REST, role};
use crate::accounts::Account;

pub(crate) type Pool = sqlx::PgPool;
pub(crate) type Conn = sqlx::PgConnection;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Held until the transaction ends, because `IF NOT EXISTS` fails if two processes start together. The number is
/// "example" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(28561332491021413)";

/// Connects, and brings the tables up to date: the example's own, then the library's. Several processes may do so at
/// once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let options: PgConnectOptions = url.of(Engine::Postgres)?.parse()?;
    reach(&options).await?;
    // Otherwise each start would log that the tables exist.
    let options = options.options([("client_min_messages", "warning")]);

    // Without a time limit, because another process's migration may take a while.
    let migrating = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut tx = migrating.begin().await?;
    sqlx::query(LOCK).execute(&mut *tx).await?;
    sqlx::raw_sql(include_str!("../../../schema/postgres.sql")).execute(&mut *tx).await?;
    tx.commit().await?;
    invite_sqlx::postgres::migrate(&migrating).await?;
    migrating.close().await;

    let options = options.options([("lock_timeout", LOCK_TIMEOUT.as_millis().to_string())]);
    let pool = PgPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|conn, about| Box::pin(is_usable(conn, about)))
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Fails at once, and says why, where a pool would go on trying for a while.
async fn reach(options: &PgConnectOptions) -> Result<(), Box<dyn Error>> {
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
pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin().await
}

/// Makes an account; `None` if there is one with this address already.
///
/// A unique violation would abort the transaction; `DO NOTHING` does not.
pub(crate) async fn insert_user(conn: &mut Conn, new: &NewUser<'_>) -> sqlx::Result<Option<User>> {
    let sql = "INSERT INTO users (email, email_canonical, full_name, password_hash) VALUES ($1, $2, $3, $4)
               ON CONFLICT (email_canonical) DO NOTHING
               RETURNING id, email, email_verified, full_name";
    let row = sqlx::query_as(sql).bind(new.email).bind(new.email_canonical);
    row.bind(new.full_name).bind(new.password_hash).fetch_optional(conn).await
}

/// Finds an account by its id.
pub(crate) async fn find_user(conn: &mut Conn, id: i64) -> sqlx::Result<Option<User>> {
    let sql = "SELECT id, email, email_verified, full_name FROM users WHERE id = $1";
    sqlx::query_as(sql).bind(id).fetch_optional(conn).await
}

/// Finds an account by its canonical address, with what is secret about it.
pub(crate) async fn find_account(conn: &mut Conn, email: &str) -> sqlx::Result<Option<Account>> {
    let sql = "SELECT id, email, email_verified, full_name, password_hash FROM users WHERE email_canonical = $1";
    sqlx::query_as(sql).bind(email).fetch_optional(conn).await
}

/// Records that the user reads the mail sent to their address.
pub(crate) async fn mark_verified(conn: &mut Conn, user: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE users SET email_verified = true WHERE id = $1").bind(user).execute(conn).await?;
    Ok(())
}

/// Makes an organization, and returns it with its new id.
pub(crate) async fn insert_organization(conn: &mut Conn, name: &str) -> sqlx::Result<Organization> {
    let sql = "INSERT INTO organizations (name) VALUES ($1) RETURNING id, name";
    sqlx::query_as(sql).bind(name).fetch_one(conn).await
}

/// Finds an organization by its id.
pub(crate) async fn find_organization(conn: &mut Conn, org: i64) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as("SELECT id, name FROM organizations WHERE id = $1").bind(org).fetch_optional(conn).await
}

/// Makes the user a member; `false` if they are one already.
pub(crate) async fn insert_member(
    conn: &mut Conn,
    org: i64,
    user: i64,
    role: Role,
    invitation: Option<&str>,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES ($1, $2, $3, $4)
               ON CONFLICT (organization_id, user_id) DO NOTHING";
    let insertion = sqlx::query(sql).bind(org).bind(user).bind(role.word()).bind(invitation);
    Ok(insertion.execute(conn).await?.rows_affected() == 1)
}

/// Returns the role of a member; `None` for a user who is no member.
pub(crate) async fn role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    let sql = "SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2";
    let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await?;
    word.map(role).transpose()
}

/// As [`role_of`], and keeps the role as it is until the transaction ends.
///
/// Without the lock, somebody could be demoted between this statement and the commit.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> sqlx::Result<Option<Role>> {
    let sql = "SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2 FOR SHARE";
    let word: Option<String> = sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await?;
    word.map(role).transpose()
}

/// Whether somebody with this canonical address is a member.
pub(crate) async fn has_member(conn: &mut Conn, org: i64, email: &str) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                              WHERE m.organization_id = $1 AND u.email_canonical = $2)";
    sqlx::query_scalar(sql).bind(org).bind(email).fetch_one(conn).await
}

/// All memberships of a user.
pub(crate) async fn memberships_of(conn: &mut Conn, user: i64) -> sqlx::Result<Vec<MemberOf>> {
    let sql = "SELECT o.id, o.name, m.role, m.invitation_id
               FROM memberships m JOIN organizations o ON o.id = m.organization_id
               WHERE m.user_id = $1 ORDER BY o.name, o.id";
    sqlx::query_as(sql).bind(user).fetch_all(conn).await
}

/// All members of an organization.
pub(crate) async fn members_of(conn: &mut Conn, org: i64) -> sqlx::Result<Vec<Member>> {
    let sql = "SELECT u.id, u.email, u.full_name, m.role, m.invitation_id
               FROM memberships m JOIN users u ON u.id = m.user_id
               WHERE m.organization_id = $1 ORDER BY u.full_name, u.id";
    sqlx::query_as(sql).bind(org).fetch_all(conn).await
}

/// Takes one of the user's letters and links of this minute; `false` if none is left. The
/// statement decides, so two requests cannot both find the last one free.
pub(crate) async fn charge(conn: &mut Conn, user: i64, minute: i64, most: u32) -> sqlx::Result<bool> {
    let sql = "INSERT INTO quotas (user_id, minute, used) VALUES ($1, $2, 1)
               ON CONFLICT (user_id) DO UPDATE
               SET used = CASE WHEN quotas.minute = $2 THEN quotas.used + 1 ELSE 1 END, minute = $2
               WHERE quotas.minute <> $2 OR quotas.used < $3";
    // PostgreSQL has no unsigned integers.
    let charged = sqlx::query(sql).bind(user).bind(minute).bind(i64::from(most)).execute(conn).await?;
    Ok(charged.rows_affected() == 1)
}
