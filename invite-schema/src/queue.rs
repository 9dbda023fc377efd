//! The worker's transactions, as far as they are the same on every database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use invite_core::store::{
    LeaseRequest, Leased, Purge, QueueChange, ReminderDecision, ReminderReport, ReminderScan, Settlement, StoreError,
};

use crate::{
    catalog::{Catalog, Given, Minted},
    driver::{Driver, End, Pool, all, end, execute, optional},
    name::Name,
    row::{Letter, Queued, Waiting},
    statement::Values,
    template::Sql,
    turns::{Chosen, choose},
};

/// Whether a statement finds anything, asked in a transaction of its own that takes no write lock.
pub(crate) async fn finds_any<D: Driver, P: Pool<D>>(
    pool: &P,
    sql: &'static Sql,
    values: Values<'_, D::Db>,
) -> Result<bool, StoreError> {
    let statement = values.of_statement(sql)?;
    let mut tx = pool.begin("BEGIN").await?;
    let any = optional::<D, ()>(&mut tx, statement).await;
    end::<D, P, _>(tx, any.map(|any| End::RollBack(any.is_some()))).await
}

/// What every look for something due asks: of which kinds, and when.
pub(crate) fn due<'v, D: crate::Dialect>(kinds: &[&'v str], now: DateTime<Utc>) -> Values<'v, D> {
    Values::new().words(Name::Kinds, kinds.iter().copied()).time(Name::Now, now)
}

#[doc(hidden)]
pub async fn now<D: Driver<Db: Catalog>, P: Pool<D>>(pool: &P) -> Result<DateTime<Utc>, StoreError> {
    let mut tx = pool.begin("BEGIN").await?;
    let now = all::<D, DateTime<Utc>>(&mut tx, Values::new().of_statement(D::Db::NOW)?).await;
    let now =
        now.and_then(|now| now.into_iter().next().ok_or(StoreError::failed("the database does not tell the time")));
    end::<D, P, _>(tx, now.map(End::RollBack)).await
}

/// Makes letters ready whose time has come, in transactions of its own: what goes wrong with the sweep must not keep them
/// waiting. There is an end to it, because others want their turn.
pub(crate) async fn ripen<D: Driver<Db: Catalog>, P: Pool<D>>(pool: &P, now: DateTime<Utc>) -> Result<(), StoreError> {
    for _ in 0..100 {
        let mut tx = pool.begin(D::Db::BEGIN).await?;
        let ripened = D::Db::ripen::<D>(&mut tx, now).await;
        let ripened = ripened.map(|ripened| if ripened > 0 { End::Commit(ripened) } else { End::RollBack(ripened) });
        if end::<D, P, _>(tx, ripened).await? < RIPENED {
            break;
        }
    }
    Ok(())
}

/// How many letters one statement makes ready. The statements have this number in them.
const RIPENED: u64 = 1_000;

pub(crate) async fn lease<D: Driver<Db: Catalog>, P: Pool<D>>(
    pool: &P,
    request: &LeaseRequest<'_>,
) -> Result<Leased, StoreError> {
    let mut tx = pool.begin(D::Db::BEGIN).await?;
    let work = lease_letters::<D>(&mut tx, request).await;
    end::<D, P, _>(tx, work).await
}

async fn lease_letters<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    request: &LeaseRequest<'_>,
) -> Result<End<Leased>, StoreError> {
    let mut chosen = choose::<D>(conn, request).await?;
    // Where there are plenty without those whose time has come since, these wait for the sweep to find them.
    let mut ripened = 0;
    if chosen.letters.len() < request.limit.try_into().unwrap_or(usize::MAX) {
        ripened = D::Db::ripen::<D>(conn, request.now).await?;
        if ripened > 0 {
            chosen = choose::<D>(conn, request).await?;
        }
    }
    let Chosen { letters, last } = chosen;
    if letters.is_empty() {
        let leased = Leased::default();
        return Ok(if ripened > 0 { End::Commit(leased) } else { End::RollBack(leased) });
    }
    let mut taken: HashMap<_, _> = D::Db::take::<D>(conn, &letters, request.now)
        .await?
        .into_iter()
        .map(|row| (*row.delivery.as_uuid(), row))
        .collect();
    let mut leased = Leased { last, ..Leased::default() };
    let mut given = Given::default();
    for Queued { delivery, letter } in letters.iter().filter_map(|letter| taken.remove(letter)) {
        match letter {
            None => given.discarded.push(*delivery.as_uuid()),
            Some(Ok(Letter { leased, generation }))
                if !request.is_current(&leased.record, leased.purpose, generation) =>
            {
                given.discarded.push(*delivery.as_uuid());
            }
            Some(Ok(letter)) => {
                let mut letter = letter.leased;
                if !request.admits(&letter.record, letter.purpose) {
                    continue;
                }
                if letter.purpose.has_link() {
                    given.tokens.push(Minted {
                        digest: request.mint(delivery, &letter.record.kind)?,
                        invitation: *letter.record.id.as_uuid(),
                        generation: letter.record.generation,
                    });
                }
                given.leased.push(*delivery.as_uuid());
                letter.attempt += 1;
                leased.letters.push(letter);
            }
            Some(Err(error)) => {
                given.leased.push(*delivery.as_uuid());
                leased.unreadable.push(error);
            }
        }
    }
    leased.discarded = given.discarded.len();
    D::Db::give::<D>(conn, request, &given).await?;
    Ok(End::Commit(leased))
}

