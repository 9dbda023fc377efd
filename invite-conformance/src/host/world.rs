//! What most cases are played in: invitations, a worker, a clock and a mailer over the database.

use std::sync::{Arc, Mutex, PoisonError};

use async_lock::Semaphore;
use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Action, Actor, Authority, Claimant, Denial, EmailAddress, Error, Invitation, InvitationId, Invitations, Kind,
    Letter, Mailer, NewInvitation, Outcome, Policy, Refusal, Scope, Token, Worker,
    store::StoreError,
    testing::{self, CapturedLetter, CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};

use crate::{
    case::{Stop, ensure},
    erased::{Conn, Db, Shared},
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Another flow over the same tables.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Provider {}

impl Kind for Provider {
    const NAME: &'static str = "provider";
}

pub(crate) fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

/// An invitation to be an admin.
pub(crate) fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("admin"))
}

/// Person 2, who has verified that address.
pub(crate) fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

/// Allows, and writes down what it was asked; refuses once told to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<(Vec<&'static str>, Option<&'static str>)>>);

impl Asked {
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(crate) fn refuse(&self, why: Option<&'static str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = why;
    }
}

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
            Action::Renew(_) => "renew",
            _ => "an action that the suite does not know",
        });
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }

    async fn authorize_delete(&self, _: &mut C, _: &Actor, _: &Scope, _: &[InvitationId]) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push("delete");
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }

    async fn authorize_support(&self, _: &mut C, _: &Actor, action: &Action<'_, K>) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push(match action {
            Action::Read => "support: read",
            Action::Resend(_) => "support: resend",
            Action::Cancel(_) => "support: cancel",
            Action::Create(_) | Action::Amend(..) | Action::NewLink(_) | Action::Renew(_) => {
                "what support has no call for"
            }
            _ => "an action that the suite does not know",
        });
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }

    async fn authorize_export(&self, _: &mut C, _: &Actor, _: &EmailAddress) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push("export");
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }

    async fn authorize_erase(&self, _: &mut C, _: &Actor, _: &EmailAddress) -> Result<(), Denial> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.push("erase");
        state.1.map_or(Ok(()), |why| Err(Denial::refused(why)))
    }
}

/// A mailer that holds each letter until told to go on; clones are one.
#[derive(Clone)]
pub(crate) struct Held {
    answer: Outcome,
    reached: Arc<Semaphore>,
    released: Arc<Semaphore>,
    pub(crate) seen: CapturingMailer,
}

impl Held {
    pub(crate) fn answering(answer: Outcome) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { answer, reached: closed(), released: closed(), seen: CapturingMailer::default() }
    }

    /// Waits until a letter is being held.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.forget();
    }

    pub(crate) fn go_on(&self) {
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
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: ManualClock,
    pub(crate) asked: Asked,
    pub(crate) members: Invitations<Shared, Membership>,
    pub(crate) mailer: CapturingMailer,
    pub(crate) worker: Worker<Shared, ()>,
    pub(crate) admin: Actor,
}

impl World {
    pub(crate) fn new(db: &Db, policy: Policy) -> Self {
        let clock = ManualClock::default();
        let asked = Asked::default();
        let store = Shared(Arc::clone(db));
        let members = Invitations::new(store.clone(), policy, asked.clone()).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let worker = Worker::new(store, (), mailer.clone()).serve(&members);
        Self { db: Arc::clone(db), clock, asked, members, mailer, worker, admin: Actor::new(1) }
    }

    /// Another kind over the same tables, on the same clock.
    pub(crate) fn providers(&self) -> Invitations<Shared, Provider> {
        Invitations::new(self.store(), Policy::default(), self.asked.clone()).clock(self.clock.clone())
    }

    /// The same members under another policy.
    pub(crate) fn under(&self, policy: Policy) -> Invitations<Shared, Membership> {
        Invitations::new(self.store(), policy, self.asked.clone()).clock(self.clock.clone())
    }

