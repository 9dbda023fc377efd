//! Who answers first.

use invite_core::{Accepted, Actor, Amendment, Claimant, Error, EventKind, Policy, Status};

use super::{Race, at_every_level, hold, races, tells};
use crate::{
    case::{Case, Verdict},
    erased::{Conn, Db},
    host::world::{Membership, World, membership},
    races::Invited,
};

pub(super) const CASES: &[Case] = races![
    of_many_acceptances_of_one_invitation_exactly_one_happens:
        "The status belongs into the WHERE of the statement that changes: whoever waited finds it changed.",
    of_acceptance_rejection_and_cancellation_the_first_stands:
        "The number of rows affected decides, and a refusal is explained by the latest state (`Read::Latest`).",
    a_link_that_was_retired_while_an_acceptance_waited_opens_nothing:
        "The token's generation is compared with `min_generation` of the row that changes, not of the row that was joined before waiting.",
    an_acceptance_grants_what_the_row_says_when_it_is_accepted:
        "`apply` returns the row as it now is, not as it was read before.",
    an_answer_that_was_lost_is_given_again:
        "A unit of work that is done again after its commit finds its own change, and changes nothing.",
    a_preview_changes_nothing_and_of_many_looks_one_is_the_first:
        "`Change::View` is for `viewed_at` null in the WHERE; a plain read takes no part in any race.",
    what_was_read_earlier_in_the_transaction_decides_nothing:
        "Right at every level: neither a change nor its explanation may rest on the transaction's snapshot.",
];

fn person(n: usize, one: &Invited) -> Claimant {
    Claimant::new(n).verified(&one.email)
}

/// Accepts, rejects or cancels as a person of one's own; what was done, or `None` if it had been before.
async fn end(world: &World, tx: &mut Conn, one: &Invited, n: usize) -> Result<Option<EventKind>, Error> {
    let now = |accepted| matches!(accepted, Accepted::<Membership>::Now(_)).then_some(EventKind::Accepted);
    match n % 5 {
        0 => world.members.accept(tx, &one.mail, &person(n, one)).await.map(now),
        1 => world.members.reject(tx, &one.link, &Actor::new(n), None).await.map(|_| Some(EventKind::Rejected)),
        2 => world.members.scope(7).cancel(tx, &Actor::new(n), one.id, None).await.map(|_| Some(EventKind::Cancelled)),
        3 => world.members.accept_by_id(tx, one.id, &person(n, one)).await.map(now),
        _ => world.members.reject_by_id(tx, one.id, &person(n, one), None).await.map(|_| Some(EventKind::Rejected)),
    }
}

/// Exactly one has ended it, and all others were told so.
async fn one_end(race: &Race<'_>, invited: &[Invited], answers: Vec<Vec<Result<Option<EventKind>, Error>>>) -> Verdict {
    let stand = race.stand(invited.iter().map(|one| one.id)).await?;
    for (round, (answers, stands)) in answers.into_iter().zip(&stand).enumerate() {
        let status = stands.record.status;
        let mut winners = 0;
        for (n, answer) in answers.iter().enumerate() {
            match answer {
                Ok(Some(kind)) if kind.applied_to(Status::Pending) == Some(status) => {
                    let ended = stands.record.ended.as_ref();
                    hold!(
                        race,
                        round,
                        ended.is_some_and(|ended| ended.by == Actor::new(n)),
                        "task {n} was told that it had {kind} it, and another stands as who has"
                    );
                    winners += 1;
                }
                Err(refusal) if tells(refusal, status) => {}
                other => return Err(race.unexplained(round, &format!("an end that left it {status}"), other)),
            }
        }
        hold!(race, round, winners == 1, "{winners} of accept, reject and cancel happened to one invitation");
    }
    Ok(())
}

// By one person twice, by two people, and by two links of one letter: the guard is on the row of the invitation.
async fn of_many_acceptances_of_one_invitation_exactly_one_happens(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        // Few people, so that each comes several times, by either link or without one.
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            race.unit(async |tx| {
                let claimant = person(n % 8, one);
                match n % 3 {
                    0 => world.members.accept(tx, &one.mail, &claimant).await,
                    1 => world.members.accept(tx, &one.link, &claimant).await,
                    _ => world.members.accept_by_id(tx, one.id, &claimant).await,
                }
            })
            .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let now = |answer: &Result<Accepted<Membership>, Error>| matches!(answer, Ok(Accepted::Now(_)));
            let winners: Vec<_> = (0..).zip(answers).filter(|(_, answer)| now(answer)).map(|(n, _)| n).collect();
            let &[winner] = winners.as_slice() else {
                return Err(race.wrong(round, format!("{} acceptances of one invitation happened", winners.len())));
            };
            for (n, answer) in answers.iter().enumerate() {
                let same = n % 8 == winner % 8;
                match answer {
                    Ok(Accepted::Now(_)) => {}
                    Ok(Accepted::Before(acceptance)) if same && acceptance.address_proved == (winner % 3 == 0) => {}
                    Err(Error::AlreadyAccepted) if !same => {}
                    other => return Err(race.unexplained(round, "an acceptance that lost", other)),
                }
            }
            let ended = stands.record.ended.as_ref().map(|ended| (&ended.by, ended.address_proved));
            let wanted = (&Actor::new(winner % 8), winner % 3 == 0);
            hold!(
                race,
                round,
                ended == Some(wanted),
                "the row says it was accepted by {ended:?}, and it was {wanted:?}"
            );
        }
    }
    Ok(())
}

