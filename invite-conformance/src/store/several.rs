//! Calls about several things: each is answered for, as if it had been asked for by itself.

use chrono::TimeDelta;
use invite_core::{
    Channel, Delivery, DeliveryState, EventKind, Fault,
    store::{
        Dispatch, Guard, Insertion, Key, NewEvent, OpenKey, QueueChange, Read, RenewedLinks, Settlement, StoreError,
    },
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::same,
    erased::{Conn, Db},
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct, lease_end},
        rows::{
            KIND, MICROSECOND, OTHER_KIND, Row, by_id, by_letter, cancelled, delivery, delivery_failed, digest, id,
            letter, noon, renewed, row, uuid,
        },
        settle::update_of,
    },
};

pub(super) const CASES: &[Case] = cases![
    rows_inserted_together_are_answered_in_their_order:
        "`insert` answers for each row, in order. A key that one before it in the same call took is taken.",
    changes_made_together_are_answered_in_their_order:
        "`apply` answers for each change, in order. Each meets what those before it left.",
    summaries_written_together_are_answered_in_their_order:
        "`record_delivery` answers for each summary, in order. One that is refused spoils no other.",
    letters_settled_together_are_answered_in_their_order:
        "`settle` answers for each letter, in order. One that is another worker's spoils no other.",
    letters_of_different_fates_are_settled_together:
        "`settle` does with each letter what it would do with it alone: lease, queue and summary are each letter's own.",
    what_a_call_did_for_several_is_undone_together:
        "All that a call about several things did is in the caller's transaction.",
    nothing_asked_is_nothing_answered:
        "A call about nothing answers nothing, and is no error.",
];

/// Inserts them in one call.
pub(super) async fn insert(
    direct: &Direct,
    tx: &mut Conn,
    rows: &[(&Row, Dispatch<'_>)],
) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<Option<OpenKey>> = rows.iter().map(|(row, _)| row.open_key()).collect();
    let events: Vec<_> = (rows.iter().map(|(row, _)| &row.record))
        .map(|record| NewEvent {
            kind: EventKind::Created,
            actor: &record.inviter,
            reason: None,
            at: record.created_at,
        })
        .collect();
    let new: Vec<_> = (rows.iter().zip(&keys).zip(&events))
        .map(|(((row, dispatch), key), event)| Insertion {
            record: &row.record,
            open_key: key.as_ref(),
            event,
            dispatch: *dispatch,
        })
        .collect();
    direct.db.insert(tx, &new).await
}

/// Sees that the row is there with one event, or not there at all.
async fn is_there(direct: &Direct, row: &Row, wanted: bool, which: &str) -> Verdict {
    let found = direct.db.find_one(&mut direct.db.connect().await?, &row.key(), Read::Plain).await?;
    match found {
        Some(found) => same(&found.record, &row.record, which)?,
        None => ensure!(!wanted, "{which} is not there"),
    }
    let events = direct.history(row).await?.len();
    ensure!(events == usize::from(wanted), "{which} has {events} events");
    Ok(())
}

async fn rows_inserted_together_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (old, known) = (row(1), digest(77));
    direct.put(&old, Dispatch::None).await?;
    let rows = [row(2), row(3).to("person1@example.com"), row(4), row(5), row(6).to("person2@example.com")];
    let letters: Vec<_> = (2..=6).map(letter).collect();
    let mut asked: Vec<_> = rows.iter().zip(&letters).map(|(row, letter)| (row, Dispatch::Letter(letter))).collect();
    asked[3].1 = Dispatch::Token(&known, Channel::Link);
    let wanted = [true, false, true, true, false];
    let seen = committed!(direct, tx => insert(&direct, &mut tx, &asked).await?);
    ensure!(seen == wanted, "the second and the last key were taken, and the answer is {seen:?}");
    for ((n, row), wanted) in (2..).zip(&rows).zip(wanted) {
        is_there(&direct, row, wanted, &format!("row {n}")).await?;
    }
    ensure!(direct.token(&known).await?.is_some(), "the token of the fourth row is not known");
    let mut queued: Vec<_> =
        direct.lease(&Ask::default()).await?.letters.iter().map(|letter| letter.delivery).collect();
    queued.sort_unstable();
    ensure!(queued == [delivery(2), delivery(4)], "the letters queued are {queued:?}");
    Ok(())
}

