//! The example's own tables, as rows of them are read and shown.

use invite_core::Kind;
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value},
};

/// What a member may do; a later one outranks an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Member,
    Manager,
    Admin,
    Owner,
}

impl Role {
    /// As it is stored and sent.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether this role sees the inviting side. What it may do there, the library asks the
    /// `Authority`.
    pub fn manages(self) -> bool {
        self >= Self::Admin
    }
}

impl TryFrom<String> for Role {
    type Error = value::Error;

    fn try_from(word: String) -> Result<Self, value::Error> {
        Self::deserialize(word.into_deserializer())
    }
}

/// What an invitation of this kind grants: all that acceptance needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Membership {
    pub role: Role,
    /// What the inviter calls the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Kind for Membership {
    const NAME: &'static str = "member";

    /// Lists are searched by it.
    fn label(&self) -> Option<String> {
        self.name.clone()
    }

    /// Lists are filtered by it.
    fn facet(&self) -> Option<String> {
        Some(self.role.word().into())
    }
}

/// An account, without what is secret about it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "diesel", derive(diesel::Queryable))]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct User {
    pub id: i64,
    pub email: String,
    pub email_verified: bool,
    pub full_name: String,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "diesel", derive(diesel::Queryable))]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Organization {
    pub id: i64,
    pub name: String,
}

/// One person's membership, seen from the person.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "diesel", derive(diesel::Queryable))]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct MemberOf {
    #[cfg_attr(feature = "sqlx", sqlx(flatten))]
    pub organization: Organization,
    #[cfg_attr(feature = "diesel", diesel(deserialize_as = String))]
    #[cfg_attr(feature = "sqlx", sqlx(try_from = "String"))]
    pub role: Role,
    pub invitation_id: Option<String>,
}

/// One person's membership, seen from the organization.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "diesel", derive(diesel::Queryable))]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Member {
    #[cfg_attr(feature = "sqlx", sqlx(flatten))]
    pub user: MemberUser,
    #[cfg_attr(feature = "diesel", diesel(deserialize_as = String))]
    #[cfg_attr(feature = "sqlx", sqlx(try_from = "String"))]
    pub role: Role,
    pub invitation_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "diesel", derive(diesel::Queryable))]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct MemberUser {
    pub id: i64,
    pub email: String,
    pub full_name: String,
}
