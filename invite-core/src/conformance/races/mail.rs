//! Workers among themselves, and against everybody else.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use uuid::Uuid;

use super::{Race, at_every_level, hold, new, of_workers, races, tells, tick};
use crate::{
    actor::Actor,
    claimant::Claimant,
    conformance::{
        case::{Case, Verdict},
        erased::Db,
        world::{Membership, World, refused_mail},
    },
    error::Error,
    invitation::{Delivery, DeliveryState, InvitationId},
    kind::Kind,
    mailer::{Letter, Mailer, Outcome},
    policy::Policy,
    random::SystemRandom,
    state::{Status, Verb},
    store::{Claim, QueueChange, Settlement, StoreError},
    testing::CapturingMailer,
    token::{Token, TokenFormat},
};

pub(super) const CASES: &[Case] = races![
    of_many_workers_one_takes_each_letter:
        "`claim` leases in the statement that looks, or locks what it has looked at: nobody else gets it.",
    of_many_workers_that_find_a_lease_run_out_one_takes_the_letter_and_the_dead_are_fenced_off:
        "`settle` compares owner and attempt in the WHERE, and writes nothing where they are not its own.",
    letters_of_what_others_change_meanwhile_are_mailed_once_or_not_at_all:
        "`claim` looks at the invitation in its own transaction (`Claim::is_current`), so what has ended before is not mailed, and what is open is never lost.",
    a_letter_whose_fate_nobody_knows_is_tried_three_times_by_whoever_comes:
        "`QueueChange::Postpone` keeps the counters and gives the lease back.",
    a_refused_letter_fails_what_is_open_and_nothing_else:
        "The transition of a settlement is guarded like any other.",
    a_late_refusal_of_an_earlier_letter_does_not_fail_the_next:
        "The summary and the transition of a settlement are for the letter's own generation.",
];

/// Answers every letter alike and keeps it; clones are one.
#[derive(Clone)]
struct Post {
    answer: Outcome,
    seen: CapturingMailer,
}

impl Post {
    fn answering(answer: Outcome) -> Self {
        Self { answer, seen: CapturingMailer::default() }
    }
}

#[async_trait]
impl Mailer for Post {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.seen.deliver(letter).await;
        self.answer.clone()
    }
}

/// A letter for each round, not due before the round's instant.
async fn queued(race: &Race<'_>, each: usize) -> Result<Vec<Vec<InvitationId>>, super::Stop> {
    race.each_round(async |tx, round| {
        let members = race.members_at(race.instant(round));
        let mut ids = Vec::new();
        for nth in 0..each {
            let new = new(&format!("{nth}-{}", race.email(round)));
            ids.push(members.scope(7).create(tx, &race.world.admin, new).await?.id);
        }
        Ok(ids)
    })
    .await
}

// Races row 28
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

/// The links of these letters open what they are about.
async fn works(race: &Race<'_>, letters: &[Letter]) -> Verdict {
    let mut conn = race.world.db.connect().await?;
    for letter in letters {
        let preview = race.world.members.preview(&mut conn, letter.token()).await;
        hold!(race, 0, preview.is_ok(), "the link of a mailed letter was answered {preview:?}");
    }
    Ok(())
}

/// What a worker held when it died, or stalled.
struct Leased {
    settlement: (crate::store::DeliveryId, InvitationId),
    token: Token,
}

