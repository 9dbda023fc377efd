//! Workers among themselves.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    DeliveryState, Kind, Letter, Mailer, Outcome, Policy, Status, SystemRandom, TokenFormat,
    store::{DeliveryUpdate, LeaseRequest, QueueChange, Settlement, StoreError},
    testing::{self, CapturingMailer},
};
use uuid::Uuid;

use super::{
    hold,
    mail::{Post, queued, works},
    of_workers, races, tick,
};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::{Membership, World},
    store::rows::ANY_STATE,
};

pub(super) const CASES: &[Case] = races![
    of_many_workers_one_takes_each_letter:
        "`lease` leases in the statement that looks, or locks what it has looked at: nobody else gets it.",
    of_many_workers_that_find_a_lease_run_out_one_takes_the_letter_and_the_dead_are_fenced_off:
        "`settle` compares owner and attempt in the WHERE, and writes nothing where they are not its own.",
    a_letter_whose_fate_nobody_knows_is_tried_three_times_by_whoever_comes:
        "`QueueChange::Postpone` keeps the counters and gives the lease back.",
];

async fn of_many_workers_one_takes_each_letter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let race = of_workers(&world);
    let queued = queued(&race, 2).await?;
    let post = CapturingMailer::default();
    let ticks = race.run(async |round, n| {
        let worker = race.worker_at(race.instant(round), post.clone()).batch(if n % 2 == 0 { 1 } else { 8 });
        tick(&worker).await
    })?;
    let mut sent = 0;
    for (round, ticks) in ticks.iter().enumerate() {
        for tick in ticks {
            match tick {
                Ok(tick) if tick.lost + tick.discarded + tick.unreadable == 0 => sent += tick.sent,
                other => return Err(race.unexplained(round, "a worker", other)),
            }
        }
    }
    let mut letters = post.take();
    hold!(race, 0, sent == letters.len(), "{} letters were mailed, and {sent} settled as sent", letters.len());
    // What two workers left to each other.
    letters.extend(race.mailed_at(race.instant(race.rounds)).await?);
    let mut mailed: Vec<_> = letters.iter().map(|letter| (letter.invitation().id, letter.attempt())).collect();
    mailed.sort_unstable();
    let mut wanted: Vec<_> = queued.into_iter().flatten().map(|id| (id, 1)).collect();
    wanted.sort_unstable();
    hold!(race, 0, mailed == wanted, "of {} letters, {} were mailed, not each once", wanted.len(), mailed.len());
    works(&race, &letters).await
}

/// A mailer of whoever took a letter over: while it sends, the one who had stalled comes back and tries to settle.
#[derive(Clone)]
struct TakenOver {
    db: Db,
    stalled: Uuid,
    answers: Arc<Mutex<Vec<Result<bool, StoreError>>>>,
    seen: CapturingMailer,
}

#[async_trait]
impl Mailer for TakenOver {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        // The attempt it made, and the one that is being made.
        for attempt in [1, letter.attempt()] {
            let settlement = Settlement {
                delivery: letter.delivery(),
                owner: self.stalled,
                attempt,
                summary: DeliveryUpdate {
                    delivery: letter.delivery(),
                    kind: &letter.invitation().kind,
                    state: DeliveryState::Unknown,
                    attempts: Some(1),
                    error: None,
                    fault: None,
                    provider_id: None,
                    over: ANY_STATE,
                },
                queue: QueueChange::Remove,
                transition: None,
            };
            let settled = self.db.settle_one(&settlement).await;
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(settled);
        }
        self.seen.deliver(letter).await
    }
}

