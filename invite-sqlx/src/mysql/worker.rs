//! The worker's transactions, at READ COMMITTED whatever the pool's default: at REPEATABLE READ
//! the locks of a claim would keep others from queueing letters.

use async_trait::async_trait;
use invite_core::store::{
    Claim, Claimed, Claims, Dispatch, InvitationStore, QueueChange, Reminded, Reminders, Reminding, Settlement,
    StoreError, Sweep, WorkerStore,
};
use sqlx::{MySqlPool, mysql::MySqlRow};

use super::{MySqlStore, dispatch, json, sql, store_error, write_token};
use crate::row::{self, Columns};

// One round trip, of which no half can be left to the pool's next user.
const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN";

#[async_trait]
impl WorkerStore<MySqlPool> for MySqlStore {
    async fn claim(&self, pool: &MySqlPool, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let now = claim.now.naive_utc();
        let due = sqlx::query(sql::DUE_LETTERS).bind(now).bind(now).bind(json(&claim.kinds.into())?).bind(claim.limit);
        let rows = due.fetch_all(&mut *tx).await.map_err(store_error)?;
        let mut claims = Claims::default();
        for row in &rows {
            let delivery = row::delivery_at(row, 0)?.as_uuid().as_bytes().to_vec();
            let invitation = sqlx::query(sql::FIND_BY_ID)
                .bind(row.optional_bytes(7, "invitation")?)
                .bind(row.text(6, "kind")?)
                .bind(None::<&[u8]>);
            let invitation = invitation.fetch_optional(&mut *tx).await.map_err(store_error)?;
            let read = claimed(row, invitation.as_ref());
            if let Ok((letter, generation)) = &read
                && !claim.is_current(&letter.record, letter.purpose, *generation)
            {
                sqlx::query(sql::DISCARD).bind(delivery).execute(&mut *tx).await.map_err(store_error)?;
                claims.discarded += 1;
                continue;
            }
            let lease = sqlx::query(sql::LEASE)
                .bind(claim.owner.as_bytes().as_slice())
                .bind(claim.lease_until.naive_utc())
                .bind(delivery);
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

    async fn settle(&self, pool: &MySqlPool, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let statement = match settlement.queue {
            QueueChange::Remove => sqlx::query(sql::REMOVE),
            QueueChange::Postpone { not_before, refusals, unknowns, error } => {
                sqlx::query(sql::POSTPONE).bind(not_before.naive_utc()).bind(refusals).bind(unknowns).bind(error)
            }
        };
        let fenced = statement
            .bind(settlement.delivery.as_uuid().as_bytes().as_slice())
            .bind(settlement.owner.as_bytes().as_slice())
            .bind(settlement.attempt);
        if fenced.execute(&mut *tx).await.map_err(store_error)?.rows_affected() == 0 {
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

    async fn sweep(&self, pool: &MySqlPool, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let Sweep { kinds, notify, now, limit } = *sweep;
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let now = now.naive_utc();
        let due = sqlx::query(sql::DUE_INVITATIONS).bind(now).bind(json(&kinds.into())?).bind(limit);
        let rows = due.fetch_all(&mut *tx).await.map_err(store_error)?;
        if rows.is_empty() {
            tx.rollback().await.map_err(store_error)?;
            return Ok(0);
        }
        let ids = rows.iter().map(|row| row.uuid(0, "id")).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<_> = ids.iter().map(|id| id.simple().to_string()).collect();
        let ids = json(&ids.into())?;
        sqlx::query(sql::EXPIRE_EVENTS).bind(now).bind(&ids).execute(&mut *tx).await.map_err(store_error)?;
        if !notify.is_empty() {
            let notices = sqlx::query(sql::EXPIRE_NOTICES).bind(now).bind(&ids).bind(json(&notify.into())?);
            notices.execute(&mut *tx).await.map_err(store_error)?;
        }
        let swept = sqlx::query(sql::EXPIRE).bind(&ids).bind(now).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(swept.rows_affected())
    }

    async fn remind(&self, pool: &MySqlPool, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let kinds = json(&reminding.kinds.into())?;
        let due = sqlx::query(sql::DUE_REMINDERS).bind(reminding.now.naive_utc()).bind(kinds).bind(reminding.limit);
        let rows = due.fetch_all(&mut *tx).await.map_err(store_error)?;
        if rows.is_empty() {
            tx.rollback().await.map_err(store_error)?;
            return Ok(Reminders::default());
        }
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
                .bind(remind_at.map(|at| at.naive_utc()))
                .bind(reminded)
                .bind(row.uuid(0, "id")?.as_bytes().to_vec());
            statement.execute(&mut *tx).await.map_err(store_error)?;
            let Some((letter, record)) = letter else { continue };
            dispatch(&mut tx, &record, Dispatch::Letter(&letter), reminding.now).await?;
            reminders.queued += 1;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(reminders)
    }
}

/// A letter with its invitation; and the letter's generation beside it.
fn claimed(letter: &MySqlRow, invitation: Option<&MySqlRow>) -> Result<(Claimed, u32), StoreError> {
    let letter = row::Letter::alone(letter)?;
    let invitation = invitation.ok_or(StoreError::corrupt("invitation"))?;
    Ok(letter.of(row::record(invitation)?))
}
