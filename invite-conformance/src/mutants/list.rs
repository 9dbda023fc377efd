//! Lists: filters, order and pages.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Record, Scope, Sort,
    store::{Key, ListQuery, Read, Seek, StoreError},
};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "a list shows every scope",
    ["filter::a_list_is_of_one_kind_and_one_scope"]: AlikeScopes(|_, _| true);
    "a list compares scopes without case",
    ["values::scopes_that_look_alike_are_different"]: AlikeScopes(str::eq_ignore_ascii_case);
    "a list shows every scope that begins alike",
    ["values::scopes_that_look_alike_are_different"]: AlikeScopes(|scope, asked| scope.starts_with(asked));
    "a list shows every kind",
    ["filter::a_list_is_of_one_kind_and_one_scope"]: EveryKind;
    "a page leaves out what is as old as the end of the page before",
    ["pages::pages_newest_first_show_every_row_once_even_rows_of_one_instant"]: Edit {
        page: |query, records| {
            if let Some(seek) = query.after {
                records.retain(|record| query.sort == Sort::Address || place(query.sort, record) != seek.at);
            }
        },
        ..Edit::NONE
    };
    "a page of equal times skips by id the wrong way round",
    ["list::oldest_first_goes_on_where_the_page_ended"]: Edit {
        page: |query, records| {
            if let Some(seek) = query.after {
                records.retain(|record| query.sort == Sort::NewestFirst || record.id < seek.id);
            }
        },
        ..Edit::NONE
    };
    "a page begins with the last row of the page before",
    ["pages::pages_newest_first_show_every_row_once_even_rows_of_one_instant"]: Repeats;
    "every page is the first",
    ["pages::pages_newest_first_show_every_row_once_even_rows_of_one_instant"]: Edit {
        query: |query| query.after = None,
        ..Edit::NONE
    };
    "the limit of a list is not looked at",
    ["list::no_more_than_the_limit"]: Edit { query: |query| query.limit = 10_000, ..Edit::NONE };
    "a list is one row short of its limit",
    ["list::no_more_than_the_limit"]: Edit { query: |query| query.limit -= 1, ..Edit::NONE };
    "a list does not look at the statuses",
    ["pages::a_list_of_some_statuses_shows_no_other"]: Edit { query: |query| query.statuses = &[], ..Edit::NONE };
    "a list looks at the first status only",
    ["pages::a_list_of_some_statuses_shows_no_other"]: Edit {
        query: |query| query.statuses = query.statuses.get(..1).unwrap_or_default(),
        ..Edit::NONE
    };
    "a list takes what has expired unswept for pending",
    ["pages::a_list_of_some_statuses_shows_no_other"]: Edit {
        query: |query| {
            if query.expiring_until.is_none() {
                query.now = DateTime::UNIX_EPOCH;
            }
        },
        ..Edit::NONE
    };
    "a list takes for pending what expires at this very instant",
    ["filter::each_status_is_listed_as_it_is_seen_now"]: Edit {
        query: |query| query.now -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a list does not look at the address",
    ["filter::an_address_contains_the_text_and_nothing_in_it_is_a_wildcard"]: Edit {
        query: |query| query.search = None,
        ..Edit::NONE
    };
    "a list takes % and _ in an address for wildcards",
    ["filter::an_address_contains_the_text_and_nothing_in_it_is_a_wildcard"]: Addresses(|part, record| {
        like(format!("%{part}%").as_bytes(), record.recipient.canonical().as_bytes())
    });
    "a list looks at the address as it was given",
    ["filter::an_address_contains_the_text_and_nothing_in_it_is_a_wildcard"]: Addresses(|part, record| {
        record.recipient.as_given().contains(part)
    });
    "a list looks at how an address begins",
    ["filter::an_address_contains_the_text_and_nothing_in_it_is_a_wildcard"]: Addresses(|part, record| {
        record.recipient.canonical().starts_with(part)
    });
    "a list does not look at what expires soon",
    ["pages::a_list_by_time_left_shows_open_ones_that_end_in_time"]: Edit {
        query: |query| query.expiring_until = None,
        ..Edit::NONE
    };
    "a list takes what has ended for what expires soon",
    ["pages::a_list_by_time_left_shows_open_ones_that_end_in_time"]: Expiring(|query, until, record| {
        record.expires_at > query.now && record.expires_at <= until
    });
    "a list takes what has expired for what expires soon",
    ["pages::a_list_by_time_left_shows_open_ones_that_end_in_time"]: Expiring(|_, until, record| {
        record.status.is_open() && record.expires_at <= until
    });
    "a list leaves out what expires at the last instant asked for",
    ["pages::a_list_by_time_left_shows_open_ones_that_end_in_time"]: Edit {
        query: |query| query.expiring_until = query.expiring_until.map(|until| until - TimeDelta::microseconds(1)),
        ..Edit::NONE
    };
    "every list is sorted newest first",
    ["list::oldest_first_goes_on_where_the_page_ended"]: Edit {
        query: |query| query.sort = Sort::NewestFirst,
        ..Edit::NONE
    };
    "every list is sorted oldest first",
    ["list::newest_first_goes_on_where_the_page_ended"]: Edit {
        query: |query| query.sort = Sort::OldestFirst,
        ..Edit::NONE
    };
    "what expires first is listed by its creation",
    ["list::next_to_expire_goes_on_where_the_page_ended"]: Edit {
        query: |query| if query.sort == Sort::ExpiresFirst { query.sort = Sort::OldestFirst },
        ..Edit::NONE
    };
    "what is sorted by address is listed by its creation",
    ["list::by_address_goes_on_where_the_page_ended"]: Edit {
        query: |query| if query.sort == Sort::Address { query.sort = Sort::OldestFirst },
        ..Edit::NONE
    };
];

