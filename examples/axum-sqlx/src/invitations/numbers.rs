//! How many invitations stand where, and how far an import is.

use axum::{
    Json as Reply, Router,
    extract::{RawQuery, State},
    routing::get,
};
use invite_core::{Actor, Stats, StatsQuery};
use shared::{ImportProgress, User, stats_query};

use crate::{App, error::ApiError, extract::Path, session::CurrentUser};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/organizations/{org}/invitations/stats", get(get_stats))
        .route("/api/organizations/{org}/imports/{import}", get(get_import))
}

/// Counts the organization's.
pub(crate) async fn stats(app: &App, user: &User, org: i64, query: &StatsQuery) -> Result<Stats, ApiError> {
    let mut conn = app.pool.acquire().await?;
    Ok(app.members.scope(org).stats(&mut conn, &Actor::new(user.id), query).await?)
}

/// Counts the rows of one import.
pub(crate) async fn import(app: &App, user: &User, org: i64, import: &str) -> Result<Stats, ApiError> {
    stats(app, user, org, &StatsQuery::new().import(import)).await
}

async fn get_stats(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(org): Path<i64>,
    RawQuery(raw): RawQuery,
) -> Result<Reply<Stats>, ApiError> {
    let query = stats_query(raw.as_deref().unwrap_or_default())?;
    stats(&app, &user, org, &query).await.map(Reply)
}

async fn get_import(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path((org, import)): Path<(i64, String)>,
) -> Result<Reply<ImportProgress>, ApiError> {
    let stats = self::import(&app, &user, org, &import).await?;
    Ok(Reply(ImportProgress::new(import, stats)?))
}
