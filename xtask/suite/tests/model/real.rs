//! The library: what happens.

use std::collections::HashSet;

use chrono::TimeDelta;
use invite_conformance::Harness;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, EarlierLinks, Error, InvitationId, Invitations, Kind, Linked, NewInvitation,
    Outcome, Policy, Refusal, Status, Token, Unchecked, Worker,
    testing::{CapturingMailer, ManualClock},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Act, Mail, address, expected::Model};

#[derive(Debug, Serialize, Deserialize)]
struct Membership {
    role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

fn membership(role: &str) -> Membership {
    Membership { role: role.into() }
}

pub(super) struct Real<'a, H: Harness> {
    harness: &'a H,
    pool: H::Pool,
    clock: ManualClock,
    members: Invitations<H::Store, Membership>,
    mailer: CapturingMailer,
    admin: Actor,
    ids: Vec<(InvitationId, u8)>,
    tokens: Vec<Token>,
    /// How often each invitation was newly accepted.
    joined: Vec<u32>,
}

impl<'a, H: Harness<Pool: Clone>> Real<'a, H> {
    pub(super) async fn new(harness: &'a H, keep: bool) -> Self {
        let links = if keep { EarlierLinks::Keep } else { EarlierLinks::Retire };
        let pool = harness.fresh().await.unwrap();
        let clock = ManualClock::default();
        let policy = Policy::default().earlier_links(links);
        let members = Invitations::new(harness.store(), policy, Unchecked).clock(clock.clone());
        let mailer = CapturingMailer::default();
        let admin = Actor::new(1);
        let (ids, tokens, joined) = (Vec::new(), Vec::new(), Vec::new());
        Self { harness, pool, clock, members, mailer, admin, ids, tokens, joined }
    }

    pub(super) async fn close(self) {
        self.harness.close(self.pool).await;
    }

    async fn begin(&self) -> H::Transaction {
        self.harness.begin(&self.pool, self.harness.levels()[0]).await.unwrap()
    }

    fn place(&self, id: InvitationId) -> usize {
        self.ids.iter().position(|(known, _)| *known == id).expect("an id we were given")
    }

    fn id(&self, i: usize) -> (InvitationId, u8) {
        let unknown = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        self.ids.get(i).copied().unwrap_or((unknown, 0))
    }

    fn word(&self, error: Error) -> String {
        match error {
            Error::NotFound => "not_found".into(),
            Error::Expired { .. } => "expired".into(),
            Error::AlreadyAccepted => "accepted".into(),
            Error::Rejected => "rejected".into(),
            Error::Cancelled => "cancelled".into(),
            Error::Superseded => "superseded".into(),
            Error::AlreadyPending(id) => format!("already pending {}", self.place(id)),
            Error::IllegalTransition { status, .. } => format!("illegal in {status}"),
            Error::WrongRecipient => "wrong recipient".into(),
            Error::LimitReached { .. } => "too soon".into(),
            Error::NotPermitted(why) => why.into_owned(),
            other => format!("{other:?}"),
        }
    }

    pub(super) async fn act(&mut self, act: &Act) -> String {
        match self.try_act(act).await {
            Ok(word) => word.into(),
            Err(error) => self.word(error),
        }
    }

