//! Many at once: as many threads as the harness says, over as many rounds, at every level.
//!
//! These races have no case here:
//!
//! * Seats, rates, and whether somebody is a member already: a host counts these in tables of its own, under a guard of
//!   its own. In `host` a second kind of invitation stands in for such a table.
//! * Two versions of a schema, and two adapters on one database: these are tested where both are known.

#![expect(clippy::future_not_send, reason = "each case stays on its thread")]
#![expect(clippy::wildcard_enum_match_arm, reason = "an answer nobody foresaw is to be shown")]

mod amended;
mod answers;
mod creating;
mod host;
mod mail;
mod many;
mod reports;
mod time;
mod workers;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Barrier, Mutex, PoisonError},
    thread,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use invite_core::{
    Clock, Error, Event, EventKind, InvitationId, Invitations, Kind, Linked, Mailer, Record, Status, Tick, Token,
    Worker,
    store::{Key, Read, Sweep},
    testing::{self, CapturedLetter, ManualClock},
};

use crate::{
    case::{Case, Stop, Verdict, sources},
    erased::{Conn, Db, Shared},
    history::timeline,
    host::world::{Membership, World, new},
};

pub(crate) fn cases() -> Vec<Case> {
    [
        amended::CASES,
        answers::CASES,
        creating::CASES,
        host::CASES,
        time::CASES,
        mail::CASES,
        many::CASES,
        reports::CASES,
        workers::CASES,
    ]
    .concat()
}

/// [`cases`](super::case::cases) whose futures never leave a thread of their own: what waits for threads must
/// not hold up a runtime, and closures that are lent to threads make poor `Send` futures.
macro_rules! races {
    ($($name:ident: $rule:literal),* $(,)?) => {
        &[$($crate::case::Case {
            group: "races",
            name: stringify!($name),
            rule: $rule,
            work: |db| Box::pin(async move { $crate::races::alone(&db, |db| Box::pin($name(db))) }),
        }),*]
    };
}

pub(crate) use races;

pub(crate) fn alone(db: &Db, case: fn(Db) -> LocalBoxFuture<'static, Verdict>) -> Verdict {
    let case = || {
        let mut verdict = Err(Stop::Failed("`block_on` returned before the end".into()));
        db.block_on(Box::pin(async { verdict = case(Arc::clone(db)).await }));
        verdict
    };
    thread::scope(|scope| scope.spawn(case).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The races of one level.
pub(crate) struct Race<'a> {
    pub(crate) world: &'a World,
    pub(crate) level: &'static str,
    nth: usize,
    pub(crate) tasks: usize,
    pub(crate) rounds: usize,
}

/// One race for every level of the database.
pub(crate) fn at_every_level(world: &World) -> impl Iterator<Item = Race<'_>> {
    let effort = world.db.effort();
    let (tasks, rounds) = (effort.tasks.max(4), effort.rounds.max(3));
    let levels = world.db.levels().iter().enumerate();
    levels.map(move |(nth, level)| Race { world, level, nth, tasks, rounds })
}

/// One race, where all that races has transactions of its own.
pub(crate) fn of_workers(world: &World) -> Race<'_> {
    let effort = world.db.effort();
    let (tasks, rounds) = (effort.tasks.max(4), effort.rounds.max(3));
    Race { world, level: world.db.levels()[0], nth: 0, tasks, rounds }
}

/// What each task of each round was answered.
pub(crate) type Answers<T> = Vec<Vec<Result<T, Error>>>;

