//! Why somebody can or cannot accept.

use chrono::{DateTime, Utc};
use invite_core::{DeliveryState, Explanation, InvitationId};
use serde::Serialize;
use url::form_urlencoded;

use crate::{Membership, Problem};

/// One of the invitations to an address, and where it stands.
#[derive(Serialize)]
pub struct Explained {
    pub invitation_id: InvitationId,
    pub code: &'static str,
    pub text: String,
    pub facts: Facts,
}

/// What a client makes a sentence of its own from.
#[derive(Serialize)]
pub struct Facts {
    /// The id of the person who ended it; nothing where it was the system.
    pub by: Option<String>,
    /// When it ended.
    pub at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
    pub letter: DeliveryState,
    pub letter_error: Option<String>,
}

impl Explained {
    pub fn new(explanation: &Explanation<Membership>) -> Self {
        let Explanation { invitation, standing, .. } = explanation;
        let ended = invitation.ended.as_ref();
        Self {
            invitation_id: invitation.id,
            code: standing.code(),
            text: standing.to_string(),
            facts: Facts {
                by: ended.and_then(|ended| ended.by.id()).map(Into::into),
                at: ended.map(|ended| ended.at),
                expires_at: invitation.expires_at,
                letter: invitation.delivery.state,
                letter_error: invitation.delivery.last_error.clone(),
            },
        }
    }
}

/// Reads `email=`.
pub fn explained_address(raw: &str) -> Result<String, Problem> {
    let mut email = None;
    for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
        match &*key {
            "email" => email = Some(value.into_owned()),
            other => return Err(Problem::unknown_parameter(other)),
        }
    }
    email.ok_or_else(|| Problem::invalid("email", "email is missing"))
}
