//! The worker's transactions, at READ COMMITTED whatever the pool's default: at REPEATABLE READ
//! the locks of a claim would keep others from queueing letters.

use diesel::mysql::Mysql;
use invite_core::{
    Record,
    store::{
        Claim, Claimed, Claims, DeliveryId, Dispatch, QueueChange, Reminded, Reminders, Reminding, Settlement,
        StoreError, Sweep,
    },
};
use uuid::Uuid;

use super::{dispatch, json, sql, store_error, summarize, transition, write_token};
use crate::{
    row::{self, Columns, Letter, Readable, Waiting},
    session::{End, Session, end},
    statement::Statement,
};

// One round trip, of which no half can be left to the pool's next user.
const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN";

pub(crate) async fn claim(conn: &mut impl Session<Database = Mysql>, claim: &Claim<'_>) -> Result<Claims, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = lease(conn, claim).await;
    end(conn, work).await
}

async fn lease(conn: &mut impl Session<Database = Mysql>, claim: &Claim<'_>) -> Result<End<Claims>, StoreError> {
    let now = claim.now.naive_utc();
    let due = Statement::new(sql::DUE_LETTERS).bind(now).bind(now).bind(json(&claim.kinds.into())?).bind(claim.limit);
    let mut claims = Claims::default();
    for Queued { delivery, kind, invitation, letter } in due.fetch_all(conn).await? {
        let delivery = delivery.as_uuid().as_bytes().as_slice();
        let invitation = Statement::new(sql::FIND_BY_ID).bind(invitation).bind(kind).bind(None::<&[u8]>);
        let read = claimed(letter, invitation.fetch_optional(conn).await?);
        if let Ok((letter, generation)) = &read
            && !claim.is_current(&letter.record, letter.purpose, *generation)
        {
            Statement::new(sql::DISCARD).bind(delivery).execute(conn).await?;
            claims.discarded += 1;
            continue;
        }
        let lease = Statement::new(sql::LEASE)
            .bind(claim.owner.as_bytes().as_slice())
            .bind(claim.lease_until.naive_utc())
            .bind(delivery);
        lease.execute(conn).await?;
        match read {
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
    conn: &mut impl Session<Database = Mysql>,
    settlement: &Settlement<'_>,
) -> Result<bool, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = record(conn, settlement).await;
    end(conn, work).await
}

async fn record(
    conn: &mut impl Session<Database = Mysql>,
    settlement: &Settlement<'_>,
) -> Result<End<bool>, StoreError> {
    let statement = match settlement.queue {
        QueueChange::Remove => Statement::new(sql::REMOVE),
        QueueChange::Postpone { not_before, refusals, unknowns, error } => {
            Statement::new(sql::POSTPONE).bind(not_before.naive_utc()).bind(refusals).bind(unknowns).bind(error)
        }
    };
    let fenced = statement
        .bind(settlement.delivery.as_uuid().as_bytes().as_slice())
        .bind(settlement.owner.as_bytes().as_slice())
        .bind(settlement.attempt);
    if fenced.execute(conn).await? == 0 {
        return Ok(End::RollBack(false));
    }
    if summarize(conn, &settlement.summary).await?
        && let Some(change) = settlement.transition
    {
        transition(conn, change).await?;
    }
    Ok(End::Commit(true))
}

pub(crate) async fn sweep(conn: &mut impl Session<Database = Mysql>, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = expire(conn, sweep).await;
    end(conn, work).await
}

async fn expire(conn: &mut impl Session<Database = Mysql>, sweep: &Sweep<'_>) -> Result<End<u64>, StoreError> {
    let now = sweep.now.naive_utc();
    let due = Statement::new(sql::DUE_INVITATIONS).bind(now).bind(json(&sweep.kinds.into())?).bind(sweep.limit);
    let ids: Vec<_> = due.fetch_all::<Uuid>(conn).await?.iter().map(|id| id.simple().to_string()).collect();
    if ids.is_empty() {
        return Ok(End::RollBack(0));
    }
    let ids = json(&ids.into())?;
    Statement::new(sql::EXPIRE_EVENTS).bind(now).bind(ids.as_str()).execute(conn).await?;
    if !sweep.notify.is_empty() {
        let notices = Statement::new(sql::EXPIRE_NOTICES).bind(now).bind(ids.as_str());
        notices.bind(json(&sweep.notify.into())?).execute(conn).await?;
    }
    let swept = Statement::new(sql::EXPIRE).bind(ids.as_str()).bind(now).execute(conn).await?;
    Ok(End::Commit(swept as u64))
}

pub(crate) async fn remind(
    conn: &mut impl Session<Database = Mysql>,
    reminding: &Reminding<'_>,
) -> Result<Reminders, StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = look(conn, reminding).await;
    end(conn, work).await
}

async fn look(
    conn: &mut impl Session<Database = Mysql>,
    reminding: &Reminding<'_>,
) -> Result<End<Reminders>, StoreError> {
    let kinds = json(&reminding.kinds.into())?;
    let due = Statement::new(sql::DUE_REMINDERS).bind(reminding.now.naive_utc()).bind(kinds).bind(reminding.limit);
    let rows: Vec<Waiting> = due.fetch_all(conn).await?;
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
            .bind(remind_at.map(|at| at.naive_utc()))
            .bind(reminded)
            .bind(id.as_bytes().to_vec());
        statement.execute(conn).await?;
        let Some((letter, record)) = letter else { continue };
        dispatch(conn, &record, Dispatch::Letter(&letter), reminding.now).await?;
        reminders.queued += 1;
    }
    Ok(End::Commit(reminders))
}

/// A letter with its invitation; and the letter's generation beside it.
fn claimed(
    letter: Result<Letter, StoreError>,
    invitation: Option<Result<Record, StoreError>>,
) -> Result<(Claimed, u32), StoreError> {
    let letter = letter?;
    Ok(letter.of(invitation.ok_or(StoreError::corrupt("invitation"))??))
}

/// A letter followed by its kind and its invitation's id.
struct Queued {
    /// Which delivery, whether or not the rest reads.
    delivery: DeliveryId,
    kind: String,
    invitation: Vec<u8>,
    letter: Result<Letter, StoreError>,
}

impl Readable for Queued {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            delivery: row::delivery(row, 0)?,
            kind: row.text(6, "kind")?,
            invitation: row.optional_bytes(7, "invitation")?.ok_or(StoreError::corrupt("invitation"))?,
            letter: Letter::at(row, 0),
        })
    }
}