async fn changes_made_together_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1), row(2), row(3), row(4)];
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let changes = [
        cancelled(by_id(id(1))),
        cancelled(Guard { kind: OTHER_KIND, ..by_id(id(2)) }),
        delivery_failed(by_letter(3)),
        cancelled(by_id(id(1))),
        cancelled(by_id(id(3))),
        cancelled(by_id(id(4))),
    ];
    let seen = committed!(direct, tx => direct.db.apply(&mut tx, &changes).await?);
    let ids: Vec<_> = seen.iter().map(|found| found.as_ref().map(|found| found.record.id)).collect();
    let wanted = [Some(id(1)), None, Some(id(3)), None, Some(id(3)), Some(id(4))];
    ensure!(ids == wanted, "the second and the fourth guard do not hold, and the answer is {ids:?}");
    for (change, found) in changes.iter().zip(&seen) {
        let Some(found) = found else { continue };
        let Some(row) = rows.iter_mut().find(|row| row.record.id == found.record.id) else { continue };
        change.apply(&mut row.record, None);
        same(&found.record, &row.record, "a row returned among several")?;
    }
    for (row, events) in rows.iter().zip([2, 1, 3, 2]) {
        direct.keeps(row, "several changes").await?;
        let seen = direct.history(row).await?.len();
        ensure!(seen == events, "after several changes a row has {seen} events, should have {events}");
    }
    Ok(())
}

async fn summaries_written_together_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1), row(2), row(3)];
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let sent = |attempts| {
        Delivery::from_stored(DeliveryState::Sent, attempts, Some(format!("attempt {attempts}")), Some(Fault::Content))
    };
    let summaries = [sent(1), sent(2), sent(3), sent(4)];
    let mut updates = [
        update_of(1, &summaries[0]),
        update_of(9, &summaries[1]),
        update_of(3, &summaries[2]),
        update_of(2, &summaries[3]),
    ];
    updates[3].over = &[DeliveryState::Bounced];
    let seen = committed!(direct, tx => direct.db.record_delivery(&mut tx, &updates).await?);
    ensure!(seen == [true, false, true, false], "the second and the last have no place, and the answer is {seen:?}");
    rows[0].record.delivery = summaries[0].clone();
    rows[2].record.delivery = summaries[2].clone();
    for row in &rows {
        direct.keeps(row, "several summaries").await?;
    }
    Ok(())
}

async fn letters_settled_together_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1), row(2), row(3)];
    for (n, row) in (1..).zip(&rows) {
        direct.put(row, Dispatch::Letter(&letter(n))).await?;
    }
    direct.lease(&Ask::default()).await?;
    let summaries = [
        Delivery::from_stored(DeliveryState::Sent, 1, None, None),
        Delivery::from_stored(DeliveryState::Unknown, 1, None, None),
        Delivery::from_stored(DeliveryState::Failed, 1, Some("550".into()), Some(Fault::Recipient)),
    ];
    let failed = delivery_failed(by_letter(3));
    let settled = |n: u32| Settlement {
        delivery: delivery(n),
        owner: uuid(900),
        attempt: 1,
        summary: update_of(n, &summaries[n as usize - 1]),
        queue: QueueChange::Remove,
        transition: None,
    };
    let settlements = [
        settled(1),
        Settlement { owner: uuid(901), ..settled(2) },
        Settlement { transition: Some(&failed), ..settled(3) },
        settled(1),
    ];
    let seen = direct.db.settle(&(), &settlements).await?;
    ensure!(seen == [true, false, true, false], "two are not to be settled, and the answer is {seen:?}");
    rows[0].record.delivery = summaries[0].clone();
    rows[2].record.delivery = summaries[2].clone();
    failed.apply(&mut rows[2].record, None);
    for row in &rows {
        direct.keeps(row, "several settlements").await?;
    }
    let later = Ask { now: lease_end(noon()), ..Ask::default() };
    let left: Vec<_> = direct.lease(&later).await?.letters.iter().map(|letter| letter.delivery).collect();
    ensure!(left == [delivery(2)], "the letters left are {left:?}");
    Ok(())
}

