//! Whose clock it was.

use chrono::TimeDelta;
use invite_core::{Claimant, Error, EventKind, Policy, Status};

use super::{at_every_level, hold, of_workers, races, tells};
use crate::{
    case::{Case, Verdict, ensure, refused},
    erased::Db,
    host::world::{World, new, undone},
};

pub(super) const CASES: &[Case] = races![
    an_invitation_is_accepted_before_its_end_or_expired_after_it_never_both:
        "`expires_at > now` and `expires_at <= now` stand in the WHERE of the acceptance and of the sweep, each with its caller's instant.",
    of_many_sweeps_each_invitation_is_expired_by_one:
        "The sweep's statement has the whole guard; the event belongs to the same rows.",
    a_resend_in_time_saves_an_invitation_from_the_sweep_or_comes_too_late:
        "The sweep compares `expires_at` of the row as it is when it is changed.",
];

const SKEW: TimeDelta = TimeDelta::minutes(5);

// The clocks of two servers differ by as much as `SKEW`.
async fn an_invitation_is_accepted_before_its_end_or_expired_after_it_never_both(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.expiring().await?;
        let answers = race.run(async |round, n| {
            let (one, end) = (&invited[round], race.instant(round));
            if n % 4 == 0 {
                return race.sweep(end, 200).await.map(drop);
            }
            // One whose clock is right and finds it ended, and two whose clocks are slow.
            let now = [end, end - TimeDelta::microseconds(1), end - SKEW][n % 4 - 1];
            let members = race.members_at(now);
            race.unit(async |tx| members.accept(tx, &one.mail, &Claimant::new(n).verified(&one.email)).await.map(drop))
                .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let status = stands.record.status;
            let accepted = (0..).zip(answers).filter(|(n, answer)| n % 4 != 0 && answer.is_ok()).count();
            let wanted = match status {
                Status::Accepted => 1,
                Status::Expired => 0,
                other => return Err(race.wrong(round, format!("it is left {other}"))),
            };
            hold!(race, round, accepted == wanted, "{accepted} acceptances happened to an invitation that is {status}");
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(()) if n % 4 != 1 => {}
                    Err(Error::Expired { .. }) if n % 4 == 1 => {}
                    Err(refusal) if n % 4 != 0 && tells(refusal, status) => {}
                    other => return Err(race.unexplained(round, "a sweep, or an acceptance at its end", other)),
                }
            }
            if status == Status::Expired {
                // A clock that steps back does not bring it back.
                let (one, members) = (&invited[round], race.members_at(race.instant(round) - SKEW));
                undone!(world, tx => {
                    let late = members.accept(&mut tx, &one.mail, &Claimant::new(1).verified(&one.email)).await;
                    refused!(late, Error::Expired { .. }, "accepting what was swept, by a slow clock");
                });
            }
        }
    }
    Ok(())
}

async fn of_many_sweeps_each_invitation_is_expired_by_one(db: Db) -> Verdict {
    const DUE: usize = 4;
    let world = World::new(&db, Policy::default());
    let race = of_workers(&world);
    let due = race
        .each_round(async |tx, round| {
            let members = race.members_at(race.instant(round) - TimeDelta::days(7));
            let mut ids = [None; DUE];
            for (nth, id) in ids.iter_mut().enumerate() {
                let new = new(&format!("{nth}-{}", race.email(round)));
                *id = Some(members.scope(7).create_with_link(tx, &world.admin, new).await?.invitation.id);
            }
            Ok(ids)
        })
        .await?;
    let answers = race.run(async |round, n| {
        let limit = if n % 2 == 0 { 3 } else { 200 };
        race.sweep(race.instant(round), limit).await
    })?;
    let mut swept = 0;
    for (round, answers) in answers.iter().enumerate() {
        for answer in answers {
            match answer {
                Ok(count) => swept += count,
                other => return Err(race.unexplained(round, "a sweep", other)),
            }
        }
    }
    // What two sweeps left to each other.
    swept += race.sweep(race.instant(race.rounds), u32::MAX).await?;
    let due: Vec<_> = due.into_iter().flatten().flatten().collect();
    hold!(race, 0, usize::try_from(swept) == Ok(due.len()), "of {} invitations, {swept} were swept", due.len());
    for stands in race.stand(due).await? {
        let expired = (stands.record.status, stands.count(EventKind::Expired));
        hold!(race, 0, expired == (Status::Expired, 1), "status and number of its ends are {expired:?}");
    }
    Ok(())
}

async fn a_resend_in_time_saves_an_invitation_from_the_sweep_or_comes_too_late(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.expiring().await?;
        let answers = race.run(async |round, n| {
            let (id, end) = (invited[round].id, race.instant(round));
            if n % 2 == 0 {
                return race.sweep(end, 200).await.map(|_| None);
            }
            let members = race.members_at(end - TimeDelta::microseconds(1));
            race.unit(async |tx| members.scope(7).resend(tx, &world.admin, id).await.map(|new| Some(new.generation)))
                .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let record = &stands.record;
            let resent = answers.iter().filter(|answer| matches!(answer, Ok(Some(2)))).count();
            let left = (record.status, record.generation, resent);
            hold!(
                race,
                round,
                [(Status::Pending, 2, 1), (Status::Expired, 1, 0)].contains(&left),
                "status, generation and resends that happened are {left:?}"
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(None | Some(2)) => {}
                    Err(Error::LimitReached { .. }) if resent == 1 && n % 2 == 1 => {}
                    Err(refusal) if n % 2 == 1 && tells(refusal, record.status) => {}
                    other => return Err(race.unexplained(round, "a sweep or a resend", other)),
                }
            }
        }
    }
    Ok(())
}
