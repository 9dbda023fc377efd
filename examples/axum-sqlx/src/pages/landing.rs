//! Where the link of an invitation leads.
//!
//! `GET` puts the token into a cookie and reads; only a button answers. So a mail scanner that
//! opens every link changes nothing, and the token leaves the address bar before anything is shown.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use invite_core::{Recipient, Token};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::{
    error::PageError,
    form::Form,
    page::{Answer, Page, Sent, SignedIn, set_cookies},
    view::{Confirm, Offer},
};
use crate::{
    App,
    accounts::User,
    answers::{self, Preview},
    error::ApiError,
    organizations,
};

/// What the cookie says after a link that held no token. Nothing parses as this.
const DAMAGED: &str = "damaged";

/// Which of its faces the page shows.
#[derive(Serialize)]
struct Standing {
    name: &'static str,
    title: &'static str,
    text: String,
}

pub(super) async fn show(State(app): State<App>, page: Page, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let tokens = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "token");
    match tokens.map(|(_, token)| token).collect::<Vec<_>>().as_slice() {
        [] => {}
        [token] if token.parse::<Token>().is_ok() => {
            let cookies = set_cookies([page.cookies.set_invitation(token)]);
            return Ok((cookies, Redirect::to("/invitation")).into_response());
        }
        [..] => return ended(&page, ApiError::from(invite_core::Error::NotFound)),
    }
    let Some(token) = &page.token else {
        return page.show("landing.html", json!({ "state": nothing_open() }));
    };
    match answers::preview(&app, token).await {
        Ok(preview) => {
            let state = standing(&app, &page, &preview).await?;
            show_offer(&page, &preview, &state, None)
        }
        Err(error) => ended(&page, error),
    }
}

#[derive(Deserialize)]
pub(super) struct Opened {
    token: String,
}

/// The same for a link whose token is in the fragment, where only the page's script sees it.
pub(super) async fn open(page: Page, Sent(Opened { token }): Sent<Opened>) -> Response {
    let token = if token.parse::<Token>().is_ok() { token.as_str() } else { DAMAGED };
    (StatusCode::NO_CONTENT, set_cookies([page.cookies.set_invitation(token)])).into_response()
}

#[derive(Deserialize)]
pub(super) struct Join {
    /// The organization the button named.
    join: String,
}

pub(super) async fn accept(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    Sent(Join { join }): Sent<Join>,
) -> Answer {
    let Some(token) = &page.token else {
        return Ok(Redirect::to("/invitation").into_response());
    };
    let preview = match agreed(answers::preview(&app, token).await, &join) {
        Ok(preview) => preview,
        Err(error) if error.code == "changed" => return Ok(Redirect::to("/invitation").into_response()),
        Err(error) => return ended(&page, error),
    };
    match answers::accept(&app, &user, token).await {
        Ok(joined) => {
            let already = if joined.already_accepted { "already" } else { "now" };
            let flash = format!("You are {already} a member of {}.", joined.organization.name);
            Ok(page.go_answered(&joined.redirect_to, &flash))
        }
        Err(error) => match preview.zip(standing_after(&error, &user)) {
            Some((preview, state)) => show_offer(&page, &preview, &state, Some(&error)),
            None => ended(&page, error),
        },
    }
}

