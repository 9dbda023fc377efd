//! What the environment says.

use std::{env, str::FromStr, time::Duration};

/// How to run.
#[derive(Debug)]
pub struct Config {
    pub(crate) port: u16,
    pub(crate) database_url: String,
    /// Where people reach the application; `None` means on this machine, at the real port.
    pub(crate) public_url: Option<String>,
    pub(crate) mail: Mail,
    /// How long a letter is one worker's.
    pub(crate) lease: Duration,
}

/// Where letters go.
#[derive(Debug)]
pub(crate) enum Mail {
    /// To this server.
    Smtp(String),
    /// To a page of the application itself. Anybody who reaches it can open every link.
    DevelopmentMailbox,
}

impl Config {
    /// Reads `PORT`, `DATABASE_URL`, `PUBLIC_URL`, `SMTP_URL`, `DEV_MAILBOX` and
    /// `WORKER_LEASE_SECONDS`; see the README.
    ///
    /// # Errors
    /// What is wrong with them, for a person.
    pub fn from_env() -> Result<Self, String> {
        let dev_mailbox = text("DEV_MAILBOX").map_or(cfg!(debug_assertions), |value| value == "1");
        let mail = match text("SMTP_URL") {
            Some(url) => Mail::Smtp(url),
            None if dev_mailbox => Mail::DevelopmentMailbox,
            None => return Err("set SMTP_URL, or DEV_MAILBOX=1 for development".into()),
        };
        Ok(Self {
            port: number("PORT")?.unwrap_or(3000),
            database_url: text("DATABASE_URL").unwrap_or_else(|| "sqlite://invitations.sqlite".into()),
            public_url: text("PUBLIC_URL"),
            mail,
            lease: Duration::from_secs(number("WORKER_LEASE_SECONDS")?.unwrap_or(900)),
        })
    }
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<N: FromStr>(name: &str) -> Result<Option<N>, String> {
    text(name).map(|value| value.parse().map_err(|_| format!("{name} is not a number in range"))).transpose()
}
