//! The inviting side: what may be asked, and what is answered.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Amendment, Delivery, DeliveryState, Error, Event, EventKind, Fault, Invitation, InvitationId, NewInvitation, Status,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use crate::{Membership, Organization, Problem, Role, User, answers::word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    pub email: String,
    pub role: Role,
    pub name: Option<String>,
    pub message: Option<String>,
    pub expires_in_hours: Option<i64>,
    pub locale: Option<String>,
}

impl Invite {
    /// In the library's terms.
    pub fn of(&self, organization: &Organization, inviter: &User) -> Result<NewInvitation<Membership>, Problem> {
        // Words for the letter. The role is not among them: an amendment changes the payload, and not this.
        let membership = Membership { role: self.role, name: self.name.clone() };
        let mut new = NewInvitation::new(&self.email, membership).display(&json!({
            "organization": organization.name,
            "organization_id": organization.id,
            "inviter": inviter.full_name,
        }));
        if let Some(message) = self.message.as_deref().filter(|message| !message.trim().is_empty()) {
            new = new.message(message);
        }
        if let Some(hours) = self.expires_in_hours {
            new = new.expires_in(lifetime(hours)?);
        }
        if let Some(locale) = &self.locale {
            new = new.locale(locale);
        }
        Ok(new)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    pub role: Option<Role>,
    pub message: Option<String>,
    pub expires_in_hours: Option<i64>,
}

impl Amend {
    /// In the library's terms. A payload is replaced as a whole, so what stays is taken from the one before.
    pub fn amendment(&self, before: Membership) -> Result<Amendment<Membership>, Problem> {
        let mut amendment = Amendment::new();
        if let Some(role) = self.role {
            amendment = amendment.payload(Membership { role, ..before });
        }
        if let Some(message) = &self.message {
            amendment = amendment.message(message);
        }
        if let Some(hours) = self.expires_in_hours {
            amendment = amendment.expires_in(lifetime(hours)?);
        }
        Ok(amendment)
    }
}

fn lifetime(hours: i64) -> Result<TimeDelta, Problem> {
    TimeDelta::try_hours(hours).ok_or_else(|| Problem::invalid("expires_in_hours", "expires_in_hours is out of range"))
}

/// How an invitation reaches the invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Mail,
    Link,
}

impl By {
    /// Reads `delivery=`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let mut by = None;
        for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
            by = match (&*key, &*value) {
                ("delivery", "mail") if by.is_none() => Some(Self::Mail),
                ("delivery", "link") if by.is_none() => Some(Self::Link),
                ("delivery", _) => return Err(Problem::invalid("delivery", "delivery is `mail` or `link`")),
                (other, _) => return Err(Problem::unknown_parameter(other)),
            };
        }
        Ok(by.unwrap_or(Self::Mail))
    }
}

/// An invitation, seen from the inviting side.
#[derive(Debug, Serialize)]
pub struct InvitationView {
    pub id: InvitationId,
    pub email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub role: Role,
    pub status: Status,
    pub message: Option<String>,
    pub invited_by: Option<InvitedBy>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub delivery: DeliveryView,
    /// Which ended one it takes the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renews: Option<InvitationId>,
}

#[derive(Debug, Serialize)]
pub struct InvitedBy {
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Serialize)]
pub struct DeliveryView {
    pub state: DeliveryState,
    pub attempts: u32,
    pub last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

/// What the inviter can do about a letter that did not arrive.
fn advice(delivery: &Delivery) -> Option<&'static str> {
    let waits = delivery.state == DeliveryState::Retrying;
    Some(match delivery.fault {
        Some(Fault::Recipient) if waits => "Their mailbox takes no mail at the moment. We keep trying.",
        Some(Fault::Recipient) => "Their mail server does not take mail for this address. Check it for typos.",
        Some(Fault::Content) if waits => "Their mail server does not like the letter. We keep trying.",
        Some(Fault::Content) => "Their mail server does not take the letter. Copy the link and send it yourself.",
        Some(Fault::Sender) if waits => "Our own mail is refused at the moment. We send it as soon as that is mended.",
        Some(Fault::Provider) if waits => "A mail server is out of order. We send it as soon as that is mended.",
        Some(Fault::Sender | Fault::Provider) => {
            "It came back through no fault of theirs. Resend it, or copy the link."
        }
        _ if waits => "We do not know yet why it was not taken. We keep trying.",
        _ => return None,
    })
}

impl InvitationView {
    pub fn new(invitation: &Invitation<Membership>) -> Result<Self, Error> {
        let inviter = invitation.inviter.id().and_then(|id| id.parse().ok());
        let accepted = invitation.ended.as_ref().filter(|_| invitation.status == Status::Accepted);
        let Membership { role, name } = invitation.payload()?;
        Ok(Self {
            id: invitation.id,
            email: invitation.recipient.as_given().into(),
            name,
            role,
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
                fault: invitation.delivery.fault.map(Fault::as_str),
                advice: advice(&invitation.delivery),
            },
            renews: invitation.renews,
        })
    }
}

/// An invitation as it is answered to whoever made it; with the link, where that was asked for.
#[derive(Debug, Serialize)]
pub struct Created {
    #[serde(flatten)]
    pub invitation: InvitationView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct NewLink {
    pub invite_link: String,
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct InvitationPage {
    pub items: Vec<InvitationView>,
    pub next_cursor: Option<String>,
}

impl InvitationPage {
    pub fn new(page: &invite_core::Page<Invitation<Membership>>) -> Result<Self, Error> {
        Ok(Self {
            items: page.items.iter().map(InvitationView::new).collect::<Result<_, _>>()?,
            next_cursor: page.next.as_ref().map(ToString::to_string),
        })
    }
}

/// Something that happened to an invitation.
#[derive(Debug, Serialize)]
pub struct EventView {
    pub action: EventKind,
    pub actor: String,
    pub reason: Option<String>,
    pub at: DateTime<Utc>,
}

impl EventView {
    pub fn new(event: Event) -> Self {
        Self { action: event.kind, actor: event.actor.to_stored(), reason: event.reason, at: event.at }
    }
}
