//! One invitation, on the inviting side: how it stands, its history, and changing it.

use axum::extract::State;
use invite_core::InvitationId;
use serde_json::json;
use shared::{
    User,
    pages::{
        form::Form,
        history::Happened,
        input::Changes,
        item::{Item, href},
        view::{Choice, lifetimes, roles},
    },
};

use super::page::{Answer, At, Named, Page, Sent, SignedIn};
use crate::{App, error::ApiError, invitations, organizations};

pub(super) async fn show(State(app): State<App>, SignedIn { user, page }: SignedIn, At((org, id)): Named) -> Answer {
    show_after(&app, &user, &page, org, id, None, None).await
}

async fn show_after(
    app: &App,
    user: &User,
    page: &Page,
    org: i64,
    id: InvitationId,
    form: Option<Form>,
    error: Option<&ApiError>,
) -> Answer {
    let organization = organizations::heading(app, user, org).await?;
    let item = Item::new(org, invitations::get_one(app, user, org, id).await?, user);
    let members = organizations::members(app, user, org).await?;
    let events = Happened::all(invitations::events(app, user, org, id).await?, members);
    let form = form.unwrap_or_else(|| {
        Form::default()
            .value("role", item.role.word())
            .value("expires_in_hours", "")
            .value("message", item.message.as_str())
    });
    let lifetimes: Vec<Choice> = [Choice::new("", "Leave as it is")].into_iter().chain(lifetimes()).collect();
    let roles = roles(organization.role);
    page.show_after(error, "invitation.html", json!({ "organization": organization, "item": item, "events": events, "roles": roles, "lifetimes": lifetimes, "form": form }))
}

pub(super) async fn amend(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At((org, id)): Named,
    Sent(sent): Sent<Changes>,
) -> Answer {
    match save(&app, &user, org, id, &sent).await {
        Ok(()) => Ok(page.go(&href(org, id), "The changes are saved.")),
        Err(error) => {
            let form = sent.form().refused(&error);
            show_after(&app, &user, &page, org, id, Some(form), Some(&error)).await
        }
    }
}

async fn save(app: &App, user: &User, org: i64, id: InvitationId, sent: &Changes) -> Result<(), ApiError> {
    let before = invitations::get_one(app, user, org, id).await?;
    if let Some(amend) = sent.amend(before)? {
        invitations::amend(app, user, org, id, &amend).await?;
    }
    Ok(())
}
