//! Organizations, their members, and the members' roles.

use actix_web::{
    http::StatusCode,
    web::{Data, Json as Reply, Path, ServiceConfig, post},
};
use invite_core::Invitation;
use invite_diesel::Connections;
use shared::{
    Member, MemberOf, Membership, Organization, Problem, Refusal, Role, User, accounts::NewOrganization, check_line,
    json::Items,
};

use crate::{
    App,
    database::{self, Conn},
    error::ApiError,
    extract::Json,
    get, resource,
    retry::retry,
    runtime::Runtime,
    session::CurrentUser,
};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/api/organizations").route(post().to(on.run(post_organization))))
        .service(resource("/api/organizations/{org}/members").route(get().to(on.run(get_members))));
}

/// Founds an organization; the founder becomes its owner.
pub(crate) async fn create(app: &App, user: &User, name: &str) -> Result<Organization, ApiError> {
    let name = name.trim();
    check_line("name", name)?;
    retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let organization = database::insert_organization(conn, name).await?;
            database::insert_member(conn, organization.id, user.id, Role::Owner, None).await?;
            Ok(organization)
        })
        .await
    })
    .await
}

/// All memberships of a user.
pub(crate) async fn of(app: &App, user: &User) -> Result<Vec<MemberOf>, ApiError> {
    Ok(database::memberships_of(&mut *app.pool.lend().await?, user.id).await?)
}

/// All members of an organization, for one of them.
pub(crate) async fn members(app: &App, user: &User, org: i64) -> Result<Vec<Member>, ApiError> {
    let mut conn = app.pool.lend().await?;
    if database::role_of(&mut conn, org, user.id).await?.is_none() {
        return Err(Refusal::Outsider.into());
    }
    Ok(database::members_of(&mut conn, org).await?)
}

/// Makes the user a member, with what the accepted invitation grants. Whoever belongs already, by
/// another invitation, is refused; the transaction is rolled back, and the invitation stays open.
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
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    Json(new): Json<NewOrganization>,
) -> Result<(Reply<Organization>, StatusCode), ApiError> {
    Ok((Reply(create(&app, &user, &new.name).await?), StatusCode::CREATED))
}

async fn get_members(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
) -> Result<Reply<Items<Member>>, ApiError> {
    Ok(Reply(Items { items: members(&app, &user, *org).await? }))
}
