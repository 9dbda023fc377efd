//! What most cases are played in: invitations, a worker, a clock and a mailer over the database.

use std::sync::{Arc, Mutex, PoisonError};

use async_lock::Semaphore;
use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    case::{Stop, ensure},
    erased::{Conn, Db, Shared},
};
use crate::{
    actor::{Actor, Scope},
    authority::{Action, Authority, Denial},
    claimant::Claimant,
    error::Error,
    invitation::{Invitation, InvitationId, NewInvitation},
    kind::Kind,
    mailer::{Letter, Mailer, Outcome},
    policy::Policy,
    service::Invitations,
    store::StoreError,
    testing::{self, CapturedLetter, CapturingMailer, ManualClock},
    token::Token,
    worker::Worker,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Another flow over the same tables.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Provider {}

impl Kind for Provider {
    const NAME: &'static str = "provider";
}

pub(super) fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

/// An invitation to be an admin.
pub(super) fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("admin"))
}

/// Person 2, who has verified that address.
pub(super) fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

/// Allows, and writes down what it was asked; refuses once told to.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(Arc<Mutex<(Vec<&'static str>, Option<&'static str>)>>);

impl Asked {
    pub(super) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(super) fn refuse(&self, why: Option<&'static str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = why;
    }
}

#[async_trait]
impl<C: Send, K: Kind> Authority<C, K> for Asked {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, action: &Action<'_, K>) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push(match action {
            Action::Read => "read",
            Action::Create(_) => "create",
            Action::Resend(_) => "resend",
            Action::Amend(..) => "amend",
            Action::Cancel(_) => "cancel",
            Action::NewLink(_) => "new_link",
        });
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }
}

/// A mailer that holds each letter until told to go on; clones are one.
#[derive(Clone)]
pub(super) struct Held {
    answer: Outcome,
    reached: Arc<Semaphore>,
    released: Arc<Semaphore>,
    pub(super) seen: CapturingMailer,
}

impl Held {
    pub(super) fn answering(answer: Outcome) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { answer, reached: closed(), released: closed(), seen: CapturingMailer::default() }
    }

    /// Waits until a letter is being held.
    pub(super) async fn reached(&self) {
        self.reached.acquire().await.forget();
    }

    pub(super) fn go_on(&self) {
        self.released.add_permits(1);
    }
}

#[async_trait]
impl Mailer for Held {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.seen.deliver(letter).await;
        self.reached.add_permits(1);
        self.released.acquire().await.forget();
        self.answer.clone()
    }
}

/// Everything on one clock.
pub(super) struct World {
    pub(super) db: Db,
    pub(super) clock: ManualClock,
    pub(super) asked: Asked,
    pub(super) members: Invitations<Shared, Membership>,
    pub(super) mailer: CapturingMailer,
    pub(super) worker: Worker<Shared, ()>,
    pub(super) admin: Actor,
}

impl World {
    pub(super) fn new(db: &Db, policy: Policy) -> Self {
        let clock = ManualClock::default();
        let asked = Asked::default();
        let store = Shared(Arc::clone(db));
        let members = Invitations::new(store.clone(), policy, asked.clone()).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let worker = Worker::new(store, (), mailer.clone()).serve(&members);
        Self { db: Arc::clone(db), clock, asked, members, mailer, worker, admin: Actor::new(1) }
    }

    /// Another kind over the same tables, on the same clock.
    pub(super) fn providers(&self) -> Invitations<Shared, Provider> {
        Invitations::new(self.store(), Policy::default(), self.asked.clone()).clock(self.clock.clone())
    }

    /// The same members under another policy.
    pub(super) fn under(&self, policy: Policy) -> Invitations<Shared, Membership> {
        Invitations::new(self.store(), policy, self.asked.clone()).clock(self.clock.clone())
    }

    /// Another worker for the members, with this mailer.
    pub(super) fn worker_with(&self, mailer: impl Mailer) -> Worker<Shared, ()> {
        Worker::new(self.store(), (), mailer).serve(&self.members)
    }

