//! The inviting side's calls over HTTP.

use actix_web::{
    http::StatusCode,
    web::{Data, Json as Reply, Path, ServiceConfig, delete, patch, post},
};
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
    extract::{Json, MaybeJson, Named, RawQuery},
    get, resource,
    runtime::Runtime,
    session::CurrentUser,
};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    // Before those with an id in their place.
    super::bulk::routes(to, on);
    super::explain::routes(to, on);
    super::numbers::routes(to, on);
    to.service(
        resource("/api/organizations/{org}/invitations")
            .route(get().to(on.run(get_list)))
            .route(post().to(on.run(post_invitation))),
    )
    .service(
        resource("/api/organizations/{org}/invitations/{id}")
            .route(get().to(on.run(get_invitation)))
            .route(patch().to(on.run(patch_invitation)))
            .route(delete().to(on.run(delete_invitation))),
    )
    .service(resource("/api/organizations/{org}/invitations/{id}/resend").route(post().to(on.run(post_resend))))
    .service(resource("/api/organizations/{org}/invitations/{id}/renew").route(post().to(on.run(post_renew))))
    .service(resource("/api/organizations/{org}/invitations/{id}/link").route(post().to(on.run(post_link))))
    .service(resource("/api/organizations/{org}/invitations/{id}/events").route(get().to(on.run(get_events))));
}

async fn post_invitation(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    RawQuery(query): RawQuery,
    Json(input): Json<Invite>,
) -> Result<(Reply<Created>, StatusCode), ApiError> {
    let (invitation, invite_link) = match By::parse(&query)? {
        By::Mail => (create(&app, &user, *org, &input).await?, None),
        By::Link => {
            let (invitation, link) = create_with_link(&app, &user, *org, &input).await?;
            (invitation, Some(link))
        }
    };
    Ok((Reply(Created { invitation, invite_link }), StatusCode::CREATED))
}

async fn get_list(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Reply<InvitationPage>, ApiError> {
    list(&app, &user, *org, &list_query(&query)?).await.map(Reply)
}

async fn get_invitation(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
) -> Result<Reply<InvitationView>, ApiError> {
    let (org, id) = named.into_inner();
    get_one(&app, &user, org, id).await.map(Reply)
}

async fn patch_invitation(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
    Json(input): Json<Amend>,
) -> Result<Reply<InvitationView>, ApiError> {
    let (org, id) = named.into_inner();
    amend(&app, &user, org, id, &input).await.map(Reply)
}

async fn delete_invitation(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
    MaybeJson(body): MaybeJson<Reason>,
) -> Result<Reply<InvitationView>, ApiError> {
    let (org, id) = named.into_inner();
    let reason = body.and_then(|body| body.reason);
    cancel(&app, &user, org, id, reason.as_deref()).await.map(Reply)
}

async fn post_resend(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
    _: MaybeJson<Empty>,
) -> Result<Reply<InvitationView>, ApiError> {
    let (org, id) = named.into_inner();
    resend(&app, &user, org, id).await.map(Reply)
}

async fn post_renew(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
    _: MaybeJson<Empty>,
) -> Result<(Reply<InvitationView>, StatusCode), ApiError> {
    let (org, id) = named.into_inner();
    Ok((Reply(renew(&app, &user, org, id).await?), StatusCode::CREATED))
}

async fn post_link(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
    _: MaybeJson<Empty>,
) -> Result<Reply<NewLink>, ApiError> {
    let (org, id) = named.into_inner();
    Ok(Reply(NewLink { invite_link: new_link(&app, &user, org, id).await? }))
}

async fn get_events(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Named,
) -> Result<Reply<Items<EventView>>, ApiError> {
    let (org, id) = named.into_inner();
    Ok(Reply(Items { items: events(&app, &user, org, id).await? }))
}
