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
};

/// The place a page ended, as an opaque string for URLs. It holds no address, and gives no access:
/// a page after it is still confined to the scope it is asked in.
///
/// Sorted by address, it names the row that the page ended with, and a digest of its address. If that address has changed
/// since, or the row is gone, nobody can tell where the list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) sort: Sort,
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
    pub(crate) fn of(sort: Sort, row: &Listed) -> Self {
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
