//! Accounts: sign-up, log-in, and who somebody is.

use axum::{
    Json as Reply, Router,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
    routing::{get, post},
};
use invite_core::{Claimant, EmailAddress, Token};
use shared::{
    Cookies, User,
    accounts::{LogIn, LoggedIn, Me, SignUp, SignedUp, email_taken, hash, verify, wrong_password},
    check_line,
    json::Empty,
};
use sqlx::FromRow;
use tower_sessions::Session;

use crate::{
    App, answers,
    database::{self, Conn, NewUser},
    error::ApiError,
    extract::Json,
    organizations,
    retry::retry,
    session::{self, CurrentUser},
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/signup", post(post_sign_up))
        .route("/api/login", post(post_log_in))
        .route("/api/logout", post(post_log_out))
        .route("/api/me", get(get_me))
}

/// With what is secret about it, which never leaves this module.
#[derive(FromRow)]
pub(crate) struct Account {
    #[sqlx(flatten)]
    user: User,
    password_hash: String,
}

/// Makes an account. With an invitation's token, the account, the acceptance and the membership are
/// one transaction: all three or none.
pub(crate) async fn sign_up(app: &App, form: SignUp) -> Result<SignedUp, ApiError> {
    let email: EmailAddress = form.email.parse()?;
    let full_name = form.full_name.trim();
    // It will stand in letters, so it must be what the library would put there.
    check_line("full_name", full_name)?;
    let token = form.token.as_deref().map(str::parse::<Token>).transpose()?;
    let hash = hash(form.password).await?;

    retry(|| async {
        let mut tx = database::begin(&app.pool).await?;
        let mut user = insert(&mut tx, &email, full_name, &hash).await?;
        let mut membership = None;
        if let Some(token) = &token {
            // Nothing but the mailed link proves that the address is theirs; a copied one does not.
            let claimant = Claimant::new(user.id).proved_by_link(&user.email);
            let accepted = app.members.accept(&mut tx, token, &claimant).await?;
            membership = Some(answers::join(&mut tx, &mut user, accepted).await?.0);
        }
        tx.commit().await?;
        Ok(SignedUp { user, membership })
    })
    .await
}

/// Finds the account of an address, if the password is its own.
pub(crate) async fn log_in(app: &App, email: &str, password: String) -> Result<User, ApiError> {
    let account = match email.parse::<EmailAddress>() {
        Ok(email) => database::find_account(&mut *app.pool.acquire().await?, email.canonical()).await?,
        Err(_) => None,
    };
    let (user, hash) = account.map(|account| (account.user, account.password_hash)).unzip();
    let matches = verify(password, hash).await?;
    Ok(user.filter(|_| matches).ok_or_else(wrong_password)?)
}

pub(crate) async fn find(app: &App, id: i64) -> Result<Option<User>, ApiError> {
    Ok(database::find_user(&mut *app.pool.acquire().await?, id).await?)
}

/// Records that the user reads the mail sent to their address.
pub(crate) async fn mark_verified(conn: &mut Conn, user: &mut User) -> Result<(), ApiError> {
    database::mark_verified(conn, user.id).await?;
    user.email_verified = true;
    Ok(())
}

async fn insert(conn: &mut Conn, email: &EmailAddress, full_name: &str, hash: &str) -> Result<User, ApiError> {
    let (email, email_canonical) = (email.as_given(), email.canonical());
    let new = NewUser { email, email_canonical, full_name, password_hash: hash };
    Ok(database::insert_user(conn, &new).await?.ok_or_else(email_taken)?)
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

async fn get_me(State(app): State<App>, CurrentUser(user): CurrentUser) -> Result<Reply<Me>, ApiError> {
    let memberships = organizations::of(&app, &user).await?;
    Ok(Reply(Me { user, memberships }))
}
