//! Calls about many alike, for which a store may have statements of their own.

use chrono::TimeDelta;
use invite_core::{
    Actor, Channel, EventKind, InvitationId, Scope, Status,
    store::{Change, Dispatch, Guard, Key, NewEvent, Purpose, Read, RenewedLinks, Target, TimeGuard, Transition},
};
use serde_json::{Value, json};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct},
        rows::{KIND, OTHER_KIND, Row, by_id, delivery, digest, id, key, letter, noon, row},
        several::insert,
    },
};

pub(super) const CASES: &[Case] = cases![
    rows_inserted_together_come_back_to_the_letter:
        "A row of many is stored as it would be by itself: every column, any text, null as null.",
    rows_inserted_together_that_are_too_long_for_one_statement_are_all_stored:
        "However much the rows of a call hold, they are stored.",
    many_are_ended_together_where_the_guard_holds:
        "`apply` of ends that are alike ends those whose guard holds, each with its event, and leaves the others alone.",
    many_are_renewed_together_each_with_a_letter_of_its_own:
        "`apply` of renewals that are alike queues for each the letter that it names, of the new generation.",
    a_cool_down_holds_for_each_of_many:
        "`not_resent_between` is compared for each row of many.",
    many_that_expire_together_tell_their_inviters:
        "A notice to the inviter is queued for those of many that have an inviter's address.",
    changes_that_differ_are_made_one_by_one:
        "Where the changes of a call differ in anything, each is made as it says.",
    keys_looked_for_together_are_answered_in_their_order:
        "`find` answers for each key, in order, by whichever sort of key, plain or latest.",
];

/// A row with something in every column that an insertion writes.
fn full(n: u32, text: &str) -> Row {
    let mut row = row(n).within(text).to(&format!("Ada.O'Hara+{n}@B\u{fc}cher.Example"));
    let record = &mut row.record;
    record.inviter = Actor::new(text);
    record.inviter_address = Some(crate::store::rows::address(&format!("Boss+{n}@B\u{fc}cher.example")));
    record.payload = json!({ text: [text, null, 1.5e-7, u64::MAX] });
    record.display = json!({ "organization": text });
    record.message = Some(format!("{text}\n\t{text}\n"));
    record.locale = Some("de-CH-1996".into());
    record.label = Some(text.into());
    record.facet = Some(text.into());
    record.import = Some(text.into());
    record.idempotency = Some(key(n, n.is_multiple_of(2).then_some(7)));
    record.renews = Some(id(n + 100));
    record.remind_at = Some(noon() + TimeDelta::microseconds(1));
    record.created_at = noon() - TimeDelta::microseconds(i64::from(n));
    record.expires_at = noon() + TimeDelta::days(365 * 6_000) + TimeDelta::microseconds(999_999);
    row
}

async fn rows_inserted_together_come_back_to_the_letter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let texts = [
        "plain",
        "'; DROP TABLE invite_invitations; --",
        "%' OR 1=1 -- \" \\' \\0 \\u0041 $1 :id ?",
        " blanks before and behind  ",
        "\u{1F642} \u{65e5}\u{672c}\u{8a9e} \u{dc}n\u{ef}code \u{130}\u{131} \u{e9}e\u{301} \u{fb01}",
        "null",
        "0",
        "[{\"id\": 1}]",
    ];
    let mut rows: Vec<_> = (1..).zip(texts).map(|(n, text)| full(n, text)).collect();
    rows.push(row(20));
    let mut bare = row(21).unlimited();
    (bare.record.payload, bare.record.display) = (Value::Null, Value::Null);
    rows.push(bare);
    let asked: Vec<_> = rows.iter().map(|row| (row, Dispatch::None)).collect();
    let seen = committed!(direct, tx => {
        let seen = insert(&direct, &mut tx, &asked).await?;
        for row in &rows {
            direct.holds(&mut tx, row, "the insertion of many, in its transaction").await?;
        }
        seen
    });
    ensure!(seen == vec![true; rows.len()], "nothing is in the way, and the answer is {seen:?}");
    for row in &rows {
        direct.keeps(row, "the insertion of many").await?;
        let events = direct.history(row).await?;
        let actors: Vec<_> = events.iter().map(|event| (event.actor.clone(), event.kind, event.at)).collect();
        let wanted = (row.record.inviter.clone(), EventKind::Created, row.record.created_at);
        ensure!(actors == [wanted], "the history of a row of many is {events:?}");
    }
    Ok(())
}

