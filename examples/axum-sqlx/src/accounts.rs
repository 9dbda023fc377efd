//! Accounts: sign-up, log-in, and who somebody is.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use axum::{
    Json as Reply, Router,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
    routing::{get, post},
};
use invite_core::{Claimant, Recipient, Token, check_line};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use tower_sessions::Session;

use crate::{
    App, answers,
    database::{Conn, NewUser},
    error::ApiError,
    extract::{Empty, Json},
    organizations::{self, MemberOf},
    pages::Cookies,
    retry::retry,
    session::{self, CurrentUser},
};

const SHORTEST_PASSWORD: usize = 8;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/signup", post(post_sign_up))
        .route("/api/login", post(post_log_in))
        .route("/api/logout", post(post_log_out))
        .route("/api/me", get(get_me))
}

/// An account, without what is secret about it.
#[derive(Debug, Clone, Serialize, FromRow)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) full_name: String,
}

/// With what is secret about it, which never leaves this module.
#[derive(FromRow)]
pub(crate) struct Account {
    #[sqlx(flatten)]
    user: User,
    password_hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) full_name: String,
    pub(crate) token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct SignedUp {
    pub(crate) user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership: Option<MemberOf>,
}

/// Makes an account. With an invitation's token, the account, the acceptance and the membership are
/// one transaction: all three or none.
pub(crate) async fn sign_up(app: &App, form: SignUp) -> Result<SignedUp, ApiError> {
    let email: Recipient = form.email.parse()?;
    let full_name = form.full_name.trim();
    // It will stand in letters, so it must be what the library would put there.
    check_line("full_name", full_name)?;
    let token = form.token.as_deref().map(str::parse::<Token>).transpose()?;
    if form.password.chars().count() < SHORTEST_PASSWORD {
        let detail = format!("password is too short, at least {SHORTEST_PASSWORD} characters");
        return Err(ApiError::invalid("password", detail));
    }
    // Slow on purpose, so it must not happen while a transaction holds the database.
    let hash = hash(form.password).await?;

    retry(|| async {
        let mut tx = app.pool.begin().await?;
        let mut user = insert(&mut tx, &email, full_name, &hash).await?;
        let mut membership = None;
        if let Some(token) = &token {
            // Nothing but the mailed link proves that the address is theirs; a copied one does not.
            let claimant = Claimant::new_account(user.id, &user.email);
            let accepted = app.members.accept(&mut tx, token, claimant).await?;
            membership = Some(answers::join(&mut tx, &mut user, accepted).await?.0);
        }
        tx.commit().await?;
        Ok(SignedUp { user, membership })
    })
    .await
}

/// Checks the password.
pub(crate) async fn log_in(app: &App, email: &str, password: String) -> Result<User, ApiError> {
    let account = match email.parse::<Recipient>() {
        Ok(email) => app.pool.acquire().await?.tables().find_account(email.canonical()).await?,
        Err(_) => None,
    };
    let (user, hash) = account.map(|account| (account.user, account.password_hash)).unzip();
    // Also where there is no such account: the time it takes must not tell.
    let matches = verify(password, hash).await?;
    user.filter(|_| matches).ok_or_else(|| ApiError::unauthenticated("Wrong e-mail address or password."))
}

pub(crate) async fn find(app: &App, id: i64) -> Result<Option<User>, ApiError> {
    Ok(app.pool.acquire().await?.tables().find_user(id).await?)
}

/// Records that the user reads the mail sent to their address.
pub(crate) async fn mark_verified(conn: &mut Conn, user: &mut User) -> Result<(), ApiError> {
    conn.tables().mark_verified(user.id).await?;
    user.email_verified = true;
    Ok(())
}

async fn insert(conn: &mut Conn, email: &Recipient, full_name: &str, hash: &str) -> Result<User, ApiError> {
    let (email, email_canonical) = (email.as_given(), email.canonical());
    let new = NewUser { email, email_canonical, full_name, password_hash: hash };
    conn.tables().insert_user(&new).await?.ok_or_else(|| {
        ApiError::new(StatusCode::CONFLICT, "email_taken", "There is an account with this address. Please log in.")
    })
}

async fn hash(password: String) -> Result<String, ApiError> {
    let hashing = move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    tokio::task::spawn_blocking(hashing).await.map_err(ApiError::internal)?.map_err(ApiError::internal)
}

async fn verify(password: String, hash: Option<String>) -> Result<bool, ApiError> {
    static NOBODY: LazyLock<String> =
        LazyLock::new(|| Argon2::default().hash_password(b"nobody's").map(|hash| hash.to_string()).unwrap_or_default());

    let verifying = move || {
        let known = hash.is_some();
        let hash = hash.as_deref().unwrap_or(&NOBODY);
        let matches = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    };
    tokio::task::spawn_blocking(verifying).await.map_err(ApiError::internal)
}

async fn post_sign_up(
    State(app): State<App>,
    session: Session,
    Json(form): Json<SignUp>,
) -> Result<(StatusCode, Reply<SignedUp>), ApiError> {
    let signed_up = sign_up(&app, form).await?;
    session::sign_in(&session, &signed_up.user).await?;
    Ok((StatusCode::CREATED, Reply(signed_up)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    email: String,
    password: String,
}

#[derive(Serialize)]
struct LoggedIn {
    user: User,
}

async fn post_log_in(
    State(app): State<App>,
    session: Session,
    Json(form): Json<LogIn>,
) -> Result<Reply<LoggedIn>, ApiError> {
    let user = log_in(&app, &form.email, form.password).await?;
    session::sign_in(&session, &user).await?;
    Ok(Reply(LoggedIn { user }))
}

async fn post_log_out(
    State(app): State<App>,
    session: Session,
    _: Option<Json<Empty>>,
) -> Result<impl IntoResponse, ApiError> {
    session::sign_out(&session).await?;
    let cookies = Cookies { https: app.https };
    let gone = [cookies.forget_session(), cookies.forget_invitation()];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(gone.map(|cookie| (header::SET_COOKIE, cookie)))))
}

#[derive(Serialize)]
struct Me {
    user: User,
    memberships: Vec<MemberOf>,
}

async fn get_me(State(app): State<App>, CurrentUser(user): CurrentUser) -> Result<Reply<Me>, ApiError> {
    let memberships = organizations::of(&app, &user).await?;
    Ok(Reply(Me { user, memberships }))
}