// A worker may stall past its lease, or die before or after the mail server took the letter.
async fn of_many_workers_that_find_a_lease_run_out_one_takes_the_letter_and_the_dead_are_fenced_off(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let race = of_workers(&world);
    let stalled = Uuid::from_u128(1);
    // One after the other they run out, after all were taken.
    let until = |round| race.instant(race.rounds + round);
    let queued = queued(&race, 1).await?;
    let mut tokens = Vec::new();
    for round in 0..race.rounds {
        let drawn = Mutex::new(None);
        let minter = |_, _: &str| {
            let token = testing::draw_token(&SystemRandom, TokenFormat::default()).map_err(StoreError::failed)?;
            let digest = testing::digest::<Membership>(&token);
            *drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
            Ok(digest)
        };
        let now = race.instant(round);
        let kinds = &[Membership::NAME];
        let request = LeaseRequest {
            kinds,
            now,
            owner: stalled,
            lease_until: until(round),
            limit: 8,
            after: None,
            full: &[],
            room: &|_| true,
            minter: &minter,
        };
        let leased = db.lease(&(), &request).await?.letters.len();
        hold!(race, round, leased == 1, "one letter is due, and {leased} were leased");
        tokens.extend(drawn.into_inner().unwrap_or_else(PoisonError::into_inner));
    }

    let post = TakenOver { db: Arc::clone(&db), stalled, answers: Arc::default(), seen: CapturingMailer::default() };
    let ticks = race.run(async |round, _| tick(&race.worker_at(until(round), post.clone())).await)?;
    let letters = post.seen.take();
    for (round, (ticks, ids)) in ticks.iter().zip(&queued).enumerate() {
        let mut sent = 0;
        for tick in ticks {
            match tick {
                Ok(tick) if tick.lost + tick.discarded + tick.unreadable == 0 => sent += tick.sent,
                other => return Err(race.unexplained(round, "a worker", other)),
            }
        }
        let mailed = letters.iter().filter(|letter| ids.contains(&letter.invitation().id));
        let attempts: Vec<_> = mailed.map(|letter| letter.attempt()).collect();
        hold!(race, round, attempts == [2], "after a lease ran out the attempts were {attempts:?}");
        hold!(race, round, sent == 1, "one letter was settled {sent} times by who took it over");
    }
    for answer in post.answers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        hold!(race, 0, !answer?, "a worker settled a letter that another had taken over");
    }
    // Whoever got two mails has two links that work.
    let mut conn = db.connect().await?;
    for token in &tokens {
        let preview = world.members.preview(&mut conn, token).await;
        hold!(race, 0, preview.is_ok(), "the link of a worker that died was answered {preview:?}");
    }
    drop(conn);
    works(&race, &letters).await
}

async fn a_letter_whose_fate_nobody_knows_is_tried_three_times_by_whoever_comes(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let race = of_workers(&world);
    let queued = queued(&race, 1).await?;
    let post = Post::answering(Outcome::Unknown { text: "no answer".into() });
    let wait = |n: usize| TimeDelta::minutes(4) * i32::try_from(n % 4).unwrap_or(0);
    let ticks = race.run(async |round, n| tick(&race.worker_at(race.instant(round) + wait(n), post.clone())).await)?;
    for (round, ticks) in ticks.iter().enumerate() {
        for tick in ticks {
            if !matches!(tick, Ok(tick) if tick.failed + tick.discarded + tick.lost + tick.unreadable == 0) {
                return Err(race.unexplained(round, "a worker", tick));
            }
        }
    }
    // Whatever the rounds left of the three, each long after the one before.
    for hours in 1..=3 {
        let worker = race.worker_at(race.instant(race.rounds) + TimeDelta::hours(hours), post.clone());
        while tick(&worker).await?.found_work() {}
    }
    let letters = post.seen.take();
    for (round, ids) in queued.into_iter().enumerate() {
        for stands in race.stand(ids).await? {
            let mut attempts: Vec<_> = (letters.iter())
                .filter(|letter| letter.invitation().id == stands.record.id)
                .map(|letter| letter.attempt())
                .collect();
            attempts.sort_unstable();
            hold!(race, round, attempts == [1, 2, 3], "the attempts at one letter were {attempts:?}");
            let left = (stands.record.status, stands.record.delivery.state);
            hold!(race, round, left == (Status::Pending, DeliveryState::Unknown), "it is left {left:?}");
        }
    }
    works(&race, &letters).await
}
