//! MariaDB and MySQL, at REPEATABLE READ, their default.

#[cfg(test)]
#[path = "transactions.rs"]
mod transactions;

use std::error::Error;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    dsl::{DuplicatedKeys, case_when, insert_into, sql, update},
    result::{DatabaseErrorKind, Error::DatabaseError},
    sql_types::BigInt,
};
use diesel_async::{
    RunQueryDsl, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{RecyclingMethod, bb8},
};
use invite_diesel::mysql::ensure_writable;
pub(crate) use invite_diesel::{MySqlStore as Store, mysql::store_error};
use shared::{DatabaseUrl, Engine, Organization, Role, User};
use url::Url;

use super::{
    Manager, PATIENCE, Pool, manager, reach,
    tables::{NewUser, USER, memberships, organizations, quotas, role, users},
};

pub(crate) type Conn = diesel_async::AsyncMysqlConnection;

/// After two seconds of waiting for somebody else's lock a statement asks for a retry.
const SETUP: &str = "SET SESSION innodb_lock_wait_timeout = 2";

/// Connects, and brings the tables up to date: the example's own, then the library's. Several processes may do so at
/// once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let url = url.of(Engine::MySql)?;
    // The driver knows one of the two names.
    let url = url.strip_prefix("mariadb:").map(|rest| format!("mysql:{rest}")).unwrap_or(url);
    let url: Url = url.parse()?;
    let mut conn = reach(url.as_str(), SETUP).await?;
    // This server lets only one process at a time make a table.
    conn.batch_execute(include_str!("../../../schema/mysql.sql")).await?;
    invite_diesel::mysql::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().connection_timeout(PATIENCE);
    let recycling = RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(ensure_writable(conn))));
    Ok(pool.build(manager(url.as_str(), SETUP, recycling)).await?)
}

pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    Manager::begin_transaction(conn).await
}

/// Makes an account; `None` if there is one with this address already.
pub(crate) async fn insert_user(conn: &mut Conn, new: NewUser<'_>) -> QueryResult<Option<User>> {
    if !inserted(insert_into(users::table).values(new).execute(conn).await)? {
        return Ok(None);
    }
    let inserted = users::table.filter(users::email_canonical.eq(new.email_canonical)).select(USER);
    inserted.first(conn).await.optional()
}

/// Makes an organization, and returns it with its new id.
pub(crate) async fn insert_organization(conn: &mut Conn, name: &str) -> QueryResult<Organization> {
    insert_into(organizations::table).values(organizations::name.eq(name)).execute(conn).await?;
    let inserted = organizations::id.eq(sql::<BigInt>("LAST_INSERT_ID()"));
    organizations::table.filter(inserted).first(conn).await
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
    inserted(insertion.execute(conn).await)
}

/// As [`role_of`](super::role_of), and keeps the role as it is until the transaction ends.
///
/// A plain read shows the transaction's snapshot. MariaDB has no `FOR SHARE`.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> QueryResult<Option<Role>> {
    let membership = memberships::table.find((org, user)).select(memberships::role);
    role(membership.for_update().get_result(conn).await)
}

/// Takes one of the user's letters and links of this minute; `false` if none is left. The statement decides, so two
/// requests cannot both find the last one free.
pub(crate) async fn charge(conn: &mut Conn, user: i64, minute: i64, most: u32) -> QueryResult<bool> {
    // Two statements: `ON DUPLICATE KEY UPDATE` takes no condition.
    let none = (quotas::user_id.eq(user), quotas::minute.eq(minute), quotas::used.eq(0_i64));
    let row = insert_into(quotas::table).values(none).on_conflict(DuplicatedKeys).do_update();
    row.set(quotas::user_id.eq(user)).execute(conn).await?;
    // Assigned from left to right, so `used` still sees the old minute.
    let one_more = case_when(quotas::minute.eq(minute), quotas::used + 1_i64).otherwise(1_i64);
    let is_left = quotas::minute.ne(minute).or(quotas::used.lt(i64::from(most)));
    let charge = update(quotas::table.find(user).filter(is_left));
    Ok(charge.set((quotas::used.eq(one_more), quotas::minute.eq(minute))).execute(conn).await? == 1)
}

/// `false` when a unique key was taken, which costs this server's transactions nothing. `INSERT IGNORE`
/// would hide other mistakes too.
fn inserted(result: QueryResult<usize>) -> QueryResult<bool> {
    match result {
        Ok(rows) => Ok(rows == 1),
        Err(DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(other) => Err(other),
    }
}
