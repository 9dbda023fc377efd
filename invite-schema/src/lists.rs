//! Pages of lists, and counts.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use invite_core::{
    Actor, DeliveryState, Fault, InvitationId, Listed, Record, Sort, Status,
    store::{Counts, Days, Group, ListQuery, Seek, StatsRequest, StoreError, Took},
};
use uuid::Uuid;

use crate::{
    catalog::{Catalog, Lists},
    dialect::Dialect,
    driver::{Driver, all},
    name::Name,
    row::{Columns, FromRow},
    statement::Values,
};

/// Before every time that is stored, and a time that every database can compare with.
pub(crate) fn always() -> DateTime<Utc> {
    year(1000)
}

/// After every time that is stored.
pub(crate) fn never() -> DateTime<Utc> {
    year(9999)
}

fn year(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or_default()
}

#[doc(hidden)]
pub async fn list<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    query: &ListQuery<'_>,
) -> Result<Vec<Record>, StoreError> {
    page::<D, _>(conn, query, D::Db::LISTS).await
}

#[doc(hidden)]
pub async fn list_rows<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    query: &ListQuery<'_>,
) -> Result<Vec<Listed>, StoreError> {
    page::<D, _>(conn, query, D::Db::ROWS).await
}

async fn page<D: Driver<Db: Catalog>, T: FromRow>(
    conn: &mut D::Conn,
    query: &ListQuery<'_>,
    lists: Lists,
) -> Result<Vec<T>, StoreError> {
    let ListQuery {
        kind,
        scope,
        now,
        statuses,
        search,
        facet,
        inviter,
        deliveries,
        fault,
        import,
        created_from,
        created_until,
        expiring_until,
        sort,
        after,
        limit,
    } = *query;
    let Lists { scope: in_scope, letters, import: of_import, everywhere } = lists;
    let of_letters = !deliveries.is_empty() || fault.is_some();
    let statements = match (scope, import) {
        (None, _) => everywhere.as_slice(),
        (Some(_), Some(_)) => of_import.as_slice(),
        (Some(_), None) if of_letters => letters.as_slice(),
        (Some(_), None) => in_scope.as_slice(),
    };
    let sql =
        statements.get(Lists::place(sort)).ok_or(StoreError::failed("all scopes in an order without an index"))?;
    let inviter = inviter.map(Actor::to_stored);
    let unfiltered = statuses.is_empty() && search.is_none() && facet.is_none() && inviter.is_none();

    // Where a page begins after no row, it begins after one that lies before the first.
    let (at, id) = match sort {
        Sort::NewestFirst => (never(), Uuid::max()),
        Sort::OldestFirst | Sort::ExpiresFirst | Sort::Address => (always(), Uuid::nil()),
    };
    let after = after.unwrap_or(Seek { at, address: "\u{1}", id: InvitationId::from_uuid(id) });
    let (low, high) = ids(sort, *after.id.as_uuid(), created_from, created_until);
    // Nor does it begin before the period.
    let after = match (sort, created_from, created_until) {
        (Sort::NewestFirst, _, Some(until)) if until <= after.at => {
            Seek { at: until, id: InvitationId::from_uuid(Uuid::nil()), ..after }
        }
        (Sort::OldestFirst, Some(from), _) if from > after.at => {
            Seek { at: from, id: InvitationId::from_uuid(Uuid::nil()), ..after }
        }
        _ => after,
    };
    let values = Values::new()
        .text(Name::Kind, kind)
        .exact(Name::Scope, scope.map(invite_core::Scope::as_str))
        .time(Name::Now, now)
        .flag(Name::Unfiltered, unfiltered && expiring_until.is_none())
        .exact(Name::Search, search)
        .flag(Name::AnyDelivery, deliveries.is_empty())
        .words(Name::Deliveries, deliveries.iter().map(|state| state.as_str()))
        .text(Name::Fault, fault.map(Fault::as_str))
        .exact(Name::Import, import)
        .exact(Name::Facet, facet)
        .exact(Name::Inviter, inviter.as_deref())
        .period(created_from, created_until)
        .time(Name::ExpiringUntil, expiring_until)
        .time(Name::AfterAt, after.at)
        .exact(Name::AfterAddress, after.address)
        .uuid(Name::AfterId, *after.id.as_uuid())
        .uuid(Name::Low, low)
        .uuid(Name::High, high)
        .limit(Name::Limit, limit);
    all::<D, _>(conn, D::Db::statuses(values, statuses).of_statement(sql)?).await
}

