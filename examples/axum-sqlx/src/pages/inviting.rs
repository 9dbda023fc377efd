//! The invitations of an organization: the list, and the form above it.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use shared::{
    Role, User,
    pages::{
        filter::{Filter, letters},
        form::Form,
        input::Sending,
        item::Item,
        view::{Heading, Moment, lifetimes, now, roles, sorts},
    },
};

use super::page::{Answer, At, Page, Sent, SignedIn};
use crate::{App, error::ApiError, invitations, organizations};

pub(super) async fn list(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    RawQuery(query): RawQuery,
) -> Answer {
    let filter = Filter::read(query.as_deref().unwrap_or_default());
    show_list(&app, &user, &page, org, &filter, Sending::fresh(), None).await
}

async fn show_list(
    app: &App,
    user: &User,
    page: &Page,
    org: i64,
    filter: &Filter,
    form: Form,
    error: Option<&ApiError>,
) -> Answer {
    let organization = organizations::heading(app, user, org).await?;
    let found = invitations::list(app, user, org, &filter.query()?).await?;
    let items: Vec<Item> = found.items.into_iter().map(|view| Item::new(org, view, user)).collect();
    let next = found.next_cursor.map(|cursor| filter.href(org, &filter.status, &cursor));
    let first = (!filter.cursor.is_empty()).then(|| filter.href(org, &filter.status, ""));
    let context = json!({ "roles": roles(organization.role), "lifetimes": lifetimes(), "chips": filter.chips(org), "organization": organization, "items": items, "filter": filter, "whole": filter.as_field(), "letters": letters(), "all_roles": roles(Role::Owner), "sorts": sorts(), "next": next, "first": first, "form": form });
    page.show_after(error, "invitations.html", context)
}

pub(super) async fn create(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    Sent(sent): Sent<Sending>,
) -> Answer {
    match send(&app, &user, &page, org, &sent).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let pending = error.id.map(|id| format!("/organizations/{org}/invitations/{id}"));
            let form = sent.form().refused(&error).link(pending);
            show_list(&app, &user, &page, org, &Filter::default(), form, Some(&error)).await
        }
    }
}

async fn send(app: &App, user: &User, page: &Page, org: i64, sent: &Sending) -> Result<Response, ApiError> {
    let invite = sent.invite()?;
    if sent.by_link() {
        let (invitation, link) = invitations::create_with_link(app, user, org, &invite).await?;
        let organization = organizations::heading(app, user, org).await?;
        return show_link(page, organization, &invitation.email, invitation.expires_at, &link);
    }
    let invitation = invitations::create(app, user, org, &invite).await?;
    let flash = format!("{} is invited. The mail is on its way.", invitation.email);
    Ok(page.go(&format!("/organizations/{org}/invitations"), &flash))
}

/// The only page that ever shows a link: the answer to the request that made it.
pub(super) fn show_link(
    page: &Page,
    organization: Heading,
    email: &str,
    expires_at: DateTime<Utc>,
    link: &str,
) -> Result<Response, ApiError> {
    let expires = Moment::new(expires_at, now());
    let context = json!({ "organization": organization, "item": { "email": email, "expires": expires }, "link": link });
    page.html(StatusCode::OK, "link.html", context)
}
