//! What the environment says.

use std::{env, num::NonZeroU32, str::FromStr, time::Duration};

use invite_mail::SmtpServer;

use crate::DatabaseUrl;

const INVITES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// How to run. Its `Debug` shows no password.
#[derive(Debug)]
pub struct Config {
    pub port: u16,
    pub database_url: DatabaseUrl,
    /// Where people reach the application; `None` means on this machine, at the real port.
    pub public_url: Option<String>,
    pub mail: Mail,
    /// How long a letter is one worker's.
    pub lease: Duration,
    /// How many letters and links one person may ask for in a minute.
    pub invites_per_minute: NonZeroU32,
}

/// Where letters go.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
#[derive(Debug)]
pub enum Mail {
    /// To this server.
    Smtp(SmtpServer),
    /// To a page of the application itself. Anybody who reaches it can open every link.
    DevelopmentMailbox,
}

impl Config {
    /// Reads `PORT`, `DATABASE_URL`, `PUBLIC_URL`, `SMTP_URL`, `DEV_MAILBOX`,
    /// `WORKER_LEASE_SECONDS` and `INVITES_PER_MINUTE`; see the README.
    ///
    /// # Errors
    /// What is wrong with them, for a person.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = |name| variable(name).filter(|value| !value.is_empty());
        let dev_mailbox = text("DEV_MAILBOX").map_or(cfg!(debug_assertions), |value| value == "1");
        let mail = match text("SMTP_URL") {
            Some(url) => Mail::Smtp(SmtpServer::from_url(&url).map_err(|error| format!("SMTP_URL: {error}"))?),
            None if dev_mailbox => Mail::DevelopmentMailbox,
            None => return Err("set SMTP_URL, or DEV_MAILBOX=1 for development".into()),
        };
        Ok(Self {
            port: number("PORT", text("PORT"))?.unwrap_or(3000),
            database_url: DatabaseUrl(text("DATABASE_URL")),
            public_url: text("PUBLIC_URL"),
            mail,
            lease: Duration::from_secs(number("WORKER_LEASE_SECONDS", text("WORKER_LEASE_SECONDS"))?.unwrap_or(900)),
            invites_per_minute: number("INVITES_PER_MINUTE", text("INVITES_PER_MINUTE"))?.unwrap_or(INVITES_PER_MINUTE),
        })
    }
}

fn number<N: FromStr>(name: &str, value: Option<String>) -> Result<Option<N>, String> {
    value.map(|value| value.parse().map_err(|_| format!("{name} is not a number in range"))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        Config::read(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn no_password_is_shown() {
        let shown = read(&[("DEV_MAILBOX", "1"), ("DATABASE_URL", "postgres://app:hunter2@db.example.com/app")]);
        assert!(!format!("{:?}", shown.unwrap()).contains("hunter2"));
        let shown = format!("{:?}", read(&[("SMTP_URL", "smtps://invitations:hunter2@mail.example.com")]).unwrap());
        assert!(shown.contains("mail.example.com") && !shown.contains("hunter2"), "{shown}");
        let error = read(&[("SMTP_URL", "smtps://invitations:hunter2@mail.example.com/inbox")]).unwrap_err();
        assert!(error.starts_with("SMTP_URL: ") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_limit_is_a_number_above_zero() {
        let limit =
            |value| read(&[("DEV_MAILBOX", "1"), ("INVITES_PER_MINUTE", value)]).map(|it| it.invites_per_minute);
        assert_eq!(limit(""), Ok(INVITES_PER_MINUTE));
        assert_eq!(limit("2"), Ok(NonZeroU32::new(2).unwrap()));
        for value in ["0", "-1", "many"] {
            assert_eq!(limit(value), Err("INVITES_PER_MINUTE is not a number in range".into()), "{value}");
        }
    }
}
