//! Many invitations in one request, each answered for.

use axum::{
    Json as Reply, Router,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use invite_core::{Actor, Done};
use shared::{
    Refusal, User,
    bulk::{Invites, RowViews},
    security::MAX_BULK_BODY,
    selection::{DoneView, Many, Meant},
};

use crate::{
    App, database,
    error::ApiError,
    extract::{Json, Path},
    retry::retry,
    session::CurrentUser,
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/organizations/{org}/invitations/bulk", post(post_rows))
        .layer(DefaultBodyLimit::max(MAX_BULK_BODY))
        .route("/api/organizations/{org}/invitations/bulk/resend", post(post_resend))
        .route("/api/organizations/{org}/invitations/bulk/cancel", post(post_cancel))
        .route("/api/organizations/{org}/invitations/bulk/delete", post(post_delete))
}

async fn post_rows(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    Json(input): Json<Invites>,
) -> Result<Reply<RowViews>, ApiError> {
    let views =
        if input.dry_run { plan(&app, &user, org, &input).await? } else { create(&app, &user, org, &input).await? };
    Ok(Reply(views))
}

/// What would become of the rows.
pub(crate) async fn plan(app: &App, user: &User, org: i64, input: &Invites) -> Result<RowViews, ApiError> {
    // The rule is asked as for the creation, and so holds what it reads: a transaction, which is undone.
    let mut tx = database::begin(&app.pool).await?;
    let organization = database::find_organization(&mut tx, org).await?.ok_or(Refusal::Outsider)?;
    let rows = input.of(&organization, user)?;
    let verdicts = app.members.scope(org).many().plan(&mut tx, &Actor::new(user.id), &rows).await?;
    tx.rollback().await?;
    Ok(RowViews::planned(verdicts)?)
}

/// Invites them.
pub(crate) async fn create(app: &App, user: &User, org: i64, input: &Invites) -> Result<RowViews, ApiError> {
    let verdicts = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let organization = database::find_organization(&mut tx, org).await?.ok_or(Refusal::Outsider)?;
        let rows = input.of(&organization, user)?;
        let verdicts = app.members.scope(org).many().create(&mut tx, &Actor::new(user.id), rows).await?;
        tx.commit().await?;
        Ok(verdicts)
    })
    .await?;
    app.notifier.notify();
    Ok(RowViews::done(verdicts)?)
}

async fn post_resend(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    Ok(Reply(resend(&app, &user, org, &input.meant()?).await?.into()))
}

/// Has many mailed again.
pub(crate) async fn resend(app: &App, user: &User, org: i64, meant: &Meant) -> Result<Done, ApiError> {
    let done = retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let done = app.members.scope(org).many().resend(&mut tx, &Actor::new(user.id), &meant.selection()).await?;
        tx.commit().await?;
        Ok(done)
    })
    .await?;
    app.notifier.notify();
    Ok(done)
}

async fn post_cancel(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    Ok(Reply(cancel(&app, &user, org, &input.meant()?, input.reason.as_deref()).await?.into()))
}

/// Takes many back.
pub(crate) async fn cancel(
    app: &App,
    user: &User,
    org: i64,
    meant: &Meant,
    reason: Option<&str>,
) -> Result<Done, ApiError> {
    retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let (scoped, actor) = (app.members.scope(org), Actor::new(user.id));
        let done = scoped.many().cancel(&mut tx, &actor, &meant.selection(), reason).await?;
        tx.commit().await?;
        Ok(done)
    })
    .await
}

async fn post_delete(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    Json(input): Json<Many>,
) -> Result<Reply<DoneView>, ApiError> {
    let meant = input.meant()?;
    Ok(Reply(delete(&app, &user, org, &meant).await?.into()))
}

/// Deletes those that have ended, with all that is known of them.
pub(crate) async fn delete(app: &App, user: &User, org: i64, meant: &Meant) -> Result<Done, ApiError> {
    retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let done = app.members.scope(org).many().delete(&mut tx, &Actor::new(user.id), &meant.selection()).await?;
        tx.commit().await?;
        Ok(done)
    })
    .await
}
