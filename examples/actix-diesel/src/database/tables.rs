//! The example's own tables, and the statements that are the same on each database.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, QueryResult,
    dsl::{exists, select, update},
    result::Error::DeserializationError,
};
use diesel_async::RunQueryDsl;
use shared::{Member, MemberOf, Organization, Role, User};

use super::Conn;

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

/// An account that does not exist yet.
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

pub(super) const USER: UserColumns = (users::id, users::email, users::email_verified, users::full_name);

/// Finds an account by its id.
pub(crate) async fn find_user(conn: &mut Conn, id: i64) -> QueryResult<Option<User>> {
    users::table.find(id).select(USER).first(conn).await.optional()
}

/// Finds an account by its canonical address, with what is secret about it, which never leaves `accounts`.
pub(crate) async fn find_account(conn: &mut Conn, email: &str) -> QueryResult<Option<(User, String)>> {
    let account = users::table.filter(users::email_canonical.eq(email)).select((USER, users::password_hash));
    account.first(conn).await.optional()
}

/// Records that the user reads the mail sent to their address.
pub(crate) async fn mark_verified(conn: &mut Conn, user: i64) -> QueryResult<()> {
    update(users::table.find(user)).set(users::email_verified.eq(true)).execute(conn).await?;
    Ok(())
}

/// Finds an organization by its id.
pub(crate) async fn find_organization(conn: &mut Conn, org: i64) -> QueryResult<Option<Organization>> {
    organizations::table.find(org).first(conn).await.optional()
}

/// Returns the role of a member; `None` for a user who is no member.
pub(crate) async fn role_of(conn: &mut Conn, org: i64, user: i64) -> QueryResult<Option<Role>> {
    role(memberships::table.find((org, user)).select(memberships::role).get_result(conn).await)
}

/// Whether somebody with this canonical address is a member.
pub(crate) async fn has_member(conn: &mut Conn, org: i64, email: &str) -> QueryResult<bool> {
    let members = memberships::table.inner_join(users::table);
    let such = members.filter(memberships::organization_id.eq(org).and(users::email_canonical.eq(email)));
    select(exists(such)).get_result(conn).await
}

/// All memberships of a user.
pub(crate) async fn memberships_of(conn: &mut Conn, user: i64) -> QueryResult<Vec<MemberOf>> {
    let all = memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user))
        .order((organizations::name, organizations::id))
        .select((organizations::all_columns, memberships::role, memberships::invitation_id));
    all.load(conn).await
}

/// All members of an organization.
pub(crate) async fn members_of(conn: &mut Conn, org: i64) -> QueryResult<Vec<Member>> {
    let member = (users::id, users::email, users::full_name);
    let all = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(org))
        .order((users::full_name, users::id))
        .select((member, memberships::role, memberships::invitation_id));
    all.load(conn).await
}

/// A role as a column holds it, if there is such a row.
pub(super) fn role(word: QueryResult<String>) -> QueryResult<Option<Role>> {
    let role = |word: String| Role::try_from(word).map_err(|error| DeserializationError(error.into()));
    word.optional()?.map(role).transpose()
}