// Races rows 29, 30, 31
async fn of_many_workers_that_find_a_lease_run_out_one_takes_the_letter_and_the_dead_are_fenced_off(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let race = of_workers(&world);
    let owner = Uuid::from_u128(1);
    // One after the other they run out, after all were taken.
    let until = |round| race.instant(race.rounds + round);
    queued(&race, 1).await?;
    let mut leased = Vec::new();
    for round in 0..race.rounds {
        let drawn = Mutex::new(None);
        let minter = |_, kind: &str| {
            let token = Token::generate(&SystemRandom, TokenFormat::default()).map_err(StoreError::failed)?;
            let digest = token.digest(kind);
            *drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
            Ok(digest)
        };
        let now = race.instant(round);
        let kinds = &[Membership::NAME];
        let claim = Claim { kinds, now, owner, lease_until: until(round), limit: 8, minter: &minter };
        let claims = db.claim(&(), &claim).await?;
        let token = drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (Some(token), [letter]) = (token, claims.letters.as_slice()) else {
            return Err(race.wrong(round, format!("one letter is due, and {} were leased", claims.letters.len())));
        };
        leased.push(Leased { settlement: (letter.delivery, letter.record.id), token });
    }

    // Who had stalled comes back among those who take over.
    let post = CapturingMailer::default();
    let answers = race.run(async |round, n| {
        if n == 0 {
            let (delivery, invitation) = leased[round].settlement;
            let summary = Delivery { attempts: 1, ..Delivery::new(DeliveryState::Sent) };
            let settlement = Settlement {
                delivery,
                owner,
                attempt: 1,
                invitation,
                generation: 1,
                summary: &summary,
                queue: QueueChange::Remove,
                transition: None,
            };
            let settled = super::again(async || Ok(db.settle(&(), &settlement).await?)).await?;
            return Ok(usize::from(settled));
        }
        let ticked = tick(&race.worker_at(until(round), post.clone())).await?;
        Ok(ticked.sent)
    })?;
    let letters = post.take();
    for (round, answers) in answers.iter().enumerate() {
        let mut done = 0;
        for answer in answers {
            match answer {
                Ok(count) => done += count,
                other => return Err(race.unexplained(round, "a worker", other)),
            }
        }
        let mailed: Vec<_> = letters
            .iter()
            .filter(|letter| letter.invitation().id == leased[round].settlement.1)
            .map(Letter::attempt)
            .collect();
        let stalled = usize::from(mailed.is_empty());
        hold!(race, round, done == 1, "one letter was settled {done} times");
        hold!(race, round, mailed == vec![2; 1 - stalled], "after a lease ran out the attempts were {mailed:?}");
        // Whoever got two mails has two links that work.
        let mut conn = db.connect().await?;
        let preview = world.members.preview(&mut conn, &leased[round].token).await;
        hold!(race, round, preview.is_ok(), "the link of a worker that died was answered {preview:?}");
    }
    works(&race, &letters).await
}

/// Notes when the worker that sends it began to look.
#[derive(Clone)]
struct Noting {
    began: u64,
    post: Arc<Mutex<Vec<(InvitationId, u32, u64)>>>,
    seen: CapturingMailer,
}

#[async_trait]
impl Mailer for Noting {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let record = letter.invitation();
        let note = (record.id, record.generation, self.began);
        self.post.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        self.seen.deliver(letter).await
    }
}

// Races rows 26, 27, 38
async fn letters_of_what_others_change_meanwhile_are_mailed_once_or_not_at_all(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let queued = queued(&race, 4).await?;
        let order = AtomicU64::new(0);
        let next = || order.fetch_add(1, Ordering::SeqCst);
        let post = Arc::new(Mutex::new(Vec::new()));
        // What ended, and when that was known.
        let answers = race.run(async |round, n| {
            let now = race.instant(round);
            if n % 4 == 0 {
                loop {
                    let noting = Noting { began: next(), post: Arc::clone(&post), seen: world.mailer.clone() };
                    if !tick(&race.worker_at(now, noting)).await?.found_work() {
                        return Ok(None);
                    }
                }
            }
            let members = race.members_at(now);
            let id = queued[round][n / 4 % 4];
            race.unit(async |tx| match n % 4 {
                1 => members.scope(7).cancel(tx, &Actor::new(n), id, None).await.map(drop),
                2 => members.scope(7).resend(tx, &world.admin, id).await.map(drop),
                _ => {
                    let email = format!("{}-{}", n / 4 % 4, race.email(round));
                    members.accept_by_id(tx, id, Claimant::new(n).verified(&email)).await.map(drop)
                }
            })
            .await
            .map(|()| (n % 4 != 2).then(|| (id, next())))
        })?;
        race.mailed_at(race.instant(race.rounds)).await?;
        let letters = world.mailer.take();
        drop(letters);
        let noted = std::mem::take(&mut *post.lock().unwrap_or_else(PoisonError::into_inner));
        for (round, (answers, ids)) in answers.iter().zip(&queued).enumerate() {
            let stand = race.stand(ids.iter().copied()).await?;
            for (n, answer) in answers.iter().enumerate() {
                let Some(stands) = stand.get(n / 4 % 4) else { continue };
                match answer {
                    Ok(Some((id, known))) => {
                        let late = noted.iter().any(|(other, _, began)| other == id && began > known);
                        hold!(race, round, !late, "a worker that began after an end was committed mailed it");
                    }
                    Ok(None) => {}
                    Err(Error::LimitReached { .. }) if n % 4 == 2 && stands.record.generation == 2 => {}
                    Err(refusal) if n % 4 != 0 && tells(refusal, stands.record.status) => {}
                    other => return Err(race.unexplained(round, "a change among workers", other)),
                }
            }
            for stands in &stand {
                let record = &stands.record;
                for generation in 1..=record.generation {
                    let mailed = noted.iter().filter(|note| (note.0, note.1) == (record.id, generation)).count();
                    let due = record.status == Status::Pending && generation == record.generation;
                    hold!(race, round, mailed <= 1, "a letter of generation {generation} was mailed {mailed} times");
                    hold!(race, round, mailed == 1 || !due, "a letter of generation {generation} is lost");
                }
            }
        }
    }
    Ok(())
}

