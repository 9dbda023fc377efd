//! The invitations of an organization: the list, and the form above it.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    filter::Filter,
    form::Form,
    item::Item,
    page::{Answer, At, Page, Sent, SignedIn},
    view::{Heading, Moment, now},
};
use crate::{
    App,
    accounts::User,
    error::ApiError,
    invitations::{self, Invite},
    organizations::Role,
};

/// A value to choose, and what it is called.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Choice {
    value: String,
    label: String,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    SignedIn { user, page }: SignedIn,
    At(org): At<i64>,
    RawQuery(query): RawQuery,
) -> Answer {
    let filter = Filter::read(query.as_deref().unwrap_or_default());
    let form = Form::default().value("role", "member").value("expires_in_hours", "168");
    show_list(&app, &user, &page, org, &filter, form, None).await
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
    let organization = Heading::load(app, user, org).await?;
    let found = invitations::list(app, user, org, &filter.query()?).await?;
    let items: Vec<Item> = found.items.into_iter().map(|view| Item::new(org, view, user)).collect();
    let next = found.next_cursor.map(|cursor| filter.href(org, &filter.status, &cursor));
    let first = (!filter.cursor.is_empty()).then(|| filter.href(org, &filter.status, ""));
    let sorts = [
        Choice::new("-created_at", "Newest first"),
        Choice::new("created_at", "Oldest first"),
        Choice::new("expires_at", "Next to expire"),
        Choice::new("email", "By address"),
    ];
    let context = json!({ "roles": roles(organization.role), "lifetimes": lifetimes(), "chips": filter.chips(org), "organization": organization, "items": items, "filter": filter, "sorts": sorts, "next": next, "first": first, "form": form });
    page.show_after(error, "invitations.html", context)
}

#[derive(Deserialize)]
pub(super) struct Sending {
    email: String,
    role: String,
    expires_in_hours: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    delivery: String,
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
            let form = Form::default()
                .value("email", sent.email)
                .value("role", sent.role)
                .value("expires_in_hours", sent.expires_in_hours)
                .value("message", sent.message)
                .value("delivery", sent.delivery)
                .refused(&error)
                .link(pending);
            show_list(&app, &user, &page, org, &Filter::default(), form, Some(&error)).await
        }
    }
}

async fn send(app: &App, user: &User, page: &Page, org: i64, sent: &Sending) -> Result<Response, ApiError> {
    let invite = Invite {
        email: sent.email.trim().into(),
        role: role(&sent.role)?,
        message: Some(sent.message.clone()),
        expires_in_hours: Some(hours(&sent.expires_in_hours)?),
        locale: None,
    };
    if sent.delivery == "link" {
        let (invitation, link) = invitations::create_with_link(app, user, org, &invite).await?;
        let organization = Heading::load(app, user, org).await?;
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

/// What somebody with this role may grant.
pub(super) fn roles(own: Role) -> Vec<Choice> {
    [Role::Member, Role::Viewer, Role::Manager, Role::Admin, Role::Owner]
        .into_iter()
        .filter(|role| *role <= own)
        .map(|role| Choice::new(role.word(), role.word()))
        .collect()
}

pub(super) fn lifetimes() -> [Choice; 5] {
    [("24", "1 day"), ("72", "3 days"), ("168", "7 days"), ("336", "14 days"), ("720", "30 days")]
        .map(|(hours, label)| Choice::new(hours, label))
}

pub(super) fn role(word: &str) -> Result<Role, ApiError> {
    Role::try_from(word.to_owned()).map_err(|_| ApiError::invalid("role", "role is not one of the choices"))
}

pub(super) fn hours(text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| ApiError::invalid("expires_in_hours", "expires_in_hours is not a number of hours"))
}
