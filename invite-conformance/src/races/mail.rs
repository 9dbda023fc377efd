//! Workers while others answer, cancel and resend.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use invite_core::{
    Actor, Claimant, DeliveryState, Error, EventKind, InvitationId, Letter, Mailer, Outcome, Policy, Status,
    testing::{CapturedLetter, CapturingMailer},
};

use super::{Race, at_every_level, hold, new, races, tells, tick};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::{World, refused_mail},
};

pub(super) const CASES: &[Case] = races![
    letters_of_what_others_change_meanwhile_are_mailed_once_or_not_at_all:
        "`lease` looks at the invitation in its own transaction (`LeaseRequest::is_current`), so what has ended before is not mailed, and what is open is never lost.",
    a_refused_letter_fails_what_is_open_and_nothing_else:
        "The transition of a settlement is guarded like any other.",
    a_late_refusal_of_an_earlier_letter_does_not_fail_the_next:
        "The summary and the transition of a settlement are for the letter's own generation.",
];

/// Answers every letter alike and keeps it; clones are one.
#[derive(Clone)]
pub(super) struct Post {
    answer: Outcome,
    pub(super) seen: CapturingMailer,
}

impl Post {
    pub(super) fn answering(answer: Outcome) -> Self {
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
pub(super) async fn queued(race: &Race<'_>, each: usize) -> Result<Vec<Vec<InvitationId>>, super::Stop> {
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

/// The links of these letters open what they are about.
pub(super) async fn works(race: &Race<'_>, letters: &[CapturedLetter]) -> Verdict {
    let mut conn = race.world.db.connect().await?;
    for letter in letters {
        let preview = race.world.members.preview(&mut conn, letter.token()).await;
        hold!(race, 0, preview.is_ok(), "the link of a mailed letter was answered {preview:?}");
    }
    Ok(())
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
                    members.accept_by_id(tx, id, &Claimant::new(n).verified(&email)).await.map(drop)
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

// The recipient may have accepted by an earlier letter.
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
            let person = Claimant::new(n).verified(&format!("0-{}", race.email(round)));
            let id = queued[round][0];
            let members = race.members_at(now);
            race.unit(async |tx| members.accept_by_id(tx, id, &person).await).await.map(|_| 0)
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
            let failed = stands.count(EventKind::DeliveryFailed);
            hold!(race, round, failed <= mailed && mailed <= 1, "{mailed} letters were tried, and {failed} failed it");
        }
    }
    Ok(())
}

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
