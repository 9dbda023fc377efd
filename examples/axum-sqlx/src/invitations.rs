//! The inviting side.

mod list;
mod routes;

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Amendment, DeliveryState, Event, Invitation, InvitationId, Kind, NewInvitation, Status, Verb,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, accounts::User, answers::word, authority::Refusal, database::Conn, error::ApiError, organizations::Role,
    retry::retry,
};

pub(crate) use self::{list::list, routes::routes};

/// What an invitation of this kind grants: all that acceptance needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: Role,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) message: Option<String>,
    pub(crate) expires_in_hours: Option<i64>,
    pub(crate) locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amend {
    pub(crate) role: Option<Role>,
    pub(crate) message: Option<String>,
    pub(crate) expires_in_hours: Option<i64>,
}

/// An invitation, seen from the inviting side.
#[derive(Debug, Serialize)]
pub(crate) struct InvitationView {
    pub(crate) id: InvitationId,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) status: Status,
    pub(crate) message: Option<String>,
    pub(crate) invited_by: Option<InvitedBy>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) accepted_at: Option<DateTime<Utc>>,
    pub(crate) delivery: DeliveryView,
}

#[derive(Debug, Serialize)]
pub(crate) struct InvitedBy {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct DeliveryView {
    pub(crate) state: DeliveryState,
    pub(crate) attempts: u32,
    pub(crate) last_error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct EventView {
    pub(crate) action: Verb,
    pub(crate) actor: String,
    pub(crate) reason: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// Invites by mail. The letter is queued in the same transaction, and sent after the commit.
pub(crate) async fn create(app: &App, user: &User, org: i64, input: &Invite) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let new = new_invitation(&mut tx, user, org, input).await?;
        let invitation = app.members.scope(org).create(&mut tx, &Actor::new(user.id), new).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    app.notifier.notify();
    InvitationView::new(&invitation)
}

/// Invites without a mail; the link is the caller's to hand over.
pub(crate) async fn create_with_link(
    app: &App,
    user: &User,
    org: i64,
    input: &Invite,
) -> Result<(InvitationView, String), ApiError> {
    let (invitation, token) = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let new = new_invitation(&mut tx, user, org, input).await?;
        let created = app.members.scope(org).create_with_link(&mut tx, &Actor::new(user.id), new).await?;
        tx.commit().await?;
        Ok(created)
    })
    .await?;
    let link = app.links.link(&invitation, &token).expose_secret().to_owned();
    Ok((InvitationView::new(&invitation)?, link))
}

async fn new_invitation(
    conn: &mut Conn,
    user: &User,
    org: i64,
    input: &Invite,
) -> Result<NewInvitation<Membership>, ApiError> {
    let organization = conn.tables().find_organization(org).await?.ok_or(Refusal::Outsider)?;
    // Words for the letter. The role is not among them: an amendment changes the payload, and not this.
    let mut new = NewInvitation::new(&input.email, Membership { role: input.role }).display(&json!({
        "organization": organization.name,
        "organization_id": organization.id,
        "inviter": user.full_name,
    }));
    if let Some(message) = input.message.as_deref().filter(|message| !message.trim().is_empty()) {
        new = new.message(message);
    }
    if let Some(hours) = input.expires_in_hours {
        new = new.expires_in(lifetime(hours)?);
    }
    if let Some(locale) = &input.locale {
        new = new.locale(locale);
    }
    Ok(new)
}

pub(crate) async fn get_one(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let invitation = app.members.scope(org).get(&mut conn, &Actor::new(user.id), id).await?;
    InvitationView::new(&invitation)
}

/// Changes an open invitation.
pub(crate) async fn amend(
    app: &App,
    user: &User,
    org: i64,
    id: InvitationId,
    input: &Amend,
) -> Result<InvitationView, ApiError> {
    let mut amendment = Amendment::new();
    if let Some(role) = input.role {
        amendment = amendment.payload(Membership { role });
    }
    if let Some(message) = &input.message {
        amendment = amendment.message(message);
    }
    if let Some(hours) = input.expires_in_hours {
        amendment = amendment.expires_in(lifetime(hours)?);
    }
    let invitation = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let invitation = app.members.scope(org).amend(&mut tx, &Actor::new(user.id), id, &amendment).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    InvitationView::new(&invitation)
}

/// Has it mailed again; earlier links die.
pub(crate) async fn resend(app: &App, user: &User, org: i64, id: InvitationId) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let invitation = app.members.scope(org).resend(&mut tx, &Actor::new(user.id), id).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    app.notifier.notify();
    InvitationView::new(&invitation)
}

/// Makes one more link to hand over; earlier links live.
pub(crate) async fn new_link(app: &App, user: &User, org: i64, id: InvitationId) -> Result<String, ApiError> {
    let (invitation, token) = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let made = app.members.scope(org).new_link(&mut tx, &Actor::new(user.id), id).await?;
        tx.commit().await?;
        Ok(made)
    })
    .await?;
    Ok(app.links.link(&invitation, &token).expose_secret().to_owned())
}

/// Takes it back.
pub(crate) async fn cancel(
    app: &App,
    user: &User,
    org: i64,
    id: InvitationId,
    reason: Option<&str>,
) -> Result<InvitationView, ApiError> {
    let invitation = retry(|| async {
        let mut tx = app.pool.begin().await?;
        let invitation = app.members.scope(org).cancel(&mut tx, &Actor::new(user.id), id, reason).await?;
        tx.commit().await?;
        Ok(invitation)
    })
    .await?;
    InvitationView::new(&invitation)
}

/// Everything that happened to it, oldest first.
pub(crate) async fn events(app: &App, user: &User, org: i64, id: InvitationId) -> Result<Vec<EventView>, ApiError> {
    let mut conn = app.pool.acquire().await?;
    let events = app.members.scope(org).history(&mut conn, &Actor::new(user.id), id).await?;
    Ok(events.into_iter().map(EventView::new).collect())
}

fn lifetime(hours: i64) -> Result<TimeDelta, ApiError> {
    TimeDelta::try_hours(hours).ok_or_else(|| ApiError::invalid("expires_in_hours", "expires_in_hours is out of range"))
}

impl InvitationView {
    fn new(invitation: &Invitation<Membership>) -> Result<Self, ApiError> {
        let inviter = invitation.inviter.id().and_then(|id| id.parse().ok());
        let accepted = invitation.ended.as_ref().filter(|_| invitation.status == Status::Accepted);
        Ok(Self {
            id: invitation.id,
            email: invitation.recipient.as_given().into(),
            role: invitation.payload()?.role,
            status: invitation.status,
            message: invitation.message.clone(),
            invited_by: inviter.map(|id| InvitedBy { id, name: word(&invitation.display, "inviter") }),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            accepted_at: accepted.map(|ended| ended.at),
            delivery: DeliveryView {
                state: invitation.delivery.state,
                attempts: invitation.delivery.attempts,
                last_error: invitation.delivery.last_error.clone(),
            },
        })
    }
}

impl EventView {
    fn new(event: Event) -> Self {
        Self { action: event.verb, actor: event.actor.to_stored(), reason: event.reason, at: event.at }
    }
}
