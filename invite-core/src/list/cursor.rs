//! Where a page ended.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Listed, Sort};
use crate::{
    clock::is_storable,
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    id::InvitationId,
    store::{Waited, Waiting},
};

/// The place a page ended, as an opaque string for URLs. It holds no address, and gives no access:
/// a page after it is still confined to the scope it is asked in.
///
/// Sorted by address, it names the row that the page ended with, and a digest of its address. If that address has changed
/// since, or the row is gone, nobody can tell where the list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    place: Place,
    pub(crate) id: InvitationId,
}

/// The order of the list, and the row's value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    NewestFirst(DateTime<Utc>),
    OldestFirst(DateTime<Utc>),
    ExpiresFirst(DateTime<Utc>),
    Address([u8; 8]),
    /// Of a person's invitations: the instant of the first page, then the row's.
    Waiting {
        as_of: DateTime<Utc>,
        late: bool,
        created_at: DateTime<Utc>,
    },
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
    /// The place of this row in a list.
    pub(crate) fn of(sort: Sort, row: &Listed) -> Self {
        let place = match sort {
            Sort::NewestFirst => Place::NewestFirst(row.created_at),
            Sort::OldestFirst => Place::OldestFirst(row.created_at),
            Sort::ExpiresFirst => Place::ExpiresFirst(row.expires_at),
            Sort::Address => Place::Address(digest(&row.recipient)),
        };
        Self { place, id: row.id }
    }

    /// Where a list of the newest first goes on: the instant and the id of the row before.
    pub(crate) fn newest_first(self) -> Option<(DateTime<Utc>, InvitationId)> {
        match self.place {
            Place::NewestFirst(at) => Some((at, self.id)),
            Place::OldestFirst(_) | Place::ExpiresFirst(_) | Place::Address(_) | Place::Waiting { .. } => None,
        }
    }

    /// The place of this row among a person's invitations.
    pub(crate) fn waiting(as_of: DateTime<Utc>, row: &Waiting) -> Self {
        let place = Place::Waiting { as_of, late: row.late, created_at: row.record.created_at };
        Self { place, id: row.record.id }
    }

    /// The order of the list it is of, if it is of one.
    pub(super) fn sort(self) -> Option<Sort> {
        match self.place {
            Place::NewestFirst(_) => Some(Sort::NewestFirst),
            Place::OldestFirst(_) => Some(Sort::OldestFirst),
            Place::ExpiresFirst(_) => Some(Sort::ExpiresFirst),
            Place::Address(_) => Some(Sort::Address),
            Place::Waiting { .. } => None,
        }
    }

    /// Where the list goes on, if the place says so by itself.
    pub(crate) fn instant(self) -> Option<DateTime<Utc>> {
        match self.place {
            Place::NewestFirst(at) | Place::OldestFirst(at) | Place::ExpiresFirst(at) => Some(at),
            Place::Address(_) | Place::Waiting { .. } => None,
        }
    }

    /// The instant of the first page of a person's invitations, and where they go on.
    pub(crate) fn waited(self) -> Option<(DateTime<Utc>, Waited)> {
        match self.place {
            Place::Waiting { as_of, late, created_at } => Some((as_of, Waited { late, created_at, id: self.id })),
            Place::NewestFirst(_) | Place::OldestFirst(_) | Place::ExpiresFirst(_) | Place::Address(_) => None,
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
        let micros = |at: DateTime<Utc>| at.timestamp_micros().to_be_bytes();
        let (tag, place) = match self.place {
            Place::NewestFirst(at) => (0, micros(at)),
            Place::OldestFirst(at) => (1, micros(at)),
            Place::ExpiresFirst(at) => (2, micros(at)),
            Place::Address(digest) => (3, digest),
            Place::Waiting { late, created_at, .. } => (4 + u8::from(late), micros(created_at)),
        };
        let mut bytes = vec![tag];
        bytes.extend(place);
        bytes.extend(self.id.as_uuid().as_bytes());
        if let Place::Waiting { as_of, .. } = self.place {
            bytes.extend(micros(as_of));
        }
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        fn at(bytes: &[u8]) -> Option<DateTime<Utc>> {
            let at = DateTime::from_timestamp_micros(i64::from_be_bytes(bytes.try_into().ok()?));
            at.filter(|at| is_storable(*at))
        }
        fn read(text: &str) -> Option<Cursor> {
            if text.len() > 64 {
                return None;
            }
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (tag, rest) = bytes.split_first()?;
            let (place, rest) = rest.split_at_checked(8)?;
            let (id, rest) = rest.split_at_checked(16)?;
            let place = match (tag, rest) {
                (0, []) => Place::NewestFirst(at(place)?),
                (1, []) => Place::OldestFirst(at(place)?),
                (2, []) => Place::ExpiresFirst(at(place)?),
                (3, []) => Place::Address(place.try_into().ok()?),
                (4 | 5, as_of) => Place::Waiting { as_of: at(as_of)?, late: *tag == 5, created_at: at(place)? },
                _ => return None,
            };
            Some(Cursor { place, id: InvitationId::from_uuid(Uuid::from_slice(id).ok()?) })
        }
        read(text).ok_or(Error::invalid(Field::Cursor, Problem::Malformed))
    }
}
