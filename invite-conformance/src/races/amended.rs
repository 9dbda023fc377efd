//! An amendment while somebody answers: what it takes away is gone for whoever waited.

use chrono::TimeDelta;
use invite_core::{Amendment, Claimant, Error, Policy, Status};

use super::{at_every_level, hold, races, tells};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::World,
};

pub(super) const CASES: &[Case] = races![
    whose_address_was_taken_away_meanwhile_does_not_accept:
        "The address is compared in the WHERE of the acceptance, with the row that changes.",
    an_end_that_is_moved_while_an_acceptance_waits_is_the_end_it_heeds:
        "`expires_at` is compared in the WHERE of the acceptance, with the row that changes.",
];

async fn whose_address_was_taken_away_meanwhile_does_not_accept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            if n % 2 == 0 {
                let amendment = Amendment::new().email(format!("new-{}", one.email));
                let amend =
                    race.unit(async |tx| world.members.scope(7).amend(tx, &world.admin, one.id, &amendment).await);
                return amend.await.map(drop);
            }
            let former = Claimant::new(n).verified(&one.email);
            race.unit(async |tx| world.members.accept_by_id(tx, one.id, &former).await.map(drop)).await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let status = stands.record.status;
            let moved = stands.record.recipient.canonical() != invited[round].email;
            hold!(
                race,
                round,
                moved != (status == Status::Accepted),
                "it is {status}, and its address {}",
                if moved { "was changed before" } else { "is still the former" }
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(()) => {}
                    Err(Error::NotFound) if moved && n % 2 == 1 => {}
                    Err(refusal) if tells(refusal, status) => {}
                    other => return Err(race.unexplained(round, "an amendment or an acceptance", other)),
                }
            }
        }
    }
    Ok(())
}

async fn an_end_that_is_moved_while_an_acceptance_waits_is_the_end_it_heeds(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            if n % 2 == 0 {
                let amendment = Amendment::new().expires_in(TimeDelta::seconds(30));
                let amend =
                    race.unit(async |tx| world.members.scope(7).amend(tx, &world.admin, one.id, &amendment).await);
                return amend.await.map(drop);
            }
            let members = race.members_at(race.now() + TimeDelta::minutes(1));
            let ada = Claimant::new(n).verified(&one.email);
            race.unit(async |tx| members.accept(tx, &one.mail, &ada).await.map(drop)).await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let status = stands.record.status;
            let shortened = stands.record.expires_at == race.now() + TimeDelta::seconds(30);
            hold!(
                race,
                round,
                shortened != (status == Status::Accepted),
                "it is {status}, and its end {}",
                if shortened { "was moved before that" } else { "is where it was" }
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(()) => {}
                    Err(Error::Expired { .. }) if shortened && n % 2 == 1 => {}
                    Err(refusal) if tells(refusal, status) => {}
                    other => return Err(race.unexplained(round, "an amendment or an acceptance", other)),
                }
            }
        }
    }
    Ok(())
}
