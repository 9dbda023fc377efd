//! The inviting side's calls over HTTP.

use axum::{
    Json as Reply, Router,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::{get, post},
};
use invite_core::InvitationId;
use shared::{
    Amend, By, Created, EventView, InvitationPage, InvitationView, Invite, NewLink,
    answers::Reason,
    json::{Empty, Items},
    list_query,
};

use super::{amend, cancel, create, create_with_link, events, get_one, list, new_link, renew, resend};
use crate::{
    App,
    error::ApiError,
    extract::{Json, Path},
    session::CurrentUser,
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/organizations/{org}/invitations", get(get_list).post(post_invitation))
        .route(
            "/api/organizations/{org}/invitations/{id}",
            get(get_invitation).patch(patch_invitation).delete(delete_invitation),
        )
        .route("/api/organizations/{org}/invitations/{id}/resend", post(post_resend))
        .route("/api/organizations/{org}/invitations/{id}/renew", post(post_renew))
        .route("/api/organizations/{org}/invitations/{id}/link", post(post_link))
        .route("/api/organizations/{org}/invitations/{id}/events", get(get_events))
        .merge(super::bulk::routes())
        .merge(super::explain::routes())
        .merge(super::numbers::routes())
}

async fn post_invitation(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    RawQuery(raw): RawQuery,
    Json(input): Json<Invite>,
) -> Result<(StatusCode, Reply<Created>), ApiError> {
    let (invitation, invite_link) = match By::parse(raw.as_deref().unwrap_or_default())? {
        By::Mail => (create(&app, &user, org, &input).await?, None),
        By::Link => {
            let (invitation, link) = create_with_link(&app, &user, org, &input).await?;
            (invitation, Some(link))
        }
    };
    Ok((StatusCode::CREATED, Reply(Created { invitation, invite_link })))
}

async fn get_list(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    RawQuery(raw): RawQuery,
) -> Result<Reply<InvitationPage>, ApiError> {
    let query = list_query(raw.as_deref().unwrap_or_default())?;
    list(&app, &user, org, &query).await.map(Reply)
}

type Named = Path<(i64, InvitationId)>;

async fn get_invitation(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
) -> Result<Reply<InvitationView>, ApiError> {
    get_one(&app, &user, org, id).await.map(Reply)
}

async fn patch_invitation(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
    Json(input): Json<Amend>,
) -> Result<Reply<InvitationView>, ApiError> {
    amend(&app, &user, org, id, &input).await.map(Reply)
}

async fn delete_invitation(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
    body: Option<Json<Reason>>,
) -> Result<Reply<InvitationView>, ApiError> {
    let reason = body.and_then(|Json(body)| body.reason);
    cancel(&app, &user, org, id, reason.as_deref()).await.map(Reply)
}

async fn post_resend(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
    _: Option<Json<Empty>>,
) -> Result<Reply<InvitationView>, ApiError> {
    resend(&app, &user, org, id).await.map(Reply)
}

async fn post_renew(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
    _: Option<Json<Empty>>,
) -> Result<(StatusCode, Reply<InvitationView>), ApiError> {
    Ok((StatusCode::CREATED, Reply(renew(&app, &user, org, id).await?)))
}

async fn post_link(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
    _: Option<Json<Empty>>,
) -> Result<Reply<NewLink>, ApiError> {
    Ok(Reply(NewLink { invite_link: new_link(&app, &user, org, id).await? }))
}

async fn get_events(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, id)): Named,
) -> Result<Reply<Items<EventView>>, ApiError> {
    Ok(Reply(Items { items: events(&app, &user, org, id).await? }))
}
