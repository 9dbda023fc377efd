//! The invited side: look, accept, decline.

use actix_web::web::{Data, Json as Reply, Path, ServiceConfig, post};
use invite_core::{Accepted, Actor, Claimant, Cursor, InvitationId, Token};
use invite_diesel::Connections;
use shared::{
    Joined, MemberOf, Membership, Preview, Problem, User,
    answers::{ByToken, REJECTED, Reason, ReceivedPage, RejectByToken, Rejected, organization_id},
    json::Empty,
};

use crate::{
    App, accounts,
    database::{self, Conn},
    error::ApiError,
    extract::{Json, MaybeJson, RawQuery},
    get, organizations, resource,
    retry::retry,
    runtime::Runtime,
    session::{AnyUser, CurrentUser},
};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/api/invitations/preview").route(post().to(on.run(post_preview))))
        .service(resource("/api/invitations/accept").route(post().to(on.run(post_accept))))
        .service(resource("/api/invitations/reject").route(post().to(on.run(post_reject))))
        .service(resource("/api/me/invitations").route(get().to(on.run(get_received))))
        .service(resource("/api/me/invitations/{id}/accept").route(post().to(on.run(post_accept_by_id))))
        .service(resource("/api/me/invitations/{id}/reject").route(post().to(on.run(post_reject_by_id))));
}

/// Changes nothing, however often it is asked.
pub(crate) async fn preview(app: &App, token: &str) -> Result<Preview, ApiError> {
    let token: Token = token.parse()?;
    let mut conn = app.pool.lend().await?;
    let preview = app.members.preview(&mut conn, &token).await?;
    Ok(Preview::new(&preview)?)
}

/// Accepts and joins, or neither.
pub(crate) async fn accept(app: &App, user: &User, token: &str) -> Result<Joined, ApiError> {
    let token: Token = token.parse()?;
    retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let mut user = user.clone();
            let claimant = match user.email_verified {
                true => Claimant::new(user.id).verified(&user.email),
                // Whoever has never confirmed their address confirms it by the mailed link.
                false => Claimant::new(user.id).proved_by_link(&user.email),
            };
            let accepted = app.members.accept(conn, &token, &claimant).await?;
            let (member, already) = join(conn, &mut user, accepted).await?;
            Ok(Joined::new(member, already))
        })
        .await
    })
    .await
}

/// As [`accept`], for an invitation the user found in their own list.
pub(crate) async fn accept_by_id(app: &App, user: &User, id: InvitationId) -> Result<Joined, ApiError> {
    retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let mut user = user.clone();
            let accepted = app.members.accept_by_id(conn, id, &owner_of_address(&user)).await?;
            let (member, already) = join(conn, &mut user, accepted).await?;
            Ok(Joined::new(member, already))
        })
        .await
    })
    .await
}

/// Makes a member of whoever has accepted, in the transaction that accepted. Also says whether
/// they had accepted before.
pub(crate) async fn join(
    conn: &mut Conn,
    user: &mut User,
    accepted: Accepted<Membership>,
) -> Result<(MemberOf, bool), ApiError> {
    let already = matches!(accepted, Accepted::Before(_));
    let acceptance = accepted.into_acceptance();
    let invitation = acceptance.invitation;
    let org = organization_id(&invitation.scope)?;
    if !already {
        organizations::add_member(conn, org, user, &invitation).await?;
        if acceptance.address_proved && !user.email_verified {
            accounts::mark_verified(conn, user).await?;
        }
    }
    let organization = database::find_organization(conn, org).await?.ok_or_else(Problem::not_found)?;
    let role = invitation.payload()?.role;
    Ok((MemberOf { organization, role, invitation_id: Some(invitation.id.to_string()) }, already))
}

/// Declines. Holding the link is enough; whoever is signed in is named in the history.
pub(crate) async fn reject(app: &App, user: Option<&User>, token: &str, reason: Option<&str>) -> Result<(), ApiError> {
    let token: Token = token.parse()?;
    let actor = user.map_or(Actor::Bearer, |user| Actor::new(user.id));
    retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            app.members.reject(conn, &token, &actor, reason).await?;
            Ok(())
        })
        .await
    })
    .await
}

/// As [`reject`], for an invitation the user found in their own list.
pub(crate) async fn reject_by_id(
    app: &App,
    user: &User,
    id: InvitationId,
    reason: Option<&str>,
) -> Result<(), ApiError> {
    retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            app.members.reject_by_id(conn, id, &owner_of_address(user), reason).await?;
            Ok(())
        })
        .await
    })
    .await
}

/// A page of the open invitations to the user's address, in all organizations.
pub(crate) async fn received(app: &App, user: &User, after: Option<Cursor>) -> Result<ReceivedPage, ApiError> {
    let mut conn = app.pool.lend().await?;
    let page = app.members.addressed_to(&mut conn, &owner_of_address(user), after).await?;
    Ok(ReceivedPage::new(&page)?)
}

/// Without a token only a verified address counts.
fn owner_of_address(user: &User) -> Claimant {
    let claimant = Claimant::new(user.id);
    if user.email_verified { claimant.verified(&user.email) } else { claimant.unverified(&user.email) }
}

async fn post_preview(app: Data<App>, Json(by): Json<ByToken>) -> Result<Reply<Preview>, ApiError> {
    preview(&app, &by.token).await.map(Reply)
}

async fn post_accept(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    Json(by): Json<ByToken>,
) -> Result<Reply<Joined>, ApiError> {
    accept(&app, &user, &by.token).await.map(Reply)
}

async fn post_reject(
    app: Data<App>,
    AnyUser(user): AnyUser,
    Json(by): Json<RejectByToken>,
) -> Result<Reply<Rejected>, ApiError> {
    reject(&app, user.as_ref(), &by.token, by.reason.as_deref()).await?;
    Ok(Reply(REJECTED))
}

async fn get_received(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    RawQuery(raw): RawQuery,
) -> Result<Reply<ReceivedPage>, ApiError> {
    received(&app, &user, ReceivedPage::cursor(&raw)?).await.map(Reply)
}

async fn post_accept_by_id(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<InvitationId>,
    _: MaybeJson<Empty>,
) -> Result<Reply<Joined>, ApiError> {
    accept_by_id(&app, &user, *id).await.map(Reply)
}

async fn post_reject_by_id(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<InvitationId>,
    MaybeJson(body): MaybeJson<Reason>,
) -> Result<Reply<Rejected>, ApiError> {
    let reason = body.and_then(|body| body.reason);
    reject_by_id(&app, &user, *id, reason.as_deref()).await?;
    Ok(Reply(REJECTED))
}
