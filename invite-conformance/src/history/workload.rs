//! What the threads do, and how it is written down.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Accepted, Actor, Amendment, Claimant, Clock, Error, EventKind, Invitation, InvitationId, InvitationQuery, Letter,
    Linked, Mailer, Outcome, Policy, Record, Scoped, SecureRandom, Token, Worker, testing::SeededRandom,
};

use super::{Answer, Asked, Call, Fate, History, Life, Mailed, Rules, check::check};
use crate::{
    case::{Case, Stop, Verdict},
    erased::{Conn, Db, Shared},
    host::{
        deeds::copy_of,
        world::{Membership, World, membership, new, refused_mail},
    },
    races::{Race, at_every_level, races, tick},
};

pub(crate) const CASES: &[Case] = races![
    every_answer_of_a_mixed_history_is_explained_by_rows_and_events:
        "Changes of one invitation happen one after the other, in the order of their revisions, and everybody is told what was so.",
];

/// Few addresses, so that all meet on them.
const PLACES: usize = 6;
/// Calls of a task between two barriers.
const CALLS: usize = 10;
const SEED: u64 = 0x1a7e;
const RULES: Rules =
    Rules { lifetime: TimeDelta::days(30), cooldown: TimeDelta::seconds(1), ahead: TimeDelta::seconds(30) };
/// No letter is leased twice: the clock does not go so far.
const LEASE: std::time::Duration = std::time::Duration::from_secs(86_400);

/// Throws of a die, the same for the same seed.
struct Dice(SeededRandom);

impl Dice {
    fn roll(&self, sides: usize) -> usize {
        let mut bytes = [0; 4];
        // It has no other source than its seed.
        let _ = self.0.fill(&mut bytes);
        u32::from_be_bytes(bytes) as usize % sides
    }
}

/// An invitation that somebody may act on, with the links to it that went round.
#[derive(Clone)]
struct Known {
    id: InvitationId,
    place: usize,
    tokens: Vec<Link>,
}

/// A link that somebody has, and its generation.
type Link = (Arc<Token>, u32);

/// What a change is about, and the link it is made by if by one.
type On = (Known, Option<Link>);

/// What the threads share.
struct Scene<'a> {
    race: &'a Race<'a>,
    /// A scope to each level.
    scope: usize,
    order: AtomicU64,
    people: AtomicU64,
    known: Mutex<Vec<Known>>,
    letters: Mutex<Vec<Mailed>>,
}

// Creations, acceptances, refusals, amendments, resends, cancellations, sweeps and mail at once. Some answers to a
// commit are lost, as when a connection breaks.
async fn every_answer_of_a_mixed_history_is_explained_by_rows_and_events(db: Db) -> Verdict {
    let policy = Policy::default().lifetime(RULES.lifetime).resend_cooldown(RULES.cooldown);
    let world = World::new(&db, policy);
    for (scope, race) in at_every_level(&world).enumerate() {
        let race = race.in_rounds_of(CALLS);
        let scene = Scene::new(&race, scope);
        let calls = race.run(async |round, n| {
            let seed = [scope, round, n].iter().fold(SEED, |seed, part| seed * 1_000 + *part as u64);
            let dice = Dice(SeededRandom::new(seed));
            let mut calls = Vec::new();
            for _ in 0..CALLS {
                calls.extend(scene.act(&dice).await?);
            }
            Ok(calls)
        })?;
        let calls = calls.into_iter().flatten().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let history = scene.end(calls).await?;
        check(&history).map_err(|objection| {
            Stop::Failed(format!("{}, {} at once, seed {SEED}: {objection}", race.level, race.tasks))
        })?;
    }
    Ok(())
}

impl<'a> Scene<'a> {
    fn new(race: &'a Race<'a>, scope: usize) -> Self {
        let (known, letters) = Default::default();
        Self { race, scope, order: AtomicU64::new(1), people: AtomicU64::new(0), known, letters }
    }

    fn next(&self) -> u64 {
        self.order.fetch_add(1, Ordering::SeqCst)
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, id: InvitationId, place: Option<usize>, token: Option<(Token, u32)>) {
        let mut known = self.known();
        let token = token.map(|(token, generation)| (Arc::new(token), generation));
        if let Some(known) = known.iter_mut().find(|known| known.id == id) {
            known.tokens.extend(token);
        } else if let Some(place) = place {
            known.push(Known { id, place, tokens: token.into_iter().collect() });
        }
    }