impl Race<'_> {
    /// Runs every round on as many threads as there are tasks, all of which begin it together. `work` is given
    /// the round and the task.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl AsyncFn(usize, usize) -> Result<T, Error> + Sync,
    ) -> Result<Answers<T>, Stop> {
        let barrier = Barrier::new(self.tasks);
        let panics = Mutex::new(Vec::new());
        let alone = |task: usize| {
            let mut answers = Vec::with_capacity(self.rounds);
            for round in 0..self.rounds {
                barrier.wait();
                let mut answer = None;
                // One that panics must not leave the others waiting at the barrier.
                let ended = std::panic::catch_unwind(AssertUnwindSafe(|| {
                    self.world.db.block_on(Box::pin(async { answer = Some(work(round, task).await) }));
                }));
                match answer {
                    Some(answer) if ended.is_ok() => answers.push(answer),
                    _ => panics.lock().unwrap_or_else(PoisonError::into_inner).push((round, task)),
                }
            }
            answers
        };
        let by_task: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.tasks).map(|task| scope.spawn(move || alone(task))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        if let Some((round, task)) = panics.into_inner().unwrap_or_else(PoisonError::into_inner).first() {
            return Err(self.wrong(*round, format!("task {task} panicked, or was left without an answer")));
        }
        let mut by_task: Vec<_> = by_task.into_iter().map(Vec::into_iter).collect();
        Ok((0..self.rounds).map(|_| by_task.iter_mut().filter_map(Iterator::next).collect()).collect())
    }

    /// The same with fewer at once.
    pub(crate) fn of_at_most(self, tasks: usize) -> Self {
        Self { tasks: self.tasks.min(tasks), ..self }
    }

    /// So many at once, so many times, whatever the harness says.
    pub(crate) fn of_exactly(self, tasks: usize, rounds: usize) -> Self {
        Self { tasks, rounds, ..self }
    }

    /// As many rounds fewer as each does more.
    pub(crate) fn in_rounds_of(self, calls: usize) -> Self {
        Self { rounds: self.rounds.div_ceil(calls), ..self }
    }

    /// One whole unit of work at this level, done again in a new transaction while it asks for that: the loop
    /// of the documentation.
    pub(crate) async fn unit<T>(&self, work: impl AsyncFn(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        self.until_it_ends(work, true).await
    }

    /// A unit of work that the host undoes in the end.
    pub(crate) async fn undone<T>(&self, work: impl AsyncFn(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        self.until_it_ends(work, false).await
    }

    async fn until_it_ends<T>(
        &self,
        work: impl AsyncFn(&mut Conn) -> Result<T, Error>,
        keep: bool,
    ) -> Result<T, Error> {
        let db = &self.world.db;
        again(async || {
            let mut tx = db.begin_at(self.level).await?;
            match work(&mut tx).await {
                Ok(answer) => {
                    if keep {
                        db.commit(tx).await?;
                    } else {
                        db.rollback(tx).await?;
                    }
                    Ok(answer)
                }
                Err(error) => {
                    // It may be broken already.
                    let _ = db.rollback(tx).await;
                    Err(error)
                }
            }
        })
        .await
    }

    /// An address of its own for each level and round.
    pub(crate) fn email(&self, round: usize) -> String {
        format!("l{}r{round}@example.com", self.nth)
    }

    /// When everything happens whose instant matters to nobody.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    /// An instant of its own for each level and round, a minute apart.
    pub(crate) fn instant(&self, round: usize) -> DateTime<Utc> {
        let minutes = i64::try_from(self.nth * self.rounds + round + 1).unwrap_or_default();
        self.now() + TimeDelta::minutes(minutes)
    }

    /// The members, as seen by somebody whose clock shows this.
    pub(crate) fn members_at(&self, instant: DateTime<Utc>) -> Invitations<Shared, Membership> {
        self.world.members.clone().clock(ManualClock::at(instant))
    }

    pub(crate) fn worker_at(&self, instant: DateTime<Utc>, mailer: impl Mailer) -> Worker<Shared, ()> {
        Worker::new(self.world.store(), (), mailer).serve(&self.members_at(instant))
    }

    /// Sweeps once, at this instant.
    pub(crate) async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, Error> {
        let sweep = Sweep { kinds: &[Membership::NAME], notify: &[], now, limit };
        again(async || Ok(self.world.db.sweep(&(), &sweep).await?)).await
    }

    /// An invitation for each round, with a mail token and a link, and no letter in the queue.
    pub(crate) async fn invited(&self) -> Result<Vec<Invited>, Stop> {
        self.each_round(async |tx, round| self.invite(tx, &self.world.members, self.email(round)).await).await
    }

    /// The same, each due at the instant of its round.
    pub(crate) async fn expiring(&self) -> Result<Vec<Invited>, Stop> {
        self.each_round(async |tx, round| {
            let members = self.members_at(self.instant(round) - TimeDelta::days(7));
            self.invite(tx, &members, self.email(round)).await
        })
        .await
    }

    async fn invite(
        &self,
        tx: &mut Conn,
        members: &Invitations<Shared, Membership>,
        email: String,
    ) -> Result<Invited, Error> {
        let Linked { invitation, token: link, .. } =
            members.scope(7).create_with_link(tx, &self.world.admin, new(&email)).await?;
        let mail = testing::deliver(members, tx, invitation.id).await?;
        Ok(Invited { id: invitation.id, email, mail, link })
    }

    /// Does something for each round, many rounds to a transaction.
    pub(crate) async fn each_round<T>(
        &self,
        work: impl AsyncFn(&mut Conn, usize) -> Result<T, Error>,
    ) -> Result<Vec<T>, Stop> {
        let mut all = Vec::with_capacity(self.rounds);
        while all.len() < self.rounds {
            let mut tx = self.world.begin().await?;
            for round in (all.len()..self.rounds).take(50) {
                all.push(work(&mut tx, round).await?);
            }
            self.world.commit(tx).await?;
        }
        Ok(all)
    }

    /// Each of these as it stands, with its history; fails where a history does not explain its invitation.
    pub(crate) async fn stand(&self, ids: impl IntoIterator<Item = InvitationId>) -> Result<Vec<Standing>, Stop> {
        let mut all = Vec::new();
        let mut conn = self.world.db.connect().await?;
        for id in ids {
            let key = Key::Id { kind: Membership::NAME, scope: None, id };
            let Some(found) = self.world.db.find_one(&mut conn, &key, Read::Plain).await? else {
                return Err(Stop::Failed(format!("{}: an invitation is not found by its id", self.level)));
            };
            let record = found.record;
            let events = self.world.db.history(&mut conn, Membership::NAME, &record.scope, id).await?;
            if let Err(objection) = timeline::explain(&record, &events) {
                return Err(Stop::Failed(format!("{}: {objection}", self.level)));
            }
            all.push(Standing { record, events });
        }
        Ok(all)
    }

    /// Lets one worker, at this instant, do all there is to do, and takes what it mailed.
    pub(crate) async fn mailed_at(&self, instant: DateTime<Utc>) -> Result<Vec<CapturedLetter>, Stop> {
        let worker = self.worker_at(instant, self.world.mailer.clone());
        for _ in 0..10_000 {
            if !worker.tick().await?.found_work() {
                return Ok(self.world.mailer.take());
            }
        }
        Err(Stop::Failed("the worker finds work for ever".into()))
    }

    pub(crate) fn wrong(&self, round: usize, seen: impl std::fmt::Display) -> Stop {
        Stop::Failed(format!("{}, round {round}, {} at once: {seen}", self.level, self.tasks))
    }

    /// An answer that nothing in this round explains.
    pub(crate) fn unexplained<T: std::fmt::Debug>(&self, round: usize, doing: &str, answer: &Result<T, Error>) -> Stop {
        let beneath = answer.as_ref().err().map_or_else(String::new, |error| sources(error));
        self.wrong(round, format!("{doing} was answered {answer:?}{beneath}"))
    }
}

/// `hold!(race, round, condition, "what was seen instead")`: [`ensure`](super::case::ensure), with the round.
macro_rules! hold {
    ($race:expr, $round:expr, $condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err($race.wrong($round, format!($($seen)+)));
        }
    };
}

