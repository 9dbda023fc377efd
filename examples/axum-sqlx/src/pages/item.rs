//! One invitation, shown to the inviting side.

use chrono::TimeDelta;
use invite_core::{InvitationId, Status};
use serde::Serialize;

use super::view::{Moment, SOON_HOURS, now};
use crate::{
    accounts::User,
    invitations::{DeliveryView, InvitationView},
    organizations::Role,
};

#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) href: String,
    pub(super) email: String,
    pub(super) role: Role,
    status: Status,
    open: bool,
    pub(super) message: String,
    inviter: String,
    created: Moment,
    expires: Moment,
    /// `soon` or `over`.
    urgency: Option<&'static str>,
    answered: Option<Moment>,
    delivery: DeliveryView,
}

impl Item {
    pub(super) fn new(org: i64, view: InvitationView, viewer: &User) -> Self {
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
            email: view.email,
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
        }
    }
}

pub(super) fn href(org: i64, id: InvitationId) -> String {
    format!("/organizations/{org}/invitations/{id}")
}
