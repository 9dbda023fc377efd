//! The worker's transactions. They begin IMMEDIATE, and only when there is something to do.

use async_lock::Mutex;
use async_trait::async_trait;
use invite_core::store::{
    Claim, Claims, Dispatch, InvitationStore, QueueChange, Reminded, Reminders, Reminding, Settlement, StoreError,
    Sweep, WorkerStore,
};
use sqlx::SqlitePool;

use super::{SqliteStore, dispatch, json, micros, sql, store_error, write_token};
use crate::row::{self, Columns};

const BEGIN: &str = "BEGIN IMMEDIATE";

/// Settlements come several at once, and SQLite lets one write at a time: who finds it busy sleeps,
/// for longer than the other needs. So they queue up here first.
static SETTLING: Mutex<()> = Mutex::new(());

#[async_trait]
impl WorkerStore<SqlitePool> for SqliteStore {
    async fn claim(&self, pool: &SqlitePool, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        let kinds = json(&claim.kinds.into())?;
        let now = micros(claim.now);
        let any =
            sqlx::query(sql::ANY_LETTERS).bind(&kinds).bind(now).fetch_optional(pool).await.map_err(store_error)?;
        if any.is_none() {
            return Ok(Claims::default());
        }

        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let due = sqlx::query(sql::DUE_LETTERS).bind(&kinds).bind(now).bind(claim.limit);
        let rows = due.fetch_all(&mut *tx).await.map_err(store_error)?;
        let mut claims = Claims::default();
        for row in &rows {
            let delivery = row::delivery(row)?;
            let delivery = delivery.as_uuid().as_bytes().as_slice();
            let read = row::claimed(row);
            if let Ok((letter, generation)) = &read
                && !claim.is_current(&letter.record, letter.purpose, *generation)
            {
                sqlx::query(sql::DISCARD).bind(delivery).execute(&mut *tx).await.map_err(store_error)?;
                claims.discarded += 1;
                continue;
            }
            let lease = sqlx::query(sql::LEASE)
                .bind(delivery)
                .bind(claim.owner.as_bytes().as_slice())
                .bind(micros(claim.lease_until));
            lease.execute(&mut *tx).await.map_err(store_error)?;
            match read {
                Err(error) => claims.unreadable.push(error),
                Ok((mut letter, _)) => {
                    if letter.purpose.has_link() {
                        let digest = claim.mint(letter.delivery, &letter.record.kind)?;
                        write_token(&mut tx, &letter.record, &digest, "mail", claim.now).await?;
                    }
                    letter.attempt += 1;
                    claims.letters.push(letter);
                }
            }
        }
        tx.commit().await.map_err(store_error)?;
        Ok(claims)
    }

    async fn settle(&self, pool: &SqlitePool, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let _turn = SETTLING.lock().await;
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let fenced = |sql: &'static str| {
            sqlx::query(sql)
                .bind(settlement.delivery.as_uuid().as_bytes().as_slice())
                .bind(settlement.owner.as_bytes().as_slice())
                .bind(settlement.attempt)
        };
        let statement = match settlement.queue {
            QueueChange::Remove => fenced(sql::REMOVE),
            QueueChange::Postpone { not_before, refusals, unknowns, error } => {
                fenced(sql::POSTPONE).bind(micros(not_before)).bind(refusals).bind(unknowns).bind(error)
            }
        };
        if statement.execute(&mut *tx).await.map_err(store_error)?.rows_affected() == 0 {
            // Said, not dropped: a dropped transaction keeps its locks until its connection is next used.
            tx.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        if self.summarize(&mut tx, &settlement.summary).await?
            && let Some(transition) = settlement.transition
        {
            self.transition(&mut tx, transition).await?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn sweep(&self, pool: &SqlitePool, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let Sweep { kinds, notify, now, limit } = *sweep;
        let kinds = json(&kinds.into())?;
        let statement = |sql: &'static str| sqlx::query(sql).bind(&kinds).bind(micros(now)).bind(limit);
        let any = sqlx::query(sql::ANY_DUE).bind(&kinds).bind(micros(now)).fetch_optional(pool).await;
        if any.map_err(store_error)?.is_none() {
            return Ok(0);
        }

        // All statements choose the same rows: nobody else writes in between.
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        statement(sql::EXPIRE_EVENTS).execute(&mut *tx).await.map_err(store_error)?;
        if !notify.is_empty() {
            let notices = statement(sql::EXPIRE_NOTICES).bind(json(&notify.into())?);
            notices.execute(&mut *tx).await.map_err(store_error)?;
        }
        let swept = statement(sql::EXPIRE).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(swept.rows_affected())
    }

    async fn remind(&self, pool: &SqlitePool, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
        let kinds = json(&reminding.kinds.into())?;
        let statement = |sql: &'static str| sqlx::query(sql).bind(&kinds).bind(micros(reminding.now));
        let any = statement(sql::ANY_REMINDERS).fetch_optional(pool).await.map_err(store_error)?;
        if any.is_none() {
            return Ok(Reminders::default());
        }

        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let due = statement(sql::DUE_REMINDERS).bind(reminding.limit);
        let rows = due.fetch_all(&mut *tx).await.map_err(store_error)?;
        let mut reminders = Reminders::default();
        for row in &rows {
            let (remind_at, reminded, letter) = match row::record(row) {
                Err(error) => {
                    reminders.unreadable.push(error);
                    (None, None, None)
                }
                Ok(record) => {
                    let Reminded { letter, remind_at, reminded } = reminding.decide(&record)?;
                    (remind_at, reminded, letter.map(|letter| (letter, record)))
                }
            };
            let statement = sqlx::query(sql::REMINDED)
                .bind(row.uuid(0, "id")?.as_bytes().to_vec())
                .bind(remind_at.map(micros))
                .bind(reminded);
            statement.execute(&mut *tx).await.map_err(store_error)?;
            let Some((letter, record)) = letter else { continue };
            dispatch(&mut tx, &record, Dispatch::Letter(&letter), reminding.now).await?;
            reminders.queued += 1;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(reminders)
    }
}
