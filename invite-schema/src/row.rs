//! From rows to values. A row that does not read is corrupt, never a default.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, EmailAddress, Ended, Event, EventKind, Fault, Idempotency, InvitationId,
    Listed, Record, Scope, Status, TokenDigest,
    store::{self, DeliveryId, Found, FoundToken, LeasedLetter, Purpose, StoreError},
};
use serde_json::Value as Json;
use uuid::Uuid;

/// How many columns a record has. Every database's `columns!` names them in this order.
const RECORD: usize = 37;

/// A row of a driver, read column by column. Columns count from 0; `name` is for the error.
///
/// # Errors
/// Every method fails with [`StoreError::corrupt`] when the column does not hold what it should.
#[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
pub trait Columns {
    /// Text, from a column of characters or, on MySQL, of bytes.
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError>;

    /// Bytes, such as a digest.
    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError>;

    /// An id: a `uuid` on PostgreSQL, 16 bytes elsewhere.
    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError>;

    /// A counter: an `integer` on PostgreSQL, an unsigned one on MySQL.
    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError>;

    /// What a function such as `count` returns: a 64-bit integer.
    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError>;

    /// A truth value.
    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError>;

    /// An instant.
    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// JSON: `jsonb` on PostgreSQL, text elsewhere.
    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError>;

    /// Text that is not null.
    fn text(&self, column: usize, name: &'static str) -> Result<Cow<'_, str>, StoreError> {
        self.optional_text(column, name)?.ok_or(StoreError::corrupt(name))
    }

    /// An id that is not null.
    fn uuid(&self, column: usize, name: &'static str) -> Result<Uuid, StoreError> {
        self.optional_uuid(column, name)?.ok_or(StoreError::corrupt(name))
    }

    /// A counter that is not null.
    fn count(&self, column: usize, name: &'static str) -> Result<u32, StoreError> {
        self.optional_count(column, name)?.ok_or(StoreError::corrupt(name))
    }

    /// An instant that is not null.
    fn time(&self, column: usize, name: &'static str) -> Result<DateTime<Utc>, StoreError> {
        self.optional_time(column, name)?.ok_or(StoreError::corrupt(name))
    }
}

/// What can be read from a row. The library implements it; a driver passes its rows to it.
pub trait FromRow: Send + Sized + 'static {
    /// Reads the row.
    ///
    /// # Errors
    /// [`StoreError::corrupt`], with the name of the column.
    fn read(row: &impl Columns) -> Result<Self, StoreError>;
}

impl FromRow for Record {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let status = word(row, 10, "status", Status::from_word)?;
        let ended = match row.optional_time(11, "ended_at")? {
            None => None,
            Some(at) => Some(Ended::from_stored(
                at,
                word(row, 12, "ended_by", Actor::from_stored)?,
                owned(row, 13, "ended_reason")?,
                row.flag(14, "address_proved")?,
            )),
        };
        if ended.is_some() == status.is_open() {
            return Err(StoreError::corrupt("ended_at"));
        }
        let given = row.text(3, "recipient_given")?;
        let delivery_id = row.optional_uuid(24, "delivery_id")?.map(DeliveryId::from_uuid);
        Ok(Self {
            id: InvitationId::from_uuid(row.uuid(0, "id")?),
            kind: row.text(1, "kind")?.into_owned(),
            scope: Scope::new(row.text(2, "scope")?),
            recipient: word(row, 4, "recipient", |canonical| EmailAddress::from_stored(&given, canonical))?,
            inviter: word(row, 5, "inviter", Actor::from_stored)?,
            payload: row.json(6, "payload")?,
            display: row.json(7, "display")?,
            message: owned(row, 8, "message")?,
            locale: owned(row, 9, "locale")?,
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
            inviter_address: match row.optional_text(23, "inviter_address")? {
                None => None,
                Some(given) => Some(EmailAddress::from_given(&given).ok_or(StoreError::corrupt("inviter_address"))?),
            },
            delivery: delivery(row, delivery_id, 33)?,
            delivery_id,
            remind_at: row.optional_time(25, "remind_at")?,
            reminded: row.optional_count(26, "reminded")?,
            label: owned(row, 27, "label")?,
            facet: owned(row, 28, "facet")?,
            import: owned(row, 29, "import")?,
            idempotency: match digest(row, 30, "idempotency_key")? {
                None => None,
                Some(key) => Some(Idempotency::from_stored(key, digest(row, 31, "request_digest")?)),
            },
            renews: row.optional_uuid(32, "renews")?.map(InvitationId::from_uuid),
        })
    }
}

/// What is known of the letter, from this column on: state, attempts, error and fault, or nothing.
fn delivery(row: &impl Columns, id: Option<DeliveryId>, first: usize) -> Result<Delivery, StoreError> {
    let Some(state) = row.optional_text(first, "state")? else { return Ok(Delivery::unheard(id)) };
    Ok(Delivery::from_stored(
        DeliveryState::from_word(&state).ok_or(StoreError::corrupt("state"))?,
        row.count(first + 1, "attempts")?,
        owned(row, first + 2, "error")?,
        match row.optional_text(first + 3, "fault")? {
            None => None,
            Some(fault) => Some(Fault::from_word(&fault).ok_or(StoreError::corrupt("fault"))?),
        },
    ))
}

