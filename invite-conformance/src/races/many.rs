//! Many at once, by many at once.

use std::collections::HashMap;

use chrono::TimeDelta;
use invite_core::{
    Actor, Claimant, Error, EventKind, Invitation, InvitationId, Policy, Selection, Status, Verdict as Row,
};

use super::{Race, at_every_level, hold, new, races, tells};
use crate::{
    case::{Case, Stop, Verdict},
    erased::Db,
    host::world::{Membership, World},
};

pub(super) const CASES: &[Case] = races![
    imports_of_the_same_people_in_different_order_invite_each_once:
        "Rows of one call are locked in an order that all calls share; a key that is taken meanwhile is a value.",
    imports_with_keys_answer_with_the_first_whoever_stored_it:
        "The key of a creation is unique in the database; who loses finds the first.",
    imports_end_what_has_expired_once_whoever_is_first:
        "Who has expired unswept is ended under the guard of the sweep, once.",
    of_many_cancelled_together_each_is_cancelled_or_accepted:
        "Each change of many is guarded by itself.",
];

/// How many people are on the list.
const PEOPLE: usize = 8;

fn emails(race: &Race<'_>, round: usize) -> impl Iterator<Item = String> {
    let email = race.email(round);
    (0..PEOPLE).map(move |n| format!("person{n}-{email}"))
}

type Told = Vec<(String, Row<Invitation<Membership>>)>;

/// Imports the list, begun at another place by each.
async fn import(race: &Race<'_>, round: usize, n: usize, keys: bool) -> Result<Told, Error> {
    let mut list: Vec<_> = emails(race, round).collect();
    list.rotate_left(n % PEOPLE);
    if n % 2 == 1 {
        list.reverse();
    }
    race.unit(async |tx| {
        let rows = list.iter().map(|email| if keys { new(email).key(email) } else { new(email) });
        let members = &race.world.members;
        let verdicts = members.scope(7).many().create(tx, &race.world.admin, rows.collect()).await?;
        Ok(list.iter().cloned().zip(verdicts).collect())
    })
    .await
}

/// Who was invited, by address: each by one import, of whose invitation the others were told.
fn invited(
    race: &Race<'_>,
    round: usize,
    answers: Vec<Result<Told, Error>>,
    keys: bool,
) -> Result<HashMap<String, InvitationId>, Stop> {
    let mut invited = HashMap::new();
    let mut told = Vec::new();
    for answer in answers {
        for (email, verdict) in answer? {
            match verdict {
                Row::Created(invitation) => {
                    let twice = invited.insert(email.clone(), invitation.id).is_some();
                    hold!(race, round, !twice, "one address was invited twice");
                }
                Row::AlreadyPending(id) if !keys => told.push((email, id)),
                Row::Existing(id) if keys => told.push((email, id)),
                other => return Err(race.wrong(round, format!("a row was answered {other:?}"))),
            }
        }
    }
    hold!(race, round, invited.len() == PEOPLE, "{} of {PEOPLE} were invited", invited.len());
    for (email, id) in told {
        hold!(race, round, invited.get(&email) == Some(&id), "an import was told of an invitation that nobody made");
    }
    Ok(invited)
}

async fn mailed_once(race: &Race<'_>, invited: Vec<InvitationId>) -> Verdict {
    race.stand(invited.iter().copied()).await?;
    let mut mailed: Vec<_> = race.mailed_at(race.now()).await?.iter().map(|letter| letter.invitation().id).collect();
    let mut invited = invited;
    mailed.sort_unstable();
    invited.sort_unstable();
    hold!(race, 0, mailed == invited, "{} were invited, and {} letters mailed", invited.len(), mailed.len());
    Ok(())
}

async fn imports(db: Db, keys: bool) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let race = race.in_rounds_of(4);
        let answers = race.run(async |round, n| import(&race, round, n, keys).await)?;
        let mut all = Vec::new();
        for (round, answers) in answers.into_iter().enumerate() {
            all.extend(invited(&race, round, answers, keys)?.into_values());
        }
        mailed_once(&race, all).await?;
    }
    Ok(())
}

