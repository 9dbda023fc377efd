//! PostgreSQL, at READ COMMITTED, its default.

#[cfg(test)]
#[path = "transactions.rs"]
mod transactions;

use std::error::Error;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    dsl::{case_when, insert_into},
    query_dsl::methods::FilterDsl,
};
use diesel_async::{
    AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{RecyclingMethod, bb8},
};
use invite_diesel::postgres::ensure_writable;
pub(crate) use invite_diesel::{PgStore as Store, postgres::store_error};
use shared::{DatabaseUrl, Engine, Organization, Role, User};
use url::Url;

use super::{
    Manager, PATIENCE, Pool, manager, reach,
    tables::{NewUser, USER, memberships, organizations, quotas, role, users},
};

pub(crate) type Conn = diesel_async::AsyncPgConnection;

/// After two seconds of waiting for somebody else's lock a statement asks for a retry.
const SETUP: &str = "SET lock_timeout = 2000";

/// Otherwise each start would log that the tables exist. Without a time limit, because another process's migration may
/// take a while.
const MIGRATING: &str = "SET client_min_messages = warning";

/// Held until the transaction ends, because `IF NOT EXISTS` fails if two processes start together. The number is
/// "example" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(28561332491021413)";

/// Connects, and brings the tables up to date: the example's own, then the library's. Several processes may do so at
/// once.
pub(crate) async fn connect(url: DatabaseUrl) -> Result<Pool, Box<dyn Error>> {
    let url: Url = url.of(Engine::Postgres)?.parse()?;
    let mut conn = reach(url.as_str(), MIGRATING).await?;
    conn.transaction(async |conn| {
        conn.batch_execute(LOCK).await?;
        conn.batch_execute(include_str!("../../../schema/postgres.sql")).await
    })
    .await?;
    invite_diesel::postgres::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().connection_timeout(PATIENCE);
    let recycling = RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(ensure_writable(conn))));
    Ok(pool.build(manager(url.as_str(), SETUP, recycling)).await?)
}

pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    Manager::begin_transaction(conn).await
}

/// Makes an account; `None` if there is one with this address already.
///
/// A unique violation would abort the transaction; `DO NOTHING` does not.
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

/// As [`role_of`](super::role_of), and keeps the role as it is until the transaction ends. Without the lock, somebody
/// could be demoted between this statement and the commit.
pub(crate) async fn hold_role_of(conn: &mut Conn, org: i64, user: i64) -> QueryResult<Option<Role>> {
    let membership = memberships::table.find((org, user)).select(memberships::role);
    role(membership.for_share().get_result(conn).await)
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
