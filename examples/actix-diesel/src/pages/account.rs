//! Log in, sign up, log out. An opened invitation is kept through all of them.

use actix_session::Session;
use actix_web::web::Data;
use serde_json::json;
use shared::{
    Preview, Problem, User,
    accounts::{SignUp, SignedUp},
    pages::{
        form::Form,
        input::{LogIn, NewAccount, Next},
        own_path,
        view::Offer,
    },
};

use super::{
    error::PageError,
    page::{Answer, Asked, Page, Sent, Shown},
};
use crate::{App, accounts, answers, error::ApiError, session};

pub(super) async fn show_log_in(app: Data<App>, page: Page, Asked(Next { next }): Asked<Next>) -> Answer {
    if page.user.is_some() {
        return Ok(Shown::to("/"));
    }
    log_in_form(&app, &page, next, Form::default(), None).await
}

// The session belongs to the thread that the request came to, so these two go to the runtime themselves.

pub(super) async fn log_in(app: Data<App>, session: Session, page: Page, Sent(sent): Sent<LogIn>) -> Answer {
    let runtime = app.runtime.clone();
    let (user, answer) = runtime.work(async move { try_log_in(&app, &page, sent).await }).await??;
    if let Some(user) = user {
        session::sign_in(&session, &user)?;
    }
    Ok(answer)
}

async fn try_log_in(app: &App, page: &Page, sent: LogIn) -> Result<(Option<User>, Shown), PageError> {
    let LogIn { email, password, next } = sent;
    match accounts::log_in(app, &email, password).await {
        Ok(user) => {
            let path = match pending(app, page).await {
                Some(_) => "/invitation",
                None => next.as_deref().and_then(own_path).unwrap_or("/"),
            };
            Ok((Some(user), Shown::to(path)))
        }
        Err(error) => {
            let form = Form::default().value("email", email).problem(error.detail.clone());
            Ok((None, log_in_form(app, page, next, form, Some(&error)).await?))
        }
    }
}

async fn log_in_form(app: &App, page: &Page, next: Option<String>, form: Form, error: Option<&ApiError>) -> Answer {
    let invitation = pending(app, page).await.map(|preview| Offer::previewed(&preview));
    let next = next.as_deref().and_then(own_path);
    page.show_after(
        error,
        "login.html",
        json!({ "nav": "login", "invitation": invitation, "next": next, "form": form }),
    )
}

pub(super) async fn show_sign_up(app: Data<App>, page: Page) -> Answer {
    if page.user.is_some() {
        return Ok(Shown::to("/"));
    }
    let pending = pending(&app, &page).await;
    let email = pending.as_ref().and_then(|preview| preview.proved_email.clone()).unwrap_or_default();
    sign_up_form(&page, pending.as_ref(), Form::default().value("email", email), None)
}

pub(super) async fn sign_up(app: Data<App>, session: Session, page: Page, Sent(new): Sent<NewAccount>) -> Answer {
    let runtime = app.runtime.clone();
    let (user, answer) = runtime.work(async move { try_sign_up(&app, &page, new).await }).await??;
    if let Some(user) = user {
        session::sign_in(&session, &user)?;
    }
    Ok(answer)
}

async fn try_sign_up(app: &App, page: &Page, new: NewAccount) -> Result<(Option<User>, Shown), PageError> {
    let pending = pending(app, page).await;
    let form = new.form();
    // The person has agreed to what the page showed, not to what was opened since.
    let agreed = match &pending {
        _ if new.join.is_empty() => None,
        Some(preview) if preview.organization.id.to_string() == new.join => page.token.clone(),
        Some(_) | None => {
            let changed = ApiError::from(Problem::changed());
            return Ok((None, sign_up_form(page, pending.as_ref(), form.refused(&changed), Some(&changed))?));
        }
    };
    let sign_up = SignUp { email: new.email, password: new.password, full_name: new.full_name, token: agreed };
    match accounts::sign_up(app, sign_up).await {
        Ok(SignedUp { user, membership }) => {
            let name = &user.full_name;
            let answer = match membership {
                Some(member) => {
                    let flash = format!("Welcome, {name}. You are now a member of {}.", member.organization.name);
                    page.go_answered(&member.home(), &flash)
                }
                None => page.go("/", &format!("Welcome, {name}.")),
            };
            Ok((Some(user), answer))
        }
        Err(error) => Ok((None, sign_up_form(page, pending.as_ref(), form.refused(&error), Some(&error))?)),
    }
}

fn sign_up_form(page: &Page, pending: Option<&Preview>, form: Form, error: Option<&ApiError>) -> Answer {
    let invitation = pending.map(Offer::previewed);
    // A link that was passed on proves no address, so a new account cannot accept with it.
    let joinable = pending.is_some_and(|preview| preview.proved_email.is_some());
    page.show_after(
        error,
        "signup.html",
        json!({ "nav": "signup", "invitation": invitation, "joinable": joinable, "form": form }),
    )
}

pub(super) async fn log_out(session: Session, page: Page, Sent(Next { next }): Sent<Next>) -> Shown {
    session.purge();
    let cookies = page.cookies;
    match next.as_deref() {
        // Somebody else may answer the invitation that is open here.
        Some("/invitation") => Shown::to("/invitation").cookies([cookies.forget_session()]),
        // Whoever comes next must not find it.
        Some(_) | None => page.go_answered("/", "You are logged out.").cookies([cookies.forget_session()]),
    }
}

/// The invitation this browser was opened with, while it can be accepted.
async fn pending(app: &App, page: &Page) -> Option<Preview> {
    match &page.token {
        Some(token) => answers::preview(app, token).await.ok(),
        None => None,
    }
}
