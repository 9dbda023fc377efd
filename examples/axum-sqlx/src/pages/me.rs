//! What one person belongs to and is invited to.

use axum::extract::{RawQuery, State};
use invite_core::{Cursor, InvitationId};
use serde_json::json;
use shared::{
    Problem, User,
    answers::{Received, ReceivedPage},
    pages::{
        form::Form,
        input::Why,
        landing::confirm_decline,
        view::{Belonging, Offer},
    },
};

use super::page::{Answer, At, Page, Sent, SignedIn};
use crate::{App, answers, error::ApiError, organizations};

pub(super) async fn show(State(app): State<App>, SignedIn { user, page }: SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let after = ReceivedPage::cursor(raw.as_deref().unwrap_or_default()).map_err(ApiError::from)?;
    show_after(&app, &user, &page, after, None).await
}

async fn show_after(app: &App, user: &User, page: &Page, after: Option<Cursor>, error: Option<&ApiError>) -> Answer {
    let memberships: Vec<Belonging> = organizations::of(app, user).await?.into_iter().map(Into::into).collect();
    // Without a verified address nobody can know which are theirs.
    let (received, next) = match user.email_verified {
        true => {
            let page = answers::received(app, user, after).await?;
            (page.items, page.next_cursor.map(|cursor| format!("/me?cursor={cursor}")))
        }
        false => (Vec::new(), None),
    };
    let received: Vec<Offer> = received.into_iter().map(|received| Offer::received(received, user)).collect();
    let form = error.map_or_else(Form::default, |error| Form::default().refused(error));
    page.show_after(
        error,
        "me.html",
        json!({ "nav": "me", "memberships": memberships, "received": received, "next": next, "form": form }),
    )
}

pub(super) async fn accept(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(id): At<InvitationId>,
) -> Answer {
    match answers::accept_by_id(&app, &user, id).await {
        Ok(joined) => {
            let already = if joined.already_accepted { "already" } else { "now" };
            let flash = format!("You are {already} a member of {}.", joined.organization.name);
            Ok(page.go(&joined.redirect_to, &flash))
        }
        Err(error) => show_after(&app, &user, &page, None, Some(&error)).await,
    }
}

pub(super) async fn ask_decline(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(id): At<InvitationId>,
) -> Answer {
    ask(&app, &user, &page, id, Form::default(), None).await
}

pub(super) async fn decline(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(id): At<InvitationId>,
    Sent(sent): Sent<Why>,
) -> Answer {
    match answers::reject_by_id(&app, &user, id, sent.reason()).await {
        Ok(()) => Ok(page.go("/me", "You have declined the invitation.")),
        Err(error) if error.field.is_some() => {
            let form = Form::default().value("reason", sent.reason).refused(&error);
            ask(&app, &user, &page, id, form, Some(&error)).await
        }
        Err(error) => show_after(&app, &user, &page, None, Some(&error)).await,
    }
}

async fn ask(app: &App, user: &User, page: &Page, id: InvitationId, form: Form, error: Option<&ApiError>) -> Answer {
    let invitation = find(app, user, id).await?;
    let confirm = confirm_decline(&invitation.organization.name, &format!("/me/invitations/{id}/decline"), "/me");
    page.show_after(error, "confirm.html", json!({ "confirm": confirm, "form": form }))
}

/// Looks for one of the invitations to the user, page by page.
async fn find(app: &App, user: &User, id: InvitationId) -> Result<Received, ApiError> {
    let mut after = None;
    loop {
        let page = answers::received(app, user, after).await?;
        if let Some(found) = page.items.into_iter().find(|received| received.id == id) {
            return Ok(found);
        }
        let next = page.next_cursor.ok_or_else(Problem::not_found)?;
        after = Some(next.parse()?);
    }
}
