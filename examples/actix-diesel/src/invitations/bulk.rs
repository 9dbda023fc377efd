//! Many invitations in one request, each answered for.

use actix_web::web::{Data, Json as Reply, Path, PayloadConfig, ServiceConfig, post};
use invite_core::Actor;
use invite_diesel::Connections;
use shared::{
    Refusal, User,
    bulk::{Invites, RowViews},
    security::MAX_BULK_BODY,
    selection::{DoneView, Many},
};

use crate::{
    App, database, error::ApiError, extract::Json, resource, retry::retry, runtime::Runtime, session::CurrentUser,
};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(
        resource("/api/organizations/{org}/invitations/bulk")
            .app_data(PayloadConfig::new(MAX_BULK_BODY))
            .route(post().to(on.run(post_rows))),
    )
    .service(resource("/api/organizations/{org}/invitations/bulk/resend").route(post().to(on.run(post_resend))))
    .service(resource("/api/organizations/{org}/invitations/bulk/cancel").route(post().to(on.run(post_cancel))))
    .service(resource("/api/organizations/{org}/invitations/bulk/delete").route(post().to(on.run(post_delete))));
}

async fn post_rows(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    Json(input): Json<Invites>,
) -> Result<Reply<RowViews>, ApiError> {
    let views = match input.dry_run {
        true => plan(&app, &user, *org, &input).await?,
        false => create(&app, &user, *org, &input).await?,
    };
    Ok(Reply(views))
}

async fn plan(app: &App, user: &User, org: i64, input: &Invites) -> Result<RowViews, ApiError> {
    let verdicts = retry(|| async {
        let mut conn = app.pool.lend().await?;
        // The rule is asked as for the creation, and so holds what it reads until the transaction ends.
        database::transaction(&mut conn, async |conn| {
            let organization = database::find_organization(conn, org).await?.ok_or(Refusal::Outsider)?;
            let rows = input.of(&organization, user)?;
            Ok(app.members.scope(org).many().plan(conn, &Actor::new(user.id), &rows).await?)
        })
        .await
    })
    .await?;
    Ok(RowViews::planned(verdicts)?)
}

async fn create(app: &App, user: &User, org: i64, input: &Invites) -> Result<RowViews, ApiError> {
    let verdicts = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let organization = database::find_organization(conn, org).await?.ok_or(Refusal::Outsider)?;
            let rows = input.of(&organization, user)?;
            Ok(app.members.scope(org).many().create(conn, &Actor::new(user.id), rows).await?)
        })
        .await
    })
    .await?;
    app.notifier.notify();
    Ok(RowViews::done(verdicts)?)
}

async fn post_resend(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    let meant = input.meant()?;
    let done = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let scoped = app.members.scope(*org);
            Ok(scoped.many().resend(conn, &Actor::new(user.id), &meant.selection()).await?)
        })
        .await
    })
    .await?;
    app.notifier.notify();
    Ok(Reply(done.into()))
}

async fn post_cancel(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    let (meant, reason) = (input.meant()?, input.reason.as_deref());
    let done = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let scoped = app.members.scope(*org);
            Ok(scoped.many().cancel(conn, &Actor::new(user.id), &meant.selection(), reason).await?)
        })
        .await
    })
    .await?;
    Ok(Reply(done.into()))
}

async fn post_delete(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    let meant = input.meant()?;
    let done = retry(|| async {
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let scoped = app.members.scope(*org);
            Ok(scoped.many().delete(conn, &Actor::new(user.id), &meant.selection()).await?)
        })
        .await
    })
    .await?;
    Ok(Reply(done.into()))
}
