//! Who gets the address.

use invite_core::{Actor, Amendment, Claimant, Error, EventKind, InvitationId, Policy, Status};

use super::{Race, at_every_level, hold, new, races, tells};
use crate::{
    case::{Case, Verdict},
    erased::Db,
    host::world::World,
};

pub(super) const CASES: &[Case] = races![
    of_many_creations_for_one_address_one_happens_and_its_letter_alone_is_mailed:
        "The open key is unique in the database, its collision a value; the letter belongs to the transaction of the creation.",
    of_sixty_four_creations_at_once_one_happens_whether_or_not_an_expired_one_is_in_the_way:
        "However many collide, one inserts; the others find who holds the key (`Key::Open`, `Read::Latest`).",
    an_expired_predecessor_is_out_of_the_way_of_one_creation_and_ends_once:
        "Whoever creates expires exactly the row in the way, under the same guard as the sweep.",
    an_address_is_free_as_soon_as_its_invitation_has_ended_and_not_before:
        "The open key becomes null in the statement that ends the invitation.",
    an_address_is_taken_once_by_creation_or_by_amendment:
        "An amended open key collides like an inserted one: `apply` answers `None`, or the unit of work is done again.",
    of_many_resends_within_the_cool_down_one_happens_with_one_letter:
        "`not_resent_between` is compared in the WHERE of the statement that renews.",
    every_resend_without_a_cool_down_counts_once_and_the_last_is_mailed:
        "The generation is raised by the statement, not computed from what was read.",
    a_resend_never_outlives_a_cancellation:
        "Both are guarded by the status; the letter of a resend that lost is not queued.",
];

/// The one creation that happened; all others were told of it, or of something that may have been in the way
/// before it.
fn one_created(
    race: &Race<'_>,
    round: usize,
    answers: &[&Result<InvitationId, Error>],
    before: Option<InvitationId>,
) -> Result<Option<InvitationId>, super::Stop> {
    let created: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    hold!(race, round, created.len() <= 1, "{} creations for one address happened", created.len());
    let created = created.first().map(|id| **id);
    for answer in answers {
        match answer {
            Ok(_) => {}
            Err(Error::AlreadyPending(id)) if Some(*id) == created || Some(*id) == before => {}
            other => return Err(race.unexplained(round, "a creation that lost", other)),
        }
    }
    Ok(created)
}

/// Each of these was mailed once, in this generation, and nothing else was.
async fn mailed_alone(race: &Race<'_>, wanted: Vec<(InvitationId, u32)>) -> Verdict {
    let letters = race.mailed_at(race.now()).await?;
    let mut mailed: Vec<_> =
        letters.iter().map(|letter| (letter.invitation().id, letter.invitation().generation)).collect();
    for letter in wanted {
        let place = mailed.iter().position(|other| *other == letter);
        hold!(race, 0, place.is_some(), "a letter is lost, of generation {}", letter.1);
        place.map(|place| mailed.swap_remove(place));
    }
    hold!(race, 0, mailed.is_empty(), "{} letters were mailed that nobody committed, or twice", mailed.len());
    Ok(())
}

async fn of_many_creations_for_one_address_one_happens_and_its_letter_alone_is_mailed(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let answers = race.run(async |round, n| {
            let create = async |tx: &mut _| {
                let new = new(&race.email(round));
                Ok(world.members.scope(7).create(tx, &world.admin, new).await?.id)
            };
            // Every fourth takes it back.
            if n % 4 == 3 { race.undone(create).await } else { race.unit(create).await }
        })?;
        let mut winners = Vec::new();
        for (round, answers) in answers.iter().enumerate() {
            let (undone, kept): (Vec<_>, Vec<_>) = (0..).zip(answers).partition(|(n, _)| n % 4 == 3);
            let kept: Vec<_> = kept.into_iter().map(|(_, answer)| answer).collect();
            let created = one_created(&race, round, &kept, None)?;
            hold!(race, round, created.is_some(), "none of many creations happened");
            for (_, answer) in undone {
                match answer {
                    Ok(_) => {}
                    Err(Error::AlreadyPending(id)) if Some(*id) == created => {}
                    other => return Err(race.unexplained(round, "a creation that is taken back", other)),
                }
            }
            winners.extend(created);
        }
        race.stand(winners.iter().copied()).await?;
        mailed_alone(&race, winners.into_iter().map(|id| (id, 1)).collect()).await?;
    }
    Ok(())
}

