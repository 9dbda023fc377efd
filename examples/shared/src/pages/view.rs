//! What the templates are given.

use chrono::{DateTime, Utc};
use invite_core::{Clock, SystemClock};
use serde::Serialize;

use crate::{Member, MemberOf, Organization, Preview, Problem, Received, Role, User};

/// Open invitations that end sooner than this are shown as urgent.
pub const SOON_HOURS: i64 = 48;

/// A moment, in all the ways pages say it. Always UTC: the server does not know where people are.
#[derive(Debug, Serialize)]
pub struct Moment {
    iso: String,
    day: String,
    exact: String,
    relative: String,
}

impl Moment {
    pub fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            iso: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            day: at.format("%-d %b %Y").to_string(),
            exact: at.format("%-d %b %Y, %H:%M UTC").to_string(),
            relative: relative((at - now).num_seconds()),
        }
    }
}

pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// What a pasted list is called, unless somebody knows better.
pub fn list_name() -> String {
    now().format("List of %-d %b %Y, %H:%M").to_string()
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
pub struct Offer {
    /// Empty where it was opened with a link.
    id: String,
    pub organization: Organization,
    role: Role,
    pub email: String,
    inviter: String,
    message: Option<String>,
    expires: Moment,
}

impl Offer {
    pub fn previewed(preview: &Preview) -> Self {
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

    pub fn received(received: Received, user: &User) -> Self {
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
pub struct Belonging {
    organization: Organization,
    role: Role,
    article: &'static str,
    manages: bool,
}

impl From<MemberOf> for Belonging {
    fn from(member: MemberOf) -> Self {
        let article = match member.role {
            Role::Owner => "the",
            Role::Admin => "an",
            Role::Manager | Role::Member | Role::Viewer => "a",
        };
        let MemberOf { organization, role, .. } = member;
        Self { organization, role, article, manages: role.manages() }
    }
}

/// The heading of an organization's pages.
#[derive(Debug, Serialize)]
pub struct Heading {
    pub id: i64,
    pub name: String,
    pub manages: bool,
    #[serde(skip)]
    pub role: Role,
}

impl Heading {
    /// Only for members; to others the organization does not exist.
    pub fn of(memberships: Vec<MemberOf>, org: i64) -> Result<Self, Problem> {
        let member = memberships.into_iter().find(|member| member.organization.id == org);
        let MemberOf { organization, role, .. } = member.ok_or_else(Problem::not_found)?;
        Ok(Self { id: organization.id, name: organization.name, manages: role.manages(), role })
    }
}

/// A member, shown to the others.
#[derive(Debug, Serialize)]
pub struct Colleague {
    name: String,
    email: String,
    role: Role,
    you: bool,
}

impl Colleague {
    pub fn new(member: Member, viewer: &User) -> Self {
        let Member { user, role, .. } = member;
        Self { you: user.id == viewer.id, name: user.full_name, email: user.email, role }
    }
}

/// What a confirmation page asks.
#[derive(Debug, Serialize)]
pub struct Confirm {
    pub title: String,
    pub text: String,
    pub action: String,
    /// The label of the field for it, where a reason may be given.
    pub reason: Option<&'static str>,
    pub danger: bool,
    pub button: &'static str,
    pub dismiss: &'static str,
    pub back: String,
    /// What the form sends besides.
    pub fields: Vec<(&'static str, String)>,
}

/// A value to choose, and what it is called.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    value: String,
    label: String,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// A number of things, as people say it.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What somebody with this role may grant.
pub fn roles(own: Role) -> Vec<Choice> {
    [Role::Member, Role::Viewer, Role::Manager, Role::Admin, Role::Owner]
        .into_iter()
        .filter(|role| *role <= own)
        .map(|role| Choice::new(role.word(), role.word()))
        .collect()
}

pub fn lifetimes() -> [Choice; 5] {
    [("24", "1 day"), ("72", "3 days"), ("168", "7 days"), ("336", "14 days"), ("720", "30 days")]
        .map(|(hours, label)| Choice::new(hours, label))
}

pub fn sorts() -> [Choice; 4] {
    [
        ("-created_at", "Newest first"),
        ("created_at", "Oldest first"),
        ("expires_at", "Next to expire"),
        ("email", "By address"),
    ]
    .map(|(sort, label)| Choice::new(sort, label))
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
