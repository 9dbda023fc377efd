//! The worker's transactions, at READ COMMITTED whatever the pool's default: there a row that
//! another transaction changes is looked at again instead of failing.

use async_trait::async_trait;
use invite_core::store::{
    Claim, Claims, InvitationStore, QueueChange, Reminded, Reminders, Reminding, Settlement, StoreError, Sweep,
    WorkerStore,
};
use sqlx::PgPool;

use super::{BEGIN, PgStore, int, sql, store_error};
use crate::row::{self, Columns};

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
        if self.summarize(&mut tx, &settlement.summary).await?
            && let Some(transition) = settlement.transition
        {
            self.transition(&mut tx, transition).await?;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn sweep(&self, pool: &PgPool, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let Sweep { kinds, notify, now, limit } = *sweep;
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let expire = sqlx::query_scalar(sql::EXPIRE).bind(kinds).bind(now).bind(i64::from(limit)).bind(notify);
        let swept: i64 = expire.fetch_one(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(swept.try_into().unwrap_or_default())
    }

    async fn remind(&self, pool: &PgPool, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
        let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
        let due = sqlx::query(sql::DUE_REMINDERS).bind(reminding.kinds).bind(reminding.now);
        let rows = due.bind(i64::from(reminding.limit)).fetch_all(&mut *tx).await.map_err(store_error)?;
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
                .bind(row.uuid(0, "id")?)
                .bind(remind_at)
                .bind(reminded.map(int).transpose()?);
            statement.execute(&mut *tx).await.map_err(store_error)?;
            let Some((letter, record)) = letter else { continue };
            let statement = sqlx::query(sql::INSERT_LETTER)
                .bind(*letter.delivery.as_uuid())
                .bind(record.kind)
                .bind(*record.id.as_uuid())
                .bind(int(record.generation)?)
                .bind(letter.purpose.as_str())
                .bind(letter.not_before);
            statement.execute(&mut *tx).await.map_err(store_error)?;
            reminders.queued += 1;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(reminders)
    }
}
