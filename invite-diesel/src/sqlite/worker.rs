//! The worker's transactions. They begin IMMEDIATE, and only when there is something to do.

use diesel::sqlite::Sqlite;
use invite_core::store::{
    Claim, Claimed, Claims, DeliveryId, Dispatch, QueueChange, Reminded, Reminders, Reminding, Settlement, StoreError,
    Sweep,
};

use super::{dispatch, json, micros, sql, store_error, summarize, transition, write_token};
use crate::{
    row::{self, COLUMNS, Columns, Readable, Waiting},
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
    if summarize(conn, &settlement.summary).await?
        && let Some(change) = settlement.transition
    {
        transition(conn, change).await?;
    }
    Ok(End::Commit(true))
}

pub(crate) async fn sweep(conn: &mut impl Session<Database = Sqlite>, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    let kinds = json(&sweep.kinds.into())?;
    let any = Statement::new(sql::ANY_DUE).bind(kinds.as_str()).bind(micros(sweep.now));
    if any.fetch_optional::<()>(conn).await?.is_none() {
        return Ok(0);
    }

    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = expire(conn, &kinds, sweep).await;
    end(conn, work).await
}

/// All statements choose the same rows: nobody else writes in between.
async fn expire(
    conn: &mut impl Session<Database = Sqlite>,
    kinds: &str,
    sweep: &Sweep<'_>,
) -> Result<End<u64>, StoreError> {
    let statement =
        |sql: &'static str| Statement::new(sql).bind(kinds).bind(micros(sweep.now)).bind(i64::from(sweep.limit));
    statement(sql::EXPIRE_EVENTS).execute(conn).await?;
    if !sweep.notify.is_empty() {
        statement(sql::EXPIRE_NOTICES).bind(json(&sweep.notify.into())?).execute(conn).await?;
    }
    let swept = statement(sql::EXPIRE).execute(conn).await?;
    Ok(End::Commit(swept as u64))
}

pub(crate) async fn remind(
    conn: &mut impl Session<Database = Sqlite>,
    reminding: &Reminding<'_>,
) -> Result<Reminders, StoreError> {
    let kinds = json(&reminding.kinds.into())?;
    let any = Statement::new(sql::ANY_REMINDERS).bind(kinds.as_str()).bind(micros(reminding.now));
    if any.fetch_optional::<()>(conn).await?.is_none() {
        return Ok(Reminders::default());
    }

    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = look(conn, reminding, &kinds).await;
    end(conn, work).await
}

async fn look(
    conn: &mut impl Session<Database = Sqlite>,
    reminding: &Reminding<'_>,
    kinds: &str,
) -> Result<End<Reminders>, StoreError> {
    let due = Statement::new(sql::DUE_REMINDERS).bind(kinds).bind(micros(reminding.now));
    let rows: Vec<Waiting> = due.bind(i64::from(reminding.limit)).fetch_all(conn).await?;
    if rows.is_empty() {
        return Ok(End::RollBack(Reminders::default()));
    }
    let mut reminders = Reminders::default();
    for Waiting { id, record } in rows {
        let (remind_at, reminded, letter) = match record {
            Err(error) => {
                reminders.unreadable.push(error);
                (None, None, None)
            }
            Ok(record) => {
                let Reminded { letter, remind_at, reminded } = reminding.decide(&record)?;
                (remind_at, reminded, letter.map(|letter| (letter, record)))
            }
        };
        let statement = Statement::new(sql::REMINDED)
            .bind(id.as_bytes().to_vec())
            .bind(remind_at.map(micros))
            .bind(reminded.map(i64::from));
        statement.execute(conn).await?;
        let Some((letter, record)) = letter else { continue };
        dispatch(conn, &record, Dispatch::Letter(&letter), reminding.now).await?;
        reminders.queued += 1;
    }
    Ok(End::Commit(reminders))
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
