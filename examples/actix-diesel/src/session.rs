//! Who is signed in: a cookie naming a session, the session naming a user.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_session::{
    Session, SessionExt, SessionMiddleware,
    config::{PersistentSession, TtlExtensionPolicy},
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key},
};
use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Key, SameSite, time},
    dev::Payload,
    web::Data,
};
use shared::{Cookies, Problem, User};

use crate::{App, accounts, error::ApiError, extract::Extracting};

const USER: &str = "user";

/// A session ends when nobody has used it for so long.
const IDLE: time::Duration = time::Duration::days(1);

/// Sessions in memory: a restart signs everybody out.
#[derive(Clone)]
pub(crate) struct Sessions {
    /// What cookies are signed with: as short-lived as the sessions they name.
    key: Key,
    kept: Arc<Mutex<HashMap<String, Kept>>>,
}

struct Kept {
    state: State,
    until: Instant,
}

type State = HashMap<String, String>;

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { key: Key::generate(), kept: Arc::default() }
    }

    pub(crate) fn layer(&self, https: bool) -> SessionMiddleware<Self> {
        let lifecycle = PersistentSession::default()
            .session_ttl(IDLE)
            .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
        SessionMiddleware::builder(self.clone(), self.key.clone())
            .cookie_name(Cookies { https }.session_name())
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_secure(https)
            .session_lifecycle(lifecycle)
            .build()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let kept = self.kept();
        let living = kept.get(key.as_ref()).filter(|kept| kept.until > Instant::now());
        Ok(living.map(|kept| kept.state.clone()))
    }

    async fn save(&self, state: State, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let (mut kept, now) = (self.kept(), Instant::now());
        kept.retain(|_, kept| kept.until > now);
        kept.insert(key.as_ref().into(), Kept { state, until: after(ttl) });
        Ok(key)
    }

    // A request that was still running when somebody logged out must not sign them in again.
    async fn update(&self, key: SessionKey, state: State, ttl: &time::Duration) -> Result<SessionKey, UpdateError> {
        if let Some(kept) = self.kept().get_mut(key.as_ref()) {
            *kept = Kept { state, until: after(ttl) };
        }
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &time::Duration) -> Result<(), anyhow::Error> {
        if let Some(kept) = self.kept().get_mut(key.as_ref()) {
            kept.until = after(ttl);
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.kept().remove(key.as_ref());
        Ok(())
    }
}

fn after(ttl: &time::Duration) -> Instant {
    Instant::now() + Duration::try_from(*ttl).unwrap_or_default()
}

pub(crate) fn sign_in(session: &Session, user: &User) -> Result<(), ApiError> {
    // A new id, so that a session planted before the log-in is worth nothing after it.
    session.renew();
    Ok(session.insert(USER, user.id).map_err(Problem::internal)?)
}

/// The signed-in user.
pub(crate) struct CurrentUser(pub(crate) User);

impl FromRequest for CurrentUser {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = AnyUser::from_request(request, payload);
        Box::pin(async move { Ok(Self(user.await?.0.ok_or_else(|| Problem::unauthenticated("Please sign in."))?)) })
    }
}

/// The signed-in user, if somebody is.
pub(crate) struct AnyUser(pub(crate) Option<User>);

impl FromRequest for AnyUser {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().cloned();
        let id = request.get_session().get::<i64>(USER);
        Box::pin(async move {
            let (Some(app), Some(id)) = (app, id.map_err(Problem::internal)?) else { return Ok(Self(None)) };
            let runtime = app.runtime.clone();
            Ok(Self(runtime.work(async move { accounts::find(&app, id).await }).await??))
        })
    }
}