// Races row 32
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
    // Whatever the rounds left of the three.
    for n in 1..=3 {
        let worker = race.worker_at(race.instant(race.rounds) + wait(n), post.clone());
        while tick(&worker).await?.found_work() {}
    }
    let letters = post.seen.take();
    for (round, ids) in queued.into_iter().enumerate() {
        for stands in race.stand(ids).await? {
            let mut attempts: Vec<_> = (letters.iter())
                .filter(|letter| letter.invitation().id == stands.record.id)
                .map(Letter::attempt)
                .collect();
            attempts.sort_unstable();
            hold!(race, round, attempts == [1, 2, 3], "the attempts at one letter were {attempts:?}");
            let left = (stands.record.status, stands.record.delivery.state);
            hold!(race, round, left == (Status::Pending, DeliveryState::Unknown), "it is left {left:?}");
        }
    }
    works(&race, &letters).await
}

// Races row 33
async fn a_refused_letter_fails_what_is_open_and_nothing_else(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let queued = queued(&race, 1).await?;
        let post = Post::answering(refused_mail(true));
        let answers = race.run(async |round, n| {
            let now = race.instant(round);
            if n % 4 == 0 {
                return tick(&race.worker_at(now, post.clone())).await.map(|tick| tick.failed);
            }
            let person = || Claimant::new(n).verified(&format!("0-{}", race.email(round)));
            let id = queued[round][0];
            let members = race.members_at(now);
            race.unit(async |tx| members.accept_by_id(tx, id, person()).await).await.map(|_| 0)
        })?;
        let letters = post.seen.take();
        let stand = race.stand(queued.into_iter().flatten()).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let accepted = (0..).zip(answers).filter(|(n, answer)| n % 4 != 0 && answer.is_ok()).count();
            hold!(
                race,
                round,
                accepted == 1 && stands.record.status == Status::Accepted,
                "{accepted} acceptances happened, and the row is {}",
                stands.record.status
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(_) => {}
                    Err(Error::AlreadyAccepted) if n % 4 != 0 => {}
                    other => return Err(race.unexplained(round, "a worker or an acceptance", other)),
                }
            }
            let mailed = letters.iter().filter(|letter| letter.invitation().id == stands.record.id).count();
            let failed = stands.count(Verb::DeliveryFailed);
            hold!(race, round, failed <= mailed && mailed <= 1, "{mailed} letters were tried, and {failed} failed it");
        }
    }
    Ok(())
}

// Races rows 26, 34
async fn a_late_refusal_of_an_earlier_letter_does_not_fail_the_next(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let queued = queued(&race, 1).await?;
        let post = Post::answering(refused_mail(true));
        // Not due before every round is over.
        let later = race.instant(race.rounds);
        let answers = race.run(async |round, n| {
            let now = race.instant(round);
            if n % 4 == 0 {
                return tick(&race.worker_at(now, post.clone())).await.map(drop);
            }
            let members = race.members_at(later);
            let id = queued[round][0];
            race.unit(async |tx| members.scope(7).resend(tx, &world.admin, id).await).await.map(drop)
        })?;
        let stand = race.stand(queued.into_iter().flatten()).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let resent = (0..).zip(answers).filter(|(n, answer)| n % 4 != 0 && answer.is_ok()).count();
            let record = &stands.record;
            let left = (resent, record.status, record.generation, record.delivery.state);
            hold!(
                race,
                round,
                left == (1, Status::Pending, 2, DeliveryState::Queued),
                "resends, status, generation and delivery are {left:?}"
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(()) => {}
                    Err(Error::LimitReached { .. }) if n % 4 != 0 => {}
                    other => return Err(race.unexplained(round, "a worker or a resend", other)),
                }
            }
        }
        let letters = race.mailed_at(later).await?;
        hold!(
            race,
            0,
            letters.len() == race.rounds,
            "{} letters were mailed for {} resends",
            letters.len(),
            race.rounds
        );
        works(&race, &letters).await?;
    }
    Ok(())
}
