//! Rows to values; whatever does not read is corrupt.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, deserialize, row::NamedRow};
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, Ended, Event, InvitationId, Recipient, Record, Scope, Status, TokenDigest,
    Verb,
    store::{Claimed, DeliveryId, Found, FoundToken, Purpose, StoreError},
};
use serde_json::Value;
use uuid::Uuid;

use crate::session::Database;

/// How many columns a record has; every database's `columns` names them in this order.
pub(crate) const COLUMNS: usize = 30;

/// What differs between databases: the types their columns have.
pub(crate) trait Columns {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError>;
    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Vec<u8>>, StoreError>;
    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError>;
    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError>;
    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError>;
    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError>;
    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError>;
    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError>;

    fn text(&self, column: usize, name: &'static str) -> Result<String, StoreError> {
        self.optional_text(column, name)?.ok_or(StoreError::corrupt(name))
    }

    fn uuid(&self, column: usize, name: &'static str) -> Result<Uuid, StoreError> {
        self.optional_uuid(column, name)?.ok_or(StoreError::corrupt(name))
    }

    fn count(&self, column: usize, name: &'static str) -> Result<u32, StoreError> {
        self.optional_count(column, name)?.ok_or(StoreError::corrupt(name))
    }

    fn time(&self, column: usize, name: &'static str) -> Result<DateTime<Utc>, StoreError> {
        self.optional_time(column, name)?.ok_or(StoreError::corrupt(name))
    }

    /// One of the words the library writes.
    fn word<T>(
        &self,
        column: usize,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        read(&self.text(column, name)?).ok_or(StoreError::corrupt(name))
    }
}

/// What can be read from a row.
pub(crate) trait Readable: Send + Sized + 'static {
    fn read(row: &impl Columns) -> Result<Self, StoreError>;
}

/// A row as it reads: to diesel, one that is corrupt is no error.
pub(crate) struct Row<T>(pub(crate) Result<T, StoreError>);

impl<T: Readable, DB: Database> QueryableByName<DB> for Row<T> {
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        Ok(Self(DB::read(row)))
    }
}

/// A row that may be corrupt without stopping the others.
impl<T: Readable> Readable for Result<T, StoreError> {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(T::read(row))
    }
}

impl Readable for Record {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let status = row.word(10, "status", Status::from_word)?;
        let ended = match row.optional_time(11, "ended_at")? {
            None => None,
            Some(at) => Some(Ended {
                at,
                by: row.word(12, "ended_by", Actor::from_stored)?,
                reason: row.optional_text(13, "ended_reason")?,
                address_proved: row.flag(14, "address_proved")?,
            }),
        };
        if ended.is_some() == status.is_open() {
            return Err(StoreError::corrupt("ended_at"));
        }
        let given = row.text(3, "recipient_given")?;
        Ok(Self {
            id: InvitationId::from_uuid(row.uuid(0, "id")?),
            kind: row.text(1, "kind")?,
            scope: Scope::new(row.text(2, "scope")?),
            recipient: row.word(4, "recipient", |canonical| Recipient::from_stored(&given, canonical))?,
            inviter: row.word(5, "inviter", Actor::from_stored)?,
            payload: row.json(6, "payload")?,
            display: row.json(7, "display")?,
            message: row.optional_text(8, "message")?,
            locale: row.optional_text(9, "locale")?,
            status,
            ended,
            generation: row.count(15, "generation")?,
            min_generation: row.count(16, "min_generation")?,
            grace_until: row.optional_time(17, "grace_until")?,
            revision: row.count(18, "revision")?,
            created_at: row.time(19, "created_at")?,
            expires_at: row.time(20, "expires_at")?,
            resent_at: row.optional_time(21, "resent_at")?,
            viewed_at: row.optional_time(22, "viewed_at")?,
            delivery: Delivery {
                state: row.word(23, "delivery_state", DeliveryState::from_word)?,
                attempts: row.count(24, "delivery_attempts")?,
                last_error: row.optional_text(25, "delivery_error")?,
            },
            inviter_address: inviter_address(row)?,
            delivery_id: row.optional_uuid(27, "delivery_id")?.map(DeliveryId::from_uuid),
            remind_at: row.optional_time(28, "remind_at")?,
            reminded: row.optional_count(29, "reminded")?,
        })
    }
}

