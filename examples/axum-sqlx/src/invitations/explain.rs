//! Why somebody cannot get in.

use axum::{
    Json as Reply, Router,
    extract::{RawQuery, State},
    routing::get,
};
use invite_core::{About, Actor};
use shared::{Explained, User, explained_address, json::Items};

use crate::{App, error::ApiError, extract::Path, session::CurrentUser};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/organizations/{org}/invitations/explain", get(get_explanation))
}

/// Explains the organization's invitations to an address, or the one that a link leads to.
pub(crate) async fn explain(app: &App, user: &User, org: i64, about: About<'_>) -> Result<Vec<Explained>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let found = app.members.scope(org).explain(&mut conn, &Actor::new(user.id), about).await?;
    Ok(found.iter().map(Explained::new).collect())
}

async fn get_explanation(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    RawQuery(raw): RawQuery,
) -> Result<Reply<Items<Explained>>, ApiError> {
    let email = explained_address(raw.as_deref().unwrap_or_default())?;
    Ok(Reply(Items { items: explain(&app, &user, org, About::Address(&email)).await? }))
}
