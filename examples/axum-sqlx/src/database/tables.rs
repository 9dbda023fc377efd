//! What the example asks of its own tables.

use async_trait::async_trait;
use shared::{Member, MemberOf, Organization, Role, User};

use crate::accounts::Account;

/// Implemented by the connection of each database, which mirror each other method by method.
#[async_trait]
pub(crate) trait Tables: Send {
    /// `None` if there is an account with this address already.
    async fn insert_user(&mut self, new: &NewUser<'_>) -> sqlx::Result<Option<User>>;

    async fn find_user(&mut self, id: i64) -> sqlx::Result<Option<User>>;

    /// By the canonical address.
    async fn find_account(&mut self, email: &str) -> sqlx::Result<Option<Account>>;

    async fn mark_verified(&mut self, user: i64) -> sqlx::Result<()>;

    async fn insert_organization(&mut self, name: &str) -> sqlx::Result<Organization>;

    async fn find_organization(&mut self, org: i64) -> sqlx::Result<Option<Organization>>;

    /// `false` if the user is a member already.
    async fn insert_member(&mut self, org: i64, user: i64, role: Role, invitation: Option<&str>) -> sqlx::Result<bool>;

    /// A user's role; `None` for whoever does not belong.
    async fn role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>>;

    /// The same, to be relied on until the transaction ends.
    async fn hold_role_of(&mut self, org: i64, user: i64) -> sqlx::Result<Option<Role>>;

    /// Whether somebody with this canonical address belongs.
    async fn has_member(&mut self, org: i64, email: &str) -> sqlx::Result<bool>;

    /// All memberships of a user.
    async fn memberships_of(&mut self, user: i64) -> sqlx::Result<Vec<MemberOf>>;

    /// All members of an organization.
    async fn members_of(&mut self, org: i64) -> sqlx::Result<Vec<Member>>;

    /// Takes one of the user's letters and links of this minute; `false` if none is left. The
    /// statement decides, so two requests cannot both find the last one free.
    async fn charge(&mut self, user: i64, minute: i64, most: u32) -> sqlx::Result<bool>;
}

/// An account to be.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a str,
    /// The form the library compares addresses in.
    pub(crate) email_canonical: &'a str,
    pub(crate) full_name: &'a str,
    pub(crate) password_hash: &'a str,
}