    /// Another worker for the members, with this mailer.
    pub(crate) fn worker_with(&self, mailer: impl Mailer) -> Worker<Shared, ()> {
        Worker::new(self.store(), (), mailer).serve(&self.members)
    }

    pub(crate) fn store(&self) -> Shared {
        Shared(Arc::clone(&self.db))
    }

    pub(crate) async fn begin(&self) -> Result<Conn, StoreError> {
        self.db.begin_at(self.db.levels()[0]).await
    }

    pub(crate) async fn commit(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.commit(tx).await
    }

    pub(crate) async fn rollback(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.rollback(tx).await
    }

    /// Invites to scope 7, and commits.
    pub(crate) async fn invite(&self, email: &str) -> Result<Invitation<Membership>, Stop> {
        Ok(committed!(self, tx => self.members.scope(7).create(&mut tx, &self.admin, new(email)).await?))
    }

    /// Lets the worker do all there is to do, and takes what it mailed.
    pub(crate) async fn mailed(&self) -> Result<Vec<CapturedLetter>, Stop> {
        for _ in 0..10_000 {
            if !self.worker.tick().await?.found_work() {
                return Ok(self.mailer.take());
            }
        }
        Err(Stop::Failed("the worker finds work for ever".into()))
    }

    /// Invites, mails, and takes the letter.
    pub(crate) async fn invite_and_mail(&self, email: &str) -> Result<(InvitationId, CapturedLetter), Stop> {
        let id = self.invite(email).await?.id;
        Ok((id, self.one_letter().await?))
    }

    /// Resends after the cool-down, mails, and takes the letter.
    pub(crate) async fn resend_and_mail(&self, id: InvitationId) -> Result<CapturedLetter, Stop> {
        self.clock.advance(TimeDelta::minutes(2));
        committed!(self, tx => self.members.scope(7).resend(&mut tx, &self.admin, id).await?);
        self.one_letter().await
    }

    /// Mails, and takes the letter.
    pub(crate) async fn one_letter(&self) -> Result<CapturedLetter, Stop> {
        let mut letters = self.mailed().await?;
        ensure!(letters.len() == 1, "one letter was due, {} were sent", letters.len());
        Ok(letters.remove(0))
    }

    /// An invitation with a token as if mailed, committed; its letter is still in the queue.
    pub(crate) async fn invited(&self, email: &str) -> Result<(InvitationId, Token), Stop> {
        Ok(committed!(self, tx => {
            let id = self.members.scope(7).create(&mut tx, &self.admin, new(email)).await?.id;
            (id, testing::deliver(&self.members, &mut tx, id).await?)
        }))
    }

    pub(crate) async fn get(&self, id: InvitationId) -> Result<Invitation<Membership>, Stop> {
        let mut conn = self.db.connect().await?;
        Ok(self.members.scope(7).get(&mut conn, &self.admin, id).await?)
    }

    /// What happened, as words with revisions.
    pub(crate) async fn history(&self, id: InvitationId) -> Result<Vec<(u32, &'static str)>, Stop> {
        let mut conn = self.db.connect().await?;
        let events = self.members.scope(7).history(&mut conn, &self.admin, id).await?;
        Ok(events.iter().map(|event| (event.revision, event.kind.as_str())).collect())
    }

    /// Fails unless exactly this happened.
    pub(crate) async fn happened(&self, id: InvitationId, wanted: &[(u32, &'static str)]) -> Result<(), Stop> {
        let seen = self.history(id).await?;
        ensure!(seen == wanted, "the history should be {wanted:?} and is {seen:?}");
        Ok(())
    }
}

/// A permanent refusal by the recipient's server, or one for now.
pub(crate) fn refused_mail(permanent: bool) -> Outcome {
    let (refusal, code) = if permanent { (Refusal::Permanent, 550) } else { (Refusal::Transient, 450) };
    Outcome::Refused { refusal, code: Some(code), enhanced: None, text: "mailbox unavailable".into() }
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

pub(crate) use {committed, undone};

/// A refusal, for cases that compare several.
pub(crate) type Answer = Result<(), Error>;
