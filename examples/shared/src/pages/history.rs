//! What happened to an invitation, shown to the inviting side.

use std::collections::HashMap;

use invite_core::EventKind;
use serde::Serialize;

use super::view::{Moment, now};
use crate::{EventView, Member};

#[derive(Debug, Serialize)]
pub struct Happened {
    what: &'static str,
    who: String,
    reason: Option<String>,
    at: Moment,
}

impl Happened {
    /// Oldest first; who acted is named as long as they are a member.
    pub fn all(events: Vec<EventView>, members: Vec<Member>) -> Vec<Self> {
        let names = members.into_iter().map(|member| (format!("user:{}", member.user.id), member.user.full_name));
        let names = names.collect();
        events.into_iter().map(|event| Self::new(event, &names)).collect()
    }

    fn new(event: EventView, names: &HashMap<String, String>) -> Self {
        let what = match event.action {
            EventKind::Created => "Invited",
            EventKind::Accepted => "Accepted",
            EventKind::Rejected => "Declined",
            EventKind::Cancelled => "Cancelled",
            EventKind::Resent => "Sent again",
            EventKind::Amended => "Changed",
            EventKind::LinkCreated => "Link made",
            EventKind::Viewed => "Looked at",
            EventKind::Expired => "Expired",
            EventKind::DeliveryFailed => "Mail refused",
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
