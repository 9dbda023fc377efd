//! A mailer that writes down what it sends before it answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use invite_core::{Letter, Mailer, Outcome, Refusal};

use super::{
    journal::{Entry, Journal, Mail, Round},
    load::Known,
};

/// How the addresses begin that refuse their letters for good.
pub(super) const REFUSING: &str = "refusing";

/// One worker's; clones are one.
#[derive(Clone)]
pub(super) struct Post {
    worker: u32,
    rounds: Arc<AtomicU64>,
    journal: Arc<Journal>,
    known: Arc<Known>,
}

impl Post {
    pub(super) fn new(worker: u32, journal: Arc<Journal>, known: Arc<Known>) -> Self {
        Self { worker, rounds: Arc::default(), journal, known }
    }

    /// What is mailed from now on belongs to the next round.
    pub(super) fn next_round(&self) {
        self.rounds.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn round(&self) -> Round {
        (self.worker, self.rounds.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Mailer for Post {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        // As long as a near mail server takes, so that kills fall before the letter and after it.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (email, Some(token)) = (letter.recipient().as_given(), letter.token()) else {
            return Outcome::ComposeFailed { text: "a letter without a link".into() };
        };
        let taken = !email.starts_with(REFUSING);
        self.journal.write(&Entry::Mailed(Mail {
            invitation: letter.invitation().id,
            delivery: letter.delivery().as_uuid().to_string(),
            generation: letter.invitation().generation,
            email: email.into(),
            token: token.expose_secret().into(),
            taken,
            round: self.round(),
        }));
        self.journal.sync();
        if !taken {
            return Outcome::Refused {
                refusal: Refusal::Permanent,
                code: Some(550),
                enhanced: None,
                text: "no such user".into(),
            };
        }
        self.known.token(token.expose_secret(), email);
        tokio::time::sleep(Duration::from_millis(1)).await;
        Outcome::accepted()
    }
}
