//! Rows to values; whatever does not read is corrupt.

use chrono::{DateTime, NaiveDateTime, Utc};
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, Ended, Event, InvitationId, Recipient, Record, Scope, Status, TokenDigest,
    Verb,
    store::{Claimed, DeliveryId, Found, FoundToken, Purpose, StoreError},
};
use serde_json::Value;
use sqlx::{Decode, MySql, Row, Type, mysql::MySqlRow};
use uuid::Uuid;

/// How many columns `sql::columns` has.
const COLUMNS: usize = 26;

pub(super) fn record(row: &MySqlRow) -> Result<Record, StoreError> {
    let status = Status::from_word(text(row, 10, "status")?).ok_or(StoreError::corrupt("status"))?;
    let ended = match optional_time(row, 11, "ended_at")? {
        None => None,
        Some(at) => Some(Ended {
            at,
            by: Actor::from_stored(text(row, 12, "ended_by")?).ok_or(StoreError::corrupt("ended_by"))?,
            reason: optional_text(row, 13, "ended_reason")?,
            address_proved: get(row, 14, "address_proved")?,
        }),
    };
    if ended.is_some() == status.is_open() {
        return Err(StoreError::corrupt("ended_at"));
    }
    let (given, canonical) = (text(row, 3, "recipient_given")?, text(row, 4, "recipient")?);
    Ok(Record {
        id: InvitationId::from_uuid(uuid(row, 0, "id")?),
        kind: text(row, 1, "kind")?.into(),
        scope: Scope::new(text(row, 2, "scope")?),
        recipient: Recipient::from_stored(given, canonical).ok_or(StoreError::corrupt("recipient"))?,
        inviter: Actor::from_stored(text(row, 5, "inviter")?).ok_or(StoreError::corrupt("inviter"))?,
        payload: json(row, 6, "payload")?,
        display: json(row, 7, "display")?,
        message: optional_text(row, 8, "message")?,
        locale: optional_text(row, 9, "locale")?,
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
            state: DeliveryState::from_word(text(row, 23, "delivery_state")?)
                .ok_or(StoreError::corrupt("delivery_state"))?,
            attempts: get(row, 24, "delivery_attempts")?,
            last_error: optional_text(row, 25, "delivery_error")?,
        },
    })
}

/// A record followed by digest, generation and channel of the token, null where there is none.
pub(super) fn found(row: &MySqlRow) -> Result<Found, StoreError> {
    let token = match get::<Option<&[u8]>>(row, COLUMNS, "digest")? {
        None => None,
        Some(digest) => Some(FoundToken {
            digest: TokenDigest::from_bytes(digest.try_into().map_err(|_| StoreError::corrupt("digest"))?),
            generation: get(row, COLUMNS + 1, "generation")?,
            channel: Channel::from_word(text(row, COLUMNS + 2, "channel")?).ok_or(StoreError::corrupt("channel"))?,
        }),
    };
    Ok(Found { record: record(row)?, token })
}

/// Which delivery a row of the queue is about, whether or not the rest of it reads.
pub(super) fn delivery(row: &MySqlRow) -> Result<DeliveryId, StoreError> {
    uuid(row, 0, "id").map(DeliveryId::from_uuid)
}

/// A letter of the queue, and what its invitation is found by.
pub(super) struct Letter {
    delivery: DeliveryId,
    generation: u32,
    purpose: Purpose,
    attempt: u32,
    refusals: u32,
    unknowns: u32,
    pub(super) kind: String,
    pub(super) invitation: Vec<u8>,
}

impl Letter {
    pub(super) fn read(row: &MySqlRow) -> Result<Self, StoreError> {
        Ok(Self {
            delivery: delivery(row)?,
            generation: get(row, 1, "generation")?,
            purpose: Purpose::from_word(text(row, 2, "purpose")?).ok_or(StoreError::corrupt("purpose"))?,
            attempt: get(row, 3, "attempt")?,
            refusals: get(row, 4, "refusals")?,
            unknowns: get(row, 5, "unknowns")?,
            kind: text(row, 6, "kind")?.into(),
            invitation: get(row, 7, "invitation")?,
        })
    }

    /// The letter with its invitation; and the letter's generation beside it.
    pub(super) fn of(self, record: Record) -> (Claimed, u32) {
        let Self { delivery, generation, purpose, attempt, refusals, unknowns, .. } = self;
        (Claimed { delivery, purpose, attempt, refusals, unknowns, record }, generation)
    }
}

pub(super) fn event(row: &MySqlRow, invitation: InvitationId) -> Result<Event, StoreError> {
    Ok(Event {
        invitation,
        revision: get(row, 0, "revision")?,
        verb: Verb::from_word(text(row, 1, "action")?).ok_or(StoreError::corrupt("action"))?,
        actor: Actor::from_stored(text(row, 2, "actor")?).ok_or(StoreError::corrupt("actor"))?,
        reason: optional_text(row, 3, "reason")?,
        at: time(row, 4, "at")?,
    })
}

fn get<'r, T: Decode<'r, MySql> + Type<MySql>>(
    row: &'r MySqlRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}

/// Text, whether the column holds characters or bytes.
fn text<'r>(row: &'r MySqlRow, column: usize, name: &'static str) -> Result<&'r str, StoreError> {
    let bytes: &[u8] = row.try_get_unchecked(column).map_err(|_| StoreError::corrupt(name))?;
    str::from_utf8(bytes).map_err(|_| StoreError::corrupt(name))
}

fn optional_text(row: &MySqlRow, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(column).map_err(|_| StoreError::corrupt(name))?;
    bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))
}

pub(super) fn uuid(row: &MySqlRow, column: usize, name: &'static str) -> Result<Uuid, StoreError> {
    Uuid::from_slice(get(row, column, name)?).map_err(|_| StoreError::corrupt(name))
}

fn json(row: &MySqlRow, column: usize, name: &'static str) -> Result<Value, StoreError> {
    serde_json::from_str(text(row, column, name)?).map_err(|_| StoreError::corrupt(name))
}

fn time(row: &MySqlRow, column: usize, name: &'static str) -> Result<DateTime<Utc>, StoreError> {
    Ok(get::<NaiveDateTime>(row, column, name)?.and_utc())
}

fn optional_time(row: &MySqlRow, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(get::<Option<NaiveDateTime>>(row, column, name)?.map(|time| time.and_utc()))
}
