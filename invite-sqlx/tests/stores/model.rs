//! Random sequences of actions: the reference store, SQLite and a small model must agree, and the
//! invariants I1 to I7 hold after every step. INVITE_TEST_SEQUENCES sets how many sequences.
//! (I8, no token at rest, is looked for in the database's files elsewhere.)

use std::{collections::HashSet, env};

use chrono::TimeDelta;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, Error, InvitationId, NewInvitation, Outcome, Policy, Status, Token,
};
use proptest::{prelude::*, test_runner::Config};

use crate::support::*;

/// Longer than the cool-down, and than the longest wait before a letter is tried again.
const STEP: i64 = 2;
const LIFE: i64 = 7 * 24;

#[derive(Debug, Clone)]
enum Act {
    Create { scope: u8, person: u8, link: bool },
    NewLink(usize),
    Resend(usize),
    Amend(usize),
    Readdress(usize, u8),
    Cancel(usize),
    Preview(usize),
    View(usize),
    Accept(usize, u8),
    AcceptById(usize, u8),
    Reject(usize),
    Pass(i64),
    Tick(Mail),
}

#[derive(Debug, Clone, Copy)]
enum Mail {
    Taken,
    Refused,
    RefusedForNow,
    Unknown,
    OurMistake,
}

fn act() -> impl Strategy<Value = Act> {
    let any = || 0..8_usize;
    let token = || 0..24_usize;
    let mail = prop_oneof![
        4 => Just(Mail::Taken),
        1 => Just(Mail::Refused),
        1 => Just(Mail::RefusedForNow),
        1 => Just(Mail::Unknown),
        1 => Just(Mail::OurMistake),
    ];
    prop_oneof![
        4 => (0..2_u8, 0..3_u8, prop::bool::weighted(0.25))
            .prop_map(|(scope, person, link)| Act::Create { scope, person, link }),
        1 => any().prop_map(Act::NewLink),
        2 => any().prop_map(Act::Resend),
        1 => any().prop_map(Act::Amend),
        1 => (any(), 0..3_u8).prop_map(|(i, person)| Act::Readdress(i, person)),
        1 => any().prop_map(Act::Cancel),
        1 => token().prop_map(Act::Preview),
        1 => token().prop_map(Act::View),
        3 => (token(), 0..3_u8).prop_map(|(i, person)| Act::Accept(i, person)),
        1 => (any(), 0..3_u8).prop_map(|(i, person)| Act::AcceptById(i, person)),
        1 => token().prop_map(Act::Reject),
        2 => (0..3 * LIFE / 4).prop_map(|hours| Act::Pass(hours / STEP * STEP)),
        4 => mail.prop_map(Act::Tick),
    ]
}

fn address(person: u8) -> String {
    format!("p{person}@example.com")
}

// ---- the model ----

#[derive(Debug, Clone)]
struct Model {
    now: i64,
    invitations: Vec<Invited>,
    /// Invitation, generation.
    tokens: Vec<(usize, u32)>,
}

#[derive(Debug, Clone)]
struct Invited {
    scope: u8,
    person: u8,
    status: Status,
    by: Option<u8>,
    generation: u32,
    oldest: u32,
    revision: u32,
    expires: i64,
    resent: Option<i64>,
    viewed: bool,
    events: Vec<(u32, &'static str)>,
    letter: Option<Letter>,
}

#[derive(Debug, Clone)]
struct Letter {
    after: i64,
    refusals: u32,
    unknowns: u32,
}

impl Invited {
    fn seen(&self, now: i64) -> Status {
        if self.status.is_open() && self.expires <= now { Status::Expired } else { self.status }
    }

    fn log(&mut self, what: &'static str) {
        self.revision += 1;
        self.events.push((self.revision, what));
    }

    fn end(&mut self, status: Status, by: Option<u8>) {
        self.status = status;
        self.by = by;
        self.log(status.as_str());
    }
}

impl Model {
    fn open(&self, scope: u8, person: u8) -> Option<usize> {
        self.invitations.iter().position(|i| i.scope == scope && i.person == person && i.status.is_open())
    }

