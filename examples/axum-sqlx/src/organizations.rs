//! Organizations, their members, and the members' roles.

use axum::{
    Json as Reply, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use invite_core::{Invitation, Recipient, check_line, store::StoreError};
use invite_sqlx::sqlite::store_error;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    App,
    accounts::User,
    authority::Refusal,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Role {
    Viewer,
    Member,
    Manager,
    Admin,
    Owner,
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
    pub(crate) role: Role,
    pub(crate) invitation_id: Option<String>,
}

/// One person's membership, seen from the organization.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct Member {
    #[sqlx(flatten)]
    pub(crate) user: MemberUser,
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
        let mut tx = app.begin().await?;
        let sql = "INSERT INTO organizations (name) VALUES (?) RETURNING id, name";
        let organization: Organization = sqlx::query_as(sql).bind(name).fetch_one(&mut *tx).await?;
        sqlx::query("INSERT INTO memberships (organization_id, user_id, role) VALUES (?, ?, ?)")
            .bind(organization.id)
            .bind(user.id)
            .bind(Role::Owner)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(organization)
    })
    .await
}

/// All memberships of a user.
pub(crate) async fn of(app: &App, user: &User) -> Result<Vec<MemberOf>, ApiError> {
    let sql = "SELECT o.id, o.name, m.role, m.invitation_id
               FROM memberships m JOIN organizations o ON o.id = m.organization_id
               WHERE m.user_id = ? ORDER BY o.name, o.id";
    Ok(sqlx::query_as(sql).bind(user.id).fetch_all(&app.pool).await?)
}

/// All members of an organization, for one of them.
pub(crate) async fn members(app: &App, user: &User, org: i64) -> Result<Vec<Member>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    if role_of(&mut conn, org, user.id).await?.is_none() {
        return Err(Refusal::Outsider.into());
    }
    let sql = "SELECT u.id, u.email, u.full_name, m.role, m.invitation_id
               FROM memberships m JOIN users u ON u.id = m.user_id
               WHERE m.organization_id = ? ORDER BY u.full_name, u.id";
    Ok(sqlx::query_as(sql).bind(org).fetch_all(&mut *conn).await?)
}

pub(crate) async fn find(conn: &mut SqliteConnection, org: i64) -> Result<Option<Organization>, ApiError> {
    Ok(sqlx::query_as("SELECT id, name FROM organizations WHERE id = ?").bind(org).fetch_optional(conn).await?)
}

/// A user's role; `None` for whoever does not belong.
pub(crate) async fn role_of(conn: &mut SqliteConnection, org: i64, user: i64) -> Result<Option<Role>, StoreError> {
    let sql = "SELECT role FROM memberships WHERE organization_id = ? AND user_id = ?";
    sqlx::query_scalar(sql).bind(org).bind(user).fetch_optional(conn).await.map_err(store_error)
}

/// Whether somebody with this address belongs.
pub(crate) async fn has_member(conn: &mut SqliteConnection, org: i64, email: &Recipient) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                              WHERE m.organization_id = ? AND u.email_canonical = ?)";
    sqlx::query_scalar(sql).bind(org).bind(email.canonical()).fetch_one(conn).await.map_err(store_error)
}

/// Makes the user a member, with what the accepted invitation grants. Whoever belongs already, by
/// another invitation, is refused; the caller rolls back, and the invitation stays open.
pub(crate) async fn add_member(
    conn: &mut SqliteConnection,
    org: i64,
    user: &User,
    invitation: &Invitation<Membership>,
) -> Result<(), ApiError> {
    let sql = "INSERT INTO memberships (organization_id, user_id, role, invitation_id) VALUES (?, ?, ?, ?)
               ON CONFLICT (organization_id, user_id) DO NOTHING";
    let inserted = sqlx::query(sql)
        .bind(org)
        .bind(user.id)
        .bind(invitation.payload()?.role)
        .bind(invitation.id.to_string())
        .execute(conn)
        .await?;
    if inserted.rows_affected() == 0 { Err(ApiError::already_member()) } else { Ok(()) }
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
