//! What waits for a person, as a store is asked for it.

use std::{cmp::Reverse, collections::HashMap};

use chrono::{DateTime, Utc};

use super::MAX_ADDRESSES;
use crate::{
    actor::{Actor, Scope},
    id::InvitationId,
    invitation::Record,
};

/// A page of a person's open invitations: first the newest few of each inviter, then the others, both newest first.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct AddressedQuery<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The canonical addresses, padded with `None`.
    pub addresses: [Option<&'a str>; MAX_ADDRESSES],
    /// The instant at which an invitation must still be open.
    pub now: DateTime<Utc>,
    /// The instant of the first page. An inviter's invitations are counted as they stood then, so that none changes its
    /// place from page to page; what was created later is left out.
    pub as_of: DateTime<Utc>,
    /// How many of each inviter come first.
    pub few: u32,
    /// The row to begin after.
    pub after: Option<Waited>,
    /// The most rows to return.
    pub limit: u32,
}

/// An invitation that waits for a person.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Waiting {
    /// The row of the invitation.
    pub record: Record,
    /// Whether it is not one of the few of its inviter that come first.
    pub late: bool,
}

/// The row that a page of a person's invitations begins after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Waited {
    /// Whether it was not one of the few of its inviter that come first.
    pub late: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: InvitationId,
}

impl AddressedQuery<'_> {
    /// Whether the invitation is counted: it stood open at the instant of the first page.
    #[must_use]
    pub fn counts(&self, record: &Record) -> bool {
        record.kind == self.kind
            && self.addresses.contains(&Some(record.recipient.canonical()))
            && record.created_at <= self.as_of
            && record.expires_at > self.as_of
            && record.ended.as_ref().is_none_or(|ended| ended.at > self.as_of)
    }

    /// The page, out of all records: what the statement must do, in Rust.
    #[must_use]
    pub fn page<'r>(&self, records: impl Iterator<Item = &'r Record>) -> Vec<Waiting> {
        let mut counted: Vec<_> = records.filter(|record| self.counts(record)).collect();
        counted.sort_unstable_by_key(|record| Reverse((record.created_at, record.id)));
        let mut seen: HashMap<&Actor, u32> = HashMap::new();
        let mut page = Vec::new();
        for record in counted {
            let of_inviter = seen.entry(&record.inviter).or_default();
            *of_inviter += 1;
            page.push((*of_inviter > self.few, record));
        }
        page.sort_by_key(|(late, _)| *late);
        page.retain(|(late, record)| {
            let place = |late, created_at, id| (late, Reverse((created_at, id)));
            record.status.is_open()
                && record.expires_at > self.now
                && self.after.is_none_or(|after| {
                    place(*late, record.created_at, record.id) > place(after.late, after.created_at, after.id)
                })
        });
        page.truncate(self.limit.try_into().unwrap_or(usize::MAX));
        page.into_iter().map(|(late, record)| Waiting { record: record.clone(), late }).collect()
    }
}

/// A page of all invitations to one address, newest first, by `created_at`, then by id.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct OfAddress<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The scope that the invitations must belong to. `None`: any.
    pub scope: Option<&'a Scope>,
    /// The canonical address.
    pub address: &'a str,
    /// The row to begin after: when it was created, and its id.
    pub after: Option<(DateTime<Utc>, InvitationId)>,
    /// The most rows to return.
    pub limit: u32,
}

impl OfAddress<'_> {
    /// The page, out of all records: what the statement must do, in Rust.
    #[must_use]
    pub fn page<'r>(&self, records: impl Iterator<Item = &'r Record>) -> Vec<Record> {
        let place = |record: &Record| (record.created_at, record.id);
        let mut page: Vec<_> = records
            .filter(|record| record.kind == self.kind && record.recipient.canonical() == self.address)
            .filter(|record| self.scope.is_none_or(|scope| record.scope == *scope))
            .filter(|record| self.after.is_none_or(|after| place(record) < after))
            .collect();
        page.sort_unstable_by_key(|record| Reverse(place(record)));
        page.truncate(self.limit.try_into().unwrap_or(usize::MAX));
        page.into_iter().cloned().collect()
    }
}

// Both hold addresses.
impl std::fmt::Debug for OfAddress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfAddress").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AddressedQuery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddressedQuery").field("kind", &self.kind).finish_non_exhaustive()
    }
}
