//! The worker's transactions, at READ COMMITTED whatever the pool's default: there a row that
//! another transaction changes is looked at again instead of failing.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::store::{Claim, Claims, InvitationStore, QueueChange, Settlement, StoreError, WorkerStore};
use sqlx::PgPool;

use super::{PgStore, int, sql, store_error};
use crate::row;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

#[async_trait]
impl WorkerStore<PgPool> for PgStore {
    async fn claim(&self, pool: &PgPool, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let lease = sqlx::query(sql::LEASE)
            .bind(claim.kinds)
            .bind(claim.now)
            .bind(i64::from(claim.limit))
            .bind(claim.owner)
            .bind(claim.lease_until);
        let rows = lease.fetch_all(&mut *tx).await.map_err(store_error)?;
        if rows.is_empty() {
            tx.rollback().await.map_err(store_error)?;
            return Ok(Claims::default());
        }

        let mut letters = Vec::with_capacity(rows.len());
        let mut outdated = Vec::new();
        let mut unreadable = Vec::new();
        for row in &rows {
            match row::claimed(row) {
                Ok((letter, generation)) if claim.is_current(&letter.record, letter.purpose, generation) => {
                    letters.push((row::due(row)?, letter));
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
            sqlx::query(sql::DISCARD).bind(outdated).execute(&mut *tx).await.map_err(store_error)?;
        }
        let (mut digests, mut invitations, mut generations) = (Vec::new(), Vec::new(), Vec::new());
        for letter in letters.iter().filter(|letter| letter.purpose.has_link()) {
            digests.push(claim.mint(letter.delivery, &letter.record.kind)?.as_bytes().to_vec());
            invitations.push(*letter.record.id.as_uuid());
            generations.push(int(letter.record.generation)?);
        }
        if !digests.is_empty() {
            let tokens =
                sqlx::query(sql::INSERT_TOKENS).bind(digests).bind(invitations).bind(generations).bind(claim.now);
            tokens.execute(&mut *tx).await.map_err(store_error)?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(Claims { letters, discarded, unreadable })
    }

    async fn settle(&self, pool: &PgPool, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let attempt = int(settlement.attempt)?;
        let fenced = |sql| sqlx::query(sql).bind(*settlement.delivery.as_uuid()).bind(settlement.owner).bind(attempt);
        let statement = match settlement.queue {
            QueueChange::Remove => fenced(sql::REMOVE),
            QueueChange::Postpone { not_before, refusals, unknowns, error } => {
                fenced(sql::POSTPONE).bind(not_before).bind(int(refusals)?).bind(int(unknowns)?).bind(error)
            }
        };
        if statement.execute(&mut *tx).await.map_err(store_error)?.rows_affected() == 0 {
            // Said, not dropped: a dropped transaction keeps its locks until its connection is next used.
            tx.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        let summary = sqlx::query(sql::SUMMARY)
            .bind(*settlement.invitation.as_uuid())
            .bind(int(settlement.generation)?)
            .bind(settlement.summary.state.as_str())
            .bind(int(settlement.summary.attempts)?)
            .bind(settlement.summary.last_error.as_deref());
        summary.execute(&mut *tx).await.map_err(store_error)?;
        if let Some(transition) = settlement.transition {
            self.transition(&mut tx, transition).await?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn sweep(&self, pool: &PgPool, kinds: &[&str], now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let expire = sqlx::query_scalar(sql::EXPIRE).bind(kinds).bind(now).bind(i64::from(limit));
        let swept: i64 = expire.fetch_one(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(swept.try_into().unwrap_or_default())
    }
}
