//! What the pages' forms send.

use serde::Deserialize;

use super::form::Form;
use crate::{Amend, InvitationView, Invite, Problem, Role};

#[derive(Deserialize)]
pub struct Next {
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub struct LogIn {
    pub email: String,
    pub password: String,
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub struct NewAccount {
    pub full_name: String,
    pub email: String,
    pub password: String,
    /// The organization to join: set by the button that says so, and by nothing else.
    #[serde(default)]
    pub join: String,
}

impl NewAccount {
    /// The form again.
    pub fn form(&self) -> Form {
        Form::default()
            .value("full_name", self.full_name.as_str())
            .value("email", self.email.as_str())
            .value("password", "")
    }
}

#[derive(Deserialize)]
pub struct Founding {
    pub name: String,
}

#[derive(Deserialize)]
pub struct Opened {
    pub token: String,
}

#[derive(Deserialize)]
pub struct Join {
    /// The organization the button named.
    pub join: String,
}

#[derive(Deserialize)]
pub struct Why {
    #[serde(default)]
    pub reason: String,
}

impl Why {
    pub fn reason(&self) -> Option<&str> {
        Some(self.reason.trim()).filter(|reason| !reason.is_empty())
    }
}

#[derive(Deserialize)]
pub struct WhichLetter {
    pub mail: Option<usize>,
}

#[derive(Deserialize)]
pub struct ImportName {
    pub import: Option<String>,
}

#[derive(Deserialize)]
pub struct Sending {
    email: String,
    role: String,
    expires_in_hours: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    delivery: String,
}

impl Sending {
    pub fn invite(&self) -> Result<Invite, Problem> {
        Ok(Invite {
            email: self.email.trim().into(),
            role: role(&self.role)?,
            name: None,
            message: Some(self.message.clone()),
            expires_in_hours: Some(hours(&self.expires_in_hours)?),
            locale: None,
        })
    }

    pub fn by_link(&self) -> bool {
        self.delivery == "link"
    }

    /// The form before anybody has been at it.
    pub fn fresh() -> Form {
        Form::default().value("role", "member").value("expires_in_hours", "168")
    }

    /// The form again.
    pub fn form(&self) -> Form {
        Form::default()
            .value("email", self.email.as_str())
            .value("role", self.role.as_str())
            .value("expires_in_hours", self.expires_in_hours.as_str())
            .value("message", self.message.as_str())
            .value("delivery", self.delivery.as_str())
    }
}

#[derive(Deserialize)]
pub struct Changes {
    role: String,
    #[serde(default)]
    expires_in_hours: String,
    #[serde(default)]
    message: String,
}

impl Changes {
    /// What is different from before, if anything is.
    pub fn amend(&self, before: InvitationView) -> Result<Option<Amend>, Problem> {
        let role = role(&self.role)?;
        // Forms send CR LF.
        let message = self.message.replace("\r\n", "\n");
        let amend = Amend {
            role: (role != before.role).then_some(role),
            message: (message != before.message.unwrap_or_default()).then_some(message),
            expires_in_hours: match self.expires_in_hours.as_str() {
                "" => None,
                text => Some(hours(text)?),
            },
        };
        let any = amend.role.is_some() || amend.message.is_some() || amend.expires_in_hours.is_some();
        Ok(any.then_some(amend))
    }

    /// The form again.
    pub fn form(&self) -> Form {
        Form::default()
            .value("role", self.role.as_str())
            .value("expires_in_hours", self.expires_in_hours.as_str())
            .value("message", self.message.as_str())
    }
}

fn role(word: &str) -> Result<Role, Problem> {
    Role::try_from(word.to_owned()).map_err(|_| Problem::invalid("role", "role is not one of the choices"))
}

fn hours(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::invalid("expires_in_hours", "expires_in_hours is not a number of hours"))
}
