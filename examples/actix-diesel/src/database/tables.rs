//! The example's own tables, and what is asked of them.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, QueryResult,
    dsl::{DuplicatedKeys, case_when, exists, insert_into, select, sql, update},
    query_dsl::methods,
    sql_types::BigInt,
};
use diesel_async::RunQueryDsl;
use invite_core::store::StoreError;
use shared::{Member, MemberOf, Organization, Role, User};

use super::{Conn, mysql, mysql_error, on_any, postgres_error, sqlite_error};

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        email_canonical -> Text,
        email_verified -> Bool,
        full_name -> Text,
        password_hash -> Text,
    }
}

diesel::table! {
    organizations (id) {
        id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    memberships (organization_id, user_id) {
        organization_id -> BigInt,
        user_id -> BigInt,
        role -> Text,
        invitation_id -> Nullable<Text>,
    }
}

diesel::table! {
    quotas (user_id) {
        user_id -> BigInt,
        minute -> BigInt,
        used -> BigInt,
    }
}

diesel::joinable!(memberships -> organizations (organization_id));
diesel::joinable!(memberships -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(memberships, organizations, users);

/// An account to be.
#[derive(Clone, Copy, Insertable)]
#[diesel(table_name = users)]
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a str,
    /// The form the library compares addresses in.
    pub(crate) email_canonical: &'a str,
    pub(crate) full_name: &'a str,
    pub(crate) password_hash: &'a str,
}

type UserColumns = (users::id, users::email, users::email_verified, users::full_name);

const USER: UserColumns = (users::id, users::email, users::email_verified, users::full_name);

impl Conn {
    /// `None` if there is an account with this address already.
    pub(crate) async fn insert_user(&mut self, new: &NewUser<'_>) -> Result<Option<User>, StoreError> {
        let insertion = insert_into(users::table).values(*new);
        // A unique violation would abort PostgreSQL's transaction; `DO NOTHING` does not.
        match self {
            Self::Sqlite(conn) => {
                let insertion = insertion.on_conflict(users::email_canonical).do_nothing().returning(USER);
                insertion.get_result(conn).await.optional().map_err(sqlite_error)
            }
            Self::Postgres(conn) => {
                let insertion = insertion.on_conflict(users::email_canonical).do_nothing().returning(USER);
                insertion.get_result(conn).await.optional().map_err(postgres_error)
            }
            Self::MySql(conn) => {
                if !mysql::inserted(insertion.execute(conn).await).map_err(mysql_error)? {
                    return Ok(None);
                }
                let inserted = users::table.filter(users::email_canonical.eq(new.email_canonical)).select(USER);
                inserted.first(conn).await.optional().map_err(mysql_error)
            }
        }
    }

    pub(crate) async fn find_user(&mut self, id: i64) -> Result<Option<User>, StoreError> {
        on_any!(self, conn => users::table.find(id).select(USER).first(conn).await.optional())
    }

    /// By the canonical address; with what is secret about it, which never leaves `accounts`.
    pub(crate) async fn find_account(&mut self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        let account = users::table.filter(users::email_canonical.eq(email)).select((USER, users::password_hash));
        on_any!(self, conn => account.first(conn).await.optional())
    }

    pub(crate) async fn mark_verified(&mut self, user: i64) -> Result<(), StoreError> {
        let change = update(users::table.find(user)).set(users::email_verified.eq(true));
        on_any!(self, conn => change.execute(conn).await).map(drop)
    }

    pub(crate) async fn insert_organization(&mut self, name: &str) -> Result<Organization, StoreError> {
        let insertion = insert_into(organizations::table).values(organizations::name.eq(name));
        match self {
            Self::Sqlite(conn) => {
                insertion.returning(organizations::all_columns).get_result(conn).await.map_err(sqlite_error)
            }
            Self::Postgres(conn) => {
                insertion.returning(organizations::all_columns).get_result(conn).await.map_err(postgres_error)
            }
            Self::MySql(conn) => {
                insertion.execute(conn).await.map_err(mysql_error)?;
                let inserted = organizations::id.eq(sql::<BigInt>("LAST_INSERT_ID()"));
                organizations::table.filter(inserted).first(conn).await.map_err(mysql_error)
            }
        }
    }

    pub(crate) async fn find_organization(&mut self, org: i64) -> Result<Option<Organization>, StoreError> {
        on_any!(self, conn => organizations::table.find(org).first(conn).await.optional())
    }

    /// `false` if the user is a member already.
    pub(crate) async fn insert_member(
        &mut self,
        org: i64,
        user: i64,
        role: Role,
        invitation: Option<&str>,
    ) -> Result<bool, StoreError> {
        let insertion = insert_into(memberships::table).values((
            memberships::organization_id.eq(org),
            memberships::user_id.eq(user),
            memberships::role.eq(role.word()),
            memberships::invitation_id.eq(invitation),
        ));
        let key = (memberships::organization_id, memberships::user_id);
        match self {
            Self::Sqlite(conn) => {
                changed(insertion.on_conflict(key).do_nothing().execute(conn).await).map_err(sqlite_error)
            }
            Self::Postgres(conn) => {
                changed(insertion.on_conflict(key).do_nothing().execute(conn).await).map_err(postgres_error)
            }
            Self::MySql(conn) => mysql::inserted(insertion.execute(conn).await).map_err(mysql_error),
        }
    }

    /// A user's role; `None` for whoever does not belong.
    pub(crate) async fn role_of(&mut self, org: i64, user: i64) -> Result<Option<Role>, StoreError> {
        let membership = memberships::table.find((org, user)).select(memberships::role);
        stored(on_any!(self, conn => membership.get_result(conn).await.optional())?)
    }

    /// The same, to be relied on until the transaction ends.
    pub(crate) async fn hold_role_of(&mut self, org: i64, user: i64) -> Result<Option<Role>, StoreError> {
        let membership = memberships::table.find((org, user)).select(memberships::role);
        let word = match self {
            // A transaction that began IMMEDIATE holds the whole database.
            Self::Sqlite(conn) => membership.get_result(conn).await.optional().map_err(sqlite_error),
            // Without the lock, somebody could be demoted between this statement and the commit.
            Self::Postgres(conn) => membership.for_share().get_result(conn).await.optional().map_err(postgres_error),
            // Nor does a plain read show more than the transaction's snapshot. MariaDB has no `FOR SHARE`.
            Self::MySql(conn) => membership.for_update().get_result(conn).await.optional().map_err(mysql_error),
        };
        stored(word?)
    }

    /// Whether somebody with this canonical address belongs.
    pub(crate) async fn has_member(&mut self, org: i64, email: &str) -> Result<bool, StoreError> {
        let members = memberships::table.inner_join(users::table);
        let such = members.filter(memberships::organization_id.eq(org)).filter(users::email_canonical.eq(email));
        on_any!(self, conn => select(exists(such)).get_result(conn).await)
    }

    /// All memberships of a user.
    pub(crate) async fn memberships_of(&mut self, user: i64) -> Result<Vec<MemberOf>, StoreError> {
        let all = memberships::table
            .inner_join(organizations::table)
            .filter(memberships::user_id.eq(user))
            .order((organizations::name, organizations::id))
            .select((organizations::all_columns, memberships::role, memberships::invitation_id));
        on_any!(self, conn => all.load(conn).await)
    }

    /// All members of an organization.
    pub(crate) async fn members_of(&mut self, org: i64) -> Result<Vec<Member>, StoreError> {
        let member = (users::id, users::email, users::full_name);
        let all = memberships::table
            .inner_join(users::table)
            .filter(memberships::organization_id.eq(org))
            .order((users::full_name, users::id))
            .select((member, memberships::role, memberships::invitation_id));
        on_any!(self, conn => all.load(conn).await)
    }

    /// Takes one of the user's letters and links of this minute; `false` if none is left. The
    /// statement decides, so two requests cannot both find the last one free.
    pub(crate) async fn charge(&mut self, user: i64, minute: i64, most: u32) -> Result<bool, StoreError> {
        let one_more = case_when(quotas::minute.eq(minute), quotas::used + 1_i64).otherwise(1_i64);
        let charged = (quotas::used.eq(one_more), quotas::minute.eq(minute));
        let is_left = quotas::minute.ne(minute).or(quotas::used.lt(i64::from(most)));
        let first = (quotas::user_id.eq(user), quotas::minute.eq(minute), quotas::used.eq(1_i64));
        match self {
            Self::Sqlite(conn) => {
                let upsert = insert_into(quotas::table).values(first).on_conflict(quotas::user_id).do_update();
                changed(methods::FilterDsl::filter(upsert.set(charged), is_left).execute(conn).await)
                    .map_err(sqlite_error)
            }
            Self::Postgres(conn) => {
                let upsert = insert_into(quotas::table).values(first).on_conflict(quotas::user_id).do_update();
                changed(methods::FilterDsl::filter(upsert.set(charged), is_left).execute(conn).await)
                    .map_err(postgres_error)
            }
            // Two statements: `ON DUPLICATE KEY UPDATE` takes no condition.
            Self::MySql(conn) => {
                let none = (quotas::user_id.eq(user), quotas::minute.eq(minute), quotas::used.eq(0_i64));
                let row = insert_into(quotas::table).values(none).on_conflict(DuplicatedKeys).do_update();
                row.set(quotas::user_id.eq(user)).execute(conn).await.map_err(mysql_error)?;
                // Assigned from left to right, so `used` still sees the old minute.
                let charge = update(quotas::table.find(user).filter(is_left)).set(charged);
                changed(charge.execute(conn).await).map_err(mysql_error)
            }
        }
    }
}

fn changed(result: QueryResult<usize>) -> QueryResult<bool> {
    result.map(|rows| rows == 1)
}

fn stored(word: Option<String>) -> Result<Option<Role>, StoreError> {
    word.map(|word| Role::try_from(word).map_err(|_| StoreError::corrupt("role"))).transpose()
}