    pub(super) fn store(&self) -> Shared {
        Shared(Arc::clone(&self.db))
    }

    pub(super) async fn begin(&self) -> Result<Conn, StoreError> {
        self.db.begin_at(self.db.levels()[0]).await
    }

    pub(super) async fn commit(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.commit(tx).await
    }

    pub(super) async fn rollback(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.rollback(tx).await
    }

    /// Invites to scope 7, and commits.
    pub(super) async fn invite(&self, email: &str) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).create(&mut tx, &self.admin, new(email)).await?))
    }

    /// Lets the worker do all there is to do, and takes what it mailed.
    pub(super) async fn mailed(&self) -> Result<Vec<CapturedLetter>, Stop> {
        for _ in 0..10_000 {
            if !self.worker.tick().await?.found_work() {
                return Ok(self.mailer.take());
            }
        }
        Err(Stop::Failed("the worker finds work for ever".into()))
    }

    /// Invites, mails, and takes the letter.
    pub(super) async fn invite_and_mail(&self, email: &str) -> Result<(InvitationId, CapturedLetter), Stop> {
        let id = self.invite(email).await?.id;
        Ok((id, self.one_letter().await?))
    }

    /// Resends after the cool-down, mails, and takes the letter.
    pub(super) async fn resend_and_mail(&self, id: InvitationId) -> Result<CapturedLetter, Stop> {
        self.clock.advance(TimeDelta::minutes(2));
        committed!(self, tx => self.members.scope(7).resend(&mut tx, &self.admin, id).await?);
        self.one_letter().await
    }

    /// Mails, and takes the letter.
    pub(super) async fn one_letter(&self) -> Result<CapturedLetter, Stop> {
        let mut letters = self.mailed().await?;
        ensure!(letters.len() == 1, "one letter was due, {} were sent", letters.len());
        Ok(letters.remove(0))
    }

    /// An invitation with a token as if mailed, committed; its letter is still in the queue.
    pub(super) async fn invited(&self, email: &str) -> Result<(InvitationId, Token), Stop> {
        Ok(committed!(self, tx => {
            let id = self.members.scope(7).create(&mut tx, &self.admin, new(email)).await?.id;
            (id, testing::deliver(&self.members, &mut tx, id).await?)
        }))
    }

    pub(super) async fn get(&self, id: InvitationId) -> Result<Invitation<Membership>, Stop> {
        let mut conn = self.db.connect().await?;
        Ok(self.members.scope(7).get(&mut conn, &self.admin, id).await?)
    }

    /// What happened, as words with revisions.
    pub(super) async fn history(&self, id: InvitationId) -> Result<Vec<(u32, &'static str)>, Stop> {
        let mut conn = self.db.connect().await?;
        let events = self.members.scope(7).history(&mut conn, &self.admin, id).await?;
        Ok(events.iter().map(|event| (event.revision, event.verb.as_str())).collect())
    }

    /// Fails unless exactly this happened.
    pub(super) async fn happened(&self, id: InvitationId, wanted: &[(u32, &'static str)]) -> Result<(), Stop> {
        let seen = self.history(id).await?;
        ensure!(seen == wanted, "the history should be {wanted:?} and is {seen:?}");
        Ok(())
    }
}

/// A permanent refusal by the recipient's server, or one for now.
pub(super) fn refused_mail(permanent: bool) -> Outcome {
    Outcome::Refused { permanent, code: Some(if permanent { 550 } else { 450 }), enhanced: None, text: "no".into() }
}

/// `committed!(world, tx => expression)`: begins, evaluates, commits.
macro_rules! committed {
    ($world:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $world.begin().await?;
        let done = $work;
        $world.commit($tx).await?;
        done
    }};
}

/// `undone!(world, tx => expression)`: begins, evaluates, rolls back.
macro_rules! undone {
    ($world:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $world.begin().await?;
        let done = $work;
        $world.rollback($tx).await?;
        done
    }};
}

pub(super) use {committed, undone};

/// A refusal, for cases that compare several.
pub(super) type Answer = Result<(), Error>;
