//! What the host does in the same transaction. A second kind stands in for its tables: creating one is an insert
//! under a unique key, making a link to one is an update of a row that must still be there.

use invite_core::{Accepted, Actor, Claimant, Error, EventKind, NewInvitation, Policy, Status, Uniqueness};

use super::{Invited, Race, at_every_level, hold, races, tells};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::{Membership, Provider, World},
};

pub(super) const CASES: &[Case] = races![
    an_acceptance_and_the_host_s_row_happen_together_or_not_at_all:
        "A store never commits or rolls back on a borrowed connection, and a collision leaves its transaction usable.",
    an_acceptance_that_the_host_takes_back_leaves_the_invitation_as_it_was:
        "What is rolled back is undone whole: the change, its event, the open key.",
];

/// The open invitation that lost stands as it was made, and its link works.
async fn untouched(race: &Race<'_>, round: usize, one: &Invited, record: &invite_core::Record) -> Verdict {
    hold!(
        race,
        round,
        (record.status, record.revision) == (Status::Pending, 2),
        "an invitation whose acceptance was rolled back is {} at revision {}",
        record.status,
        record.revision
    );
    let mut conn = race.world.db.connect().await?;
    race.world.members.preview(&mut conn, &one.mail).await?;
    Ok(())
}

// Two invitations of one person lead to one membership.
async fn an_acceptance_and_the_host_s_row_happen_together_or_not_at_all(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().uniqueness(Uniqueness::None));
    let memberships = world.providers();
    for race in at_every_level(&world) {
        let invited = [race.invited().await?, race.invited().await?];
        let answers = race.run(async |round, n| {
            let one = &invited[n % 2][round];
            race.unit(async |tx| {
                let person = Claimant::new(1).verified(&one.email);
                let accepted = world.members.accept(tx, &one.mail, &person).await?;
                if matches!(accepted, Accepted::<Membership>::Now(_)) {
                    let row = NewInvitation::new(&*one.email, Provider {});
                    memberships.scope(7).create_with_link(tx, &world.admin, row).await?;
                    return Ok(true);
                }
                Ok(false)
            })
            .await
        })?;
        let stand = [
            race.stand(invited[0].iter().map(|one| one.id)).await?,
            race.stand(invited[1].iter().map(|one| one.id)).await?,
        ];
        for (round, answers) in answers.iter().enumerate() {
            let done: Vec<_> = (0..).zip(answers).filter(|(_, answer)| matches!(answer, Ok(true))).collect();
            let &[(winner, _)] = done.as_slice() else {
                return Err(race.wrong(round, format!("{} memberships of one person came to be", done.len())));
            };
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(true) => {}
                    Ok(false) if n % 2 == winner % 2 => {}
                    Err(Error::AlreadyPending(_)) if n % 2 != winner % 2 => {}
                    other => return Err(race.unexplained(round, "an acceptance with a membership", other)),
                }
            }
            let (won, lost) = (&stand[winner % 2][round].record, &stand[1 - winner % 2][round].record);
            hold!(
                race,
                round,
                won.status == Status::Accepted,
                "who became a member has an invitation that is {}",
                won.status
            );
            untouched(&race, round, &invited[1 - winner % 2][round], lost).await?;
        }
    }
    Ok(())
}

// The host finds that the inviter was demoted, or that the organization was closed.
async fn an_acceptance_that_the_host_takes_back_leaves_the_invitation_as_it_was(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let inviters = world.providers();
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let hosts = race
            .each_round(async |tx, round| {
                let row = NewInvitation::new(race.email(round), Provider {});
                Ok(inviters.scope(8).create_with_link(tx, &world.admin, row).await?.invitation.id)
            })
            .await?;
        let answers = race.run(async |round, n| {
            let (one, host) = (&invited[round], hosts[round]);
            race.unit(async |tx| {
                if n % 8 == 0 {
                    return inviters.scope(8).cancel(tx, &Actor::new(n), host, None).await.map(|_| true);
                }
                let person = Claimant::new(n).verified(&one.email);
                let accepted = world.members.accept(tx, &one.mail, &person).await?;
                // Locks the host's row, and finds it gone if it is.
                inviters.scope(8).new_link(tx, &world.admin, host).await?;
                Ok(matches!(accepted, Accepted::<Membership>::Now(_)))
            })
            .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let record = &stands.record;
            let accepted = (0..).zip(answers).filter(|(n, answer)| n % 8 != 0 && matches!(answer, Ok(true))).count();
            let mut conn = db.connect().await?;
            let rows = inviters.scope(8).history(&mut conn, &world.admin, hosts[round]).await?;
            let locked = rows.iter().filter(|event| event.kind == EventKind::LinkCreated).count();
            let closed = rows.iter().filter(|event| event.kind == EventKind::Cancelled).count();
            drop(conn);
            hold!(
                race,
                round,
                (accepted, closed) == (locked, 1) && accepted <= 1,
                "{accepted} acceptances happened, {locked} of them saw the host's row, which was closed {closed} times"
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(true) => {}
                    Err(Error::AlreadyAccepted) if n % 8 != 0 && accepted == 1 => {}
                    Err(refusal) if tells(refusal, Status::Cancelled) => {}
                    other => return Err(race.unexplained(round, "an acceptance that asks the host", other)),
                }
            }
            if accepted == 0 {
                untouched(&race, round, &invited[round], record).await?;
            } else {
                hold!(race, round, record.status == Status::Accepted, "what was accepted is {}", record.status);
            }
        }
    }
    Ok(())
}
