//! Lists: filters, order, and pages that begin after a row rather than at a number.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    clock::is_storable,
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    id::InvitationId,
    invitation::Record,
    state::Status,
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which invitations of a scope to list, and in what order.
///
/// ```
/// use chrono::TimeDelta;
/// use invite_core::{InvitationQuery, Sort, Status};
///
/// let pending = InvitationQuery::new().status(Status::Pending);
/// let soon = pending.expiring_within(TimeDelta::days(1)).sort(Sort::ExpiresFirst);
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct InvitationQuery {
    pub(crate) statuses: Vec<Status>,
    pub(crate) address: Option<String>,
    pub(crate) expiring_within: Option<TimeDelta>,
    pub(crate) sort: Sort,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<Cursor>,
}

impl InvitationQuery {
    /// Everything, newest first, 50 to a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only this status; may be called again for more. Open invitations past their time count as
    /// expired, swept or not.
    pub fn status(mut self, status: Status) -> Self {
        self.statuses.push(status);
        self
    }

    /// Only addresses whose canonical form contains this text; ASCII case does not matter.
    pub fn address(mut self, part: impl Into<String>) -> Self {
        self.address = Some(part.into());
        self
    }

    /// Only open ones that will expire within this time.
    pub fn expiring_within(mut self, time: TimeDelta) -> Self {
        self.expiring_within = Some(time);
        self
    }

    /// In this order.
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    /// So many to a page: 1 to 200.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit.clamp(1, MAX_LIMIT));
        self
    }

    /// The page after the one that ended in this cursor. The sort must be the same.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Whether it leaves anything out.
    pub(crate) fn has_filter(&self) -> bool {
        let Self { statuses, address, expiring_within, sort: _, limit: _, after: _ } = self;
        !statuses.is_empty() || address.is_some() || expiring_within.is_some()
    }

    pub(crate) fn page_size(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Where the page begins.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Error> {
        match self.after {
            Some(cursor) if cursor.sort != self.sort => Err(Error::invalid(Field::Cursor, Problem::Malformed)),
            after => Ok(after),
        }
    }
}

// What is searched for is part of an address.
impl std::fmt::Debug for InvitationQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationQuery")
            .field("statuses", &self.statuses)
            .field("sort", &self.sort)
            .finish_non_exhaustive()
    }
}

/// The order of a list; ties are broken by id.
///
/// Only the two by creation have an index from end to end and stay flat at any depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "a store has a statement for each")]
pub enum Sort {
    /// Newest first.
    #[default]
    NewestFirst,
    /// Oldest first.
    OldestFirst,
    /// Next to expire first.
    ExpiresFirst,
    /// By canonical address.
    Address,
}

/// One page of a list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The invitations.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next }
    }
}

/// The place a page ended, as an opaque string for URLs. It holds no address, and gives no access:
/// a page after it is still confined to the scope it is asked in.
///
/// Sorted by address, it names the row that the page ended with, and a digest of its address. If that address has changed
/// since, or the row is gone, nobody can tell where the list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    sort: Sort,
    place: Place,
    pub(crate) id: InvitationId,
}

/// The value of the row in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    At(DateTime<Utc>),
    Address([u8; 8]),
}

/// The row a page begins after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Seek<'a> {
    /// That row's instant in the order asked for; unused when sorting by address.
    pub at: DateTime<Utc>,
    /// That row's canonical address; unused in the other orders.
    pub address: &'a str,
    /// That row's id.
    pub id: InvitationId,
}

impl Cursor {
    /// The place of this row.
    pub(crate) fn of(sort: Sort, row: &Record) -> Self {
        let place = match sort {
            Sort::NewestFirst | Sort::OldestFirst => Place::At(row.created_at),
            Sort::ExpiresFirst => Place::At(row.expires_at),
            Sort::Address => Place::Address(digest(&row.recipient)),
        };
        Self { sort, place, id: row.id }
    }

    /// Where the list goes on, if the place says so by itself.
    pub(crate) fn instant(self) -> Option<DateTime<Utc>> {
        match self.place {
            Place::At(at) => Some(at),
            Place::Address(_) => None,
        }
    }

    /// Whether it was made for a row with this address.
    pub(crate) fn is_at(self, address: &EmailAddress) -> bool {
        self.place == Place::Address(digest(address))
    }
}

/// What a cursor says of an address: enough to see that it has changed. Whoever guesses the address can check the guess.
fn digest(address: &EmailAddress) -> [u8; 8] {
    let mut digest = [0; 8];
    digest.copy_from_slice(&Sha256::digest(address.canonical())[..8]);
    digest
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = [0; 25];
        bytes[0] = match self.sort {
            Sort::NewestFirst => 0,
            Sort::OldestFirst => 1,
            Sort::ExpiresFirst => 2,
            Sort::Address => 3,
        };
        bytes[1..9].copy_from_slice(&match self.place {
            Place::At(at) => at.timestamp_micros().to_be_bytes(),
            Place::Address(digest) => digest,
        });
        bytes[9..].copy_from_slice(self.id.as_uuid().as_bytes());
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        fn read(text: &str) -> Option<Cursor> {
            if text.len() > 64 {
                return None;
            }
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (sort, rest) = bytes.split_first()?;
            let (place, id) = rest.split_at_checked(8)?;
            let place = place.try_into().ok()?;
            let sort = [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address]
                .get(usize::from(*sort))
                .copied()?;
            let place = match sort {
                Sort::Address => Place::Address(place),
                Sort::NewestFirst | Sort::OldestFirst | Sort::ExpiresFirst => {
                    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(place));
                    Place::At(at.filter(|at| is_storable(*at))?)
                }
            };
            Some(Cursor { sort, place, id: InvitationId::from_uuid(Uuid::from_slice(id).ok()?) })
        }
        read(text).ok_or(Error::invalid(Field::Cursor, Problem::Malformed))
    }
}
