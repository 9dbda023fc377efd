//! Accounts: sign-up, log-in, and who somebody is.

use actix_session::Session;
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Json as Reply, ServiceConfig, post},
};
use invite_core::{Claimant, EmailAddress, Token};
use invite_diesel::Connections;
use shared::{
    Cookies, User,
    accounts::{LogIn, LoggedIn, Me, SignUp, SignedUp, email_taken, hash, verify, wrong_password},
    check_line,
    json::Empty,
};

use crate::{
    App, answers,
    database::{self, Conn, NewUser},
    error::ApiError,
    extract::{Json, MaybeJson},
    get, organizations, resource,
    retry::retry,
    runtime::Runtime,
    session::{self, CurrentUser},
};

pub(crate) fn routes(to: &mut ServiceConfig, on: &Runtime) {
    to.service(resource("/api/signup").route(post().to(post_sign_up)))
        .service(resource("/api/login").route(post().to(post_log_in)))
        .service(resource("/api/logout").route(post().to(post_log_out)))
        .service(resource("/api/me").route(get().to(on.run(get_me))));
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
        let mut conn = app.pool.lend().await?;
        database::transaction(&mut conn, async |conn| {
            let mut user = insert(conn, &email, full_name, &hash).await?;
            let mut membership = None;
            if let Some(token) = &token {
                // Nothing but the mailed link proves that the address is theirs; a copied one does not.
                let claimant = Claimant::new(user.id).proved_by_link(&user.email);
                let accepted = app.members.accept(conn, token, &claimant).await?;
                membership = Some(answers::join(conn, &mut user, accepted).await?.0);
            }
            Ok(SignedUp { user, membership })
        })
        .await
    })
    .await
}

/// Finds the account of an address, if the password is its own.
pub(crate) async fn log_in(app: &App, email: &str, password: String) -> Result<User, ApiError> {
    let account = match email.parse::<EmailAddress>() {
        Ok(email) => database::find_account(&mut *app.pool.lend().await?, email.canonical()).await?,
        Err(_) => None,
    };
    let (user, hash) = account.unzip();
    let matches = verify(password, hash).await?;
    Ok(user.filter(|_| matches).ok_or_else(wrong_password)?)
}

pub(crate) async fn find(app: &App, id: i64) -> Result<Option<User>, ApiError> {
    Ok(database::find_user(&mut *app.pool.lend().await?, id).await?)
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
    Ok(database::insert_user(conn, new).await?.ok_or_else(email_taken)?)
}

// The session belongs to the thread that the request came to, so these two go to the runtime themselves.

async fn post_sign_up(
    app: Data<App>,
    session: Session,
    Json(form): Json<SignUp>,
) -> Result<(Reply<SignedUp>, StatusCode), ApiError> {
    let runtime = app.runtime.clone();
    let signed_up = runtime.work(async move { sign_up(&app, form).await }).await??;
    session::sign_in(&session, &signed_up.user)?;
    Ok((Reply(signed_up), StatusCode::CREATED))
}

async fn post_log_in(app: Data<App>, session: Session, Json(form): Json<LogIn>) -> Result<Reply<LoggedIn>, ApiError> {
    let runtime = app.runtime.clone();
    let user = runtime.work(async move { log_in(&app, &form.email, form.password).await }).await??;
    session::sign_in(&session, &user)?;
    Ok(Reply(LoggedIn { user }))
}

async fn post_log_out(app: Data<App>, session: Session, _: MaybeJson<Empty>) -> HttpResponse {
    session.purge();
    // Also where the session has ended already, of which the session layer says nothing.
    let forget = Cookies { https: app.https }.forget_session();
    HttpResponse::NoContent().insert_header((header::SET_COOKIE, forget)).finish()
}

async fn get_me(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<Reply<Me>, ApiError> {
    let memberships = organizations::of(&app, &user).await?;
    Ok(Reply(Me { user, memberships }))
}
