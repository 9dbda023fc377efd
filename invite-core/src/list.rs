//! Lists: filters, order, and pages that begin after a row rather than at a number.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use crate::{
    clock::is_storable,
    error::{Error, Field, Problem},
    id::InvitationId,
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

    pub(crate) fn page_size(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    pub(crate) fn seek(&self) -> Result<Option<Seek>, Error> {
        match self.after {
            Some(cursor) if cursor.sort != self.sort => Err(Error::invalid(Field::Cursor, Problem::Malformed)),
            Some(cursor) => Ok(Some(cursor.seek)),
            None => Ok(None),
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    sort: Sort,
    seek: Seek,
}

/// The row a page begins after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Seek {
    /// That row's value in the order asked for; unused when sorting by address.
    pub at: DateTime<Utc>,
    /// That row's id.
    pub id: InvitationId,
}

impl Cursor {
    pub(crate) fn new(sort: Sort, seek: Seek) -> Self {
        Self { sort, seek }
    }
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
        bytes[1..9].copy_from_slice(&self.seek.at.timestamp_micros().to_be_bytes());
        bytes[9..].copy_from_slice(self.seek.id.as_uuid().as_bytes());
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
            let (micros, id) = rest.split_at_checked(8)?;
            let sort = [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address]
                .get(usize::from(*sort))
                .copied()?;
            let at = DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
            if !is_storable(at) {
                return None;
            }
            let id = InvitationId::from_uuid(Uuid::from_slice(id).ok()?);
            Some(Cursor { sort, seek: Seek { at, id } })
        }
        read(text).ok_or(Error::invalid(Field::Cursor, Problem::Malformed))
    }
}