async fn of_sixty_four_creations_at_once_one_happens_whether_or_not_an_expired_one_is_in_the_way(db: Db) -> Verdict {
    const AT_ONCE: usize = 64;
    const ROUNDS: usize = 4;
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let race = race.of_exactly(AT_ONCE, ROUNDS);
        let before = race.expiring().await?;
        // In every other round it is in the way.
        let email = |round: usize| match round % 2 {
            0 => before[round].email.clone(),
            _ => format!("free-{}", before[round].email),
        };
        let answers = race.run(async |round, _| {
            let members = race.members_at(race.instant(round));
            let create = race.unit(async |tx| {
                let new = new(&email(round));
                Ok(members.scope(7).create(tx, &world.admin, new).await?.id)
            });
            create.await
        })?;
        let stand = race.stand(before.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let created = one_created(&race, round, &answers.iter().collect::<Vec<_>>(), None)?;
            hold!(race, round, created.is_some(), "none of many creations happened");
            let wanted = [Status::Expired, Status::Pending][round % 2];
            let status = stands.record.status;
            hold!(race, round, status == wanted, "an invitation that was due is {status}, and should be {wanted}");
            race.stand(created).await?;
        }
    }
    Ok(())
}

async fn an_expired_predecessor_is_out_of_the_way_of_one_creation_and_ends_once(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let before = race.expiring().await?;
        let answers = race.run(async |round, n| {
            let now = race.instant(round);
            if n % 4 == 3 {
                return race.sweep(now, 200).await.map(|_| None);
            }
            let members = race.members_at(now);
            let create = race.unit(async |tx| {
                let invitation =
                    members.scope(7).create_with_link(tx, &world.admin, new(&before[round].email)).await?.invitation;
                Ok(Some(invitation.id))
            });
            create.await
        })?;
        let stand = race.stand(before.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.into_iter().zip(&stand).enumerate() {
            let (swept, created): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| matches!(answer, Ok(None)));
            let created: Vec<_> =
                created.into_iter().map(|answer| answer.map(|id| id.unwrap_or(stands.record.id))).collect();
            let created = one_created(&race, round, &created.iter().collect::<Vec<_>>(), None)?;
            hold!(
                race,
                round,
                created.is_some() && swept.len() == race.tasks / 4,
                "creations that happened: {}, sweeps: {}",
                usize::from(created.is_some()),
                swept.len()
            );
            hold!(
                race,
                round,
                stands.record.status == Status::Expired,
                "what was in the way is {}",
                stands.record.status
            );
            race.stand(created).await?;
        }
    }
    Ok(())
}

async fn an_address_is_free_as_soon_as_its_invitation_has_ended_and_not_before(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let before = race.invited().await?;
        let answers = race.run(async |round, n| {
            let one = &before[round];
            race.unit(async |tx| match n % 4 {
                0 => {
                    let person = Claimant::new(n).verified(&one.email);
                    world.members.accept(tx, &one.mail, &person).await.map(|_| one.id)
                }
                1 => world.members.scope(7).cancel(tx, &Actor::new(n), one.id, None).await.map(|_| one.id),
                _ => world.members.scope(7).create(tx, &world.admin, new(&one.email)).await.map(|new| new.id),
            })
            .await
        })?;
        let stand = race.stand(before.iter().map(|one| one.id)).await?;
        let mut created = Vec::new();
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let (ends, creations): (Vec<_>, Vec<_>) = (0..).zip(answers).partition(|(n, _)| n % 4 < 2);
            let ended = ends.iter().filter(|(_, answer)| answer.is_ok()).count();
            hold!(race, round, ended == 1, "{ended} ends happened to one invitation");
            for (_, answer) in ends {
                match answer {
                    Ok(_) => {}
                    Err(refusal) if tells(refusal, stands.record.status) => {}
                    other => return Err(race.unexplained(round, "an end that lost", other)),
                }
            }
            let creations: Vec<_> = creations.into_iter().map(|(_, answer)| answer).collect();
            created.extend(one_created(&race, round, &creations, Some(stands.record.id))?);
        }
        race.stand(created.iter().copied()).await?;
        mailed_alone(&race, created.into_iter().map(|id| (id, 1)).collect()).await?;
    }
    Ok(())
}

