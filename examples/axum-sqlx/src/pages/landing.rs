//! Where the link of an invitation leads.
//!
//! `GET` puts the token into a cookie and reads; only a button answers. So a mail scanner that
//! opens every link changes nothing, and the token leaves the address bar before anything is shown.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;
use shared::{
    Preview,
    pages::{
        form::Form,
        input::{Join, Opened, Why},
        landing::{Opening, Standing, agreed, confirm_decline, kept},
        view::Offer,
    },
};

use super::{
    error::PageError,
    page::{Answer, Page, Sent, SignedIn, set_cookies},
};
use crate::{App, answers, error::ApiError, organizations};

pub(super) async fn show(State(app): State<App>, page: Page, RawQuery(query): RawQuery) -> Answer {
    match Opening::read(query.as_deref().unwrap_or_default()) {
        Opening::Page => {}
        Opening::Token(token) => {
            let cookies = set_cookies([page.cookies.set_invitation(&token)]);
            return Ok((cookies, Redirect::to("/invitation")).into_response());
        }
        Opening::Damaged => return ended(&page, invite_core::Error::NotFound.into()),
    }
    let Some(token) = &page.token else {
        return page.show("landing.html", json!({ "state": Standing::nothing_open() }));
    };
    match answers::preview(&app, token).await {
        Ok(preview) => {
            let state = standing(&app, &page, &preview).await?;
            show_offer(&page, &preview, &state, None)
        }
        Err(error) => ended(&page, error),
    }
}

/// The same for a link whose token is in the fragment, where only the page's script sees it.
pub(super) async fn open(page: Page, Sent(Opened { token }): Sent<Opened>) -> Response {
    (StatusCode::NO_CONTENT, set_cookies([page.cookies.set_invitation(kept(&token))])).into_response()
}

pub(super) async fn accept(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    Sent(Join { join }): Sent<Join>,
) -> Answer {
    let Some(token) = &page.token else {
        return Ok(Redirect::to("/invitation").into_response());
    };
    let preview = match agreed(answers::preview(&app, token).await.map_err(Into::into), &join) {
        Ok(preview) => preview,
        Err(problem) if problem.code == "changed" => return Ok(Redirect::to("/invitation").into_response()),
        Err(problem) => return ended(&page, problem.into()),
    };
    match answers::accept(&app, &user, token).await {
        Ok(joined) => {
            let already = if joined.already_accepted { "already" } else { "now" };
            let flash = format!("You are {already} a member of {}.", joined.organization.name);
            Ok(page.go_answered(&joined.redirect_to, &flash))
        }
        Err(error) => match preview.zip(Standing::after(&error, &user)) {
            Some((preview, state)) => show_offer(&page, &preview, &state, Some(&error)),
            None => ended(&page, error),
        },
    }
}

pub(super) async fn ask_decline(State(app): State<App>, page: Page) -> Answer {
    ask(&app, &page, Form::default(), None).await
}

pub(super) async fn decline(State(app): State<App>, page: Page, Sent(sent): Sent<Why>) -> Answer {
    let Some(token) = &page.token else {
        return Ok(Redirect::to("/invitation").into_response());
    };
    match answers::reject(&app, page.user.as_ref(), token, sent.reason()).await {
        Ok(()) => {
            let path = if page.user.is_some() { "/me" } else { "/" };
            Ok(page.go_answered(path, "You have declined the invitation."))
        }
        Err(error) if error.field.is_some() => {
            let form = Form::default().value("reason", sent.reason).refused(&error);
            ask(&app, &page, form, Some(&error)).await
        }
        Err(error) => ended(&page, error),
    }
}

async fn ask(app: &App, page: &Page, form: Form, error: Option<&ApiError>) -> Answer {
    let Some(token) = &page.token else {
        return Ok(Redirect::to("/invitation").into_response());
    };
    let preview = match answers::preview(app, token).await {
        Ok(preview) => preview,
        Err(error) => return ended(page, error),
    };
    let confirm = confirm_decline(&preview.organization.name, "/invitation/decline", "/invitation");
    page.show_after(error, "confirm.html", json!({ "confirm": confirm, "form": form }))
}

/// How this person stands to this invitation, as far as reading tells.
async fn standing(app: &App, page: &Page, preview: &Preview) -> Result<Standing, ApiError> {
    let memberships = match &page.user {
        Some(user) => organizations::of(app, user).await?,
        None => Vec::new(),
    };
    Ok(Standing::of(page.user.as_ref(), &memberships, preview)?)
}

fn show_offer(page: &Page, preview: &Preview, state: &Standing, error: Option<&ApiError>) -> Answer {
    page.show_after(error, "landing.html", json!({ "invitation": Offer::previewed(preview), "state": state }))
}

/// The page of an invitation that cannot be answered. It says how that came, and nothing else.
fn ended(page: &Page, error: ApiError) -> Answer {
    match Standing::ended(&error) {
        Some(state) => page.show_after(Some(&error), "landing.html", json!({ "state": state })),
        None => Err(PageError::Refused(error)),
    }
}