async fn letters_of_different_fates_are_settled_together(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows: Vec<_> = (1..=6).map(row).collect();
    for (n, row) in (1..).zip(&rows) {
        direct.put(row, Dispatch::Letter(&letter(n))).await?;
    }
    direct.lease(&Ask::default()).await?;
    direct.happens(&mut rows[5], &renewed(by_id(id(6)), RenewedLinks::Keep)).await?;
    let summary = |n: u32| {
        let fault = Fault::ALL.get(n as usize).copied();
        Delivery::from_stored(DeliveryState::Retrying, 1, Some(format!("n\u{f6} \"{n}\"\\'")), fault)
    };
    let names: Vec<_> = (1..=6).map(|n| format!("0100-{n}")).collect();
    let summaries: Vec<_> = (1..=6).map(summary).collect();
    let due = noon() + TimeDelta::minutes(5) + TimeDelta::microseconds(1);
    let settled = |n: u32| Settlement {
        delivery: delivery(n),
        owner: uuid(900),
        attempt: 1,
        summary: update_of(n, &summaries[n as usize - 1]),
        queue: QueueChange::Remove,
        transition: None,
    };
    let postponed = QueueChange::Postpone { not_before: due, refusals: 2, unknowns: 1, error: "450 n\u{f6}" };
    let mut settlements: Vec<_> = (1..=6).map(settled).collect();
    for (settlement, name) in settlements.iter_mut().zip(&names).take(5) {
        settlement.summary.provider_id = Some(name);
    }
    settlements[1].queue = postponed;
    settlements[2].owner = uuid(901);
    settlements[3].attempt = 2;
    settlements[4].summary.over = &[DeliveryState::Bounced];
    let seen = direct.db.settle(&(), &settlements).await?;
    ensure!(seen == [true, true, false, false, true, true], "two are not this worker's, and the answer is {seen:?}");
    for n in [0, 1] {
        rows[n].record.delivery = summaries[n].clone();
    }
    for (name, wanted) in names.iter().zip([true, true, false, false, false, false]) {
        let key = Key::Provider { kind: KIND, id: name };
        let found = undone!(direct, tx => direct.db.find_one(&mut tx, &key, Read::Plain).await?);
        ensure!(found.is_some() == wanted, "by the provider's name {name} an invitation is found: {}", found.is_some());
    }
    for row in &rows {
        direct.keeps(row, "several settlements").await?;
    }
    for (now, wanted) in [(due - MICROSECOND, vec![]), (due, vec![delivery(2)])] {
        let leased = direct.lease(&Ask { now, ..Ask::default() }).await?.letters;
        let names: Vec<_> = leased.iter().map(|letter| letter.delivery).collect();
        ensure!(names == wanted, "postponed until {due}, at {now} the letters are {names:?}");
        let counts = leased.iter().map(|letter| (letter.attempt, letter.refusals, letter.unknowns));
        ensure!(
            counts.clone().all(|counts| counts == (2, 2, 1)),
            "it comes back with {:?}",
            counts.collect::<Vec<_>>()
        );
    }
    let later = Ask { now: lease_end(due), ..Ask::default() };
    let mut left: Vec<_> = direct.lease(&later).await?.letters.iter().map(|letter| letter.delivery).collect();
    left.sort_unstable();
    ensure!(left == [delivery(2), delivery(3), delivery(4)], "the letters left are {left:?}");
    Ok(())
}

async fn what_a_call_did_for_several_is_undone_together(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = [row(1), row(2)];
    undone!(direct, tx => {
        let asked = [(&rows[0], Dispatch::None), (&rows[1], Dispatch::None)];
        let seen = insert(&direct, &mut tx, &asked).await?;
        ensure!(seen == [true; 2], "nothing is in the way, and the answer is {seen:?}");
        let changes = [cancelled(by_id(id(1))), cancelled(by_id(id(2)))];
        let seen = direct.db.apply(&mut tx, &changes).await?;
        ensure!(seen.iter().all(Option::is_some), "both guards hold, and the answer is {seen:?}");
    });
    for (n, row) in (1..).zip(&rows) {
        is_there(&direct, row, false, &format!("row {n}, which was rolled back,")).await?;
    }
    Ok(())
}

async fn nothing_asked_is_nothing_answered(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    committed!(direct, tx => {
        let inserted = direct.db.insert(&mut tx, &[]).await?;
        let changed = direct.db.apply(&mut tx, &[]).await?.len();
        let recorded = direct.db.record_delivery(&mut tx, &[]).await?;
        ensure!((inserted.len(), changed, recorded.len()) == (0, 0, 0), "a call about nothing was answered");
    });
    let settled = direct.db.settle(&(), &[]).await?;
    ensure!(settled.is_empty(), "the settlement of nothing was answered");
    Ok(())
}
