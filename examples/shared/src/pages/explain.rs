//! The question why somebody cannot get in, and what helps.

use serde::Serialize;
use url::form_urlencoded;

use super::form::Form;
use crate::Explained;

/// Whom it is about: the query string, understood.
#[derive(Debug, Default, Serialize)]
pub struct Asked {
    pub email: String,
}

impl Asked {
    pub fn read(query: &str) -> Self {
        let email = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "email");
        Self { email: email.map(|(_, email)| email.trim().into()).unwrap_or_default() }
    }

    /// The form with what was asked.
    pub fn form(&self) -> Form {
        Form::default().value("email", self.email.as_str())
    }
}

/// An answer, and what helps.
#[derive(Serialize)]
pub struct Answered {
    #[serde(flatten)]
    explained: Explained,
    help: &'static str,
}

impl From<Explained> for Answered {
    fn from(explained: Explained) -> Self {
        let help = match explained.code {
            "open" => "If they do not find the letter, ask them to look into their spam folder, or resend it.",
            "letter_waits" => "Wait a minute. If it stays so, tell whoever runs this service.",
            "letter_refused" | "letter_bounced" => {
                "Check the address and correct it, then resend; or hand over a link."
            }
            "letter_suppressed" => "Hand over a link, or invite another address.",
            "superseded" => "Ask them to use the newest letter, or resend.",
            "accepted" => "They are in. If they use another account, ask them to log in with the one that accepted.",
            "rejected" | "cancelled" | "expired" => "Invite them again.",
            _ => "",
        };
        Self { explained, help }
    }
}