async fn of_acceptance_rejection_and_cancellation_the_first_stands(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers =
            race.run(async |round, n| race.unit(async |tx| end(&world, tx, &invited[round], n).await).await)?;
        one_end(&race, &invited, answers).await?;
    }
    Ok(())
}

// MariaDB at REPEATABLE READ still shows the old row to a plain read after its own guarded update found nothing.
async fn what_was_read_earlier_in_the_transaction_decides_nothing(db: Db) -> Verdict {
    /// At MySQL's SERIALIZABLE what is read is locked: of those who have read together all but one deadlock, and
    /// so do the rest when they come again. More at once would be nothing but more retries.
    const READERS: usize = 8;
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let race = race.of_at_most(READERS);
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            race.unit(async |tx| {
                // Where a transaction cannot write after others have, as the documentation says of hosts that
                // read first.
                db.lock_for_write(tx).await?;
                world.members.scope(7).get(tx, &world.admin, one.id).await?;
                end(&world, tx, one, n).await
            })
            .await
        })?;
        one_end(&race, &invited, answers).await?;
    }
    Ok(())
}

// A resend that loses mails nothing: there is no letter of an invitation that has ended.
async fn a_link_that_was_retired_while_an_acceptance_waited_opens_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            race.unit(async |tx| match n % 2 {
                0 => world.members.accept(tx, &one.mail, &person(n, one)).await.map(drop),
                _ => world.members.scope(7).resend(tx, &world.admin, one.id).await.map(drop),
            })
            .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        let mut resent = Vec::new();
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let done = |role| answers.iter().skip(role).step_by(2).filter(|answer| answer.is_ok()).count();
            let record = &stands.record;
            let wanted = match (record.status, record.generation) {
                (Status::Accepted, 1) => (1, 0),
                (Status::Pending, 2) => (0, 1),
                other => return Err(race.wrong(round, format!("it is left at {other:?}"))),
            };
            let seen = (done(0), done(1));
            hold!(
                race,
                round,
                seen == wanted,
                "acceptances and resends that happened are {seen:?}, and the row, {} of generation {}, has {wanted:?}",
                record.status,
                record.generation
            );
            for (n, answer) in answers.iter().enumerate() {
                match (answer, n % 2) {
                    (Ok(()), _) => {}
                    (Err(Error::Superseded), 0) | (Err(Error::LimitReached { .. }), 1) if record.generation == 2 => {}
                    (Err(refusal), _) if tells(refusal, record.status) => {}
                    (other, role) => {
                        return Err(race.unexplained(round, ["an acceptance", "a resend"][role], other));
                    }
                }
            }
            resent.extend((record.generation == 2).then_some(record.id));
        }
        let mailed: Vec<_> = (race.mailed_at(race.now()).await?.iter())
            .map(|letter| (letter.invitation().id, letter.invitation().generation))
            .collect();
        for id in &resent {
            let letters = mailed.iter().filter(|letter| **letter == (*id, 2)).count();
            hold!(race, 0, letters == 1, "a resend that happened mailed {letters} letters");
        }
        hold!(
            race,
            0,
            mailed.len() == resent.len(),
            "{} letters were mailed for {} resends that happened",
            mailed.len(),
            resent.len()
        );
    }
    Ok(())
}

