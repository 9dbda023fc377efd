//! The development mailbox: letters end here instead of on a mail server, for a person to open.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use invite_core::{Mailer, Outcome};
use invite_mail::Composer;
use serde::Serialize;

/// How many letters it keeps.
const CAPACITY: usize = 200;

/// Keeps the last letters in memory, with their links: for development only.
#[derive(Debug, Clone)]
pub struct Mailbox {
    composer: Composer,
    mails: Arc<Mutex<VecDeque<Letter>>>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub links: Vec<String>,
}

impl Mailbox {
    pub fn new(composer: Composer) -> Self {
        Self { composer, mails: Arc::default() }
    }

    /// All letters, newest last.
    pub fn mails(&self) -> Vec<Letter> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The HTML part of one, counted from 1, for a frame: its links leave the frame, as they would
    /// leave a mail program.
    pub fn html(&self, number: usize) -> Option<String> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let mail = mails.get(number.checked_sub(1)?)?;
        Some(mail.html.replacen("<head>", "<head><base target=\"_top\">", 1))
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn deliver(&self, letter: &invite_core::Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::ComposeFailed { text: error.to_string() },
        };
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() == CAPACITY {
            mails.pop_front();
        }
        mails.push_back(Letter {
            to: email.to().into(),
            subject: email.subject().into(),
            text: email.text().into(),
            html: email.html().into(),
            links: email.link().map(|link| link.expose_secret().into()).into_iter().collect(),
        });
        Outcome::accepted()
    }
}
