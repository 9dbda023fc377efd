//! The worker's transactions, as far as they are the same on every database.

use chrono::{DateTime, Utc};
use invite_core::store::{
    DeliveryId, LeaseRequest, Leased, LeasedLetter, QueueChange, ReminderDecision, ReminderReport, ReminderScan,
    Settlement, StoreError,
};

use crate::{
    catalog::Catalog,
    driver::{Driver, End, Pool, all, end, execute, optional},
    name::Name,
    reading::record_delivery,
    row::{Queued, Waiting},
    statement::Values,
    template::Sql,
};

/// Due letters, by what becomes of them.
#[cfg(feature = "postgres")]
pub(crate) struct Sorted {
    pub(crate) current: Vec<LeasedLetter>,
    pub(crate) outdated: Vec<DeliveryId>,
    pub(crate) unreadable: Vec<StoreError>,
}

/// Sorts out what is still worth sending, the longest due first.
#[cfg(feature = "postgres")]
pub(crate) fn sort(request: &LeaseRequest<'_>, queued: Vec<Queued>) -> Sorted {
    let mut sorted = Sorted { current: Vec::with_capacity(queued.len()), outdated: Vec::new(), unreadable: Vec::new() };
    let mut current = Vec::with_capacity(queued.len());
    for Queued { delivery, due, letter } in queued {
        match letter {
            Err(error) => sorted.unreadable.push(error),
            Ok(letter) if is_current(request, &letter) => current.push((due, letter.leased)),
            Ok(_) => sorted.outdated.push(delivery),
        }
    }
    // `RETURNING` promises no order.
    current.sort_unstable_by_key(|(due, leased)| (*due, leased.delivery));
    sorted.current.extend(current.into_iter().map(|(_, leased)| leased));
    sorted
}

fn is_current(request: &LeaseRequest<'_>, letter: &crate::row::Letter) -> bool {
    request.is_current(&letter.leased.record, letter.leased.purpose, letter.generation)
}

/// The statements that lease letters one by one.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(crate) struct OneByOne {
    pub(crate) lease: &'static Sql,
    pub(crate) discard: &'static Sql,
    pub(crate) insert_token: &'static Sql,
}

#[cfg(any(feature = "mysql", feature = "sqlite"))]
impl OneByOne {
    /// Leases or discards one letter that this transaction has read and nobody else may write.
    pub(crate) async fn lease<D: Driver<Db: Catalog>>(
        &self,
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        queued: Queued,
        batch: &mut Leased,
    ) -> Result<(), StoreError> {
        let delivery = Values::new().uuid(Name::Letter, *queued.delivery.as_uuid());
        if queued.letter.as_ref().is_ok_and(|letter| !is_current(request, letter)) {
            execute::<D>(conn, delivery.of_statement(self.discard)?).await?;
            batch.discarded += 1;
            return Ok(());
        }
        let lease = delivery.uuid(Name::Owner, request.owner).time(Name::LeaseUntil, request.lease_until);
        execute::<D>(conn, lease.of_statement(self.lease)?).await?;
        match queued.letter {
            Err(error) => batch.unreadable.push(error),
            Ok(letter) => {
                let mut leased = letter.leased;
                if leased.purpose.has_link() {
                    let digest = request.mint(leased.delivery, &leased.record.kind)?;
                    let token = Values::new()
                        .bytes(Name::Token, digest.as_bytes().as_slice())
                        .uuid(Name::Id, *leased.record.id.as_uuid())
                        .count(Name::Generation, leased.record.generation)
                        .text(Name::Channel, "mail")
                        .time(Name::At, request.now);
                    execute::<D>(conn, token.of_statement(self.insert_token)?).await?;
                }
                leased.attempt += 1;
                batch.letters.push(leased);
            }
        }
        Ok(())
    }
}

/// Whether a statement finds anything, asked in a transaction of its own that takes no write lock.
pub(crate) async fn finds_any<D: Driver, P: Pool<D>>(
    pool: &P,
    sql: &'static Sql,
    kinds: &[&str],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let statement = due(kinds, now).of_statement(sql)?;
    let mut tx = pool.begin("BEGIN").await?;
    let any = optional::<D, ()>(&mut tx, statement).await;
    end::<D, P, _>(tx, any.map(|any| End::RollBack(any.is_some()))).await
}

/// What every look for something due asks: of which kinds, and when.
pub(crate) fn due<'v, D: crate::Dialect>(kinds: &[&'v str], now: DateTime<Utc>) -> Values<'v, D> {
    Values::new().words(Name::Kinds, kinds.iter().copied()).time(Name::Now, now)
}

#[doc(hidden)]
pub async fn settle<D: Driver<Db: Catalog>, P: Pool<D>>(
    pool: &P,
    settlement: &Settlement<'_>,
) -> Result<bool, StoreError> {
    let mut tx = pool.begin(D::Db::BEGIN).await?;
    let work = record::<D>(&mut tx, settlement).await;
    end::<D, P, _>(tx, work).await
}

async fn record<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    settlement: &Settlement<'_>,
) -> Result<End<bool>, StoreError> {
    let sql = match settlement.queue {
        QueueChange::Remove => D::Db::REMOVE,
        QueueChange::Postpone { .. } => D::Db::POSTPONE,
    };
    let statement = Values::new().settlement(settlement).of_statement(sql)?;
    if execute::<D>(conn, statement).await? == 0 {
        return Ok(End::RollBack(false));
    }
    if record_delivery::<D>(conn, &settlement.summary).await?
        && let Some(transition) = settlement.transition
    {
        D::Db::transition::<D>(conn, transition).await?;
    }
    Ok(End::Commit(true))
}

#[doc(hidden)]
pub async fn remind<D: Driver<Db: Catalog>, P: Pool<D>>(
    pool: &P,
    scan: &ReminderScan<'_>,
) -> Result<ReminderReport, StoreError> {
    if let Some(any) = D::Db::ANY_REMINDERS
        && !finds_any(pool, any, scan.kinds, scan.now).await?
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
        let statement = Values::new().letter(&letter, &record).of_statement(D::Db::INSERT_LETTER)?;
        execute::<D>(conn, statement).await?;
        report.queued += 1;
    }
    Ok(End::Commit(report))
}
