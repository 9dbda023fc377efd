//! Why somebody cannot get in.

use actix_web::web::{Data, Json as Reply, Path, ServiceConfig};
use invite_core::{About, Actor};
use invite_diesel::Connections;
use shared::{Explained, explained_address, json::Items};

use crate::{App, error::ApiError, extract::RawQuery, get, resource, runtime::Runtime, session::CurrentUser};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/api/organizations/{org}/invitations/explain").route(get().to(on.run(get_explanation))));
}

/// Explains the organization's invitations to an address.
async fn get_explanation(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    org: Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Reply<Items<Explained>>, ApiError> {
    let email = explained_address(&query)?;
    let mut conn = app.pool.lend().await?;
    let found = app.members.scope(*org).explain(&mut conn, &Actor::new(user.id), About::Address(&email)).await?;
    Ok(Reply(Items { items: found.iter().map(Explained::new).collect() }))
}
