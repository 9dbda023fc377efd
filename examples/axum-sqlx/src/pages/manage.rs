//! One invitation, on the inviting side: how it stands, its history, and changing it.

use std::collections::HashMap;

use axum::extract::State;
use invite_core::{InvitationId, Verb};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    form::Form,
    inviting::{self, Choice},
    item::{Item, href},
    page::{Answer, At, Named, Page, Sent, SignedIn},
    view::{Heading, Moment, now},
};
use crate::{
    App,
    accounts::User,
    error::ApiError,
    invitations::{self, Amend, EventView},
    organizations,
};

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
    let organization = Heading::load(app, user, org).await?;
    let item = Item::new(org, invitations::get_one(app, user, org, id).await?, user);
    let names: HashMap<String, String> = organizations::members(app, user, org)
        .await?
        .into_iter()
        .map(|member| (format!("user:{}", member.user.id), member.user.full_name))
        .collect();
    let events = invitations::events(app, user, org, id).await?;
    let events: Vec<Happened> = events.into_iter().map(|event| Happened::new(event, &names)).collect();
    let form = form.unwrap_or_else(|| {
        Form::default()
            .value("role", item.role.word())
            .value("expires_in_hours", "")
            .value("message", item.message.as_str())
    });
    let lifetimes: Vec<Choice> = [Choice::new("", "Leave as it is")].into_iter().chain(inviting::lifetimes()).collect();
    let roles = inviting::roles(organization.role);
    page.show_after(error, "invitation.html", json!({ "organization": organization, "item": item, "events": events, "roles": roles, "lifetimes": lifetimes, "form": form }))
}

#[derive(Serialize)]
struct Happened {
    what: &'static str,
    who: String,
    reason: Option<String>,
    at: Moment,
}

impl Happened {
    fn new(event: EventView, names: &HashMap<String, String>) -> Self {
        let what = match event.action {
            Verb::Created => "Invited",
            Verb::Accepted => "Accepted",
            Verb::Rejected => "Declined",
            Verb::Cancelled => "Cancelled",
            Verb::Resent => "Sent again",
            Verb::Amended => "Changed",
            Verb::LinkCreated => "Link made",
            Verb::Viewed => "Looked at",
            Verb::Expired => "Expired",
            Verb::DeliveryFailed => "Mail refused",
            _ => "Something else",
        };
        let who = match (names.get(&event.actor), event.actor.as_str()) {
            (Some(name), _) => format!("by {name}"),
            (None, "system") => String::new(),
            (None, "bearer") => "by whoever had the link".into(),
            (None, _) => "by somebody who is not a member".into(),
        };
        Self { what, who, reason: event.reason, at: Moment::new(event.at, now()) }
    }
}

#[derive(Deserialize)]
pub(super) struct Changes {
    role: String,
    #[serde(default)]
    expires_in_hours: String,
    #[serde(default)]
    message: String,
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
            let form = Form::default()
                .value("role", sent.role)
                .value("expires_in_hours", sent.expires_in_hours)
                .value("message", sent.message)
                .refused(&error);
            show_after(&app, &user, &page, org, id, Some(form), Some(&error)).await
        }
    }
}

async fn save(app: &App, user: &User, org: i64, id: InvitationId, sent: &Changes) -> Result<(), ApiError> {
    let before = invitations::get_one(app, user, org, id).await?;
    let role = inviting::role(&sent.role)?;
    // Forms send CR LF.
    let message = sent.message.replace("\r\n", "\n");
    let amend = Amend {
        role: (role != before.role).then_some(role),
        message: (message != before.message.unwrap_or_default()).then_some(message),
        expires_in_hours: match sent.expires_in_hours.as_str() {
            "" => None,
            hours => Some(inviting::hours(hours)?),
        },
    };
    if amend.role.is_some() || amend.message.is_some() || amend.expires_in_hours.is_some() {
        invitations::amend(app, user, org, id, &amend).await?;
    }
    Ok(())
}