/// Between which ids a page across all scopes lies, without the two. An id begins with the millisecond of its creation.
fn ids(sort: Sort, after: Uuid, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> (Uuid, Uuid) {
    let first_of = |at: DateTime<Utc>| {
        let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
        Uuid::from_u128(millis << 80)
    };
    let low = from.map_or(Uuid::nil(), |from| Uuid::from_u128(first_of(from).as_u128().saturating_sub(1)));
    let high = until.map_or(Uuid::max(), |until| first_of(until + TimeDelta::milliseconds(1)));
    match sort {
        Sort::NewestFirst => (low, high.min(after)),
        Sort::OldestFirst | Sort::ExpiresFirst | Sort::Address => (low.max(after), high),
    }
}

#[doc(hidden)]
pub async fn stats<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    request: &StatsRequest<'_>,
) -> Result<Counts, StoreError> {
    let StatsRequest { kind, scope, now, created_from, created_until, import, facet, inviter, days } = *request;
    let sql = if import.is_some() { D::Db::STATS_OF_IMPORT } else { D::Db::STATS };
    let inviter = inviter.map(Actor::to_stored);
    let (begin, end) = days.map(|Days { begin, count }| (begin, begin + TimeDelta::days(count.into()))).unzip();
    let values = Values::new()
        .text(Name::Kind, kind)
        .exact(Name::Scope, scope.as_str())
        .time(Name::Now, now)
        .flag(Name::Unfiltered, facet.is_none() && inviter.is_none())
        .exact(Name::Import, import)
        .exact(Name::Facet, facet)
        .exact(Name::Inviter, inviter.as_deref())
        .period(created_from, created_until)
        .time(Name::Begin, begin)
        .time(Name::End, end);
    let mut counts = Counts::default();
    for part in all::<D, Part>(conn, values.of_statement(sql)?).await? {
        match part {
            Part::Group(group) => counts.groups.push(group),
            Part::Facet(facet, count) => counts.facets.push((facet, count)),
            Part::Created(day, count) => counts.created.push((day, count)),
            Part::Accepted(day, count) => counts.accepted.push((day, count)),
        }
    }
    // The parts come together, and in no order.
    counts.facets.sort_by(|(a, most), (b, more)| more.cmp(most).then(a.cmp(b)));
    counts.created.sort_unstable();
    counts.accepted.sort_unstable();
    Ok(counts)
}

/// A row of the counts.
enum Part {
    Group(Group),
    Facet(String, u64),
    Created(u32, u64),
    Accepted(u32, u64),
}

/// Which part it is, two words, a number, and three counts.
impl FromRow for Part {
    fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let number = |column, name| row.optional_number(column, name)?.ok_or(StoreError::corrupt(name));
        let count = |column, name| u64::try_from(number(column, name)?).map_err(|_| StoreError::corrupt(name));
        let day = || u32::try_from(number(3, "day")?).map_err(|_| StoreError::corrupt("day"));
        Ok(match number(0, "part")? {
            1 => Self::Group(Group {
                status: Status::from_word(&row.text(1, "status")?).ok_or(StoreError::corrupt("status"))?,
                delivery: DeliveryState::from_word(&row.text(2, "state")?).ok_or(StoreError::corrupt("state"))?,
                took: match row.optional_number(3, "took")? {
                    None => None,
                    Some(place) => Some(took(place).ok_or(StoreError::corrupt("took"))?),
                },
                count: count(4, "count")?,
                with_facet: count(5, "with_facet")?,
                seconds: count(6, "seconds")?,
            }),
            2 => Self::Facet(row.text(1, "facet")?.into_owned(), count(4, "count")?),
            3 => Self::Created(day()?, count(4, "count")?),
            4 => Self::Accepted(day()?, count(4, "count")?),
            _ => return Err(StoreError::corrupt("part")),
        })
    }
}

fn took(place: i64) -> Option<Took> {
    Took::ALL.get(usize::try_from(place).ok()?).copied()
}

impl<D: Dialect> Values<'_, D> {
    /// From when on, and before when, it was created.
    fn period(self, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        self.time(Name::CreatedFrom, from.unwrap_or_else(always)).time(Name::CreatedUntil, until.unwrap_or_else(never))
    }
}