/// What a list shows. Every database's `shown!` names the columns in this order.
impl FromRow for Listed {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let status = word(row, 7, "status", Status::from_word)?;
        let ended_at = row.optional_time(12, "ended_at")?;
        if ended_at.is_some() == status.is_open() {
            return Err(StoreError::corrupt("ended_at"));
        }
        let given = row.text(1, "recipient_given")?;
        let delivery_id = row.optional_uuid(13, "delivery_id")?.map(DeliveryId::from_uuid);
        Ok(Self {
            id: InvitationId::from_uuid(row.uuid(0, "id")?),
            recipient: word(row, 2, "recipient", |canonical| EmailAddress::from_stored(&given, canonical))?,
            inviter: word(row, 3, "inviter", Actor::from_stored)?,
            label: owned(row, 4, "label")?,
            facet: owned(row, 5, "facet")?,
            import: owned(row, 6, "import")?,
            status,
            created_at: row.time(8, "created_at")?,
            expires_at: row.time(9, "expires_at")?,
            resent_at: row.optional_time(10, "resent_at")?,
            viewed_at: row.optional_time(11, "viewed_at")?,
            ended_at,
            delivery: delivery(row, delivery_id, 14)?,
        })
    }
}

/// A record followed by digest, generation and channel of the token, which are null where there is none.
impl FromRow for Found {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let token = match row.optional_bytes(RECORD, "digest")? {
            None => None,
            Some(digest) => Some(FoundToken {
                digest: TokenDigest::from_bytes(digest.as_ref().try_into().map_err(|_| StoreError::corrupt("digest"))?),
                generation: row.count(RECORD + 1, "generation")?,
                channel: word(row, RECORD + 2, "channel", Channel::from_word)?,
            }),
        };
        Ok(Self { record: Record::read(row)?, token })
    }
}

/// An invitation with the key it was looked for by, of which there is none where that is its id.
pub struct Keyed {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) record: Record,
}

/// A record followed by its key.
impl FromRow for Keyed {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let key = row.optional_bytes(RECORD, "key")?.map(Cow::into_owned);
        Ok(Self { key, record: Record::read(row)? })
    }
}

/// A record followed by whether it comes late.
impl FromRow for store::Waiting {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self { record: Record::read(row)?, late: row.flag(RECORD, "late")? })
    }
}

/// An entry of the history, without the invitation it belongs to.
pub(crate) struct Entry {
    revision: u32,
    kind: EventKind,
    actor: Actor,
    reason: Option<String>,
    at: DateTime<Utc>,
}

impl Entry {
    pub(crate) fn of(self, invitation: InvitationId) -> Event {
        let Self { revision, kind, actor, reason, at } = self;
        Event::from_stored(invitation, revision, kind, actor, reason, at)
    }
}

impl FromRow for Entry {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self {
            revision: row.count(0, "revision")?,
            kind: word(row, 1, "action", EventKind::from_word)?,
            actor: word(row, 2, "actor", Actor::from_stored)?,
            reason: owned(row, 3, "reason")?,
            at: row.time(4, "at")?,
        })
    }
}

/// A letter of the queue with its invitation.
pub(crate) struct Letter {
    pub(crate) leased: LeasedLetter,
    /// The generation that the letter was queued for.
    pub(crate) generation: u32,
}

/// A letter of the queue. Its delivery is known even where the rest does not read. `None` if its invitation is gone.
pub struct Queued {
    pub(crate) delivery: DeliveryId,
    pub(crate) letter: Option<Result<Letter, StoreError>>,
}

/// A record, of nulls if it is gone, followed by its letter.
impl FromRow for Queued {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let delivery = DeliveryId::from_uuid(row.uuid(RECORD, "id")?);
        let is_gone = matches!(row.optional_uuid(0, "id"), Ok(None));
        Ok(Self { delivery, letter: (!is_gone).then(|| Letter::read(row, delivery)) })
    }
}

impl Letter {
    fn read(row: &impl Columns, delivery: DeliveryId) -> Result<Self, StoreError> {
        let leased = LeasedLetter {
            delivery,
            purpose: word(row, RECORD + 2, "purpose", Purpose::from_word)?,
            attempt: row.count(RECORD + 3, "attempt")?,
            refusals: row.count(RECORD + 4, "refusals")?,
            unknowns: row.count(RECORD + 5, "unknowns")?,
            record: Record::read(row)?,
        };
        Ok(Self { leased, generation: row.count(RECORD + 1, "generation")? })
    }
}

/// An invitation whose id is known even where the rest does not read.
pub(crate) struct Waiting {
    pub(crate) id: Uuid,
    pub(crate) record: Result<Record, StoreError>,
}

impl FromRow for Waiting {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        Ok(Self { id: row.uuid(0, "id")?, record: Record::read(row) })
    }
}

/// A row of which only its existence matters.
impl FromRow for () {
    fn read(_: &impl Columns) -> Result<Self, StoreError> {
        Ok(())
    }
}

/// A row that is one number, or null.
impl FromRow for Option<i64> {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.optional_number(0, "number")
    }
}

/// A row that is one instant.
impl FromRow for DateTime<Utc> {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.time(0, "now")
    }
}

/// A row that is one answer.
impl FromRow for bool {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.flag(0, "answer")
    }
}

/// A row that is one id.
impl FromRow for Uuid {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        row.uuid(0, "id")
    }
}

fn digest(row: &impl Columns, column: usize, name: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(bytes) = row.optional_bytes(column, name)? else { return Ok(None) };
    Ok(Some(bytes.as_ref().try_into().map_err(|_| StoreError::corrupt(name))?))
}

fn owned(row: &impl Columns, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
    Ok(row.optional_text(column, name)?.map(Cow::into_owned))
}

/// One of the words that the library writes.
fn word<T>(
    row: &impl Columns,
    column: usize,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    read(&row.text(column, name)?).ok_or(StoreError::corrupt(name))
}
