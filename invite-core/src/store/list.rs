//! A page of a list, as a store is asked for it.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use crate::{
    actor::{Actor, Scope},
    delivery::DeliveryState,
    invitation::Record,
    list::{Seek, Sort},
    mailer::Fault,
    state::Status,
};

/// One page of invitations.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct ListQuery<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The scope that the invitation must belong to. `None`: any; then the order is one of the two by creation, and goes
    /// by id alone.
    ///
    /// An id begins with the millisecond of its invitation's creation, so that a store finds a period in its primary key.
    pub scope: Option<&'a Scope>,
    /// The instant by which open ones past their time count as expired.
    pub now: DateTime<Utc>,
    /// Any of these; all when empty. Never more than six.
    pub statuses: &'a [Status],
    /// The canonical address contains this, or the label does. It is never empty, and has no `A` to `Z`, which in the
    /// label count as `a` to `z`. Everything else is compared byte by byte.
    pub search: Option<&'a str>,
    /// The facet is this one, byte by byte.
    pub facet: Option<&'a str>,
    /// The inviter is this one, byte by byte.
    pub inviter: Option<&'a Actor>,
    /// The letter stands at any of these; all when empty.
    pub deliveries: &'a [DeliveryState],
    /// The letter has this fault.
    pub fault: Option<Fault>,
    /// The import is this one, byte by byte.
    pub import: Option<&'a str>,
    /// Created at this instant or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Created before this instant.
    pub created_until: Option<DateTime<Utc>>,
    /// Open, and expiring after `now` and up to this instant.
    pub expiring_until: Option<DateTime<Utc>>,
    /// The order of the rows.
    pub sort: Sort,
    /// The row to begin after.
    pub after: Option<Seek<'a>>,
    /// The most rows to return. A store may return no more than 201, whatever is asked.
    pub limit: u32,
}

impl ListQuery<'_> {
    /// Whether the row is in the list, on this page or another.
    #[must_use]
    pub fn holds(&self, record: &Record) -> bool {
        let contains = |part: &str| {
            let label = record.label.as_deref().map(str::to_ascii_lowercase);
            record.recipient.canonical().contains(part) || label.is_some_and(|label| label.contains(part))
        };
        let seen =
            if record.status.is_open() && record.expires_at <= self.now { Status::Expired } else { record.status };
        record.kind == self.kind
            && self.scope.is_none_or(|scope| record.scope == *scope)
            && (self.statuses.is_empty() || self.statuses.contains(&seen))
            && self.search.is_none_or(contains)
            && (self.facet.is_none() || record.facet.as_deref() == self.facet)
            && self.inviter.is_none_or(|inviter| record.inviter == *inviter)
            && (self.deliveries.is_empty() || self.deliveries.contains(&record.delivery.state))
            && (self.fault.is_none() || record.delivery.fault == self.fault)
            && (self.import.is_none() || record.import.as_deref() == self.import)
            && self.created_from.is_none_or(|from| record.created_at >= from)
            && self.created_until.is_none_or(|until| record.created_at < until)
            && self.expiring_until.is_none_or(|until| {
                record.status.is_open() && record.expires_at > self.now && record.expires_at <= until
            })
    }

    /// Whether the page may begin with this row.
    #[must_use]
    pub fn is_after(&self, record: &Record) -> bool {
        self.after.is_none_or(|Seek { at, address, id }| match (self.sort, self.scope) {
            (Sort::NewestFirst, None) => record.id < id,
            (Sort::OldestFirst, None) => record.id > id,
            (Sort::NewestFirst, Some(_)) => (record.created_at, record.id) < (at, id),
            (Sort::OldestFirst, Some(_)) => (record.created_at, record.id) > (at, id),
            (Sort::ExpiresFirst, _) => (record.expires_at, record.id) > (at, id),
            (Sort::Address, _) => (record.recipient.canonical(), record.id) > (address, id),
        })
    }

    /// Which of two rows is listed first.
    #[must_use]
    pub fn order(&self, a: &Record, b: &Record) -> Ordering {
        match (self.sort, self.scope) {
            (Sort::NewestFirst, None) => b.id.cmp(&a.id),
            (Sort::OldestFirst, None) => a.id.cmp(&b.id),
            (Sort::NewestFirst, Some(_)) => (b.created_at, b.id).cmp(&(a.created_at, a.id)),
            (Sort::OldestFirst, Some(_)) => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
            (Sort::ExpiresFirst, _) => (a.expires_at, a.id).cmp(&(b.expires_at, b.id)),
            (Sort::Address, _) => (a.recipient.canonical(), a.id).cmp(&(b.recipient.canonical(), b.id)),
        }
    }
}

// What is searched for may be part of an address.
impl std::fmt::Debug for ListQuery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListQuery").field("kind", &self.kind).field("sort", &self.sort).finish_non_exhaustive()
    }
}