pub(crate) async fn settle<D: Driver<Db: Catalog>, P: Pool<D>>(
    pool: &P,
    settlements: &[Settlement<'_>],
) -> Result<Vec<bool>, StoreError> {
    let mut tx = pool.begin(D::Db::BEGIN).await?;
    let work = settle_all::<D>(&mut tx, settlements).await;
    end::<D, P, _>(tx, work).await
}

async fn settle_all<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    settlements: &[Settlement<'_>],
) -> Result<End<Vec<bool>>, StoreError> {
    let mut settled = Vec::with_capacity(settlements.len());
    if settlements.len() > 1
        && concern_letters_alone(settlements)
        && let Some(ours) = D::Db::settle_together::<D>(conn, settlements).await?
    {
        settled.extend(settlements.iter().map(|settlement| ours.contains(settlement.delivery.as_uuid())));
    } else {
        for settlement in settlements {
            settled.push(settle_one::<D>(conn, settlement).await?);
        }
    }
    Ok(if settled.contains(&true) { End::Commit(settled) } else { End::RollBack(settled) })
}

/// Whether each is about a letter of its own, and changes no invitation. Only then their order does not matter.
fn concern_letters_alone(settlements: &[Settlement<'_>]) -> bool {
    let letters: HashSet<_> = settlements.iter().map(|settlement| settlement.delivery).collect();
    let is_plain = |settlement: &Settlement<'_>| {
        let Settlement { delivery, summary, transition, .. } = settlement;
        transition.is_none() && summary.delivery == *delivery && summary.attempts.is_some()
    };
    letters.len() == settlements.len() && settlements.iter().all(is_plain)
}

async fn settle_one<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    settlement: &Settlement<'_>,
) -> Result<bool, StoreError> {
    let sql = match settlement.queue {
        QueueChange::Remove => D::Db::REMOVE,
        QueueChange::Postpone { .. } => D::Db::POSTPONE,
    };
    let statement = Values::new().settlement(settlement).of_statement(sql)?;
    if execute::<D>(conn, statement).await? == 0 {
        return Ok(false);
    }
    if D::Db::record::<D>(conn, &settlement.summary).await?
        && let Some(transition) = settlement.transition
    {
        D::Db::transition::<D>(conn, transition).await?;
    }
    Ok(true)
}

#[doc(hidden)]
pub async fn remind<D: Driver<Db: Catalog>, P: Pool<D>>(
    pool: &P,
    scan: &ReminderScan<'_>,
) -> Result<ReminderReport, StoreError> {
    if let Some(any) = D::Db::ANY_REMINDERS
        && !finds_any(pool, any, due(scan.kinds, scan.now)).await?
    {
        return Ok(ReminderReport::default());
    }
    let mut tx = pool.begin(D::Db::BEGIN).await?;
    let work = look::<D>(&mut tx, scan).await;
    end::<D, P, _>(tx, work).await
}

async fn look<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    scan: &ReminderScan<'_>,
) -> Result<End<ReminderReport>, StoreError> {
    let values = due(scan.kinds, scan.now).limit(Name::Limit, scan.limit);
    let rows: Vec<Waiting> = all::<D, _>(conn, values.of_statement(D::Db::DUE_REMINDERS)?).await?;
    if rows.is_empty() {
        return Ok(End::RollBack(ReminderReport::default()));
    }
    let mut report = ReminderReport::default();
    for Waiting { id, record } in rows {
        let (remind_at, reminded, letter) = match record {
            Err(error) => {
                report.unreadable.push(error);
                (None, None, None)
            }
            Ok(record) => {
                let ReminderDecision { letter, remind_at, reminded } = scan.decide(&record)?;
                (remind_at, reminded, letter.map(|letter| (letter, record)))
            }
        };
        let values = Values::new().uuid(Name::Id, id).time(Name::RemindAt, remind_at).count(Name::Reminded, reminded);
        execute::<D>(conn, values.of_statement(D::Db::REMINDED)?).await?;
        let Some((letter, record)) = letter else { continue };
        let statement = Values::new().letter(&letter, &record, scan.now).of_statement(D::Db::INSERT_LETTER)?;
        execute::<D>(conn, statement).await?;
        report.queued += 1;
    }
    Ok(End::Commit(report))
}

#[doc(hidden)]
#[cfg_attr(
    all(feature = "sqlite", not(any(feature = "mysql", feature = "postgres"))),
    expect(unreachable_pub, reason = "SQLite has its own")
)]
pub async fn purge<D: Driver<Db: Catalog>, P: Pool<D>>(pool: &P, purge: &Purge<'_>) -> Result<u64, StoreError> {
    let mut tx = pool.begin(D::Db::BEGIN).await?;
    let work = forget_old::<D>(&mut tx, purge).await;
    end::<D, P, _>(tx, work).await
}

async fn forget_old<D: Driver<Db: Catalog>>(conn: &mut D::Conn, purge: &Purge<'_>) -> Result<End<u64>, StoreError> {
    let (mut purged, limit) = (0, purge.limit.min(MOST_PURGED));
    for (kind, until) in purge.kinds {
        let left = limit - u32::try_from(purged).unwrap_or(limit).min(limit);
        if left == 0 {
            break;
        }
        purged += D::Db::purge::<D>(conn, kind, *until, left).await?;
    }
    Ok(if purged > 0 { End::Commit(purged) } else { End::RollBack(purged) })
}

/// The most that one transaction deletes.
const MOST_PURGED: u32 = 1_000;
