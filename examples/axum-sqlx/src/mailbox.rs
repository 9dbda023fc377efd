//! The development mailbox: letters end here instead of on a mail server, for a person to open.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use axum::{Json as Reply, Router, extract::State, routing::get};
use invite_core::{Letter, Mailer, Outcome};
use invite_mail::Composer;
use serde::Serialize;

use crate::{App, error::ApiError};

/// How many letters it keeps.
const CAPACITY: usize = 200;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/dev/mailbox.json", get(get_mailbox))
}

/// Keeps the last letters in memory, with their links: for development only.
#[derive(Clone)]
pub(crate) struct Mailbox {
    composer: Composer,
    mails: Arc<Mutex<VecDeque<Mail>>>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) links: Vec<String>,
}

impl Mailbox {
    pub(crate) fn new(composer: Composer) -> Self {
        Self { composer, mails: Arc::default() }
    }

    /// All letters, newest last.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::Unwritable { text: error.to_string() },
        };
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() == CAPACITY {
            mails.pop_front();
        }
        mails.push_back(Mail {
            to: email.to().into(),
            subject: email.subject().into(),
            text: email.text().into(),
            html: email.html().into(),
            links: email.link().map(|link| link.expose_secret().into()).into_iter().collect(),
        });
        Outcome::accepted()
    }
}

async fn get_mailbox(State(app): State<App>) -> Result<Reply<Vec<Mail>>, ApiError> {
    app.mailbox.map(|mailbox| Reply(mailbox.mails())).ok_or_else(ApiError::not_found)
}
