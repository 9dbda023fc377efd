//! The worker's transactions, at READ COMMITTED whatever the pool's default: there a row that
//! another transaction changes is looked at again instead of failing.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use invite_core::store::{
    Claim, Claimed, Claims, QueueChange, Reminded, Reminders, Reminding, Settlement, StoreError, Sweep,
};

use super::{BEGIN, int, sql, store_error, summarize, transition};
use crate::{
    row::{self, COLUMNS, Columns, Readable, Waiting},
    session::{End, Session, end},
    statement::Statement,
};

pub(crate) async fn claim(conn: &mut impl Session<Database = Pg>, claim: &Claim<'_>) -> Result<Claims, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = lease(conn, claim).await;
    end(conn, work).await
}

async fn lease(conn: &mut impl Session<Database = Pg>, claim: &Claim<'_>) -> Result<End<Claims>, StoreError> {
    let lease = Statement::new(sql::LEASE)
        .bind(claim.kinds.to_vec())
        .bind(claim.now)
        .bind(i64::from(claim.limit))
        .bind(claim.owner)
        .bind(claim.lease_until);
    let leased = lease.fetch_all(conn).await?;
    if leased.is_empty() {
        return Ok(End::RollBack(Claims::default()));
    }

    let mut letters = Vec::with_capacity(leased.len());
    let mut outdated = Vec::new();
    let mut unreadable = Vec::new();
    for Leased { due, letter } in leased {
        match letter {
            Ok((letter, generation)) if claim.is_current(&letter.record, letter.purpose, generation) => {
                letters.push((due, letter))
            }
            Ok((letter, _)) => outdated.push(*letter.delivery.as_uuid()),
            Err(error) => unreadable.push(error),
        }
    }
    let discarded = outdated.len();
    // The order of `RETURNING` is nobody's promise.
    letters.sort_unstable_by_key(|(due, letter)| (*due, letter.delivery));
    let letters: Vec<_> = letters.into_iter().map(|(_, letter)| letter).collect();
    if !outdated.is_empty() {
        Statement::new(sql::DISCARD).bind(outdated).execute(conn).await?;
    }
    let (mut digests, mut invitations, mut generations) = (Vec::new(), Vec::new(), Vec::new());
    for letter in letters.iter().filter(|letter| letter.purpose.has_link()) {
        digests.push(claim.mint(letter.delivery, &letter.record.kind)?.as_bytes().to_vec());
        invitations.push(*letter.record.id.as_uuid());
        generations.push(int(letter.record.generation)?);
    }
    if !digests.is_empty() {
        let tokens =
            Statement::new(sql::INSERT_TOKENS).bind(digests).bind(invitations).bind(generations).bind(claim.now);
        tokens.execute(conn).await?;
    }
    Ok(End::Commit(Claims { letters, discarded, unreadable }))
}

pub(crate) async fn settle(
    conn: &mut impl Session<Database = Pg>,
    settlement: &Settlement<'_>,
) -> Result<bool, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = record(conn, settlement).await;
    end(conn, work).await
}

async fn record(conn: &mut impl Session<Database = Pg>, settlement: &Settlement<'_>) -> Result<End<bool>, StoreError> {
    let attempt = int(settlement.attempt)?;
    let fenced = |sql| Statement::new(sql).bind(*settlement.delivery.as_uuid()).bind(settlement.owner).bind(attempt);
    let statement = match settlement.queue {
        QueueChange::Remove => fenced(sql::REMOVE),
        QueueChange::Postpone { not_before, refusals, unknowns, error } => {
            fenced(sql::POSTPONE).bind(not_before).bind(int(refusals)?).bind(int(unknowns)?).bind(error)
        }
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

pub(crate) async fn sweep(conn: &mut impl Session<Database = Pg>, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let expire = Statement::new(sql::EXPIRE)
        .bind(sweep.kinds.to_vec())
        .bind(sweep.now)
        .bind(i64::from(sweep.limit))
        .bind(sweep.notify.to_vec());
    let swept = expire.fetch_one::<Option<i64>>(conn).await;
    let swept = end(conn, swept.map(End::Commit)).await?;
    Ok(swept.and_then(|swept| swept.try_into().ok()).unwrap_or_default())
}

pub(crate) async fn remind(
    conn: &mut impl Session<Database = Pg>,
    reminding: &Reminding<'_>,
) -> Result<Reminders, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = look(conn, reminding).await;
    end(conn, work).await
}

async fn look(conn: &mut impl Session<Database = Pg>, reminding: &Reminding<'_>) -> Result<End<Reminders>, StoreError> {
    let due = Statement::new(sql::DUE_REMINDERS).bind(reminding.kinds.to_vec()).bind(reminding.now);
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
        let statement = Statement::new(sql::REMINDED).bind(id).bind(remind_at).bind(reminded.map(int).transpose()?);
        statement.execute(conn).await?;
        let Some((letter, record)) = letter else { continue };
        let statement = Statement::new(sql::INSERT_LETTER)
            .bind(*letter.delivery.as_uuid())
            .bind(record.kind)
            .bind(*record.id.as_uuid())
            .bind(int(record.generation)?)
            .bind(letter.purpose.as_str())
            .bind(letter.not_before);
        statement.execute(conn).await?;
        reminders.queued += 1;
    }
    Ok(End::Commit(reminders))
}

/// A record followed by its letter and when that was due.
struct Leased {
    due: DateTime<Utc>,
    /// The letter with its invitation; and the letter's generation beside it.
    letter: Result<(Claimed, u32), StoreError>,
}

impl Readable for Leased {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self { due: row.time(COLUMNS + 6, "not_before")?, letter: row::claimed(row) })
    }
}
