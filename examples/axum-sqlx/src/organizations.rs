//! Organizations, their members, and the members' roles.

use axum::{
    Json as Reply, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use invite_core::{Invitation, check_line};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value},
};
use sqlx::FromRow;

use crate::{
    App,
    accounts::User,
    authority::Refusal,
    database::Conn,
    error::ApiError,
    extract::{Json, Path},
    invitations::Membership,
    retry::retry,
    session::CurrentUser,
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/organizations", post(post_organization))
        .route("/api/organizations/{org}/members", get(get_members))
}

/// What a member may do; a later one outranks an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Viewer,
    Member,
    Manager,
    Admin,
    Owner,
}

impl Role {
    /// As it is stored and sent.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn from_stored(word: String) -> sqlx::Result<Self> {
        Self::try_from(word).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

impl TryFrom<String> for Role {
    type Error = value::Error;

    fn try_from(word: String) -> Result<Self, value::Error> {
        Self::deserialize(word.into_deserializer())
    }
}

#[derive(Debug, Clone, Serialize, FromRow)]
pub(crate) struct Organization {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// One person's membership, seen from the person.
#[derive(Debug, Clone, Serialize, FromRow)]
pub(crate) struct MemberOf {
    #[sqlx(flatten)]
    pub(crate) organization: Organization,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    pub(crate) invitation_id: Option<String>,
}

/// One person's membership, seen from the organization.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct Member {
    #[sqlx(flatten)]
    pub(crate) user: MemberUser,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    pub(crate) invitation_id: Option<String>,
}

#[derive(Debug, Serialize, FromRow)]
pub(crate) struct MemberUser {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) full_name: String,
}

/// Founds an organization; the founder becomes its owner.
pub(crate) async fn create(app: &App, user: &User, name: &str) -> Result<Organization, ApiError> {
    let name = name.trim();
    check_line("name", name)?;
    retry(|| async {
        let mut tx = app.pool.begin().await?;
        let organization = tx.tables().insert_organization(name).await?;
        tx.tables().insert_member(organization.id, user.id, Role::Owner, None).await?;
        tx.commit().await?;
        Ok(organization)
    })
    .await
}

/// All memberships of a user.
pub(crate) async fn of(app: &App, user: &User) -> Result<Vec<MemberOf>, ApiError> {
    Ok(app.pool.acquire().await?.tables().memberships_of(user.id).await?)
}

/// All members of an organization, for one of them.
pub(crate) async fn members(app: &App, user: &User, org: i64) -> Result<Vec<Member>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    if conn.tables().role_of(org, user.id).await?.is_none() {
        return Err(Refusal::Outsider.into());
    }
    Ok(conn.tables().members_of(org).await?)
}

/// Makes the user a member, with what the accepted invitation grants. Whoever belongs already, by
/// another invitation, is refused; the caller rolls back, and the invitation stays open.
pub(crate) async fn add_member(
    conn: &mut Conn,
    org: i64,
    user: &User,
    invitation: &Invitation<Membership>,
) -> Result<(), ApiError> {
    let (role, id) = (invitation.payload()?.role, invitation.id.to_string());
    let inserted = conn.tables().insert_member(org, user.id, role, Some(&id)).await?;
    if inserted { Ok(()) } else { Err(ApiError::already_member()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrganization {
    name: String,
}

async fn post_organization(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Json(new): Json<NewOrganization>,
) -> Result<(StatusCode, Reply<Organization>), ApiError> {
    Ok((StatusCode::CREATED, Reply(create(&app, &user, &new.name).await?)))
}

#[derive(Serialize)]
struct Members {
    items: Vec<Member>,
}

async fn get_members(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
) -> Result<Reply<Members>, ApiError> {
    Ok(Reply(Members { items: members(&app, &user, org).await? }))
}
