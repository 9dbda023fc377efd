//! Where the link of an invitation leads: what the page says, and to whom.

use invite_core::{EmailAddress, Token};
use serde::Serialize;
use url::form_urlencoded;

use super::view::Confirm;
use crate::{MemberOf, Preview, Problem, User};

/// What the cookie says after a link that held no token. Nothing parses as this.
const DAMAGED: &str = "damaged";

/// What the page's address holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// No token: the page itself.
    Page,
    /// This one, well formed.
    Token(String),
    Damaged,
}

impl Opening {
    pub fn read(query: &str) -> Self {
        let tokens = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "token");
        match tokens.map(|(_, token)| token).collect::<Vec<_>>().as_slice() {
            [] => Self::Page,
            [token] if token.parse::<Token>().is_ok() => Self::Token(token.as_ref().into()),
            [..] => Self::Damaged,
        }
    }
}

/// What the cookie keeps of a link whose token came in the fragment.
pub fn kept(token: &str) -> &str {
    if token.parse::<Token>().is_ok() { token } else { DAMAGED }
}

/// Which of its faces the page shows.
#[derive(Debug, Serialize)]
pub struct Standing {
    name: &'static str,
    title: &'static str,
    text: String,
}

impl Standing {
    pub fn nothing_open() -> Self {
        Self {
            name: "none",
            title: "No invitation is open here",
            text: "Open the link in the invitation once more. If you just did, allow cookies for this site.".into(),
        }
    }

    /// How this person stands to this invitation, as far as reading tells.
    pub fn of(user: Option<&User>, memberships: &[MemberOf], preview: &Preview) -> Result<Self, Problem> {
        let Some(user) = user else {
            return Ok(Self::named("logged_out"));
        };
        let own: EmailAddress = user.email.parse()?;
        let theirs = match preview.proved_email.as_deref().map(str::parse::<EmailAddress>) {
            Some(Ok(invited)) => invited.canonical() == own.canonical(),
            // A mask shows only who it surely is not.
            Some(Err(_)) | None => preview.email == own.masked(),
        };
        if !theirs {
            return Ok(Self::wrong_account());
        }
        if memberships.iter().any(|member| member.organization.id == preview.organization.id) {
            return Ok(Self::named("member"));
        }
        let provable = user.email_verified || preview.proved_email.is_some();
        Ok(if provable { Self::named("open") } else { Self::not_verified(user) })
    }

    /// The same, as the library has said it.
    pub fn after(problem: &Problem, user: &User) -> Option<Self> {
        match problem.code {
            "already_member" => Some(Self::named("member")),
            "wrong_recipient" => Some(Self::wrong_account()),
            "email_not_verified" => Some(Self::not_verified(user)),
            _ => None,
        }
    }

    /// An invitation that cannot be answered: how that came, and nothing else.
    pub fn ended(problem: &Problem) -> Option<Self> {
        let (title, text) = match problem.code {
            "not_found" => (
                "This link is not valid",
                "It may have been cut off on its way. Open it once more from the invitation, or ask for a new one.",
            ),
            "expired" => ("This invitation has expired", "Ask whoever invited you to send a new one."),
            "already_accepted" => (
                "This invitation has been used",
                "It works once. If you have accepted it yourself, log in: the organization is among yours.",
            ),
            "rejected" => ("This invitation was declined", "If that was not meant, ask for a new one."),
            "cancelled" => ("This invitation was taken back", "Whoever sent it has cancelled it."),
            "superseded" => {
                ("There is a newer link", "A later mail has replaced this link. Please use the one in the latest mail.")
            }
            _ => return None,
        };
        Some(Self { name: problem.code, title, text: text.into() })
    }

    fn named(name: &'static str) -> Self {
        Self { name, title: "", text: String::new() }
    }

    fn wrong_account() -> Self {
        Self { text: "This invitation is for another address than yours.".into(), ..Self::named("wrong_account") }
    }

    fn not_verified(user: &User) -> Self {
        let text = format!(
            "Nobody has confirmed yet that {} is yours, and a link that was passed on cannot. Ask for the invitation by mail.",
            user.email
        );
        Self { text, ..Self::named("not_verified") }
    }
}

/// The person has agreed to what the page showed, not to what was opened since. An invitation that
/// is used up shows nothing any more, but joins nobody either: whoever used it is led home.
pub fn agreed(preview: Result<Preview, Problem>, join: &str) -> Result<Option<Preview>, Problem> {
    match preview {
        Ok(preview) if preview.organization.id.to_string() == join => Ok(Some(preview)),
        Ok(_) => Err(Problem::changed()),
        Err(error) if error.code == "already_accepted" => Ok(None),
        Err(error) => Err(error),
    }
}

pub fn confirm_decline(organization: &str, action: &str, back: &str) -> Confirm {
    Confirm {
        title: "Decline this invitation?".into(),
        text: format!(
            "You will not become a member of {organization}. To change your mind, you need a new invitation."
        ),
        action: action.into(),
        reason: Some("Reason"),
        danger: true,
        button: "Decline",
        dismiss: "Not now",
        back: back.into(),
        fields: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{Inviter, Organization, Role};

    #[test]
    fn nobody_joins_what_could_not_be_shown_to_them() {
        let preview = || Preview {
            organization: Organization { id: 7, name: "Engines".into() },
            role: Role::Member,
            email: "a***@example.com".into(),
            invited_by: Inviter { name: "Grace".into() },
            message: None,
            expires_at: DateTime::UNIX_EPOCH,
            proved_email: None,
        };
        assert!(matches!(agreed(Ok(preview()), "7"), Ok(Some(_))));
        assert_eq!(agreed(Ok(preview()), "8").err().unwrap().code, "changed");
        assert_eq!(agreed(Err(Problem::unavailable("busy")), "7").err().unwrap().code, "unavailable");
        assert_eq!(agreed(Err(invite_core::Error::Superseded.into()), "7").err().unwrap().code, "superseded");
        assert!(matches!(agreed(Err(invite_core::Error::AlreadyAccepted.into()), "7"), Ok(None)));
    }

    #[test]
    fn a_link_with_two_tokens_opens_nothing() {
        let token = "inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K";
        assert_eq!(Opening::read(&format!("a=b&token={token}")), Opening::Token(token.into()));
        assert_eq!(Opening::read(&format!("token={token}&token={token}")), Opening::Damaged);
        assert_eq!(Opening::read("token="), Opening::Damaged);
        assert_eq!(Opening::read("a=b"), Opening::Page);
    }
}
