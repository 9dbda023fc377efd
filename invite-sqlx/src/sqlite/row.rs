//! Rows to values; whatever does not read is corrupt.

use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, Ended, Event, InvitationId, Recipient, Record, Scope, Status, TokenDigest,
    Verb,
    store::{Claimed, DeliveryId, Found, FoundToken, Purpose, StoreError},
};
use serde_json::Value;
use sqlx::{Decode, Row, Sqlite, Type, sqlite::SqliteRow};
use uuid::Uuid;

/// How many columns `sql::columns` has.
const COLUMNS: usize = 26;

pub(super) fn record(row: &SqliteRow) -> Result<Record, StoreError> {
    let status = Status::from_word(text(row, 10)?).ok_or(StoreError::corrupt("status"))?;
    let ended = match optional_time(row, 11, "ended_at")? {
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
        id: InvitationId::from_uuid(uuid(row, 0, "id")?),
        kind: get(row, 1, "kind")?,
        scope: Scope::new(text(row, 2)?),
        recipient: Recipient::from_stored(text(row, 3)?, text(row, 4)?).ok_or(StoreError::corrupt("recipient"))?,
        inviter: Actor::from_stored(text(row, 5)?).ok_or(StoreError::corrupt("inviter"))?,
        payload: json(row, 6, "payload")?,
        display: json(row, 7, "display")?,
        message: get(row, 8, "message")?,
        locale: get(row, 9, "locale")?,
        status,
        ended,
        generation: get(row, 15, "generation")?,
        min_generation: get(row, 16, "min_generation")?,
        grace_until: optional_time(row, 17, "grace_until")?,
        revision: get(row, 18, "revision")?,
        created_at: time(row, 19, "created_at")?,
        expires_at: time(row, 20, "expires_at")?,
        resent_at: optional_time(row, 21, "resent_at")?,
        viewed_at: optional_time(row, 22, "viewed_at")?,
        delivery: Delivery {
            state: DeliveryState::from_word(text(row, 23)?).ok_or(StoreError::corrupt("delivery_state"))?,
            attempts: get(row, 24, "delivery_attempts")?,
            last_error: get(row, 25, "delivery_error")?,
        },
    })
}

/// A record followed by digest, generation and channel of the token, null where there is none.
pub(super) fn found(row: &SqliteRow) -> Result<Found, StoreError> {
    let token = match get::<Option<&[u8]>>(row, COLUMNS, "digest")? {
        None => None,
        Some(digest) => Some(FoundToken {
            digest: TokenDigest::from_bytes(digest.try_into().map_err(|_| StoreError::corrupt("digest"))?),
            generation: get(row, COLUMNS + 1, "generation")?,
            channel: Channel::from_word(text(row, COLUMNS + 2)?).ok_or(StoreError::corrupt("channel"))?,
        }),
    };
    Ok(Found { record: record(row)?, token })
}

/// Which delivery a row of `claimed` is about, whether or not the rest of it reads.
pub(super) fn delivery(row: &SqliteRow) -> Result<DeliveryId, StoreError> {
    uuid(row, COLUMNS, "id").map(DeliveryId::from_uuid)
}

/// A record followed by the letter; and the letter's generation beside it.
pub(super) fn claimed(row: &SqliteRow) -> Result<(Claimed, u32), StoreError> {
    let claimed = Claimed {
        delivery: delivery(row)?,
        purpose: Purpose::from_word(text(row, COLUMNS + 2)?).ok_or(StoreError::corrupt("purpose"))?,
        attempt: get(row, COLUMNS + 3, "attempt")?,
        refusals: get(row, COLUMNS + 4, "refusals")?,
        unknowns: get(row, COLUMNS + 5, "unknowns")?,
        record: record(row)?,
    };
    Ok((claimed, get(row, COLUMNS + 1, "generation")?))
}

pub(super) fn event(row: &SqliteRow, invitation: InvitationId) -> Result<Event, StoreError> {
    Ok(Event {
        invitation,
        revision: get(row, 0, "revision")?,
        verb: Verb::from_word(text(row, 1)?).ok_or(StoreError::corrupt("action"))?,
        actor: Actor::from_stored(text(row, 2)?).ok_or(StoreError::corrupt("actor"))?,
        reason: get(row, 3, "reason")?,
        at: time(row, 4, "at")?,
    })
}

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}

fn text(row: &SqliteRow, column: usize) -> Result<&str, StoreError> {
    get(row, column, "a text column")
}

fn uuid(row: &SqliteRow, column: usize, name: &'static str) -> Result<Uuid, StoreError> {
    Uuid::from_slice(get(row, column, name)?).map_err(|_| StoreError::corrupt(name))
}

fn json(row: &SqliteRow, column: usize, name: &'static str) -> Result<Value, StoreError> {
    serde_json::from_str(get(row, column, name)?).map_err(|_| StoreError::corrupt(name))
}

fn time(row: &SqliteRow, column: usize, name: &'static str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(get(row, column, name)?).ok_or(StoreError::corrupt(name))
}

fn optional_time(row: &SqliteRow, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
    match get(row, column, name)? {
        None => Ok(None),
        Some(micros) => DateTime::from_timestamp_micros(micros).map(Some).ok_or(StoreError::corrupt(name)),
    }
}
