//! Counts.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, EventKind, Scope, Status,
    store::{Counts, Days, Dispatch, Group, NewEvent, StatsRequest, Took},
};

use super::crowd::{Draw, crowd, instants};
use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::within,
    erased::{Conn, Db},
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{KIND, MICROSECOND, Row, by_id, ended, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    counts_are_those_of_the_rows_whatever_is_asked:
        "`stats` answers as `Counts::of` for every filter and period; groups that have all in common may come in several pieces.",
    what_expired_unswept_is_counted_as_expired:
        "Open rows whose `expires_at <= now` count as expired, as in a list.",
    a_time_to_acceptance_belongs_to_the_first_bound_that_is_not_shorter:
        "`took` and `seconds` are of `ended_at - created_at` of accepted rows, to the microsecond, and to whole seconds cut off.",
    a_day_is_one_of_utc:
        "Days have 24 hours from midnight UTC, whatever the time zone of the session, of the creation and of the end of accepted \
         rows; what lies outside of them is left out.",
    the_hundred_most_frequent_facets_are_counted:
        "`facets` are the hundred with the most rows; of as many rows each, those first in byte order.",
    nothing_is_counted_where_there_is_nothing:
        "A scope without rows has no groups, no facets and no days.",
];

pub(super) fn of_scope(scope: &Scope) -> StatsRequest<'_> {
    StatsRequest {
        kind: KIND,
        scope,
        now: noon(),
        created_from: None,
        created_until: None,
        import: None,
        facet: None,
        inviter: None,
        days: None,
    }
}

/// With one group for all that have everything in common, in one order.
fn gathered(counts: Counts) -> Counts {
    let mut groups: Vec<Group> = Vec::new();
    for group in counts.groups {
        let alike = |other: &&mut Group| {
            (other.status, other.delivery, other.took) == (group.status, group.delivery, group.took)
        };
        if let Some(sum) = groups.iter_mut().find(alike) {
            sum.count += group.count;
            sum.with_facet += group.with_facet;
            sum.seconds += group.seconds;
        } else {
            groups.push(group);
        }
    }
    groups.sort_by_key(|group| (group.status, group.delivery, group.took));
    Counts { groups, ..counts }
}

/// Sees that the store counts these rows as the contract's own function does.
async fn counts(db: &Db, conn: &mut Conn, rows: &[Row], request: &StatsRequest<'_>, what: &str) -> Verdict {
    let seen = db.stats(conn, request).await?;
    let wanted = Counts::of(request, rows.iter().map(|row| &row.record));
    let (seen, wanted) = (gathered(seen), gathered(wanted));
    ensure!(seen == wanted, "{what}: {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn counts_are_those_of_the_rows_whatever_is_asked(db: Db) -> Verdict {
    let rows = crowd(&Direct::on(&db), 120).await?;
    let (seven, eight) = (Scope::new(7), Scope::new(8));
    let mut conn = db.connect().await?;
    let mut draw = Draw::new(17);
    let midnight = noon() - TimeDelta::hours(12);
    for round in 0..50 {
        let record = &rows[draw.below(rows.len() as u64) as usize].record;
        let mut one_in = |n| draw.below(n) == 0;
        let (begins, ends, by_import, by_facet) = (one_in(3), one_in(3), one_in(3), one_in(3));
        let (by_inviter, elsewhere, by_day) = (one_in(3), one_in(6), !one_in(3));
        let days = Days {
            begin: midnight - TimeDelta::days(draw.one_of(&[0, 1, 9, 41])),
            count: draw.one_of(&[1, 2, 10, 42, 366]),
        };
        let request = StatsRequest {
            created_from: begins.then_some(draw.one_of(&instants())),
            created_until: ends.then_some(draw.one_of(&instants())),
            import: record.import.as_deref().filter(|_| by_import),
            facet: record.facet.as_deref().filter(|_| by_facet),
            inviter: by_inviter.then_some(&record.inviter),
            days: by_day.then_some(days),
            ..of_scope(if elsewhere { &eight } else { &seven })
        };
        let StatsRequest { created_from, created_until, import, facet, inviter, .. } = request;
        let asked = (created_from, created_until, import, facet, inviter, request.days);
        counts(&db, &mut conn, &rows, &request, &format!("round {round}, {asked:?}")).await?;
    }
    Ok(())
}

async fn what_expired_unswept_is_counted_as_expired(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, end) in (1..).zip([noon() - MICROSECOND, noon(), noon() + MICROSECOND]) {
        let mut row = row(n).expiring(end);
        direct.put(&row, Dispatch::None).await?;
        if n == 2 {
            direct.bring(&mut row, Status::DeliveryFailed).await?;
        }
    }
    let scope = Scope::new(7);
    let seen = db.stats(&mut db.connect().await?, &of_scope(&scope)).await?;
    let of = |status| seen.groups.iter().filter(|group| group.status == status).map(|group| group.count).sum::<u64>();
    let seen = Status::ALL.map(of);
    ensure!(
        seen == [1, 0, 0, 0, 2, 0],
        "one is pending and two have expired, and of {:?} there are {seen:?}",
        Status::ALL
    );
    Ok(())
}

