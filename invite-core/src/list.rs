//! Lists: filters, order, and pages that begin after a row rather than at a number.

mod cursor;
mod listed;
mod period;

use std::ops::RangeBounds;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use self::period::Period;
pub use self::{
    cursor::{Cursor, Seek},
    listed::Listed,
};
use crate::{
    actor::{Actor, Scope},
    clock::later,
    delivery::DeliveryState,
    error::{Error, Field, Problem},
    mailer::Fault,
    state::Status,
    store::ListQuery,
    text,
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which invitations of a scope to list, and in what order.
///
/// Different filters must all match. [`status`](Self::status) and [`delivery`](Self::delivery) can be called several
/// times; a row then needs one of the values. The query is checked by the call that takes it: an invalid value, such as
/// a limit of 0, makes that call fail with [`Error::Invalid`].
///
/// Two filters have an index: a list by [`import`](Self::import) reads the rows of that import, and one by
/// [`created`](Self::created) those of that period. A page by any other filter reads rows of the scope in its order until
/// the page is full, so it reads the whole scope if few rows match. It never reads another scope.
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
    statuses: Vec<Status>,
    search: Option<String>,
    facet: Option<String>,
    inviter: Option<Actor>,
    deliveries: Vec<DeliveryState>,
    fault: Option<Fault>,
    import: Option<String>,
    created: Period,
    expiring_within: Option<TimeDelta>,
    pub(crate) sort: Sort,
    limit: Option<u32>,
    after: Option<Cursor>,
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

    /// Only where the canonical address or the [label](crate::Kind::label) contains this text of at most 200
    /// characters. No character is a wildcard. Blanks at both ends are ignored; a blank text matches everything.
    ///
    /// The case of the letters `A` to `Z` is ignored, the case of all other letters is not: "zoë" finds "ZOë" and not
    /// "ZOË". Every store compares in this way.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.search = Some(text.into());
        self
    }

    /// Only this [facet](crate::Kind::facet), compared exactly.
    pub fn facet(mut self, facet: impl Into<String>) -> Self {
        self.facet = Some(facet.into());
        self
    }

    /// Only invitations that this actor created.
    pub fn inviter(mut self, inviter: &Actor) -> Self {
        self.inviter = Some(inviter.clone());
        self
    }

    /// Only where the current letter has this state; may be called again for more.
    pub fn delivery(mut self, state: DeliveryState) -> Self {
        self.deliveries.push(state);
        self
    }

    /// Only where the current letter failed, or was turned away, and this was the class of the failure.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Only invitations of this [import](crate::NewInvitation::import), compared exactly.
    pub fn import(mut self, import: impl Into<String>) -> Self {
        self.import = Some(import.into());
        self
    }

    /// Only invitations created in this period, which must not be empty.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use invite_core::InvitationQuery;
    ///
    /// let now = DateTime::<Utc>::from_timestamp(1_893_456_000, 0).unwrap();
    /// let week = InvitationQuery::new().created(now - TimeDelta::days(7)..now);
    /// let since = InvitationQuery::new().created(now - TimeDelta::days(7)..);
    /// ```
    pub fn created(mut self, period: impl RangeBounds<DateTime<Utc>>) -> Self {
        self.created = Period::of(&period);
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

    /// At most this many invitations on a page: 1 to 200.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The page after the one that ended in this cursor. The sort must be the same.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// A page of everything, the newest first.
    pub(crate) fn page(after: Option<Cursor>, limit: Option<u32>) -> Self {
        Self { after, limit, ..Self::new() }
    }

    /// Whether it leaves anything out. A blank search does not.
    pub(crate) fn has_filter(&self) -> bool {
        let Self {
            statuses,
            search,
            facet,
            inviter,
            deliveries,
            fault,
            import,
            created,
            expiring_within,
            sort: _,
            limit: _,
            after: _,
        } = self;
        !statuses.is_empty()
            || search.as_ref().is_some_and(|search| !search.trim().is_empty())
            || facet.is_some()
            || inviter.is_some()
            || !deliveries.is_empty()
            || fault.is_some()
            || import.is_some()
            || *created != Period::default()
            || expiring_within.is_some()
    }

    pub(crate) fn page_size(&self) -> Result<u32, Error> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(Error::invalid(Field::Limit, Problem::OutOfRange))
        }
    }

    /// The cursor, if its order is that of the query.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Error> {
        match self.after {
            Some(cursor) if cursor.sort() != Some(self.sort) => Err(Error::invalid(Field::Cursor, Problem::Malformed)),
            after => Ok(after),
        }
    }

    /// Checks the filters, and returns them as a store compares them.
    pub(crate) fn filters(&self, now: DateTime<Utc>) -> Result<Filters, Error> {
        let mut statuses = self.statuses.clone();
        statuses.sort_unstable();
        statuses.dedup();
        let mut deliveries = self.deliveries.clone();
        deliveries.sort_unstable();
        deliveries.dedup();
        self.facet.as_deref().map_or(Ok(()), |facet| text::word(Field::Facet, facet))?;
        self.import.as_deref().map_or(Ok(()), |import| text::word(Field::Import, import))?;
        self.inviter.as_ref().map_or(Ok(()), Actor::check)?;
        self.created.check()?;
        Ok(Filters {
            now,
            statuses,
            search: self.search.as_deref().map_or(Ok(None), text::search)?,
            facet: self.facet.clone(),
            inviter: self.inviter.clone(),
            deliveries,
            fault: self.fault,
            import: self.import.clone(),
            created: self.created,
            expiring_until: self.expiring_within.map(|time| later(now, time)),
        })
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

/// The checked filters of a list, as a store compares them.
pub(crate) struct Filters {
    pub(crate) now: DateTime<Utc>,
    statuses: Vec<Status>,
    search: Option<String>,
    facet: Option<String>,
    inviter: Option<Actor>,
    deliveries: Vec<DeliveryState>,
    fault: Option<Fault>,
    import: Option<String>,
    created: Period,
    expiring_until: Option<DateTime<Utc>>,
}

impl Filters {
    /// Whether the period has a beginning, which a list across all scopes needs.
    pub(crate) const fn have_a_beginning(&self) -> bool {
        self.created.from.is_some()
    }

    /// A request for rows of this kind, of one scope or of all.
    pub(crate) fn query<'a>(
        &'a self,
        kind: &'a str,
        scope: Option<&'a Scope>,
        sort: Sort,
        after: Option<Seek<'a>>,
        limit: u32,
    ) -> ListQuery<'a> {
        ListQuery {
            kind,
            scope,
            now: self.now,
            statuses: &self.statuses,
            search: self.search.as_deref(),
            facet: self.facet.as_deref(),
            inviter: self.inviter.as_ref(),
            deliveries: &self.deliveries,
            fault: self.fault,
            import: self.import.as_deref(),
            created_from: self.created.from,
            created_until: self.created.until,
            expiring_until: self.expiring_until,
            sort,
            after,
            limit,
        }
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