use hold;

/// Does it again while the store asks for it, eight times in all: as the documentation tells hosts to. The thread
/// that waits is the case's own.
pub(crate) async fn again<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(500))
        .with_max_times(7)
        .with_jitter();
    for pause in pauses.build() {
        match work().await {
            Err(error) if error.is_retryable() => thread::sleep(pause),
            ended => return ended,
        }
    }
    work().await
}

/// One round of a worker, done again while the store asks for it.
pub(crate) async fn tick(worker: &Worker<Shared, ()>) -> Result<Tick, Error> {
    again(async || worker.tick().await).await
}

/// An invitation that is raced for.
pub(crate) struct Invited {
    pub(crate) id: InvitationId,
    pub(crate) email: String,
    pub(crate) mail: Token,
    pub(crate) link: Token,
}

/// An invitation after its race.
pub(crate) struct Standing {
    pub(crate) record: Record,
    pub(crate) events: Vec<Event>,
}

impl Standing {
    pub(crate) fn count(&self, kind: EventKind) -> usize {
        self.events.iter().filter(|event| event.kind == kind).count()
    }
}

/// Whether this refusal tells that the invitation has ended so: to the holder of a link, or to the inviting
/// side.
pub(crate) fn tells(refusal: &Error, status: Status) -> bool {
    match refusal {
        Error::AlreadyAccepted => status == Status::Accepted,
        Error::Rejected => status == Status::Rejected,
        Error::Cancelled => status == Status::Cancelled,
        Error::Expired { .. } => status == Status::Expired,
        Error::IllegalTransition { status: seen, .. } => *seen == status && !status.is_open(),
        _ => false,
    }
}
