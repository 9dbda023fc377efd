//! How many invitations stand where, and how far an import is.

use actix_web::web::{Data, Json as Reply, Path, ServiceConfig};
use invite_core::{Actor, Stats, StatsQuery};
use invite_diesel::Connections;
use shared::{ImportProgress, User, stats_query};

use crate::{App, error::ApiError, extract::RawQuery, get, resource, runtime::Runtime, session::CurrentUser};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/api/organizations/{org}/invitations/stats").route(get().to(on.run(get_stats))))
        .service(resource("/api/organizations/{org}/imports/{import}").route(get().to(on.run(get_import))));
}

/// Counts the organization's.
async fn stats(app: &App, user: &User, org: i64, query: &StatsQuery) -> Result<Stats, ApiError> {
    let mut conn = app.pool.lend().await?;
    Ok(app.members.scope(org).stats(&mut conn, &Actor::new(user.id), query).await?)
}

async fn get_stats(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Reply<Stats>, ApiError> {
    stats(&app, &user, *org, &stats_query(&query)?).await.map(Reply)
}

async fn get_import(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    named: Path<(i64, String)>,
) -> Result<Reply<ImportProgress>, ApiError> {
    let (org, import) = named.into_inner();
    let stats = stats(&app, &user, org, &StatsQuery::new().import(&import)).await?;
    Ok(Reply(ImportProgress::new(import, stats)?))
}
