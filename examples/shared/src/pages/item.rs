//! One invitation, shown to the inviting side.

use chrono::TimeDelta;
use invite_core::{InvitationId, Status};
use serde::Serialize;

use super::view::{Confirm, Moment, SOON_HOURS, now};
use crate::{DeliveryView, InvitationView, Role, User};

#[derive(Debug, Serialize)]
pub struct Item {
    pub href: String,
    id: InvitationId,
    pub email: String,
    name: Option<String>,
    pub role: Role,
    status: Status,
    open: bool,
    pub message: String,
    inviter: String,
    created: Moment,
    expires: Moment,
    /// `soon` or `over`.
    urgency: Option<&'static str>,
    answered: Option<Moment>,
    delivery: DeliveryView,
    /// Where the one is that it renews.
    renews: Option<String>,
}

impl Item {
    pub fn new(org: i64, view: InvitationView, viewer: &User) -> Self {
        let now = now();
        let open = view.status.is_open();
        let urgency = match view.status {
            Status::Expired => Some("over"),
            Status::Pending | Status::DeliveryFailed if view.expires_at - now < TimeDelta::hours(SOON_HOURS) => {
                Some("soon")
            }
            Status::Pending | Status::DeliveryFailed | Status::Accepted | Status::Rejected | Status::Cancelled => None,
        };
        let inviter = match view.invited_by {
            Some(inviter) if inviter.id == viewer.id => "you".into(),
            Some(inviter) => inviter.name,
            None => "the system".into(),
        };
        Self {
            href: href(org, view.id),
            id: view.id,
            email: view.email,
            name: view.name,
            role: view.role,
            status: view.status,
            open,
            message: view.message.unwrap_or_default(),
            inviter,
            created: Moment::new(view.created_at, now),
            expires: Moment::new(view.expires_at, now),
            urgency,
            answered: view.accepted_at.map(|at| Moment::new(at, now)),
            delivery: view.delivery,
            renews: view.renews.map(|id| href(org, id)),
        }
    }
}

pub fn href(org: i64, id: InvitationId) -> String {
    format!("/organizations/{org}/invitations/{id}")
}

pub fn confirm_resend(org: i64, id: InvitationId, email: &str) -> Confirm {
    Confirm {
        title: "Send it again?".into(),
        text: format!(
            "A new mail with a new link goes to {email}. Links made before stop working, and the time to answer begins anew."
        ),
        action: format!("{}/resend", href(org, id)),
        reason: None,
        danger: false,
        button: "Send again",
        dismiss: "Not now",
        back: format!("/organizations/{org}/invitations"),
        fields: Vec::new(),
    }
}

pub fn confirm_cancel(org: i64, id: InvitationId, email: &str) -> Confirm {
    Confirm {
        title: "Cancel this invitation?".into(),
        text: format!("{email} can no longer accept it: all its links stop working at once."),
        action: format!("{}/cancel", href(org, id)),
        reason: Some("Reason"),
        danger: true,
        button: "Cancel invitation",
        dismiss: "Keep it",
        back: format!("/organizations/{org}/invitations"),
        fields: Vec::new(),
    }
}

pub fn confirm_renew(org: i64, id: InvitationId, email: &str) -> Confirm {
    Confirm {
        title: "Invite them once more?".into(),
        text: format!("{email} gets a new invitation to the same, by mail. This one stays as it is, with its history."),
        action: format!("{}/renew", href(org, id)),
        reason: None,
        danger: false,
        button: "Renew",
        dismiss: "Not now",
        back: href(org, id),
        fields: Vec::new(),
    }
}

pub fn confirm_delete(org: i64, id: InvitationId, email: &str) -> Confirm {
    Confirm {
        title: "Delete this invitation?".into(),
        text: format!("Nothing will be left that shows that {email} was invited: neither address nor history."),
        action: format!("{}/delete", href(org, id)),
        reason: None,
        danger: true,
        button: "Delete for good",
        dismiss: "Keep it",
        back: href(org, id),
        fields: Vec::new(),
    }
}
