//! A world to test in: invitations, a worker, a clock and a mailer over one of the stores.

use invite_core::{
    Actor, Invitation, InvitationId, Invitations, Kind, Letter, NewInvitation, Policy, Unchecked, Worker,
    testing::{CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};

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

/// Everything a test needs, on one clock.
pub(crate) struct World<B: Backend> {
    pub(crate) backend: B,
    pub(crate) clock: ManualClock,
    pub(crate) members: Invitations<B::Store, Membership>,
    pub(crate) mailer: CapturingMailer,
    pub(crate) worker: Worker<B::Store, B::Pool>,
    pub(crate) admin: Actor,
}

impl<B: Backend> World<B> {
    pub(crate) async fn new(policy: Policy) -> Self {
        let backend = B::fresh().await;
        let clock = ManualClock::default();
        let members = Invitations::new(B::Store::default(), policy, Unchecked).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let worker = Worker::new(B::Store::default(), backend.pool(), mailer.clone()).serve(&members);
        Self { backend, clock, members, mailer, worker, admin: Actor::new(1) }
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

pub(crate) use on_every_store;
