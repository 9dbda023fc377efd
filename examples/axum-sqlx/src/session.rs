//! Who is signed in: a cookie naming a session, the session naming a user.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
};

use crate::{
    App,
    accounts::{self, User},
    error::ApiError,
};

const USER: &str = "user";

/// Sessions in memory: a restart signs everybody out.
pub(crate) fn layer(https: bool) -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
        .with_name("session")
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(https)
        .with_expiry(Expiry::OnInactivity(Duration::days(1)))
}

pub(crate) async fn sign_in(session: &Session, user: &User) -> Result<(), ApiError> {
    // A new id, so that a session planted before the log-in is worth nothing after it.
    session.cycle_id().await.map_err(ApiError::internal)?;
    session.insert(USER, user.id).await.map_err(ApiError::internal)
}

pub(crate) async fn sign_out(session: &Session) -> Result<(), ApiError> {
    session.flush().await.map_err(ApiError::internal)
}

/// The signed-in user. As `Option<CurrentUser>` nobody need be.
pub(crate) struct CurrentUser(pub(crate) User);

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        current(parts, app).await?.map(Self).ok_or_else(|| ApiError::unauthenticated("Please sign in."))
    }
}

impl OptionalFromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, ApiError> {
        Ok(current(parts, app).await?.map(Self))
    }
}

async fn current(parts: &mut Parts, app: &App) -> Result<Option<User>, ApiError> {
    let session = Session::from_request_parts(parts, app).await.map_err(|(_, why)| ApiError::internal(why))?;
    match session.get(USER).await.map_err(ApiError::internal)? {
        Some(id) => accounts::find(app, id).await,
        None => Ok(None),
    }
}