    fn changeable(&mut self, i: usize) -> Result<&mut Invited, String> {
        let now = self.now;
        let invited = self.invitations.get_mut(i).ok_or("not_found")?;
        let status = invited.seen(now);
        if status.is_open() { Ok(invited) } else { Err(format!("illegal in {status}")) }
    }

    /// What the holder of a token hears before anything else.
    fn holder(&self, token: usize) -> Result<usize, String> {
        let (i, generation) = *self.tokens.get(token).ok_or("no such token")?;
        match self.invitations[i].seen(self.now) {
            status if !status.is_open() => Err(status.to_string()),
            _ if generation < self.invitations[i].oldest => Err("superseded".into()),
            _ => Ok(i),
        }
    }

    fn act(&mut self, act: &Act) -> String {
        self.try_act(act).unwrap_or_else(|refusal| refusal)
    }

    fn try_act(&mut self, act: &Act) -> Result<String, String> {
        let now = self.now;
        match *act {
            Act::Create { scope, person, link } => {
                if let Some(i) = self.open(scope, person) {
                    if self.invitations[i].expires > now {
                        return Err(format!("already pending {i}"));
                    }
                    self.invitations[i].end(Status::Expired, None);
                }
                self.invitations.push(Invited {
                    scope,
                    person,
                    status: Status::Pending,
                    by: None,
                    generation: 1,
                    oldest: 1,
                    revision: 1,
                    expires: now + LIFE,
                    resent: None,
                    viewed: false,
                    events: vec![(1, "created")],
                    letter: (!link).then_some(Letter { after: now, refusals: 0, unknowns: 0 }),
                });
                if link {
                    self.tokens.push((self.invitations.len() - 1, 1));
                }
            }
            Act::NewLink(i) => {
                let invited = self.changeable(i)?;
                invited.log("link_created");
                let generation = invited.generation;
                self.tokens.push((i, generation));
            }
            Act::Resend(i) => {
                let invited = self.changeable(i)?;
                if invited.resent == Some(now) {
                    return Err("too soon".into());
                }
                invited.status = Status::Pending;
                invited.generation += 1;
                invited.oldest = invited.generation;
                invited.expires = invited.expires.max(now + LIFE);
                invited.resent = Some(now);
                invited.viewed = false;
                invited.letter = Some(Letter { after: now, refusals: 0, unknowns: 0 });
                invited.log("resent");
            }
            Act::Amend(i) => self.changeable(i)?.log("amended"),
            Act::Readdress(i, person) => {
                let scope = self.changeable(i)?.scope;
                if let Some(other) = self.open(scope, person)
                    && other != i
                {
                    if self.invitations[other].expires > now {
                        return Err(format!("already pending {other}"));
                    }
                    self.invitations[other].end(Status::Expired, None);
                }
                let invited = self.changeable(i)?;
                invited.person = person;
                invited.generation += 1;
                invited.oldest = invited.generation;
                invited.viewed = false;
                invited.letter = None;
                invited.log("amended");
            }
            Act::Cancel(i) => {
                if self.invitations.get(i).is_some_and(|i| i.status == Status::Cancelled) {
                    return Ok("ok".into());
                }
                self.changeable(i)?.end(Status::Cancelled, None);
            }
            Act::Preview(token) => drop(self.holder(token)?),
            Act::View(token) => {
                let i = self.holder(token)?;
                if !self.invitations[i].viewed {
                    self.invitations[i].viewed = true;
                    let revision = self.invitations[i].revision;
                    self.invitations[i].events.push((revision, "viewed"));
                }
            }
            Act::Accept(token, person) => {
                if let Some((i, _)) = self.tokens.get(token)
                    && self.invitations[*i].status == Status::Accepted
                    && self.invitations[*i].by == Some(person)
                {
                    return Ok("before".into());
                }
                let i = self.holder(token)?;
                if self.invitations[i].person != person {
                    return Err("wrong recipient".into());
                }
                self.invitations[i].end(Status::Accepted, Some(person));
            }
            Act::AcceptById(i, person) => {
                let invited = self.invitations.get_mut(i).ok_or("not_found")?;
                if invited.status == Status::Accepted && invited.by == Some(person) {
                    return Ok("before".into());
                }
                if invited.person != person {
                    return Err("not_found".into());
                }
                match invited.seen(now) {
                    status if status.is_open() => invited.end(Status::Accepted, Some(person)),
                    status => return Err(status.to_string()),
                }
            }
            Act::Reject(token) => {
                if self.tokens.get(token).is_some_and(|(i, _)| self.invitations[*i].status == Status::Rejected) {
                    return Ok("ok".into());
                }
                let i = self.holder(token)?;
                self.invitations[i].end(Status::Rejected, None);
            }
            Act::Pass(hours) => self.now += hours,
            Act::Tick(mail) => self.tick(mail),
        }
        Ok("ok".into())
    }

