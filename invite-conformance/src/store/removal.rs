//! What has ended is deleted, and nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Channel, Delivery, DeliveryState, InvitationId, Scope, Status,
    store::{Dispatch, Key, Read, Removal},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct},
        rows::{KIND, MICROSECOND, OTHER_KIND, Row, by_id, cancelled, delivery, digest, id, key, letter, noon, row},
        settle::update_of,
    },
};

pub(super) const CASES: &[Case] = cases![
    what_is_removed_leaves_nothing_behind:
        "`remove` deletes the row with its tokens, its letters, queued or not, and its events, and nothing of another.",
    only_what_has_ended_is_removed:
        "The guard of `remove` is in the WHERE: a terminal status, or `expires_at <= now`.",
    only_what_is_of_the_scope_and_the_kind_is_removed:
        "`remove` has kind and scope in the WHERE, compared byte by byte.",
    removals_are_answered_in_their_order:
        "`remove` answers for each id, in order. An id that occurs twice is deleted once.",
    a_removal_that_is_rolled_back_has_removed_nothing:
        "All that `remove` did is in the caller's transaction.",
    many_are_removed_in_one_call:
        "`remove` of many deletes each.",
];

async fn remove_as(
    direct: &Direct,
    (kind, scope): (&str, &Scope),
    ids: &[InvitationId],
    now: DateTime<Utc>,
) -> Result<Vec<bool>, Stop> {
    let removal = Removal { kind, scope, ids, now };
    Ok(committed!(direct, tx => direct.db.remove(&mut tx, &removal).await?))
}

async fn remove(direct: &Direct, ids: &[InvitationId]) -> Result<Vec<bool>, Stop> {
    remove_as(direct, (KIND, &Scope::new(7)), ids, noon()).await
}

/// The nth, with a letter in the queue, a summary, a token and a key, and ended.
pub(super) async fn full(direct: &Direct, n: u8) -> Result<Row, Stop> {
    let mut row = row(n.into());
    row.record.idempotency = Some(key(n.into(), Some(1)));
    direct.put(&row, Dispatch::Letter(&letter(n.into()))).await?;
    let summary = Delivery::from_stored(DeliveryState::Sent, 1, Some("450".into()), None);
    let name = format!("name-{n}");
    let mut update = update_of(n.into(), &summary);
    update.provider_id = Some(&name);
    committed!(direct, tx => direct.db.record_delivery(&mut tx, &[update]).await?);
    row.record.delivery = summary.clone();
    direct.hand_out(&mut row, n, Channel::Mail).await?;
    direct.happens(&mut row, &cancelled(by_id(id(n.into())))).await?;
    Ok(row)
}

/// Sees that nothing but the events and the token of `full` are there, or nothing at all.
pub(super) async fn known(direct: &Direct, n: u8, wanted: bool) -> Verdict {
    let mut conn = direct.db.connect().await?;
    let (idempotency, name) = (key(n.into(), Some(1)), format!("name-{n}"));
    let (token, scope) = (digest(n), Scope::new(7));
    let keys = [
        ("id", Key::Id { kind: KIND, scope: None, id: id(n.into()) }),
        ("token", Key::Token(&token)),
        ("key", Key::Idempotency(&idempotency)),
        ("delivery", Key::Delivery { kind: KIND, id: delivery(n.into()) }),
        ("the provider's name", Key::Provider { kind: KIND, id: &name }),
    ];
    for (by, key) in keys {
        let found = direct.db.find_one(&mut conn, &key, Read::Plain).await?.is_some();
        ensure!(found == wanted, "the {n}th is found by {by}: {found}");
    }
    let events = direct.db.history(&mut conn, KIND, &scope, id(n.into())).await?.len();
    ensure!(events == if wanted { 3 } else { 0 }, "the {n}th has {events} events");
    Ok(())
}

async fn what_is_removed_leaves_nothing_behind(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    full(&direct, 1).await?;
    let other = full(&direct, 2).await?;
    known(&direct, 1, true).await?;
    let removed = remove(&direct, &[id(1)]).await?;
    ensure!(removed == [true], "one that was cancelled is to be removed, and the answer is {removed:?}");
    known(&direct, 1, false).await?;
    known(&direct, 2, true).await?;
    direct.keeps(&other, "the removal of another").await?;
    // With the same names once more: what was left behind would be in the way, or show.
    let mut bare = row(1);
    direct.put(&bare, Dispatch::None).await?;
    direct.keeps(&bare, "its removal, made anew without a summary").await?;
    direct.happens(&mut bare, &cancelled(by_id(id(1)))).await?;
    let removed = remove(&direct, &[id(1)]).await?;
    ensure!(removed == [true], "made anew and cancelled it is to be removed, and the answer is {removed:?}");
    let again = full(&direct, 1).await?;
    direct.keeps(&again, "its removal, made anew").await?;
    known(&direct, 1, true).await?;
    let mut queued: Vec<_> =
        direct.lease(&Ask::default()).await?.letters.iter().map(|letter| letter.delivery).collect();
    queued.sort_unstable();
    ensure!(queued.is_empty(), "letters of ended invitations are leased: {queued:?}");
    Ok(())
}