async fn rows_inserted_together_that_are_too_long_for_one_statement_are_all_stored(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows: Vec<_> = (1..=200).map(row).collect();
    for row in &mut rows {
        row.record.payload = json!("\u{e9}".repeat(8_000));
        row.record.message = Some("\u{1F642}".repeat(5_000));
    }
    let asked: Vec<_> = rows.iter().map(|row| (row, Dispatch::None)).collect();
    let seen = undone!(direct, tx => {
        let seen = insert(&direct, &mut tx, &asked).await?;
        direct.holds(&mut tx, &rows[0], "the insertion of many long rows").await?;
        direct.holds(&mut tx, &rows[199], "the insertion of many long rows").await?;
        seen
    });
    ensure!(seen == vec![true; rows.len()], "nothing is in the way, and not all were stored");
    Ok(())
}

/// Makes changes in one call, and sees that each was made where its guard holds, and nowhere else.
async fn change(direct: &Direct, rows: &mut [Row], changes: &[Transition<'_>]) -> Verdict {
    let ids: Vec<_> = changes
        .iter()
        .map(|change| match change.guard.target {
            Target::Id(id, _) => Some(id),
            Target::Token(_) | Target::Delivery(_) => None,
        })
        .collect();
    let wanted: Vec<_> = (changes.iter().zip(&ids))
        .map(|(change, id)| {
            let row = rows.iter_mut().find(|row| Some(row.record.id) == *id)?;
            change.guard.holds(&row.record, None).then(|| change.apply(&mut row.record, None))?;
            Some(row.record.clone())
        })
        .collect();
    let seen = committed!(direct, tx => direct.db.apply(&mut tx, changes).await?);
    ensure!(seen.len() == wanted.len(), "{} changes were asked for, {} answered", wanted.len(), seen.len());
    for (n, (seen, wanted)) in seen.iter().zip(&wanted).enumerate() {
        match (seen, wanted) {
            (Some(seen), Some(wanted)) => same(&seen.record, wanted, "a row returned among many")?,
            (seen, wanted) => {
                let (seen, wanted) = (seen.is_some(), wanted.is_some());
                ensure!(seen == wanted, "change {n} of many was made: {seen}, and its guard holds: {wanted}");
            }
        }
    }
    for row in &*rows {
        direct.keeps(row, "changes of many").await?;
        let last = direct.history(row).await?.last().map(|event| event.revision);
        let revision = row.record.revision;
        ensure!(last == Some(revision), "the last event is of revision {last:?}, the row of {revision}");
    }
    Ok(())
}

/// Six rows: one of another scope, one of another kind, one that has ended, one that has expired, and two open ones.
async fn six(direct: &Direct) -> Result<Vec<Row>, crate::case::Stop> {
    let mut rows =
        vec![row(1), row(2).within("8"), row(3).of_kind(OTHER_KIND), row(4), row(5).expiring(noon()), row(6)];
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    direct.bring(&mut rows[3], Status::Accepted).await?;
    direct.bring(&mut rows[5], Status::DeliveryFailed).await?;
    Ok(rows)
}

fn within(scope: &Scope, n: u32) -> Guard<'_> {
    Guard { target: Target::Id(id(n), Some(scope)), time: TimeGuard::Unexpired, ..by_id(id(n)) }
}

async fn many_are_ended_together_where_the_guard_holds(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = six(&direct).await?;
    let (scope, actor) = (Scope::new(7), Actor::new("the \"boss\""));
    let event = NewEvent {
        kind: EventKind::Cancelled,
        actor: &actor,
        reason: Some("n\u{f6} 'reason'"),
        at: noon() + TimeDelta::microseconds(3),
    };
    // Not in their order, and one that is not there.
    let changes: Vec<_> = [6, 2, 9, 1, 3, 5, 4]
        .map(|n| Transition {
            guard: within(&scope, n),
            change: Change::End { status: Status::Cancelled },
            event: event.clone(),
            dispatch: Dispatch::None,
        })
        .into();
    change(&direct, &mut rows, &changes).await?;
    let ended: Vec<_> =
        rows.iter().filter(|row| row.record.status == Status::Cancelled).map(|row| row.record.id).collect();
    ensure!(ended == [id(1), id(6)], "`Guard::holds` itself ended {ended:?}");
    // Their addresses are free again.
    for n in [1, 6] {
        direct.put(&row(n + 100).to(&format!("person{n}@example.com")), Dispatch::None).await?;
    }
    Ok(())
}