/// A record followed by digest, generation and channel of the token, null where there is none.
impl Readable for Found {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let token = match row.optional_bytes(COLUMNS, "digest")? {
            None => None,
            Some(digest) => Some(FoundToken {
                digest: TokenDigest::from_bytes(digest.try_into().map_err(|_| StoreError::corrupt("digest"))?),
                generation: row.count(COLUMNS + 1, "generation")?,
                channel: row.word(COLUMNS + 2, "channel", Channel::from_word)?,
            }),
        };
        Ok(Self { record: Record::read(row)?, token })
    }
}

fn inviter_address(row: &impl Columns) -> Result<Option<Recipient>, StoreError> {
    let given = row.optional_text(26, "inviter_address")?;
    given.map(|given| Recipient::from_given(&given).ok_or(StoreError::corrupt("inviter_address"))).transpose()
}

/// A letter of the queue, without its invitation.
pub(crate) struct Letter {
    delivery: DeliveryId,
    generation: u32,
    pub(crate) purpose: Purpose,
    attempt: u32,
    refusals: u32,
    unknowns: u32,
}

impl Letter {
    /// From a row where its columns begin at `first`.
    pub(crate) fn at(row: &impl Columns, first: usize) -> Result<Self, StoreError> {
        Ok(Self {
            delivery: delivery(row, first)?,
            generation: row.count(first + 1, "generation")?,
            purpose: row.word(first + 2, "purpose", Purpose::from_word)?,
            attempt: row.count(first + 3, "attempt")?,
            refusals: row.count(first + 4, "refusals")?,
            unknowns: row.count(first + 5, "unknowns")?,
        })
    }

    /// The letter with its invitation; and the letter's generation beside it.
    pub(crate) fn of(self, record: Record) -> (Claimed, u32) {
        let Self { delivery, generation, purpose, attempt, refusals, unknowns } = self;
        (Claimed { delivery, purpose, attempt, refusals, unknowns, record }, generation)
    }
}

/// A record followed by its letter; and the letter's generation beside it.
#[cfg(any(feature = "blocking-postgres", feature = "blocking-sqlite", feature = "postgres", feature = "sqlite"))]
pub(crate) fn claimed(row: &impl Columns) -> Result<(Claimed, u32), StoreError> {
    let letter = Letter::at(row, COLUMNS)?;
    Ok(letter.of(Record::read(row)?))
}

pub(crate) fn delivery(row: &impl Columns, column: usize) -> Result<DeliveryId, StoreError> {
    row.uuid(column, "id").map(DeliveryId::from_uuid)
}

/// An event, all but which invitation's.
pub(crate) struct Entry {
    revision: u32,
    verb: Verb,
    actor: Actor,
    reason: Option<String>,
    at: DateTime<Utc>,
}

impl Entry {
    pub(crate) fn of(self, invitation: InvitationId) -> Event {
        let Self { revision, verb, actor, reason, at } = self;
        Event { invitation, revision, verb, actor, reason, at }
    }
}

impl Readable for Entry {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            revision: row.count(0, "revision")?,
            verb: row.word(1, "action", Verb::from_word)?,
            actor: row.word(2, "actor", Actor::from_stored)?,
            reason: row.optional_text(3, "reason")?,
            at: row.time(4, "at")?,
        })
    }
}

/// Of a row of which only matters that it is there.
impl Readable for () {
    fn read(_: &impl Columns) -> Result<Self, StoreError> {
        Ok(())
    }
}

/// A row that is the number of a migration.
impl Readable for i32 {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.count(0, "version")?.try_into().map_err(|_| StoreError::corrupt("version"))
    }
}

/// A row that is one number.
impl Readable for Option<i64> {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.optional_number(0, "number")
    }
}

/// An invitation, whether or not it reads.
pub(crate) struct Waiting {
    pub(crate) id: Uuid,
    pub(crate) record: Result<Record, StoreError>,
}

impl Readable for Waiting {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self { id: row.uuid(0, "id")?, record: Record::read(row) })
    }
}

/// A row that is one id.
impl Readable for Uuid {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.uuid(0, "id")
    }
}
