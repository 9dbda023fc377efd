//! Who is signed in: a cookie naming a session, the session naming a user.

use async_trait::async_trait;
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use shared::{Cookies, Problem, User};
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time::Duration},
    session::{Id, Record},
    session_store,
};

use crate::{App, accounts, error::ApiError};

const USER: &str = "user";

/// A session ends when nobody has used it for so long.
const IDLE: Expiry = Expiry::OnInactivity(Duration::days(1));

/// Sessions in memory: a restart signs everybody out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(MemoryStore);

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        // A request that was still running when somebody logged out must not sign them in again.
        match self.0.load(&record.id).await? {
            Some(_) => self.0.save(record).await,
            None => Ok(()),
        }
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

pub(crate) fn layer(https: bool) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions::default())
        .with_name(Cookies { https }.session_name())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(https)
        .with_expiry(IDLE)
}

pub(crate) async fn sign_in(session: &Session, user: &User) -> Result<(), ApiError> {
    // A new id, so that a session planted before the log-in is worth nothing after it.
    session.cycle_id().await.map_err(Problem::internal)?;
    Ok(session.insert(USER, user.id).await.map_err(Problem::internal)?)
}

pub(crate) async fn sign_out(session: &Session) -> Result<(), ApiError> {
    Ok(session.flush().await.map_err(Problem::internal)?)
}

/// The signed-in user. As `Option<CurrentUser>` nobody need be.
pub(crate) struct CurrentUser(pub(crate) User);

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let user = current(parts, app).await?.ok_or_else(|| Problem::unauthenticated("Please sign in."))?;
        Ok(Self(user))
    }
}

impl OptionalFromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, ApiError> {
        Ok(current(parts, app).await?.map(Self))
    }
}

async fn current(parts: &mut Parts, app: &App) -> Result<Option<User>, ApiError> {
    let session = Session::from_request_parts(parts, app).await.map_err(|(_, why)| Problem::internal(why))?;
    match session.get(USER).await.map_err(Problem::internal)? {
        Some(id) => {
            // Being used is what keeps it alive; the layer would save it only when its data change.
            session.set_expiry(Some(IDLE));
            accounts::find(app, id).await
        }
        None => Ok(None),
    }
}
