//! What the templates are given.

use chrono::{DateTime, Utc};
use invite_core::{Clock, SystemClock};
use serde::Serialize;

use crate::{
    App,
    accounts::User,
    answers::{Preview, Received},
    error::ApiError,
    organizations::{self, MemberOf, Organization, Role},
};

/// Open invitations that end sooner than this are shown as urgent.
pub(super) const SOON_HOURS: i64 = 48;

/// A moment, in all the ways pages say it. Always UTC: the server does not know where people are.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    iso: String,
    day: String,
    exact: String,
    relative: String,
}

impl Moment {
    pub(super) fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            iso: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            day: at.format("%-d %b %Y").to_string(),
            exact: at.format("%-d %b %Y, %H:%M UTC").to_string(),
            relative: relative((at - now).num_seconds()),
        }
    }
}

pub(super) fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// Rounded to the nearest, in one unit.
fn relative(seconds: i64) -> String {
    let away = seconds.abs();
    let (count, unit) = match away {
        0..45 => return if seconds < 0 { "just now".into() } else { "in less than a minute".into() },
        45..5_400 => ((away + 30) / 60, "minute"),
        5_400..129_600 => ((away + 1_800) / 3_600, "hour"),
        _ => ((away + 43_200) / 86_400, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("{count} {unit}{s} ago") } else { format!("in {count} {unit}{s}") }
}

/// An invitation, shown to the person who is invited.
#[derive(Debug, Serialize)]
pub(super) struct Offer {
    /// Empty where it was opened with a link.
    id: String,
    pub(super) organization: Organization,
    role: Role,
    pub(super) email: String,
    inviter: String,
    message: Option<String>,
    expires: Moment,
}

impl Offer {
    pub(super) fn previewed(preview: &Preview) -> Self {
        Self {
            id: String::new(),
            organization: preview.organization.clone(),
            role: preview.role,
            email: preview.email.clone(),
            inviter: preview.invited_by.name.clone(),
            message: preview.message.clone(),
            expires: Moment::new(preview.expires_at, now()),
        }
    }

    pub(super) fn received(received: Received, user: &User) -> Self {
        Self {
            id: received.id.to_string(),
            organization: received.organization,
            role: received.role,
            email: user.email.clone(),
            inviter: received.invited_by.name,
            message: received.message,
            expires: Moment::new(received.expires_at, now()),
        }
    }
}

/// A membership, shown to the member.
#[derive(Debug, Serialize)]
pub(super) struct Membership {
    organization: Organization,
    role: Role,
    article: &'static str,
    manages: bool,
}

impl From<MemberOf> for Membership {
    fn from(member: MemberOf) -> Self {
        let article = match member.role {
            Role::Owner => "the",
            Role::Admin => "an",
            Role::Manager | Role::Member | Role::Viewer => "a",
        };
        let MemberOf { organization, role, .. } = member;
        Self { organization, role, article, manages: manages(role) }
    }
}

/// Whether this role sees the inviting side. What it may do there, the library asks `OrgRoles`.
pub(super) fn manages(role: Role) -> bool {
    role >= Role::Admin
}

/// The heading of an organization's pages.
#[derive(Debug, Serialize)]
pub(super) struct Heading {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) manages: bool,
    #[serde(skip)]
    pub(super) role: Role,
}

impl Heading {
    /// Only for members; to others the organization does not exist.
    pub(super) async fn load(app: &App, user: &User, org: i64) -> Result<Self, ApiError> {
        let memberships = organizations::of(app, user).await?;
        let member = memberships.into_iter().find(|member| member.organization.id == org);
        let MemberOf { organization, role, .. } = member.ok_or_else(ApiError::not_found)?;
        Ok(Self { id: organization.id, name: organization.name, manages: manages(role), role })
    }
}

/// What a confirmation page asks.
#[derive(Debug, Serialize)]
pub(super) struct Confirm {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) action: String,
    /// The label of the field for it, where a reason may be given.
    pub(super) reason: Option<&'static str>,
    pub(super) danger: bool,
    pub(super) button: &'static str,
    pub(super) dismiss: &'static str,
    pub(super) back: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_nearest_unit() {
        let said = [
            (7 * 86_400 - 1, "in 7 days"),
            (-7 * 86_400, "7 days ago"),
            (20 * 3_600, "in 20 hours"),
            (3_600, "in 60 minutes"),
            (60, "in 1 minute"),
            (-10, "just now"),
        ];
        for (seconds, words) in said {
            assert_eq!(relative(seconds), words);
        }
    }
}