fn place(sort: Sort, record: &Record) -> DateTime<Utc> {
    match sort {
        Sort::NewestFirst | Sort::OldestFirst | Sort::Address => record.created_at,
        Sort::ExpiresFirst => record.expires_at,
    }
}

/// SQL's `LIKE`.
pub(super) fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'%', rest @ ..] => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        [b'_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        [byte, rest @ ..] => text.first() == Some(byte) && like(rest, &text[1..]),
    }
}

/// Shows what every scope has that is like the one asked for.
struct AlikeScopes(fn(&str, &str) -> bool);

#[async_trait]
impl Spoil for AlikeScopes {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let mut records = below.db.list(conn, query).await?;
        let Some(asked) = query.scope else { return Ok(records) };
        let alike = |scope: &Scope| scope != asked && (self.0)(scope.as_str(), asked.as_str());
        for scope in below.scopes().into_iter().filter(alike) {
            records.extend(below.db.list(conn, &ListQuery { scope: Some(&scope), ..*query }).await?);
        }
        Ok(records)
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let mut records = below.db.list(conn, query).await?;
        for kind in below.kinds().into_iter().filter(|kind| kind != query.kind) {
            records.extend(below.db.list(conn, &ListQuery { kind: &kind, ..*query }).await?);
        }
        Ok(records)
    }
}

/// Begins at a row, not after it.
struct Repeats;

#[async_trait]
impl Spoil for Repeats {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let mut records = below.db.list(conn, query).await?;
        if let Some(Seek { id, .. }) = query.after {
            let last = Key::Id { kind: query.kind, scope: query.scope, id };
            if let Some(last) = below.db.find_one(conn, &last, Read::Plain).await? {
                records.insert(0, last.record);
                records.truncate(query.limit.try_into().unwrap_or(usize::MAX));
            }
        }
        Ok(records)
    }
}

/// Filters by address in its own way.
struct Addresses(fn(&str, &Record) -> bool);

#[async_trait]
impl Spoil for Addresses {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let Some(part) = query.search else { return below.db.list(conn, query).await };
        let all = ListQuery { search: None, limit: 10_000, ..*query };
        let mut records = below.db.list(conn, &all).await?;
        records.retain(|record| (self.0)(part, record));
        records.truncate(query.limit.try_into().unwrap_or(usize::MAX));
        Ok(records)
    }
}

/// Filters what expires soon in its own way.
struct Expiring(fn(&ListQuery<'_>, DateTime<Utc>, &Record) -> bool);

#[async_trait]
impl Spoil for Expiring {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let Some(until) = query.expiring_until else { return below.db.list(conn, query).await };
        let all = ListQuery { expiring_until: None, limit: 10_000, ..*query };
        let mut records = below.db.list(conn, &all).await?;
        records.retain(|record| (self.0)(query, until, record));
        records.truncate(query.limit.try_into().unwrap_or(usize::MAX));
        Ok(records)
    }
}
