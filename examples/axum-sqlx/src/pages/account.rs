//! Log in, sign up, log out. An opened invitation is kept through all of them.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde_json::json;
use shared::{
    Preview, Problem,
    accounts::SignUp,
    pages::{
        form::Form,
        input::{LogIn, NewAccount, Next},
        own_path,
        view::Offer,
    },
};
use tower_sessions::Session;

use super::page::{Answer, Asked, Page, Sent, set_cookies};
use crate::{App, accounts, answers, error::ApiError, session};

pub(super) async fn show_log_in(State(app): State<App>, page: Page, Asked(Next { next }): Asked<Next>) -> Answer {
    if page.user.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    log_in_form(&app, &page, next, Form::default(), None).await
}

pub(super) async fn log_in(
    State(app): State<App>,
    session: Session,
    page: Page,
    Sent(LogIn { email, password, next }): Sent<LogIn>,
) -> Answer {
    match accounts::log_in(&app, &email, password).await {
        Ok(user) => {
            session::sign_in(&session, &user).await?;
            let path = match pending(&app, &page).await {
                Some(_) => "/invitation",
                None => next.as_deref().and_then(own_path).unwrap_or("/"),
            };
            Ok(Redirect::to(path).into_response())
        }
        Err(error) => {
            let form = Form::default().value("email", email).problem(error.detail.clone());
            log_in_form(&app, &page, next, form, Some(&error)).await
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

pub(super) async fn show_sign_up(State(app): State<App>, page: Page) -> Answer {
    if page.user.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let pending = pending(&app, &page).await;
    let email = pending.as_ref().and_then(|preview| preview.proved_email.clone()).unwrap_or_default();
    sign_up_form(&page, pending.as_ref(), Form::default().value("email", email), None)
}

pub(super) async fn sign_up(
    State(app): State<App>,
    session: Session,
    page: Page,
    Sent(new): Sent<NewAccount>,
) -> Answer {
    let pending = pending(&app, &page).await;
    let form = new.form();
    // The person has agreed to what the page showed, not to what was opened since.
    let agreed = match &pending {
        _ if new.join.is_empty() => None,
        Some(preview) if preview.organization.id.to_string() == new.join => page.token.clone(),
        Some(_) | None => {
            let changed = ApiError::from(Problem::changed());
            return sign_up_form(&page, pending.as_ref(), form.refused(&changed), Some(&changed));
        }
    };
    let sign_up = SignUp { email: new.email, password: new.password, full_name: new.full_name, token: agreed };
    match accounts::sign_up(&app, sign_up).await {
        Ok(signed_up) => {
            session::sign_in(&session, &signed_up.user).await?;
            let name = signed_up.user.full_name;
            Ok(match signed_up.membership {
                Some(member) => {
                    let flash = format!("Welcome, {name}. You are now a member of {}.", member.organization.name);
                    page.go_answered(&member.home(), &flash)
                }
                None => page.go("/", &format!("Welcome, {name}.")),
            })
        }
        Err(error) => sign_up_form(&page, pending.as_ref(), form.refused(&error), Some(&error)),
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

pub(super) async fn log_out(session: Session, page: Page, Sent(Next { next }): Sent<Next>) -> Answer {
    session::sign_out(&session).await?;
    let cookies = page.cookies;
    Ok(match next.as_deref() {
        // Somebody else may answer the invitation that is open here.
        Some("/invitation") => (set_cookies([cookies.forget_session()]), Redirect::to("/invitation")).into_response(),
        // Whoever comes next must not find it.
        Some(_) | None => {
            let flash = cookies.set_flash("You are logged out.");
            let set = set_cookies([cookies.forget_session(), cookies.forget_invitation(), flash]);
            (set, Redirect::to("/")).into_response()
        }
    })
}

/// The invitation this browser was opened with, while it can be accepted.
async fn pending(app: &App, page: &Page) -> Option<Preview> {
    match &page.token {
        Some(token) => answers::preview(app, token).await.ok(),
        None => None,
    }
}