/// The person has agreed to what the page showed, not to what was opened since. An invitation that
/// is used up shows nothing any more, but joins nobody either: whoever used it is led home.
fn agreed(preview: Result<Preview, ApiError>, join: &str) -> Result<Option<Preview>, ApiError> {
    match preview {
        Ok(preview) if preview.organization.id.to_string() == join => Ok(Some(preview)),
        Ok(_) => Err(ApiError::changed()),
        Err(error) if error.code == "already_accepted" => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn ask_decline(State(app): State<App>, page: Page) -> Answer {
    ask(&app, &page, Form::default(), None).await
}

#[derive(Deserialize)]
pub(super) struct Decline {
    #[serde(default)]
    pub(super) reason: String,
}

impl Decline {
    pub(super) fn reason(&self) -> Option<&str> {
        Some(self.reason.trim()).filter(|reason| !reason.is_empty())
    }
}

pub(super) async fn decline(State(app): State<App>, page: Page, Sent(sent): Sent<Decline>) -> Answer {
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

pub(super) fn confirm_decline(organization: &str, action: &str, back: &str) -> Confirm {
    Confirm {
        title: "Decline this invitation?".into(),
        text: format!(
            "You will not become a member of {organization}. To change your mind, you need a new invitation."
        ),
        action: action.into(),
        reason: Some("Reason"),
        danger: true,
        button: "Decline",
        dismiss: "Not now",
        back: back.into(),
    }
}

/// How this person stands to this invitation, as far as reading tells.
async fn standing(app: &App, page: &Page, preview: &Preview) -> Result<Standing, ApiError> {
    let Some(user) = &page.user else {
        return Ok(named("logged_out"));
    };
    let own: Recipient = user.email.parse()?;
    let theirs = match preview.proved_email.as_deref().map(str::parse::<Recipient>) {
        Some(Ok(invited)) => invited.canonical() == own.canonical(),
        // A mask shows only who it surely is not.
        Some(Err(_)) | None => preview.email == own.masked(),
    };
    if !theirs {
        return Ok(wrong_account());
    }
    if organizations::of(app, user).await?.iter().any(|member| member.organization.id == preview.organization.id) {
        return Ok(named("member"));
    }
    let provable = user.email_verified || preview.proved_email.is_some();
    Ok(if provable { named("open") } else { not_verified(user) })
}

/// The same, as the library has said it.
fn standing_after(error: &ApiError, user: &User) -> Option<Standing> {
    match error.code {
        "already_member" => Some(named("member")),
        "wrong_recipient" => Some(wrong_account()),
        "email_not_verified" => Some(not_verified(user)),
        _ => None,
    }
}

fn named(name: &'static str) -> Standing {
    Standing { name, title: "", text: String::new() }
}

fn wrong_account() -> Standing {
    Standing { text: "This invitation is for another address than yours.".into(), ..named("wrong_account") }
}

fn not_verified(user: &User) -> Standing {
    let text = format!(
        "Nobody has confirmed yet that {} is yours, and a link that was passed on cannot. Ask for the invitation by mail.",
        user.email
    );
    Standing { text, ..named("not_verified") }
}

fn nothing_open() -> Standing {
    Standing {
        name: "none",
        title: "No invitation is open here",
        text: "Open the link in the invitation once more. If you just did, allow cookies for this site.".into(),
    }
}

fn show_offer(page: &Page, preview: &Preview, state: &Standing, error: Option<&ApiError>) -> Answer {
    page.show_after(error, "landing.html", json!({ "invitation": Offer::previewed(preview), "state": state }))
}

/// The page of an invitation that cannot be answered. It says how that came, and nothing else.
fn ended(page: &Page, error: ApiError) -> Answer {
    let (title, text) = match error.code {
        "not_found" => (
            "This link is not valid",
            "It may have been cut off on its way. Open it once more from the invitation, or ask for a new one.",
        ),
        "expired" => ("This invitation has expired", "Ask whoever invited you to send a new one."),
        "already_accepted" => (
            "This invitation has been used",
            "It works once. If you have accepted it yourself, log in: the organization is among yours.",
        ),
        "rejected" => ("This invitation was declined", "If that was not meant, ask for a new one."),
        "cancelled" => ("This invitation was taken back", "Whoever sent it has cancelled it."),
        "superseded" => {
            ("There is a newer link", "A later mail has replaced this link. Please use the one in the latest mail.")
        }
        _ => return Err(PageError::Refused(error)),
    };
    page.show_after(
        Some(&error),
        "landing.html",
        json!({ "state": Standing { name: error.code, title, text: text.into() } }),
    )
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        answers::Inviter,
        organizations::{Organization, Role},
    };

    #[test]
    fn nobody_joins_what_could_not_be_shown_to_them() {
        let preview = || Preview {
            organization: Organization { id: 7, name: "Engines".into() },
            role: Role::Member,
            email: "a***@example.com".into(),
            invited_by: Inviter { name: "Grace".into() },
            message: None,
            expires_at: DateTime::UNIX_EPOCH,
            proved_email: None,
        };
        assert!(matches!(agreed(Ok(preview()), "7"), Ok(Some(_))));
        assert_eq!(agreed(Ok(preview()), "8").err().unwrap().code, "changed");
        assert_eq!(agreed(Err(ApiError::unavailable("busy")), "7").err().unwrap().code, "unavailable");
        assert_eq!(agreed(Err(invite_core::Error::Superseded.into()), "7").err().unwrap().code, "superseded");
        assert!(matches!(agreed(Err(invite_core::Error::AlreadyAccepted.into()), "7"), Ok(None)));
    }
}
