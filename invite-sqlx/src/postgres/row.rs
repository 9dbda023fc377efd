//! Rows to values; whatever does not read is corrupt.

use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, Ended, Event, InvitationId, Recipient, Record, Scope, Status, TokenDigest,
    Verb,
    store::{Claimed, DeliveryId, Found, FoundToken, Purpose, StoreError},
};
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

/// How many columns `sql::columns` has.
const COLUMNS: usize = 26;

pub(super) fn record(row: &PgRow) -> Result<Record, StoreError> {
    let status = Status::from_word(text(row, 10)?).ok_or(StoreError::corrupt("status"))?;
    let ended = match get(row, 11, "ended_at")? {
        None => None,
        Some(at) => Some(Ended {
            at,
            by: Actor::from_stored(text(row, 12)?).ok_or(StoreError::corrupt("ended_by"))?,
            reason: get(row, 13, "ended_reason")?,
            address_proved: get(row, 14, "address_proved")?,
        }),
    };
    if ended.is_some() == status.is_open() {
        return Err(StoreError::corrupt("ended_at"));
    }
    Ok(Record {
        id: InvitationId::from_uuid(get(row, 0, "id")?),
        kind: get(row, 1, "kind")?,
        scope: Scope::new(text(row, 2)?),
        recipient: Recipient::from_stored(text(row, 3)?, text(row, 4)?).ok_or(StoreError::corrupt("recipient"))?,
        inviter: Actor::from_stored(text(row, 5)?).ok_or(StoreError::corrupt("inviter"))?,
        payload: get(row, 6, "payload")?,
        display: get(row, 7, "display")?,
        message: get(row, 8, "message")?,
        locale: get(row, 9, "locale")?,
        status,
        ended,
        generation: count(row, 15, "generation")?,
        min_generation: count(row, 16, "min_generation")?,
        grace_until: get(row, 17, "grace_until")?,
        revision: count(row, 18, "revision")?,
        created_at: time(row, 19, "created_at")?,
        expires_at: time(row, 20, "expires_at")?,
        resent_at: get(row, 21, "resent_at")?,
        viewed_at: get(row, 22, "viewed_at")?,
        delivery: Delivery {
            state: DeliveryState::from_word(text(row, 23)?).ok_or(StoreError::corrupt("delivery_state"))?,
            attempts: count(row, 24, "delivery_attempts")?,
            last_error: get(row, 25, "delivery_error")?,
        },
    })
}

/// A record followed by digest, generation and channel of the token, null where there is none.
pub(super) fn found(row: &PgRow) -> Result<Found, StoreError> {
    let token = match get::<Option<&[u8]>>(row, COLUMNS, "digest")? {
        None => None,
        Some(digest) => Some(FoundToken {
            digest: TokenDigest::from_bytes(digest.try_into().map_err(|_| StoreError::corrupt("digest"))?),
            generation: count(row, COLUMNS + 1, "generation")?,
            channel: Channel::from_word(text(row, COLUMNS + 2)?).ok_or(StoreError::corrupt("channel"))?,
        }),
    };
    Ok(Found { record: record(row)?, token })
}

/// A record followed by the letter; and beside it the letter's generation and when it was due.
pub(super) fn claimed(row: &PgRow) -> Result<(Claimed, u32, DateTime<Utc>), StoreError> {
    let claimed = Claimed {
        delivery: DeliveryId::from_uuid(get(row, COLUMNS, "id")?),
        purpose: Purpose::from_word(text(row, COLUMNS + 2)?).ok_or(StoreError::corrupt("purpose"))?,
        attempt: count(row, COLUMNS + 3, "attempt")?,
        refusals: count(row, COLUMNS + 4, "refusals")?,
        unknowns: count(row, COLUMNS + 5, "unknowns")?,
        record: record(row)?,
    };
    Ok((claimed, count(row, COLUMNS + 1, "generation")?, get(row, COLUMNS + 6, "not_before")?))
}

pub(super) fn event(row: &PgRow, invitation: InvitationId) -> Result<Event, StoreError> {
    Ok(Event {
        invitation,
        revision: count(row, 0, "revision")?,
        verb: Verb::from_word(text(row, 1)?).ok_or(StoreError::corrupt("action"))?,
        actor: Actor::from_stored(text(row, 2)?).ok_or(StoreError::corrupt("actor"))?,
        reason: get(row, 3, "reason")?,
        at: time(row, 4, "at")?,
    })
}

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}

fn text(row: &PgRow, column: usize) -> Result<&str, StoreError> {
    get(row, column, "a text column")
}

fn time(row: &PgRow, column: usize, name: &'static str) -> Result<DateTime<Utc>, StoreError> {
    get(row, column, name)
}

fn count(row: &PgRow, column: usize, name: &'static str) -> Result<u32, StoreError> {
    get::<i32>(row, column, name)?.try_into().map_err(|_| StoreError::corrupt(name))
}