    async fn try_act(&mut self, act: &Act) -> Result<&'static str, Error> {
        if let Act::Pass(hours) = act {
            self.clock.advance(TimeDelta::hours(*hours));
            return Ok("ok");
        }
        if let Act::Tick(mail) = act {
            self.tick(*mail).await;
            return Ok("ok");
        }
        if let Act::Preview(token) | Act::View(token) | Act::Accept(token, _) | Act::Reject(token) = act
            && self.tokens.get(*token).is_none()
        {
            return Err(Error::NotPermitted("no such token".into()));
        }
        let mut tx = self.begin().await;
        let done = self.in_transaction(&mut tx, act).await;
        match &done {
            Ok(_) => self.harness.commit(tx).await.unwrap(),
            Err(_) => self.harness.rollback(tx).await.unwrap(),
        }
        done
    }

    async fn in_transaction(&mut self, tx: &mut H::Transaction, act: &Act) -> Result<&'static str, Error> {
        let members = self.members.clone();
        let admin = self.admin.clone();
        let claimant = |person: u8| Claimant::new(person).verified(&address(person));
        let mut word = "ok";
        match *act {
            Act::Create { scope, person, link } => {
                let new = NewInvitation::new(address(person), membership("admin"));
                let scoped = members.scope(scope);
                let id = if link {
                    let Linked { invitation, token, .. } = scoped.create_with_link(tx, &admin, new).await?;
                    self.tokens.push(token);
                    invitation.id
                } else {
                    scoped.create(tx, &admin, new).await?.id
                };
                self.ids.push((id, scope));
                self.joined.push(0);
            }
            Act::NewLink(i) => {
                let (id, scope) = self.id(i);
                self.tokens.push(members.scope(scope).new_link(tx, &admin, id).await?.token);
            }
            Act::Resend(i) => {
                let (id, scope) = self.id(i);
                members.scope(scope).resend(tx, &admin, id).await?;
            }
            Act::Amend(i) => {
                let (id, scope) = self.id(i);
                members.scope(scope).amend(tx, &admin, id, &Amendment::new().message("x")).await?;
            }
            Act::Readdress(i, person) => {
                let (id, scope) = self.id(i);
                let amendment = Amendment::new().email(address(person));
                members.scope(scope).amend(tx, &admin, id, &amendment).await?;
            }
            Act::Cancel(i) => {
                let (id, scope) = self.id(i);
                members.scope(scope).cancel(tx, &admin, id, None).await?;
            }
            Act::Preview(token) => drop(members.preview(tx, &self.tokens[token]).await?),
            Act::View(token) => drop(members.mark_viewed(tx, &self.tokens[token]).await?),
            Act::Accept(token, person) => {
                word = self.joins(members.accept(tx, &self.tokens[token], &claimant(person)).await?);
            }
            Act::AcceptById(i, person) => {
                let (id, _) = self.id(i);
                word = self.joins(members.accept_by_id(tx, id, &claimant(person)).await?);
            }
            Act::Reject(token) => {
                members.reject(tx, &self.tokens[token], &Actor::Bearer, None).await?;
            }
            Act::RejectById(i, person) => {
                let (id, _) = self.id(i);
                members.reject_by_id(tx, id, &claimant(person), None).await?;
            }
            Act::Pass(_) | Act::Tick(_) => {}
        }
        Ok(word)
    }

    fn joins(&mut self, accepted: Accepted<Membership>) -> &'static str {
        match accepted {
            Accepted::Before(_) => "before",
            Accepted::Now(acceptance) => {
                let place = self.place(acceptance.invitation.id);
                self.joined[place] += 1;
                "ok"
            }
        }
    }

    async fn tick(&mut self, mail: Mail) {
        let text = || "x".to_owned();
        let refused = || "mailbox unavailable".to_owned();
        for _ in 0..self.ids.len() {
            self.mailer.answer(match mail {
                Mail::Taken => Outcome::accepted(),
                Mail::Refused => {
                    Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced: None, text: refused() }
                }
                Mail::RefusedForNow => {
                    Outcome::Refused { refusal: Refusal::Transient, code: Some(450), enhanced: None, text: refused() }
                }
                Mail::Unknown => Outcome::Unknown { text: text() },
                Mail::OurMistake => Outcome::ComposeFailed { text: text() },
            });
        }
        // Another worker each time, or it would hold an outage against the next letters.
        let worker = Worker::new(self.harness.store(), self.pool.clone(), self.mailer.clone()).batch(100);
        worker.serve(&self.members).tick().await.unwrap();
        let mut letters = self.mailer.take();
        self.mailer.forget_answers();
        letters.sort_by_key(|letter| self.place(letter.invitation().id));
        for letter in letters {
            // Tokens cannot be cloned; they can be read again.
            self.tokens.push(letter.token().expose_secret().parse().unwrap());
        }
    }

    /// The rows and their histories agree with the model, and the invariants hold.
    pub(super) async fn check(&self, model: &Model) -> Result<(), TestCaseError> {
        let mut open = HashSet::new();
        let mut tx = self.begin().await;
        for (i, invited) in model.invitations.iter().enumerate() {
            let (id, scope) = self.ids[i];
            let scoped = self.members.scope(scope);
            let real = scoped.get(&mut tx, &self.admin, id).await.unwrap();
            let facts = (real.status, real.generation, real.revision, real.recipient.canonical().to_owned());
            let wanted = (invited.seen(model.now), invited.generation, invited.revision, address(invited.person));
            prop_assert_eq!(facts, wanted, "invitation {}", i);

            // I1: one open invitation per place.
            prop_assert!(!real.status.is_open() || open.insert((scope, invited.person)));
            // I2, I5: the model's history is the real one, and revisions have no gap.
            let events = scoped.history(&mut tx, &self.admin, id).await.unwrap();
            let events: Vec<_> = events.iter().map(|event| (event.revision, event.kind.as_str())).collect();
            prop_assert_eq!(&events, &invited.events);
            let changes: Vec<_> = events.iter().filter(|(_, kind)| *kind != "viewed").map(|(n, _)| *n).collect();
            prop_assert_eq!(changes, (1..=invited.revision).collect::<Vec<_>>());
            // I3: joined once if accepted, else not at all.
            prop_assert_eq!(self.joined[i], u32::from(invited.status == Status::Accepted));
        }
        // I4, I7: a link works exactly as long as its generation does.
        prop_assert_eq!(self.tokens.len(), model.tokens.len());
        for (place, token) in self.tokens.iter().enumerate() {
            let answer = self.members.preview(&mut tx, token).await;
            let answer = answer.map_or_else(|error| self.word(error), |_| "ok".into());
            prop_assert_eq!(answer, model.holder(place).map_or_else(|word| word, |_| "ok".into()));
        }
        self.harness.rollback(tx).await.unwrap();
        Ok(())
    }
}