async fn imports_of_the_same_people_in_different_order_invite_each_once(db: Db) -> Verdict {
    imports(db, false).await
}

async fn imports_with_keys_answer_with_the_first_whoever_stored_it(db: Db) -> Verdict {
    imports(db, true).await
}

async fn imports_end_what_has_expired_once_whoever_is_first(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let race = race.in_rounds_of(4);
        // Every other one has expired when the round begins.
        let before = race
            .each_round(async |tx, round| {
                let members = race.members_at(race.now() - TimeDelta::days(8));
                let due = emails(&race, round).step_by(2).map(|email| new(&email)).collect();
                let verdicts = members.scope(7).many().create(tx, &world.admin, due).await?;
                Ok(verdicts
                    .iter()
                    .filter_map(|verdict| if let Row::Created(old) = verdict { Some(old.id) } else { None })
                    .collect::<Vec<_>>())
            })
            .await?;
        let answers = race.run(async |round, n| {
            if n % 4 == 3 {
                race.sweep(race.now(), 3).await?;
                return Ok(Told::new());
            }
            import(&race, round, n, false).await
        })?;
        let mut all = Vec::new();
        for (round, answers) in answers.into_iter().enumerate() {
            all.extend(invited(&race, round, answers, false)?.into_values());
        }
        for stands in race.stand(before.into_iter().flatten()).await? {
            let ends = stands.count(EventKind::Expired);
            hold!(race, 0, ends == 1, "what had expired was ended {ends} times");
        }
        mailed_once(&race, all).await?;
    }
    Ok(())
}

async fn of_many_cancelled_together_each_is_cancelled_or_accepted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for race in at_every_level(&world) {
        let race = race.in_rounds_of(4);
        let lists = race
            .each_round(async |tx, round| {
                let mut list = Vec::new();
                for email in emails(&race, round) {
                    list.push(race.invite(tx, &world.members, email).await?);
                }
                Ok(list)
            })
            .await?;
        let answers = race.run(async |round, n| {
            let list = &lists[round];
            if n % 2 == 1 {
                let one = &list[n / 2 % PEOPLE];
                let claimant = Claimant::new(n).verified(&one.email);
                let accept = async |tx: &mut _| world.members.accept(tx, &one.mail, &claimant).await.map(drop);
                return match race.unit(accept).await {
                    Ok(()) => Ok(vec![(one.id, Ok(()))]),
                    Err(error) => Ok(vec![(one.id, Err(error))]),
                };
            }
            let mut ids: Vec<_> = list.iter().map(|one| one.id).collect();
            ids.rotate_left(n % PEOPLE);
            let selection = Selection::Ids(ids);
            let by = Actor::new(n);
            let done = race.unit(async |tx| world.members.scope(7).many().cancel(tx, &by, &selection, None).await);
            done.await.map(|done| done.items)
        })?;
        for (round, answers) in answers.iter().enumerate() {
            let stand = race.stand(lists[round].iter().map(|one| one.id)).await?;
            for stands in stand {
                let id = stands.record.id;
                let told = |role| {
                    let of_role = answers.iter().skip(role).step_by(2).flatten().flatten();
                    of_role.filter(|(of, answer)| *of == id && answer.is_ok()).count()
                };
                let (cancelled, accepted) = (told(0), told(1));
                hold!(
                    race,
                    round,
                    cancelled + accepted == 1,
                    "one invitation was cancelled {cancelled} times and accepted {accepted} times"
                );
                let status = if cancelled == 1 { Status::Cancelled } else { Status::Accepted };
                hold!(race, round, stands.record.status == status, "it was {status}, and is {}", stands.record.status);
            }
            for answer in answers {
                let Ok(items) = answer else { return Err(race.unexplained(round, "a call about many", answer)) };
                for (_, answer) in items {
                    match answer {
                        Ok(()) => {}
                        Err(refusal) if tells(refusal, Status::Cancelled) || tells(refusal, Status::Accepted) => {}
                        other => return Err(race.unexplained(round, "one of many that lost", other)),
                    }
                }
            }
        }
    }
    Ok(())
}