    fn tick(&mut self, mail: Mail) {
        let now = self.now;
        for (i, invited) in self.invitations.iter_mut().enumerate() {
            if invited.status.is_open() && invited.expires <= now {
                invited.end(Status::Expired, None);
            }
            let Some(mut letter) = invited.letter.take_if(|letter| letter.after <= now) else { continue };
            if invited.status != Status::Pending {
                continue;
            }
            self.tokens.push((i, invited.generation));
            letter.after = now + 1;
            let again = match mail {
                Mail::Taken => false,
                Mail::Refused => {
                    letter.refusals = 10;
                    false
                }
                Mail::RefusedForNow => {
                    letter.refusals += 1;
                    letter.refusals < 10
                }
                Mail::Unknown => {
                    letter.unknowns += 1;
                    letter.unknowns < 3
                }
                Mail::OurMistake => true,
            };
            if letter.refusals >= 10 {
                invited.status = Status::DeliveryFailed;
                invited.log("delivery_failed");
            }
            invited.letter = again.then_some(letter);
        }
    }
}

// ---- the library ----

struct Real<B: Backend> {
    world: World<B>,
    ids: Vec<(InvitationId, u8)>,
    tokens: Vec<Token>,
    /// How often each invitation was newly accepted.
    joined: Vec<u32>,
}

impl<B: Backend> Real<B> {
    async fn new() -> Self {
        let mut world = World::<B>::new(Policy::default()).await;
        world.worker = world.worker.batch(100);
        Self { world, ids: Vec::new(), tokens: Vec::new(), joined: Vec::new() }
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

    async fn act(&mut self, act: &Act) -> String {
        match self.try_act(act).await {
            Ok(word) => word.into(),
            Err(error) => self.word(error),
        }
    }

    async fn try_act(&mut self, act: &Act) -> Result<&'static str, Error> {
        if let Act::Pass(hours) = act {
            self.world.clock.advance(TimeDelta::hours(*hours));
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
        let mut tx = self.world.backend.begin().await;
        let done = self.in_transaction(&mut tx, act).await;
        match &done {
            Ok(_) => B::commit(tx).await,
            Err(_) => B::rollback(tx).await,
        }
        done
    }

    async fn in_transaction(&mut self, tx: &mut B::Tx, act: &Act) -> Result<&'static str, Error> {
        let members = self.world.members.clone();
        let admin = self.world.admin.clone();
        let claimant = |person: u8| Claimant::new(person).verified(&address(person));
        let mut word = "ok";
        match *act {
            Act::Create { scope, person, link } => {
                let new = NewInvitation::new(address(person), membership("admin"));
                let scoped = members.scope(scope);
                let id = if link {
                    let (invitation, token) = scoped.create_with_link(tx, &admin, new).await?;
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
                self.tokens.push(members.scope(scope).new_link(tx, &admin, id).await?.1);
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
                word = self.joins(members.accept(tx, &self.tokens[token], claimant(person)).await?);
            }
            Act::AcceptById(i, person) => {
                let (id, _) = self.id(i);
                word = self.joins(members.accept_by_id(tx, id, claimant(person)).await?);
            }
            Act::Reject(token) => {
                members.reject(tx, &self.tokens[token], &Actor::Bearer, None).await?;
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
        for _ in 0..self.ids.len() {
            self.world.mailer.answer(match mail {
                Mail::Taken => Outcome::Accepted,
                Mail::Refused => Outcome::Refused { permanent: true, code: Some(550), text: text() },
                Mail::RefusedForNow => Outcome::Refused { permanent: false, code: Some(450), text: text() },
                Mail::Unknown => Outcome::Unknown { text: text() },
                Mail::OurMistake => Outcome::Misconfigured { text: text() },
            });
        }
        self.world.worker.tick().await.unwrap();
        let mut letters = self.world.mailer.take();
        self.world.mailer.forget_answers();
        letters.sort_by_key(|letter| self.place(letter.invitation().id));
        for letter in letters {
            // Tokens cannot be cloned; they can be read again.
            self.tokens.push(letter.token().expose_secret().parse().unwrap());
        }
    }

    /// The rows and their histories agree with the model, and the invariants hold.
    async fn check(&self, model: &Model) -> Result<(), TestCaseError> {
        let mut open = HashSet::new();
        let mut tx = self.world.backend.begin().await;
        for (i, invited) in model.invitations.iter().enumerate() {
            let (id, scope) = self.ids[i];
            let scoped = self.world.members.scope(scope);
            let real = scoped.get(&mut tx, &self.world.admin, id).await.unwrap();
            let facts = (real.status, real.generation, real.revision, real.recipient.canonical().to_owned());
            let wanted = (invited.seen(model.now), invited.generation, invited.revision, address(invited.person));
            prop_assert_eq!(facts, wanted, "invitation {}", i);

            // I1: one open invitation per place.
            prop_assert!(!real.status.is_open() || open.insert((scope, invited.person)));
            // I2, I5: the model's history is the real one, and revisions have no gap.
            let events = scoped.history(&mut tx, &self.world.admin, id).await.unwrap();
            let events: Vec<_> = events.iter().map(|event| (event.revision, event.verb.as_str())).collect();
            prop_assert_eq!(&events, &invited.events);
            let changes: Vec<_> = events.iter().filter(|(_, verb)| *verb != "viewed").map(|(n, _)| *n).collect();
            prop_assert_eq!(changes, (1..=invited.revision).collect::<Vec<_>>());
            // I3: joined once if accepted, else not at all.
            prop_assert_eq!(self.joined[i], u32::from(invited.status == Status::Accepted));
        }
        // I4, I7: a link works exactly as long as its generation does.
        prop_assert_eq!(self.tokens.len(), model.tokens.len());
        for (place, token) in self.tokens.iter().enumerate() {
            let answer = self.world.members.preview(&mut tx, token).await;
            let answer = answer.map_or_else(|error| self.word(error), |_| "ok".into());
            prop_assert_eq!(answer, model.holder(place).map_or_else(|word| word, |_| "ok".into()));
        }
        B::rollback(tx).await;
        Ok(())
    }
}

async fn run<B: Backend>(acts: &[Act]) -> Result<(), TestCaseError> {
    let mut model = Model { now: 0, invitations: Vec::new(), tokens: Vec::new() };
    let mut real = Real::<B>::new().await;
    for act in acts {
        let wanted = model.act(act);
        let answer = real.act(act).await;
        prop_assert_eq!(answer, wanted, "{:?}", act);
        real.check(&model).await?;
    }
    // I6: nothing is lost. Whatever is still pending and was to be mailed is mailed in the end.
    for _ in 0..2 {
        for act in [Act::Tick(Mail::Taken), Act::Pass(STEP)] {
            model.act(&act);
            real.act(&act).await;
        }
    }
    prop_assert!(model.invitations.iter().all(|invited| invited.letter.is_none()));
    real.check(&model).await
}

fn sequences() -> Config {
    let cases = env::var("INVITE_TEST_SEQUENCES").map_or(128, |n| n.parse().unwrap());
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn block_on(work: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(sequences())]

    #[test]
    fn the_reference_store_agrees_with_the_model(acts in prop::collection::vec(act(), 1..40)) {
        block_on(run::<InMemory>(&acts))?;
    }

    #[test]
    fn sqlite_agrees_with_the_model(acts in prop::collection::vec(act(), 1..40)) {
        block_on(run::<OnSqlite>(&acts))?;
    }

    #[test]
    #[cfg(feature = "postgres")]
    fn postgres_agrees_with_the_model(acts in prop::collection::vec(act(), 1..40)) {
        block_on(run::<OnPostgres>(&acts))?;
    }

    #[test]
    #[cfg(feature = "mysql")]
    fn mysql_agrees_with_the_model(acts in prop::collection::vec(act(), 1..40)) {
        block_on(run::<OnMySql>(&acts))?;
    }
}
