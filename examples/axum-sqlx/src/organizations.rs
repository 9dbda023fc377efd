//! Organizations, their members, and the members' roles.

use axum::{
    Json as Reply, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use invite_core::Invitation;
use shared::{
    Member, MemberOf, Membership, Organization, Problem, Refusal, Role, User, accounts::NewOrganization, check_line,
    json::Items, pages::view::Heading,
};

use crate::{
    App,
    database::{self, Conn},
    error::ApiError,
    extract::{Json, Path},
    retry::retry,
    session::CurrentUser,
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/organizations", post(post_organization))
        .route("/api/organizations/{org}/members", get(get_members))
}

/// Founds an organization; the founder becomes its owner.
pub(crate) async fn create(app: &App, user: &User, name: &str) -> Result<Organization, ApiError> {
    let name = name.trim();
    check_line("name", name)?;
    retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let organization = database::insert_organization(&mut tx, name).await?;
        database::insert_member(&mut tx, organization.id, user.id, Role::Owner, None).await?;
        tx.commit().await?;
        Ok(organization)
    })
    .await
}

/// All memberships of a user.
pub(crate) async fn of(app: &App, user: &User) -> Result<Vec<MemberOf>, ApiError> {
    Ok(database::memberships_of(&mut *app.pool.acquire().await?, user.id).await?)
}

/// What stands over an organization's pages, for one of its members.
pub(crate) async fn heading(app: &App, user: &User, org: i64) -> Result<Heading, ApiError> {
    Ok(Heading::of(of(app, user).await?, org)?)
}

/// As [`heading`], for a page that is only for those who manage, where the library is not asked before it is shown.
pub(crate) async fn managed(app: &App, user: &User, org: i64) -> Result<Heading, ApiError> {
    let organization = heading(app, user, org).await?;
    if organization.manages { Ok(organization) } else { Err(Refusal::NotPermitted.into()) }
}

/// All members of an organization, for one of them.
pub(crate) async fn members(app: &App, user: &User, org: i64) -> Result<Vec<Member>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    if database::role_of(&mut conn, org, user.id).await?.is_none() {
        return Err(Refusal::Outsider.into());
    }
    Ok(database::members_of(&mut conn, org).await?)
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
    let inserted = database::insert_member(conn, org, user.id, role, Some(&id)).await?;
    if inserted { Ok(()) } else { Err(Problem::already_member().into()) }
}

async fn post_organization(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Json(new): Json<NewOrganization>,
) -> Result<(StatusCode, Reply<Organization>), ApiError> {
    Ok((StatusCode::CREATED, Reply(create(&app, &user, &new.name).await?)))
}

async fn get_members(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
) -> Result<Reply<Items<Member>>, ApiError> {
    Ok(Reply(Items { items: members(&app, &user, org).await? }))
}
