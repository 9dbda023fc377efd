//! Reminders by many workers, and reports against what people do.

use std::collections::HashMap;

use chrono::TimeDelta;
use invite_core::{
    Claimant, DeliveryReport, DeliveryState, Error, Policy, ReportKind, ReportProof, Reported, Status, Worker,
    store::Purpose,
    testing::{CapturingMailer, ManualClock},
};

use super::{at_every_level, hold, mail::works, of_workers, races, tick};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::{World, new},
};

pub(super) const CASES: &[Case] = races![
    of_many_workers_one_queues_each_reminder:
        "`remind` locks a row before it looks at it, and writes what it decided in the same transaction.",
    a_bounce_is_heard_of_the_letter_that_stands_or_not_at_all:
        "`record_delivery` and `Target::Delivery` compare `delivery_id` of the row as it is when it is changed.",
];

const DAY: TimeDelta = TimeDelta::days(1);

async fn of_many_workers_one_queues_each_reminder(db: Db) -> Verdict {
    const RULES: &[TimeDelta] = &[DAY];
    let world = World::new(&db, Policy::default().reminders(RULES));
    let race = of_workers(&world);
    let minutes = |round: usize| TimeDelta::minutes(round.try_into().unwrap_or_default());
    let ids = race
        .each_round(async |tx, round| {
            let new = new(&race.email(round)).expires_in(DAY * 7 + minutes(round));
            Ok(world.members.scope(7).create(tx, &world.admin, new).await?.id)
        })
        .await?;
    world.mailed().await?;
    let post = CapturingMailer::default();
    let ticks = race.run(async |round, _| {
        let due = ManualClock::at(race.now() + DAY * 6 + minutes(round));
        tick(&Worker::new(world.store(), (), post.clone()).serve(&world.members.clone().clock(due))).await
    })?;
    let queued: usize = ticks.iter().flatten().flatten().map(|tick| tick.reminded).sum();
    world.clock.advance(DAY * 6 + minutes(race.rounds));
    let mut letters = world.mailed().await?;
    letters.extend(post.take());
    for (round, id) in ids.iter().enumerate() {
        let to = letters.iter().filter(|letter| letter.invitation().id == *id);
        let purposes: Vec<_> = to.map(|letter| letter.purpose()).collect();
        hold!(race, round, purposes == [Purpose::Reminder], "the letters to one who is due are {purposes:?}");
    }
    hold!(race, 0, queued == race.rounds, "of {} reminders {queued} were counted", race.rounds);
    works(&race, &letters).await
}

async fn a_bounce_is_heard_of_the_letter_that_stands_or_not_at_all(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let create = async |tx: &mut super::Conn, round| {
            let new = new(&race.email(round));
            Ok(world.members.scope(7).create(tx, &world.admin, new).await?.id)
        };
        let ids = race.each_round(create).await?;
        let letters = world.mailed().await?;
        let sent: HashMap<_, _> = letters.iter().map(|letter| (letter.invitation().id, letter.delivery())).collect();
        let answers = race.run(async |round, n| {
            let id = ids[round];
            race.unit(async |tx| match n % 3 {
                0 => {
                    let report =
                        DeliveryReport::new(sent[&id], ReportKind::Bounced).proved_by(ReportProof::Webhook).code(550);
                    world.members.report(tx, &report).await.map(Some)
                }
                1 => world.members.scope(7).resend(tx, &world.admin, id).await.map(|_| None),
                _ => {
                    let claimant = Claimant::new(n).verified(&race.email(round));
                    world.members.accept_by_id(tx, id, &claimant).await.map(|_| None)
                }
            })
            .await
        })?;
        let stand = race.stand(ids.iter().copied()).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let resent = (0..).zip(answers).filter(|(n, answer)| n % 3 == 1 && answer.is_ok()).count();
            let heard = answers.iter().flatten().flatten().filter(|answer| **answer != Reported::Ignored).count();
            let record = &stands.record;
            let bounced = record.delivery.state == DeliveryState::Bounced;
            hold!(race, round, resent <= 1 && heard <= 1, "{resent} resends, {heard} reports were heard");
            hold!(race, round, !(resent == 1 && bounced), "a report of the letter before stands on the one resent");
            hold!(race, round, (heard == 1) == bounced || resent == 1, "heard {heard} times, and bounced is {bounced}");
            let wanted =
                if bounced { [Status::DeliveryFailed, Status::Accepted] } else { [Status::Pending, Status::Accepted] };
            hold!(race, round, wanted.contains(&record.status), "it is left {}", record.status);
            for (n, answer) in (0..).zip(answers) {
                match answer {
                    Ok(_) => {}
                    Err(Error::IllegalTransition { .. } | Error::LimitReached { .. } | Error::AlreadyAccepted)
                        if n % 3 != 0 => {}
                    other => return Err(race.unexplained(round, "a report, a resend or an acceptance", other)),
                }
            }
        }
    }
    Ok(())
}