async fn only_what_has_ended_is_removed(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let scope = Scope::new(7);
    let statuses = [
        (Status::Pending, false),
        (Status::DeliveryFailed, false),
        (Status::Accepted, true),
        (Status::Rejected, true),
        (Status::Cancelled, true),
        (Status::Expired, true),
    ];
    let mut ids = Vec::new();
    for (n, (status, _)) in (1..).zip(statuses) {
        let mut row = row(n);
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
        ids.push(id(n));
    }
    let end = row(1).record.expires_at;
    let removed = remove_as(&direct, (KIND, &scope), &ids, end - MICROSECOND).await?;
    for ((status, wanted), removed) in statuses.into_iter().zip(removed) {
        ensure!(removed == wanted, "before its time is over, one that is {status} is removed: {removed}");
    }
    let removed = remove_as(&direct, (KIND, &scope), &ids, end).await?;
    for ((status, wanted), removed) in statuses.into_iter().zip(removed) {
        ensure!(removed != wanted, "when its time is over, one that is or was {status} is removed: {removed}");
    }
    let removed = remove_as(&direct, (KIND, &scope), &ids, end + TimeDelta::days(9)).await?;
    ensure!(!removed.contains(&true), "what was removed is removed again: {removed:?}");
    Ok(())
}

async fn only_what_is_of_the_scope_and_the_kind_is_removed(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1).within("org:a"), row(2).within("Org:a"), row(3).within("org:a").of_kind(OTHER_KIND)];
    for row in &mut rows {
        direct.put(row, Dispatch::None).await?;
    }
    let late = noon() + TimeDelta::days(2);
    let scope = Scope::new("org:a");
    let removed = remove_as(&direct, (KIND, &scope), &[id(1), id(2), id(3)], late).await?;
    ensure!(removed == [true, false, false], "two are of another scope or kind, and the answer is {removed:?}");
    for row in &rows[1..] {
        direct.keeps(row, "a removal in another scope or kind").await?;
    }
    let removed = remove_as(&direct, (OTHER_KIND, &scope), &[id(3), id(2)], late).await?;
    ensure!(removed == [true, false], "of the other kind one is there, and the answer is {removed:?}");
    Ok(())
}

async fn removals_are_answered_in_their_order(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in 1..=4 {
        let mut row = row(n);
        direct.put(&row, Dispatch::None).await?;
        if n != 2 {
            direct.bring(&mut row, Status::Accepted).await?;
        }
    }
    let removed = remove(&direct, &[id(4), id(2), id(9), id(1), id(4), id(3)]).await?;
    let wanted = [true, false, false, true, false, true];
    ensure!(removed == wanted, "one is open, one unknown, one asked for twice, and the answer is {removed:?}");
    direct.keeps(&row(2), "the removal of others").await?;
    let removed = remove(&direct, &[]).await?;
    ensure!(removed.is_empty(), "a call about nothing was answered with {removed:?}");
    Ok(())
}

async fn a_removal_that_is_rolled_back_has_removed_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = full(&direct, 1).await?;
    undone!(direct, tx => {
        let removal = Removal { kind: KIND, scope: &Scope::new(7), ids: &[id(1)], now: noon() };
        let removed = direct.db.remove(&mut tx, &removal).await?;
        ensure!(removed == [true], "it has ended, and the answer is {removed:?}");
        let found = direct.db.find_one(&mut tx, &row.key(), Read::Plain).await?;
        ensure!(found.is_none(), "it is still there in the transaction that removed it");
    });
    direct.keeps(&row, "a removal that was rolled back").await?;
    known(&direct, 1, true).await
}

async fn many_are_removed_in_one_call(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let ids: Vec<_> = (1..=120).map(id).collect();
    committed!(direct, tx => for n in 1..=120 {
        direct.add(&mut tx, &row(n), Dispatch::None).await?;
    });
    let late = noon() + TimeDelta::days(2);
    let removed = remove_as(&direct, (KIND, &Scope::new(7)), &ids, late).await?;
    ensure!(removed == [true; 120], "the time of all is over, and the answer is {removed:?}");
    let mut conn = direct.db.connect().await?;
    for id in ids {
        let found = direct.db.find_one(&mut conn, &Key::Id { kind: KIND, scope: None, id }, Read::Plain).await?;
        ensure!(found.is_none(), "one of many that were removed is there");
    }
    Ok(())
}