    /// One of the last few, rather the last.
    fn one(&self, dice: &Dice) -> Option<Known> {
        let known = self.known();
        let few = if dice.roll(3) == 0 { 3 * PLACES } else { 2 };
        let first = known.len().saturating_sub(few);
        known.get(first + dice.roll((known.len() - first).max(1))).cloned()
    }

    fn members(&self) -> Scoped<'_, Shared, Membership> {
        self.race.world.members.scope(self.scope)
    }

    fn email(&self, place: usize) -> String {
        format!("l{}p{place}@example.com", self.scope)
    }

    /// One thing that a person, a worker or the time may do.
    async fn act(&self, dice: &Dice) -> Result<Option<Call>, Error> {
        let place = dice.roll(PLACES);
        // Nobody else's, so that an event of an answer that was lost is known by its actor.
        let actor = Actor::new(format!("p{}", self.people.fetch_add(1, Ordering::SeqCst)));
        let asked = match dice.roll(20) {
            0..=4 => {
                let lifetime = if dice.roll(2) == 0 { TimeDelta::minutes(3) } else { RULES.lifetime };
                (Asked::Create { place, lifetime, mailed: dice.roll(4) > 0 }, None)
            }
            what @ 5..=16 => {
                let Some(one) = self.one(dice) else { return Ok(None) };
                let token = (one.tokens.len().checked_sub(1))
                    .map(|last| one.tokens[last - dice.roll(last + 1).min(last)].clone());
                let kind = match what {
                    5..=8 => EventKind::Accepted,
                    9 => EventKind::Rejected,
                    10 | 11 => EventKind::Cancelled,
                    12..=14 => EventKind::Resent,
                    15 => EventKind::Amended,
                    _ => EventKind::LinkCreated,
                };
                let by_token = matches!(kind, EventKind::Accepted | EventKind::Rejected) && dice.roll(4) > 0;
                let token = token.filter(|_| by_token);
                (
                    Asked::Change { kind, id: one.id, token: token.as_ref().map(|(_, generation)| *generation) },
                    Some((one, token)),
                )
            }
            17 => {
                self.race.world.clock.advance(TimeDelta::minutes(2));
                return Ok(None);
            }
            _ => {
                self.work(Some(dice)).await?;
                return Ok(None);
            }
        };
        self.call(dice, actor, asked.0, asked.1).await.map(Some)
    }

    async fn call(&self, dice: &Dice, actor: Actor, asked: Asked, on: Option<On>) -> Result<Call, Error> {
        // Some come again and again; but only who comes once may be unsure, or think better of it.
        let (actor, mood) = match (dice.roll(4), &asked) {
            (0, Asked::Change { kind: EventKind::Accepted, .. }) => {
                (Actor::new(format!("regular {}", dice.roll(2))), 9)
            }
            _ => (actor, dice.roll(16)),
        };
        let clock = &self.race.world.clock;
        let (from, began) = (clock.now(), self.next());
        let work = async |tx: &mut Conn| self.change(tx, &actor, &asked, on.as_ref()).await;
        let answer = match mood {
            0 => self.race.undone(work).await,
            _ => self.race.unit(work).await,
        };
        let (ended, until) = (self.next(), clock.now());
        let place = match &asked {
            Asked::Create { place, .. } => Some(*place),
            Asked::Change { .. } => None,
        };
        let answer = match (answer, mood) {
            (Ok(_), 0) => Answer::Undone,
            (Ok(_), 1) => Answer::Unknown,
            (Ok(None), _) => Answer::Before,
            (Ok(Some((invitation, token))), _) => {
                self.learn(invitation.id, place, token.map(|token| (token, invitation.generation)));
                Answer::Done(invitation.id, invitation.revision)
            }
            (Err(refusal), _) => Answer::Refused(refusal),
        };
        Ok(Call { began, ended, clock: (from, until), actor, asked, answer })
    }

    /// The row after it, and a token where one was made; `None` when the same person had done it before.
    async fn change(
        &self,
        tx: &mut Conn,
        actor: &Actor,
        asked: &Asked,
        on: Option<&On>,
    ) -> Result<Option<(Invitation<Membership>, Option<Token>)>, Error> {
        let members = &self.race.world.members;
        let scoped = self.members();
        let (kind, id) = match *asked {
            Asked::Create { place, lifetime, mailed } => {
                let new = new(&self.email(place)).expires_in(lifetime);
                if mailed {
                    return Ok(Some((scoped.create(tx, actor, new).await?, None)));
                }
                let Linked { invitation, token, .. } = scoped.create_with_link(tx, actor, new).await?;
                return Ok(Some((invitation, Some(token))));
            }
            Asked::Change { kind, id, .. } => (kind, id),
        };
        let token = on.and_then(|(_, token)| token.as_ref()).map(|(token, _)| &**token);
        let place = on.map_or(0, |(one, _)| one.place);
        let person = Claimant::new(actor.id().unwrap_or_default()).verified(&self.email(place));
        let invitation = match (kind, token) {
            (EventKind::Accepted, token) => {
                let accepted = match token {
                    Some(token) => members.accept(tx, token, &person).await?,
                    None => members.accept_by_id(tx, id, &person).await?,
                };
                match accepted {
                    Accepted::Now(acceptance) => acceptance.invitation,
                    Accepted::Before(_) => return Ok(None),
                }
            }
            (EventKind::Rejected, Some(token)) => members.reject(tx, token, actor, None).await?,
            (EventKind::Rejected, None) => members.reject_by_id(tx, id, &person, None).await?,
            (EventKind::Cancelled, _) => scoped.cancel(tx, actor, id, None).await?,
            (EventKind::Resent, _) => scoped.resend(tx, actor, id).await?,
            (EventKind::Amended, _) => {
                let amendment = Amendment::new().payload(membership("member"));
                scoped.amend(tx, actor, id, &amendment).await?
            }
            _ => {
                let Linked { invitation, token, .. } = scoped.new_link(tx, actor, id).await?;
                return Ok(Some((invitation, Some(token))));
            }
        };
        Ok(Some((invitation, None)))
    }

    /// One round of a worker, whose mailer does as the dice say.
    async fn work(&self, dice: Option<&Dice>) -> Result<bool, Error> {
        let world = self.race.world;
        let post = Post { began: self.next(), luck: dice.map(|dice| dice.roll(1_000) as u64), seen: Arc::default() };
        let seen = Arc::clone(&post.seen);
        let worker = Worker::new(world.store(), (), post).serve(&world.members).lease(LEASE);
        let ticked = tick(&worker).await;
        let posted = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        for (mailed, token) in posted {
            self.learn(mailed.id, None, Some((token, mailed.generation)));
            self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(mailed);
        }
        Ok(ticked?.found_work())
    }

    /// Tries what is left to be mailed, and reads everything.
    async fn end(self, calls: Vec<Call>) -> Result<History, Stop> {
        let world = self.race.world;
        for _ in 0..24 {
            while self.work(None).await? {}
            world.clock.advance(TimeDelta::minutes(30));
        }
        let mut conn = world.db.connect().await?;
        let mut ids = Vec::new();
        let mut query = InvitationQuery::new().limit(200);
        loop {
            let page = self.members().list(&mut conn, &world.admin, &query).await?;
            ids.extend(page.items.iter().map(|invitation| invitation.id));
            match page.next {
                Some(next) => query = query.after(next),
                None => break,
            }
        }
        drop(conn);
        let place = |record: &Record| {
            (0..PLACES).find(|place| record.recipient.canonical() == self.email(*place)).unwrap_or(PLACES)
        };
        let stand = self.race.stand(ids).await?;
        let lives = stand.into_iter().map(|stands| Life {
            place: place(&stands.record),
            record: stands.record,
            events: stands.events,
        });
        let lives = lives.collect();
        let letters = self.letters.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(History { rules: RULES, calls, lives, letters, end: world.clock.now() })
    }
}

/// A mailer whose luck changes from letter to letter.
struct Post {
    began: u64,
    luck: Option<u64>,
    seen: Arc<Mutex<Vec<(Mailed, Token)>>>,
}

#[async_trait]
impl Mailer for Post {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let luck = self.luck.map(|luck| Dice(SeededRandom::new(luck * 1_000 + seen.len() as u64)).roll(10));
        let (outcome, fate) = match luck {
            Some(0) => (refused_mail(true), Fate::Refused),
            Some(1) => (refused_mail(false), Fate::Postponed),
            Some(2) => (Outcome::Unreachable { text: "nobody".into() }, Fate::Postponed),
            Some(3 | 4) => (Outcome::Unknown { text: "no answer".into() }, Fate::Unknown),
            Some(_) | None => (Outcome::accepted(), Fate::Sent),
        };
        let record = letter.invitation();
        let mailed = Mailed {
            id: record.id,
            generation: record.generation,
            attempt: letter.attempt(),
            began: self.began,
            outcome: fate,
        };
        seen.push((mailed, copy_of(letter.token().expect("a link"))));
        outcome
    }
}