async fn many_are_renewed_together_each_with_a_letter_of_its_own(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = six(&direct).await?;
    let scope = Scope::new(7);
    let letters: Vec<_> = (1..=6).map(|n| letter(n + 50)).collect();
    let links = RenewedLinks::Retire { grace_until: Some(noon() + TimeDelta::hours(1)) };
    let changes: Vec<_> = (1..)
        .zip(&letters)
        .map(|(n, letter)| Transition {
            guard: within(&scope, n),
            change: Change::Renew {
                at: noon(),
                expires_at: Some(noon() + TimeDelta::days(9)),
                links,
                delivery: letter.delivery,
                remind_at: Some(noon()),
            },
            event: NewEvent { kind: EventKind::Resent, actor: &Actor::System, reason: None, at: noon() },
            dispatch: Dispatch::Letter(letter),
        })
        .collect();
    change(&direct, &mut rows, &changes).await?;
    let leased = direct.lease(&Ask::default()).await?;
    let mut seen: Vec<_> =
        (leased.letters.iter()).map(|letter| (letter.delivery, letter.record.id, letter.record.generation)).collect();
    seen.sort_unstable();
    let wanted = [(delivery(51), id(1), 2), (delivery(56), id(6), 2)];
    ensure!(seen == wanted, "the letters queued are {seen:?}");
    Ok(())
}

async fn a_cool_down_holds_for_each_of_many(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows: Vec<_> = (1..=3).map(row).collect();
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    direct.happens(&mut rows[1], &crate::store::rows::renewed(by_id(id(2)), RenewedLinks::Keep)).await?;
    let scope = Scope::new(7);
    let letters: Vec<_> = (1..=3).map(|n| letter(n + 50)).collect();
    let minute = TimeDelta::minutes(1);
    let changes: Vec<_> = (1..)
        .zip(&letters)
        .map(|(n, letter)| Transition {
            guard: Guard { not_resent_between: Some((noon() - minute, noon() + minute)), ..within(&scope, n) },
            change: Change::Renew {
                at: noon(),
                expires_at: None,
                links: RenewedLinks::Keep,
                delivery: letter.delivery,
                remind_at: None,
            },
            event: NewEvent { kind: EventKind::Resent, actor: &Actor::System, reason: None, at: noon() },
            dispatch: Dispatch::Letter(letter),
        })
        .collect();
    change(&direct, &mut rows, &changes).await
}

async fn many_that_expire_together_tell_their_inviters(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows: Vec<_> = (1..=3).map(|n| row(n).expiring(noon())).collect();
    for n in [0, 2] {
        rows[n].record.inviter_address = Some(crate::store::rows::address("Boss@B\u{fc}cher.example"));
    }
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let notices: Vec<_> =
        (1..=3).map(|n| invite_core::store::NewLetter { purpose: Purpose::Expired, ..letter(n + 50) }).collect();
    let changes: Vec<_> = (1..)
        .zip(&notices)
        .map(|(n, notice)| Transition {
            guard: Guard { time: TimeGuard::Due, ..by_id(id(n)) },
            change: Change::End { status: Status::Expired },
            event: NewEvent { kind: EventKind::Expired, actor: &Actor::System, reason: None, at: noon() },
            dispatch: Dispatch::Letter(notice),
        })
        .collect();
    change(&direct, &mut rows, &changes).await?;
    let leased = direct.lease(&Ask::default()).await?;
    let mut seen: Vec<_> = leased.letters.iter().map(|letter| (letter.delivery, letter.purpose)).collect();
    seen.sort_unstable_by_key(|(delivery, _)| *delivery);
    let wanted = [(delivery(51), Purpose::Expired), (delivery(53), Purpose::Expired)];
    ensure!(seen == wanted, "the notices queued are {seen:?}");
    Ok(())
}