/// The nth row, created and accepted at these instants.
async fn accepted(
    direct: &Direct,
    n: u32,
    created: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Row, crate::case::Stop> {
    let mut row = row(n).created(created).expiring(noon() + TimeDelta::days(365));
    direct.put(&row, Dispatch::None).await?;
    let event = NewEvent { kind: EventKind::Accepted, actor: &Actor::Bearer, reason: None, at };
    let id = row.record.id;
    direct.happens(&mut row, &ended(by_id(id), Status::Accepted, event)).await?;
    Ok(row)
}

async fn a_time_to_acceptance_belongs_to_the_first_bound_that_is_not_shorter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let hours = TimeDelta::hours;
    let bounds = [
        (TimeDelta::zero(), Took::Hour, 0),
        (TimeDelta::microseconds(999_999), Took::Hour, 0),
        (hours(1), Took::Hour, 3_600),
        (hours(1) + MICROSECOND, Took::Day, 3_600),
        (hours(24), Took::Day, 86_400),
        (hours(24) + MICROSECOND, Took::ThreeDays, 86_400),
        (hours(72), Took::ThreeDays, 259_200),
        (hours(72) + MICROSECOND, Took::Week, 259_200),
        (hours(168), Took::Week, 604_800),
        (hours(168) + MICROSECOND, Took::Month, 604_800),
        (hours(720), Took::Month, 2_592_000),
        (hours(720) + MICROSECOND, Took::Longer, 2_592_000),
        (hours(8_760), Took::Longer, 31_536_000),
        // A clock may have been set back.
        (-MICROSECOND, Took::Hour, 0),
        (-hours(1), Took::Hour, 0),
    ];
    for (n, (time, took, seconds)) in (1..).zip(bounds) {
        // Each in a scope of its own, across a change of the clocks in many a time zone.
        let begun = DateTime::UNIX_EPOCH + TimeDelta::days(19_800);
        let mut row = row(n).created(begun).expiring(noon() + TimeDelta::days(365)).within(&format!("s{n}"));
        direct.put(&row, Dispatch::None).await?;
        let event = NewEvent { kind: EventKind::Accepted, actor: &Actor::Bearer, reason: None, at: begun + time };
        let id = row.record.id;
        direct.happens(&mut row, &ended(by_id(id), Status::Accepted, event)).await?;
        let seen = db.stats(&mut db.connect().await?, &of_scope(&row.record.scope)).await?.groups;
        let seen: Vec<_> = seen.iter().map(|group| (group.took, group.seconds, group.count)).collect();
        ensure!(seen == [(Some(took), seconds, 1)], "accepted after {time}: {seen:?}, should be {:?}", (took, seconds));
    }
    Ok(())
}

async fn a_day_is_one_of_utc(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let begin = noon() - TimeDelta::hours(12) - TimeDelta::days(3);
    let at = |days, time: TimeDelta| begin + TimeDelta::days(days) + time;
    let mut rows = Vec::new();
    for (n, (created, end)) in (1..).zip([
        (at(0, -MICROSECOND), at(0, TimeDelta::zero())),
        (at(0, TimeDelta::zero()), at(1, -MICROSECOND)),
        (at(0, TimeDelta::zero()), at(1, TimeDelta::zero())),
        (at(1, -MICROSECOND), at(2, -MICROSECOND)),
        (at(1, TimeDelta::hours(2)), at(2, TimeDelta::hours(23))),
        (at(2, -MICROSECOND), at(2, TimeDelta::zero())),
        (at(2, TimeDelta::zero()), at(3, TimeDelta::zero())),
    ]) {
        rows.push(accepted(&direct, n, created, end).await?);
    }
    let mut declined = row(20).created(begin);
    direct.put(&declined, Dispatch::None).await?;
    direct.bring(&mut declined, Status::Rejected).await?;
    rows.push(declined);

    let scope = Scope::new(7);
    let request = StatsRequest { days: Some(Days { begin, count: 2 }), ..of_scope(&scope) };
    let seen = db.stats(&mut db.connect().await?, &request).await?;
    ensure!(seen.created == [(0, 4), (1, 2)], "created: {:?}, should be 4 and 2", seen.created);
    ensure!(seen.accepted == [(0, 2), (1, 2)], "accepted: {:?}, should be 2 and 2", seen.accepted);
    let verdict = undone!(direct, tx => {
        // Where the harness cannot do it, it is once more the same.
        direct.db.move_time_zone(&mut tx).await?;
        counts(&db, &mut tx, &rows, &request, "in another time zone").await
    });
    within(verdict, "by day")
}

async fn the_hundred_most_frequent_facets_are_counted(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = Vec::new();
    for n in 0..150_u32 {
        let mut row = row(n + 1).unlimited();
        // 104 facets once, some in another case; two of them twice, the last by its bytes three times; and some none.
        row.record.facet = match n {
            0..52 => Some(format!("f{n:03}")),
            52..104 => Some(format!("F{n:03}")),
            104 | 105 => Some(format!("f{:03}", n - 60)),
            106 | 107 => Some("f051".into()),
            _ => None,
        };
        rows.push(row);
    }
    committed!(direct, tx => for row in &rows {
        direct.add(&mut tx, row, Dispatch::None).await?;
    });
    let scope = Scope::new(7);
    let seen = db.stats(&mut db.connect().await?, &of_scope(&scope)).await?;
    let first: Vec<_> = seen.facets.iter().take(4).map(|(facet, count)| (facet.as_str(), *count)).collect();
    let wanted = [("f051", 3), ("f044", 2), ("f045", 2), ("F052", 1)];
    ensure!(first == wanted, "the most frequent facets are {first:?}, should be {wanted:?}");
    counts(&db, &mut db.connect().await?, &rows, &of_scope(&scope), "a hundred and four facets").await
}

async fn nothing_is_counted_where_there_is_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let scope = Scope::new(8);
    let days = Some(Days { begin: noon() - TimeDelta::hours(12), count: 366 });
    for request in [of_scope(&scope), StatsRequest { days, import: Some("none"), ..of_scope(&scope) }] {
        let seen = db.stats(&mut db.connect().await?, &request).await?;
        ensure!(seen == Counts::default(), "an empty scope is counted as {seen:?}");
    }
    Ok(())
}
