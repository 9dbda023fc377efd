//! A world to test in: invitations, a worker, a clock and a mailer over one of the stores.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Action, Actor, Authority, Denial, Invitation, InvitationId, Invitations, Kind, Letter, Mailer, NewInvitation,
    Outcome, Policy, Scope, Worker,
    testing::{CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

#[cfg(feature = "mysql")]
pub(crate) use crate::backends::mysql::OnMySql;
#[cfg(feature = "postgres")]
pub(crate) use crate::backends::postgres::OnPostgres;
pub(crate) use crate::backends::{Backend, memory::InMemory, sqlite::OnSqlite};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(crate) fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

/// Another flow over the same tables.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Provider {}

impl Kind for Provider {
    const NAME: &'static str = "provider";
}

/// Allows, and writes down what it was asked; refuses once told to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<(Vec<&'static str>, Option<&'static str>)>>);

impl Asked {
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    pub(crate) fn refuse(&self, why: Option<&'static str>) {
        self.0.lock().unwrap().1 = why;
    }
}

#[async_trait]
impl<C: Send, K: Kind> Authority<C, K> for Asked {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, action: &Action<'_, K>) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap();
        let name = match action {
            Action::Read => "read",
            Action::Create(_) => "create",
            Action::Resend(_) => "resend",
            Action::Amend(..) => "amend",
            Action::Cancel(_) => "cancel",
            Action::NewLink(_) => "new_link",
            _ => "something new",
        };
        state.0.push(name);
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }
}

/// A mailer that holds each letter until told to go on; clones are one.
#[derive(Clone)]
pub(crate) struct Held {
    answer: Outcome,
    reached: Arc<Notify>,
    released: Arc<Notify>,
    pub(crate) seen: CapturingMailer,
}

impl Held {
    pub(crate) fn answering(answer: Outcome) -> Self {
        Self { answer, reached: Arc::default(), released: Arc::default(), seen: CapturingMailer::default() }
    }

    /// Waits until a letter is being held.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(crate) fn go_on(&self) {
        self.released.notify_one();
    }
}

#[async_trait]
impl Mailer for Held {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.seen.deliver(letter).await;
        self.reached.notify_one();
        self.released.notified().await;
        self.answer.clone()
    }
}

/// Everything a test needs, on one clock.
pub(crate) struct World<B: Backend> {
    pub(crate) backend: B,
    pub(crate) clock: ManualClock,
    pub(crate) asked: Asked,
    pub(crate) members: Invitations<B::Store, Membership>,
    pub(crate) mailer: CapturingMailer,
    pub(crate) worker: Worker<B::Store, B::Pool>,
    pub(crate) admin: Actor,
}

impl<B: Backend> World<B> {
    pub(crate) async fn new(policy: Policy) -> Self {
        let backend = B::fresh().await;
        let clock = ManualClock::default();
        let asked = Asked::default();
        let members = Invitations::new(B::Store::default(), policy, asked.clone()).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let worker = Worker::new(B::Store::default(), backend.pool(), mailer.clone()).serve(&members);
        Self { backend, clock, asked, members, mailer, worker, admin: Actor::new(1) }
    }

    /// Invites to scope 7, and commits.
    pub(crate) async fn invite(&self, email: &str) -> Invitation<Membership> {
        let mut tx = self.backend.begin().await;
        let new = NewInvitation::new(email, membership("admin"));
        let invitation = self.members.scope(7).create(&mut tx, &self.admin, new).await.unwrap();
        B::commit(tx).await;
        invitation
    }

    /// Lets the worker mail what is due.
    pub(crate) async fn mailed(&self) -> Vec<Letter> {
        while self.worker.tick().await.unwrap().found_work() {}
        self.mailer.take()
    }

    /// Invites, mails, and takes the letter.
    pub(crate) async fn invite_and_mail(&self, email: &str) -> (InvitationId, Letter) {
        let id = self.invite(email).await.id;
        let mut letters = self.mailed().await;
        assert_eq!(letters.len(), 1);
        (id, letters.remove(0))
    }

    /// Resends after the cool-down, mails, and takes the letter.
    pub(crate) async fn resend_and_mail(&self, id: InvitationId) -> Letter {
        self.clock.advance(TimeDelta::minutes(2));
        let mut tx = self.backend.begin().await;
        self.members.scope(7).resend(&mut tx, &self.admin, id).await.unwrap();
        B::commit(tx).await;
        let mut letters = self.mailed().await;
        assert_eq!(letters.len(), 1);
        letters.remove(0)
    }

    pub(crate) async fn get(&self, id: InvitationId) -> Invitation<Membership> {
        let mut tx = self.backend.begin().await;
        let invitation = self.members.scope(7).get(&mut tx, &self.admin, id).await.unwrap();
        B::rollback(tx).await;
        invitation
    }

    /// What happened, as words with revisions.
    pub(crate) async fn history(&self, id: InvitationId) -> Vec<(u32, &'static str)> {
        let mut tx = self.backend.begin().await;
        let events = self.members.scope(7).history(&mut tx, &self.admin, id).await.unwrap();
        B::rollback(tx).await;
        events.iter().map(|event| (event.revision, event.verb.as_str())).collect()
    }
}

/// `in_a_transaction!(world, tx => expression)`: begins, evaluates, commits.
macro_rules! in_a_transaction {
    ($world:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $world.backend.begin().await;
        let answer = $work;
        B::commit($tx).await;
        answer
    }};
}

/// Makes one test per store of each generic function.
macro_rules! on_every_store {
    ($($(#[$meta:meta])* async fn $name:ident<B: Backend>() $body:block)*) => {
        $($(#[$meta])* async fn $name<B: Backend>() $body)*

        mod memory {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::InMemory>().await; })*
        }

        #[cfg(feature = "mysql")]
        mod mysql {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnMySql>().await; })*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnPostgres>().await; })*
        }

        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name::<crate::support::OnSqlite>().await; })*
        }
    };
}

pub(crate) use {in_a_transaction, on_every_store};
