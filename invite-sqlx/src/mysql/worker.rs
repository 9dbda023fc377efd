//! The worker's transactions, at READ COMMITTED whatever the pool's default: at REPEATABLE READ
//! the locks of a claim would keep others from queueing letters.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::store::{Claim, Claimed, Claims, InvitationStore, QueueChange, Settlement, StoreError, WorkerStore};
use sqlx::{Acquire, MySql, MySqlPool, mysql::MySqlRow, pool::PoolConnection};

use super::{MySqlStore, id, json, sql, store_error, write_token};
use crate::row::{self, Columns};

#[async_trait]
impl WorkerStore<MySqlPool> for MySqlStore {
    async fn claim(&self, pool: &MySqlPool, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        let mut conn = read_committed(pool).await?;
        let mut tx = conn.begin().await.map_err(store_error)?;
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
        let mut conn = read_committed(pool).await?;
        let mut tx = conn.begin().await.map_err(store_error)?;
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
        let summary = sqlx::query(sql::SUMMARY)
            .bind(settlement.summary.state.as_str())
            .bind(settlement.summary.attempts)
            .bind(settlement.summary.last_error.as_deref())
            .bind(id(settlement.invitation))
            .bind(settlement.generation);
        summary.execute(&mut *tx).await.map_err(store_error)?;
        if let Some(transition) = settlement.transition {
            self.transition(&mut tx, transition).await?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn sweep(&self, pool: &MySqlPool, kinds: &[&str], now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut conn = read_committed(pool).await?;
        let mut tx = conn.begin().await.map_err(store_error)?;
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
        let swept = sqlx::query(sql::EXPIRE).bind(&ids).bind(now).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(swept.rows_affected())
    }
}

/// A letter with its invitation; and the letter's generation beside it.
fn claimed(letter: &MySqlRow, invitation: Option<&MySqlRow>) -> Result<(Claimed, u32), StoreError> {
    let letter = row::Letter::alone(letter)?;
    let invitation = invitation.ok_or(StoreError::corrupt("invitation"))?;
    Ok(letter.of(row::record(invitation)?))
}

/// A connection whose next transaction is at READ COMMITTED.
async fn read_committed(pool: &MySqlPool) -> Result<PoolConnection<MySql>, StoreError> {
    let mut conn = pool.acquire().await.map_err(store_error)?;
    let statement = sqlx::query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    statement.execute(&mut *conn).await.map_err(store_error)?;
    Ok(conn)
}
