//! What ended long ago is deleted, and nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use invite_core::{
    Status,
    store::{Dispatch, Purge, Read},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    store::{
        direct::{Ask, Direct},
        removal::{full, known},
        rows::{KIND, MICROSECOND, OTHER_KIND, Row, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    the_purge_takes_what_ended_long_enough_ago_to_the_microsecond:
        "`purge` takes what has `ended_at` at or before the instant of its kind, whatever it ended as, and nothing open.",
    what_is_purged_leaves_nothing_behind:
        "`purge` deletes the row with its tokens, its letters, queued or not, and its events, and nothing of another.",
    each_kind_is_purged_by_its_own_instant:
        "Each of `kinds` has its own instant; they are compared byte by byte, and none gets nothing.",
    the_purge_takes_no_more_than_asked_for_and_counts_them:
        "At most `limit` rows are deleted, the answer is how many were, and the next purge goes on with the others.",
    what_several_workers_purge_is_counted_once:
        "Of any number of workers that purge at once, one deletes each row. One that fails says that it may try again.",
];

async fn purge(direct: &Direct, kinds: &[(&str, DateTime<Utc>)], limit: u32) -> Result<u64, Stop> {
    Ok(direct.db.purge(&(), &Purge { kinds, limit }).await?)
}

async fn is_there(direct: &Direct, row: &Row) -> Result<bool, Stop> {
    let mut conn = direct.db.connect().await?;
    Ok(direct.db.find_one(&mut conn, &row.key(), Read::Plain).await?.is_some())
}

/// Those numbered so, cancelled at noon.
async fn ended(direct: &Direct, numbers: impl Iterator<Item = u32>) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for n in numbers {
        let mut row = row(n);
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, Status::Cancelled).await?;
        rows.push(row);
    }
    Ok(rows)
}

async fn the_purge_takes_what_ended_long_enough_ago_to_the_microsecond(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let statuses = [
        (Status::Pending, false),
        (Status::DeliveryFailed, false),
        (Status::Accepted, true),
        (Status::Rejected, true),
        (Status::Cancelled, true),
        (Status::Expired, true),
    ];
    let mut rows = Vec::new();
    for (n, (status, _)) in (1..).zip(statuses) {
        // Their time is over for long.
        let mut row = row(n).expiring(noon() - TimeDelta::minutes(30));
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
        rows.push(row);
    }
    let purged = purge(&direct, &[(KIND, noon() - MICROSECOND)], 100).await?;
    ensure!(purged == 0, "{purged} were purged that ended a microsecond later");
    for row in &rows {
        direct.keeps(row, "a purge of what ended earlier").await?;
    }
    let purged = purge(&direct, &[(KIND, noon())], 100).await?;
    ensure!(purged == 4, "{purged} of four were purged");
    for (row, (status, wanted)) in rows.iter().zip(statuses) {
        let there = is_there(&direct, row).await?;
        ensure!(there != wanted, "one that is {status} is there after the purge: {there}");
    }
    Ok(())
}

async fn what_is_purged_leaves_nothing_behind(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    full(&direct, 1).await?;
    known(&direct, 1, true).await?;
    let purged = purge(&direct, &[(KIND, noon())], 100).await?;
    ensure!(purged == 1, "of one that has ended {purged} were purged");
    known(&direct, 1, false).await?;
    // With the same names once more: what was left behind would be in the way, or show.
    let again = full(&direct, 1).await?;
    direct.keeps(&again, "its purge, made anew").await?;
    known(&direct, 1, true).await?;
    let letters = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(letters == 0, "{letters} letters of an ended invitation are leased");
    Ok(())
}

async fn each_kind_is_purged_by_its_own_instant(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = ended(&direct, 1..=1).await?;
    let purged = purge(&direct, &[], 100).await?;
    ensure!(purged == 0, "{purged} of no kind were purged");
    let late = noon() + TimeDelta::days(1);
    let purged = purge(&direct, &[(OTHER_KIND, late), ("Member", late)], 100).await?;
    ensure!(purged == 0, "{purged} of other kinds were purged");
    let purged = purge(&direct, &[(OTHER_KIND, late), (KIND, noon() - MICROSECOND)], 100).await?;
    ensure!(purged == 0, "{purged} were purged by the instant of another kind");
    direct.keeps(&rows[0], "the purge of other kinds").await?;
    let purged = purge(&direct, &[(OTHER_KIND, noon() - TimeDelta::days(1)), (KIND, noon())], 100).await?;
    ensure!(purged == 1 && !is_there(&direct, &rows[0]).await?, "{purged} of one were purged by its own instant");
    Ok(())
}

async fn the_purge_takes_no_more_than_asked_for_and_counts_them(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = ended(&direct, 1..=5).await?;
    let mut left = 5;
    for wanted in [2, 2, 1, 0] {
        let purged = purge(&direct, &[(OTHER_KIND, noon()), (KIND, noon())], 2).await?;
        ensure!(purged == wanted, "of {left}, two at most, {purged} are said to be purged");
        left -= wanted;
        let mut there = 0;
        for row in &rows {
            there += u64::from(is_there(&direct, row).await?);
        }
        ensure!(there == left, "{there} are there, and {left} should be");
    }
    Ok(())
}

async fn what_several_workers_purge_is_counted_once(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = ended(&direct, 1..=30).await?;
    let mut purged = 0;
    for _ in 0..10 {
        let asked = Purge { kinds: &[(KIND, noon())], limit: 5 };
        for answer in join_all((0..4).map(|_| direct.db.purge(&(), &asked))).await {
            match answer {
                Err(error) if error.is_retryable() => {}
                answer => purged += answer?,
            }
        }
    }
    ensure!(purged == 30, "of 30, {purged} are said to be purged");
    for row in &rows {
        ensure!(!is_there(&direct, row).await?, "one of thirty is there after the purge");
    }
    Ok(())
}
