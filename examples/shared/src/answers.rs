//! The invited side: what may be asked, and what is answered.

use chrono::{DateTime, Utc};
use invite_core::{Cursor, InvitationId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use crate::{MemberOf, Membership, Organization, Problem, Role};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByToken {
    pub token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectByToken {
    pub token: String,
    pub reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub reason: Option<String>,
}

/// What the holder of a link sees before deciding.
#[derive(Serialize)]
pub struct Preview {
    pub organization: Organization,
    pub role: Role,
    /// Masked.
    pub email: String,
    pub invited_by: Inviter,
    pub message: Option<String>,
    pub expires_at: DateTime<Utc>,
    /// The whole address, to fill the sign-up form with: only for whoever reads its mail anyway.
    #[serde(skip)]
    pub proved_email: Option<String>,
}

#[derive(Serialize)]
pub struct Inviter {
    pub name: String,
}

impl Preview {
    pub fn new(preview: &invite_core::Preview<Membership>) -> Result<Self, Problem> {
        Ok(Self {
            organization: organization(preview.scope(), preview.display())?,
            role: preview.payload()?.role,
            email: preview.masked_recipient(),
            invited_by: inviter(preview.display()),
            message: preview.message().map(Into::into),
            expires_at: preview.expires_at(),
            proved_email: preview.proved_recipient().map(|email| email.as_given().into()),
        })
    }
}

/// An open invitation, seen from the person it is addressed to.
#[derive(Serialize)]
pub struct Received {
    pub id: InvitationId,
    pub organization: Organization,
    pub role: Role,
    pub invited_by: Inviter,
    pub message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Received {
    pub fn new(invitation: &invite_core::Received<Membership>) -> Result<Self, Problem> {
        Ok(Self {
            id: invitation.id(),
            organization: organization(invitation.scope(), invitation.display())?,
            role: invitation.payload()?.role,
            invited_by: inviter(invitation.display()),
            message: invitation.message().map(Into::into),
            created_at: invitation.created_at(),
            expires_at: invitation.expires_at(),
        })
    }
}

/// One page of the open invitations to a person.
#[derive(Serialize)]
pub struct ReceivedPage {
    pub items: Vec<Received>,
    pub next_cursor: Option<String>,
}

impl ReceivedPage {
    pub fn new(page: &invite_core::Page<invite_core::Received<Membership>>) -> Result<Self, Problem> {
        Ok(Self {
            items: page.items.iter().map(Received::new).collect::<Result<_, _>>()?,
            next_cursor: page.next.as_ref().map(ToString::to_string),
        })
    }

    /// Reads `cursor=`.
    pub fn cursor(raw: &str) -> Result<Option<Cursor>, Problem> {
        let mut cursor = None;
        for (key, value) in form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            cursor = match &*key {
                "cursor" => Some(value.parse()?),
                other => return Err(Problem::unknown_parameter(other)),
            };
        }
        Ok(cursor)
    }
}

/// The answer to an acceptance, the first as well as a repeated one.
#[derive(Serialize)]
pub struct Joined {
    pub organization: Organization,
    pub role: Role,
    pub already_accepted: bool,
    pub redirect_to: String,
}

impl Joined {
    pub fn new(member: MemberOf, already_accepted: bool) -> Self {
        let redirect_to = member.home();
        Self { organization: member.organization, role: member.role, already_accepted, redirect_to }
    }
}

impl MemberOf {
    /// Where a new member is led.
    pub fn home(&self) -> String {
        if self.role.manages() { format!("/organizations/{}/invitations", self.organization.id) } else { "/me".into() }
    }
}

/// The answer to whoever declines.
#[derive(Serialize)]
pub struct Rejected {
    status: &'static str,
}

pub const REJECTED: Rejected = Rejected { status: "rejected" };

/// The organization as it was called when the invitation was written.
fn organization(scope: &Scope, display: &Value) -> Result<Organization, Problem> {
    Ok(Organization { id: organization_id(scope)?, name: word(display, "organization") })
}

pub fn organization_id(scope: &Scope) -> Result<i64, Problem> {
    scope.as_str().parse().map_err(Problem::internal)
}

fn inviter(display: &Value) -> Inviter {
    Inviter { name: word(display, "inviter") }
}

pub(crate) fn word(display: &Value, key: &str) -> String {
    display.get(key).and_then(Value::as_str).unwrap_or_default().into()
}
