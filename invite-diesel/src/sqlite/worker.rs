//! The worker's transactions. They begin IMMEDIATE, and only when there is something to do.

use chrono::{DateTime, Utc};
use diesel::sqlite::Sqlite;
use invite_core::store::{Claim, Claimed, Claims, DeliveryId, QueueChange, Settlement, StoreError};

use super::{id, json, micros, sql, store_error, transition, write_token};
use crate::{
    row::{self, COLUMNS, Columns, Readable},
    session::{End, Session, end},
    statement::Statement,
};

const BEGIN: &str = "BEGIN IMMEDIATE";

pub(crate) async fn claim(conn: &mut impl Session<Database = Sqlite>, claim: &Claim<'_>) -> Result<Claims, StoreError> {
    let kinds = json(&claim.kinds.into())?;
    let any = Statement::new(sql::ANY_LETTERS).bind(kinds.as_str()).bind(micros(claim.now));
    if any.fetch_optional::<()>(conn).await?.is_none() {
        return Ok(Claims::default());
    }

    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = lease(conn, claim, &kinds).await;
    end(conn, work).await
}

async fn lease(
    conn: &mut impl Session<Database = Sqlite>,
    claim: &Claim<'_>,
    kinds: &str,
) -> Result<End<Claims>, StoreError> {
    let due = Statement::new(sql::DUE_LETTERS).bind(kinds).bind(micros(claim.now)).bind(i64::from(claim.limit));
    let mut claims = Claims::default();
    for Due { delivery, letter } in due.fetch_all(conn).await? {
        let delivery = delivery.as_uuid().as_bytes().as_slice();
        if let Ok((letter, generation)) = &letter
            && !claim.is_current(&letter.record, letter.purpose, *generation)
        {
            Statement::new(sql::DISCARD).bind(delivery).execute(conn).await?;
            claims.discarded += 1;
            continue;
        }
        let lease = Statement::new(sql::LEASE)
            .bind(delivery)
            .bind(claim.owner.as_bytes().as_slice())
            .bind(micros(claim.lease_until));
        lease.execute(conn).await?;
        match letter {
            Err(error) => claims.unreadable.push(error),
            Ok((mut letter, _)) => {
                if letter.purpose.has_link() {
                    let digest = claim.mint(letter.delivery, &letter.record.kind)?;
                    write_token(conn, &letter.record, &digest, "mail", claim.now).await?;
                }
                letter.attempt += 1;
                claims.letters.push(letter);
            }
        }
    }
    Ok(End::Commit(claims))
}

pub(crate) async fn settle(
    conn: &mut impl Session<Database = Sqlite>,
    settlement: &Settlement<'_>,
) -> Result<bool, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = record(conn, settlement).await;
    end(conn, work).await
}

async fn record(
    conn: &mut impl Session<Database = Sqlite>,
    settlement: &Settlement<'_>,
) -> Result<End<bool>, StoreError> {
    let fenced = |sql: &'static str| {
        Statement::new(sql)
            .bind(settlement.delivery.as_uuid().as_bytes().as_slice())
            .bind(settlement.owner.as_bytes().as_slice())
            .bind(i64::from(settlement.attempt))
    };
    let statement = match settlement.queue {
        QueueChange::Remove => fenced(sql::REMOVE),
        QueueChange::Postpone { not_before, refusals, unknowns, error } => fenced(sql::POSTPONE)
            .bind(micros(not_before))
            .bind(i64::from(refusals))
            .bind(i64::from(unknowns))
            .bind(error),
    };
    if statement.execute(conn).await? == 0 {
        return Ok(End::RollBack(false));
    }
    let summary = Statement::new(sql::SUMMARY)
        .bind(id(settlement.invitation))
        .bind(i64::from(settlement.generation))
        .bind(settlement.summary.state.as_str())
        .bind(i64::from(settlement.summary.attempts))
        .bind(settlement.summary.last_error.as_deref());
    summary.execute(conn).await?;
    if let Some(change) = settlement.transition {
        transition(conn, change).await?;
    }
    Ok(End::Commit(true))
}

pub(crate) async fn sweep(
    conn: &mut impl Session<Database = Sqlite>,
    kinds: &[&str],
    now: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let kinds = json(&kinds.into())?;
    let any = Statement::new(sql::ANY_DUE).bind(kinds.as_str()).bind(micros(now));
    if any.fetch_optional::<()>(conn).await?.is_none() {
        return Ok(0);
    }

    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = expire(conn, &kinds, now, limit).await;
    end(conn, work).await
}

/// Both statements choose the same rows: nobody else writes in between.
async fn expire(
    conn: &mut impl Session<Database = Sqlite>,
    kinds: &str,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<End<u64>, StoreError> {
    let statement = |sql: &'static str| Statement::new(sql).bind(kinds).bind(micros(now)).bind(i64::from(limit));
    statement(sql::EXPIRE_EVENTS).execute(conn).await?;
    let swept = statement(sql::EXPIRE).execute(conn).await?;
    Ok(End::Commit(swept as u64))
}

/// A record followed by its letter.
struct Due {
    /// Which delivery, whether or not the rest reads.
    delivery: DeliveryId,
    /// The letter with its invitation; and the letter's generation beside it.
    letter: Result<(Claimed, u32), StoreError>,
}

impl Readable for Due {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self { delivery: row::delivery(row, COLUMNS)?, letter: row::claimed(row) })
    }
}