async fn changes_that_differ_are_made_one_by_one(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows: Vec<_> = (1..=8).map(row).collect();
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let (one, other) = (Actor::new(1), Actor::new(2));
    let event = |actor, reason| NewEvent { kind: EventKind::Cancelled, actor, reason, at: noon() };
    let later = noon() + TimeDelta::seconds(1);
    let end = |n, status, event| Transition {
        guard: by_id(id(n)),
        change: Change::End { status },
        event,
        dispatch: Dispatch::None,
    };
    let changes = [
        end(1, Status::Cancelled, event(&one, None)),
        end(2, Status::Cancelled, event(&other, None)),
        end(3, Status::Cancelled, event(&one, Some("why"))),
        end(4, Status::Rejected, event(&one, None)),
        end(5, Status::Cancelled, NewEvent { at: later, ..event(&one, None) }),
        Transition {
            guard: Guard { time: TimeGuard::Due, ..by_id(id(6)) },
            ..end(6, Status::Cancelled, event(&one, None))
        },
        Transition {
            guard: Guard { statuses: [Status::DeliveryFailed; 2], ..by_id(id(7)) },
            ..end(7, Status::Cancelled, event(&one, None))
        },
        crate::store::rows::change(by_id(id(8)), EventKind::LinkCreated, Change::Link),
    ];
    change(&direct, &mut rows, &changes).await
}

async fn keys_looked_for_together_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1), row(2).within("8"), row(3).of_kind(OTHER_KIND), row(4)];
    for (n, row) in (1..).zip(&mut rows) {
        row.record.idempotency = Some(key(n, None));
        direct.put(row, Dispatch::Token(&digest(n as u8), Channel::Link)).await?;
    }
    let (scope, absent, absent_row) = (Scope::new(7), key(9, None), row(9));
    let open: Vec<_> = [4, 9, 2, 1].map(|n| rows.get(n - 1).unwrap_or(&absent_row).open_key()).into();
    let known: Vec<_> =
        [3, 9, 1].map(|n| rows.get(n - 1).and_then(|row| row.record.idempotency).unwrap_or(absent)).into();
    let by_id = |scope, n| Key::Id { kind: KIND, scope, id: id(n) };
    let (token, unknown) = (digest(2), digest(99));
    type Asked<'a> = (&'a str, Vec<Key<'a>>, Vec<Option<InvitationId>>);
    let asked: [Asked<'_>; 5] = [
        (
            "ids in a scope",
            [4, 2, 9, 3, 1].map(|n| by_id(Some(&scope), n)).into(),
            vec![Some(id(4)), None, None, None, Some(id(1))],
        ),
        ("ids", [2, 9, 3, 1].map(|n| by_id(None, n)).into(), vec![Some(id(2)), None, None, Some(id(1))]),
        (
            "open keys",
            open.iter().flatten().map(Key::Open).collect(),
            vec![Some(id(4)), None, Some(id(2)), Some(id(1))],
        ),
        ("keys of creations", known.iter().map(Key::Idempotency).collect(), vec![Some(id(3)), None, Some(id(1))]),
        (
            "keys of several sorts",
            vec![by_id(None, 1), Key::Token(&token), Key::Token(&unknown), Key::Idempotency(&known[0]), by_id(None, 1)],
            vec![Some(id(1)), Some(id(2)), None, Some(id(3)), Some(id(1))],
        ),
    ];
    for (what, keys, wanted) in &asked {
        for read in [Read::Plain, Read::Latest] {
            let seen = undone!(direct, tx => direct.db.find(&mut tx, keys, read).await?);
            let ids: Vec<_> = seen.iter().map(|found| found.as_ref().map(|found| found.record.id)).collect();
            ensure!(ids == *wanted, "{what}, {read:?}: found are {ids:?}, should be {wanted:?}");
            for found in seen.into_iter().flatten() {
                let Some(row) = rows.iter().find(|row| row.record.id == found.record.id) else { continue };
                same(&found.record, &row.record, what)?;
            }
        }
    }
    Ok(())
}