async fn an_address_is_taken_once_by_creation_or_by_amendment(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let others = race
            .each_round(async |tx, round| {
                let mut pair = [None; 2];
                for (side, place) in pair.iter_mut().enumerate() {
                    let new = new(&format!("side{side}-{}", race.email(round)));
                    let invitation = world.members.scope(7).create_with_link(tx, &world.admin, new).await?.invitation;
                    *place = Some(invitation.id);
                }
                Ok(pair)
            })
            .await?;
        let answers = race.run(async |round, n| {
            let email = race.email(round);
            race.unit(async |tx| {
                let scoped = world.members.scope(7);
                let side = if n % 4 == 0 { others[round][n / 4 % 2] } else { None };
                let invitation = match side {
                    Some(id) => scoped.amend(tx, &world.admin, id, &Amendment::new().email(&email)).await?,
                    None => scoped.create(tx, &world.admin, new(&email)).await?,
                };
                Ok(invitation.id)
            })
            .await
        })?;
        let mut winners = Vec::new();
        for (round, answers) in answers.iter().enumerate() {
            // To its own address an invitation may be amended again.
            let mut done: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
            done.sort_unstable();
            done.dedup();
            let &[winner] = done.as_slice() else {
                return Err(race.wrong(round, format!("{} invitations have one address", done.len())));
            };
            for answer in answers {
                match answer {
                    Ok(_) => {}
                    Err(Error::AlreadyPending(id)) if id == winner => {}
                    other => return Err(race.unexplained(round, "a creation or amendment that lost", other)),
                }
            }
            winners.push(*winner);
        }
        for (round, stands) in race.stand(winners).await?.iter().enumerate() {
            let address = stands.record.recipient.canonical();
            hold!(race, round, address == race.email(round), "who was told to have the address has another");
        }
        // What was created is mailed; what was amended awaits a resend.
        race.mailed_at(race.now()).await?;
    }
    Ok(())
}

async fn of_many_resends_within_the_cool_down_one_happens_with_one_letter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let resend = race.unit(async |tx| {
                world.members.scope(7).resend(tx, &Actor::new(n), invited[round].id).await.map(|new| new.generation)
            });
            resend.await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let done = answers.iter().filter(|answer| answer.is_ok()).count();
            hold!(
                race,
                round,
                done == 1 && stands.record.generation == 2,
                "{done} resends happened, and the row is of generation {}",
                stands.record.generation
            );
            for answer in answers {
                match answer {
                    Ok(2) | Err(Error::LimitReached { .. }) => {}
                    other => return Err(race.unexplained(round, "a resend", other)),
                }
            }
        }
        mailed_alone(&race, stand.iter().map(|stands| (stands.record.id, 2)).collect()).await?;
    }
    Ok(())
}

async fn every_resend_without_a_cool_down_counts_once_and_the_last_is_mailed(db: Db) -> Verdict {
    /// Each undoes the snapshots of all others, so that many would only be many retries.
    const RESENDS: usize = 6;
    let world = World::new(&db, Policy::default().resend_cooldown(chrono::TimeDelta::zero()));
    for race in at_every_level(&world) {
        let race = race.of_at_most(RESENDS);
        let invited = race.invited().await?;
        let answers = race.run(async |round, _| {
            let resend = race.unit(async |tx| {
                world.members.scope(7).resend(tx, &world.admin, invited[round].id).await.map(|new| new.generation)
            });
            resend.await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.into_iter().zip(&stand).enumerate() {
            let mut generations = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            generations.sort_unstable();
            let wanted: Vec<_> = (2..).take(race.tasks).collect();
            hold!(
                race,
                round,
                generations == wanted && Some(&stands.record.generation) == wanted.last(),
                "{} resends made the generations {generations:?}, and the row is of {}",
                race.tasks,
                stands.record.generation
            );
        }
        mailed_alone(&race, stand.iter().map(|stands| (stands.record.id, stands.record.generation)).collect()).await?;
    }
    Ok(())
}

async fn a_resend_never_outlives_a_cancellation(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let invited = race.invited().await?;
        let answers = race.run(async |round, n| {
            let id = invited[round].id;
            race.unit(async |tx| match n % 2 {
                0 => world.members.scope(7).cancel(tx, &Actor::new(n), id, None).await.map(drop),
                _ => world.members.scope(7).resend(tx, &world.admin, id).await.map(drop),
            })
            .await
        })?;
        let stand = race.stand(invited.iter().map(|one| one.id)).await?;
        for (round, (answers, stands)) in answers.iter().zip(&stand).enumerate() {
            let done = |role| answers.iter().skip(role).step_by(2).filter(|answer| answer.is_ok()).count();
            let (cancelled, resent) = (done(0), done(1));
            hold!(
                race,
                round,
                cancelled == 1 && stands.record.status == Status::Cancelled,
                "{cancelled} cancellations happened, and the row is {}",
                stands.record.status
            );
            hold!(
                race,
                round,
                resent <= 1 && resent == stands.count(EventKind::Resent),
                "{resent} resends happened, and {} are recorded",
                stands.count(EventKind::Resent)
            );
            for (n, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(()) => {}
                    Err(Error::LimitReached { .. }) if n % 2 == 1 && resent == 1 => {}
                    Err(refusal) if tells(refusal, Status::Cancelled) => {}
                    other => return Err(race.unexplained(round, ["a cancellation", "a resend"][n % 2], other)),
                }
            }
        }
        mailed_alone(&race, Vec::new()).await?;
    }
    Ok(())
}