// An amendment of the role either precedes the acceptance, which then grants it, or is refused.
async fn an_acceptance_grants_what_the_row_says_when_it_is_accepted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        // What was granted or asked for, and the revision it made.
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            let scoped = world.members.scope(7);
            race.unit(async |tx| {
                let amendment = match n % 8 {
                    0 => Amendment::new().payload(membership(&format!("role {n}"))),
                    1 => Amendment::new().email(format!("new-{}", one.email)),
                    _ => {
                        let accepted = world.members.accept(tx, &one.mail, &person(n, one)).await?;
                        let invitation = accepted.into_acceptance().invitation;
                        return Ok((invitation.payload()?.role, invitation.revision));
                    }
                };
                let invitation = scoped.amend(tx, &world.admin, one.id, &amendment).await?;
                Ok((invitation.payload()?.role, invitation.revision))
            })
            .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let record = &stands.record;
            let stored = record.payload.get("role").and_then(|role| role.as_str());
            let (mut latest, mut accepted) = (("admin", 2), 0);
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok((role, revision)) => {
                        accepted += usize::from(n % 8 > 1);
                        latest = if *revision > latest.1 { (role, *revision) } else { latest };
                    }
                    Err(Error::Superseded) if n % 8 > 1 && record.generation > 1 => {}
                    Err(refusal) if tells(refusal, record.status) => {}
                    other => return Err(race.unexplained(round, "an acceptance or amendment", other)),
                }
            }
            let wanted = usize::from(record.status == Status::Accepted);
            hold!(race, round, accepted == wanted, "{accepted} acceptances happened, and the row is {}", record.status);
            hold!(
                race,
                round,
                (stored, record.revision) == (Some(latest.0), latest.1),
                "the last that happened saw {latest:?}, and the row has {:?}",
                (stored, record.revision)
            );
            let readdressed = record.generation > 1;
            hold!(race, round, !(readdressed && accepted > 0), "a link to an address that was changed opened it");
        }
    }
    Ok(())
}

// The commit happened, and the connection broke before the answer came.
async fn an_answer_that_was_lost_is_given_again(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            let unit = async || {
                race.unit(async |tx| {
                    if n % 4 == 3 {
                        let new = super::new(&format!("new-{}", one.email));
                        return world.members.scope(7).create(tx, &world.admin, new).await.map(|new| (new.id, 1));
                    }
                    let invitation = match n % 4 {
                        0 => {
                            let accepted = world.members.accept(tx, &one.mail, &person(n, one)).await?;
                            accepted.into_acceptance().invitation
                        }
                        1 => world.members.reject(tx, &one.mail, &Actor::new(n), None).await?,
                        _ => world.members.scope(7).cancel(tx, &Actor::new(n), one.id, None).await?,
                    };
                    Ok((invitation.id, invitation.revision))
                })
                .await
            };
            // The first commit is known to the database only.
            Ok((unit().await, unit().await))
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.into_iter().zip(&stand).enumerate() {
            let (mut ended, mut created) = (0, Vec::new());
            for (n, answer) in answers.into_iter().enumerate() {
                let (first, second) = answer?;
                match (&first, &second) {
                    (Ok((id, _)), Err(Error::AlreadyPending(other))) if n % 4 == 3 && id == other => created.push(*id),
                    (Err(Error::AlreadyPending(id)), Err(Error::AlreadyPending(same))) if id == same => {}
                    (Ok(first), Ok(second)) if n % 4 != 3 && first == second => ended += 1,
                    (Err(first), Err(second))
                        if tells(first, stands.record.status) && tells(second, stands.record.status) => {}
                    (first, _) if first.is_ok() => return Err(race.unexplained(round, "the same again", &second)),
                    _ => return Err(race.unexplained(round, "the first of two", &first)),
                }
            }
            hold!(race, round, ended == 1, "{ended} ends happened to one invitation");
            hold!(race, round, created.len() == 1, "{} creations for one address happened", created.len());
            race.stand(created).await?;
        }
    }
    Ok(())
}

async fn a_preview_changes_nothing_and_of_many_looks_one_is_the_first(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        // Whether it was the first look.
        let answers = race.run(async |round, n| {
            let one = &invited[round];
            match n {
                0 => race
                    .unit(async |tx| world.members.accept(tx, &one.link, &person(n, one)).await)
                    .await
                    .map(|_| false),
                1 => race
                    .unit(async |tx| world.members.scope(7).resend(tx, &world.admin, one.id).await)
                    .await
                    .map(|_| false),
                _ if n % 3 == 0 => {
                    let mut conn = db.connect().await?;
                    world.members.preview(&mut conn, &one.mail).await.map(|_| false)
                }
                _ if n % 3 == 1 => {
                    race.unit(async |tx| world.members.preview(tx, &one.mail).await).await.map(|_| false)
                }
                _ => race.unit(async |tx| world.members.mark_viewed(tx, &one.mail).await).await,
            }
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let resent = stands.record.generation > 1;
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(_) => {}
                    Err(Error::Superseded) if resent && n != 1 => {}
                    Err(refusal) if tells(refusal, stands.record.status) => {}
                    other => return Err(race.unexplained(round, "a look, or the one answer or resend", other)),
                }
            }
            let first = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
            let looks = stands.count(EventKind::Viewed);
            hold!(race, round, first <= 1 && first == looks, "{first} looks were the first, and {looks} are recorded");
            let changes = 2 + stands.count(EventKind::Accepted) + stands.count(EventKind::Resent);
            hold!(race, round, stands.record.revision as usize == changes, "a look counts as a change");
        }
    }
    Ok(())
}
