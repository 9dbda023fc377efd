//! What the sweep ends, and what it leaves.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Event, EventKind, Status,
    store::{Change, Dispatch, NewEvent, Read, Sweep},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::within,
    erased::Db,
    host::world::undone,
    store::{
        direct::Direct,
        rows::{KIND, MICROSECOND, OTHER_KIND, Row, by_id, change, ended, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    the_sweep_ends_what_is_due_to_the_microsecond:
        "Due is open and `expires_at <= now`: not a microsecond earlier, and both open statuses.",
    the_sweep_leaves_what_has_ended:
        "Terminal statuses are never left, whatever their `expires_at`.",
    a_swept_row_ended_by_the_system_at_the_sweep:
        "A sweep is `Change::End` to expired by the system at `now`, without a reason or proof; the rest of the \
         row stays.",
    each_swept_row_has_its_event:
        "Each swept row gets one event by the system at `now` with its new revision; no other row gets one.",
    a_swept_row_gives_its_open_key_back:
        "A sweep sets the open key to null.",
    the_sweep_is_of_the_kinds_asked_for:
        "`kinds` are compared byte by byte; one worker may serve several, and none gets nothing.",
    the_sweep_ends_no_more_than_asked_for_and_counts_them:
        "At most `limit` rows are swept, the answer is how many were, and the next sweep goes on with the others.",
];

/// As the sweep at this instant leaves it.
fn swept(row: &Row, now: DateTime<Utc>) -> Row {
    let mut row = row.clone();
    let event = NewEvent { kind: EventKind::Expired, actor: &Actor::System, reason: None, at: now };
    ended(by_id(row.record.id), Status::Expired, event).apply(&mut row.record, None);
    row
}

async fn sweep(direct: &Direct, kinds: &[&str], limit: u32, wanted: u64) -> Verdict {
    let swept = direct.db.sweep(&(), &Sweep { kinds, notify: &[], now: noon(), limit }).await?;
    ensure!(swept == wanted, "a sweep of {kinds:?}, {limit} at most, says that it ended {swept}, should be {wanted}");
    Ok(())
}

async fn the_sweep_ends_what_is_due_to_the_microsecond(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = Vec::new();
    for (n, status) in [(1, Status::Pending), (2, Status::DeliveryFailed)] {
        for (m, past) in [(0, -1), (10, 0), (20, 1)] {
            let mut row = row(n + m).expiring(noon() - TimeDelta::microseconds(past));
            direct.put(&row, Dispatch::None).await?;
            direct.bring(&mut row, status).await?;
            rows.push((row, past));
        }
    }
    sweep(&direct, &[KIND], 100, 4).await?;
    for (row, past) in &rows {
        let when = format!("{}, {past} µs past its end", row.record.status);
        let row = if *past < 0 { row.clone() } else { swept(row, noon()) };
        within(direct.keeps(&row, "the sweep").await, &when)?;
    }
    sweep(&direct, &[KIND], 100, 0).await
}

async fn the_sweep_leaves_what_has_ended(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = Vec::new();
    for (n, status) in (1..).zip([Status::Accepted, Status::Rejected, Status::Cancelled, Status::Expired]) {
        let mut row = row(n).expiring(noon() - MICROSECOND);
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
        rows.push(row);
    }
    sweep(&direct, &[KIND], 100, 0).await?;
    for row in &rows {
        direct.keeps(row, "a sweep").await?;
        let events = direct.history(row).await?.len();
        ensure!(events == 2, "a sweep wrote an event about a row that is {}", row.record.status);
    }
    Ok(())
}

async fn a_swept_row_ended_by_the_system_at_the_sweep(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, _) = direct.invited(1).await?;
    row.record.expires_at = noon() - TimeDelta::hours(3);
    let end = Change::Amend {
        recipient: None,
        payload: None,
        display: None,
        message: Some(Some("welcome")),
        expires_at: Some(row.record.expires_at),
        remind_at: None,
    };
    direct.happens(&mut row, &change(by_id(id(1)), EventKind::Amended, end)).await?;
    sweep(&direct, &[KIND], 100, 1).await?;
    let row = swept(&row, noon());
    direct.keeps(&row, "the sweep").await?;
    let ended = row.record.ended.map(|ended| (ended.at, ended.by, ended.reason, ended.address_proved));
    ensure!(
        ended == Some((noon(), Actor::System, None, false)),
        "`Transition::apply` itself says it ended as {ended:?}"
    );
    Ok(())
}

async fn each_swept_row_has_its_event(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let due = [row(1), row(2)].map(|row| row.expiring(noon()));
    let not_due = row(3);
    for row in due.iter().chain([&not_due]) {
        direct.put(row, Dispatch::None).await?;
    }
    sweep(&direct, &[KIND], 100, 2).await?;
    for row in &due {
        let invitation = row.record.id;
        let wanted = Event::from_stored(invitation, 2, EventKind::Expired, Actor::System, None, noon());
        let events = direct.history(row).await?;
        let seen = &events[events.len().min(1)..];
        ensure!(seen == [wanted.clone()], "after the creation the history is {seen:?}, should be {wanted:?}");
    }
    let events = direct.history(&not_due).await?.len();
    ensure!(events == 1, "a row that is not due has {events} events after a sweep");
    Ok(())
}

async fn a_swept_row_gives_its_open_key_back(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let old = row(1).expiring(noon());
    let Some(key) = old.open_key() else { return Ok(()) };
    direct.put(&old, Dispatch::None).await?;
    sweep(&direct, &[KIND], 100, 1).await?;
    undone!(direct, tx => {
        let holder = direct.holder(&mut tx, &key).await?;
        ensure!(holder.is_none(), "the open key of a swept row is held by {holder:?}");
        direct.add(&mut tx, &row(2).to("person1@example.com"), Dispatch::None).await?;
    });
    Ok(())
}

async fn the_sweep_is_of_the_kinds_asked_for(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let kinds = [(1, KIND), (2, OTHER_KIND), (3, "membe"), (4, "m"), (5, "a_b"), (6, "a-b")];
    let rows = kinds.map(|(n, kind)| row(n).of_kind(kind).expiring(noon()));
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    sweep(&direct, &[], 100, 0).await?;
    sweep(&direct, &["unheard-of"], 100, 0).await?;
    sweep(&direct, &[KIND], 100, 1).await?;
    sweep(&direct, &["a_b", OTHER_KIND], 100, 2).await?;
    for row in &rows {
        let kind = row.record.kind.as_str();
        let row = if [KIND, OTHER_KIND, "a_b"].contains(&kind) { swept(row, noon()) } else { row.clone() };
        within(direct.keeps(&row, "sweeps of other kinds").await, kind)?;
    }
    Ok(())
}

async fn the_sweep_ends_no_more_than_asked_for_and_counts_them(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows: Vec<_> = (1..=5).map(|n| row(n).expiring(noon() - TimeDelta::minutes(i64::from(n)))).collect();
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let mut left = 5;
    for wanted in [2, 2, 1, 0] {
        sweep(&direct, &[KIND], 2, wanted).await?;
        left -= wanted;
        let mut open = 0;
        for row in &rows {
            let found = direct.db.find_one(&mut direct.db.connect().await?, &row.key(), Read::Plain).await?;
            open += u64::from(found.is_some_and(|found| found.record.status.is_open()));
        }
        ensure!(open == left, "{left} of 5 should be left open, {open} are");
    }
    for row in &rows {
        direct.keeps(&swept(row, noon()), "three sweeps").await?;
        let events = direct.history(row).await?.len();
        ensure!(events == 2, "created and swept made {events} events");
    }
    Ok(())
}
