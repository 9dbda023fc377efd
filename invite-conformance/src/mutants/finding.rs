//! Finding and counting.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use invite_core::{
    Actor, Delivery, DeliveryState, Listed, Record, Scope, Status,
    store::{Counts, ListQuery, StatsRequest, StoreError, Took},
};

use super::{
    Mutant, broken,
    edit::Edit,
    list::like,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

pub(super) const MUTANTS: &[Mutant] = broken![
    "a search does not look at the label",
    ["finding::a_search_finds_what_the_address_or_the_label_contains"]: SEARCH.by(|query, record| {
        query.search.is_none_or(|part| record.recipient.canonical().contains(part))
    });
    "a search does not look at the address where there is a label",
    ["finding::a_search_finds_what_the_address_or_the_label_contains"]: SEARCH.by(|query, record| {
        query.search.is_none_or(|part| label(record).unwrap_or(record.recipient.canonical().into()).contains(part))
    });
    "a search looks at the label as it was given",
    ["finding::a_search_finds_what_the_address_or_the_label_contains"]: SEARCH.by(|query, record| {
        query.search.is_none_or(|part| {
            record.recipient.canonical().contains(part)
                || record.label.as_ref().is_some_and(|label| label.contains(part))
        })
    });
    "a search takes every letter of a label for a small one",
    ["finding::a_search_finds_what_the_address_or_the_label_contains"]: SEARCH.by(|query, record| {
        query.search.is_none_or(|part| {
            let lower = |text: &str| text.to_lowercase();
            record.recipient.canonical().contains(part)
                || record.label.as_ref().is_some_and(|label| lower(label).contains(&lower(part)))
        })
    });
    "a search takes % and _ in a label for wildcards",
    ["finding::a_search_finds_what_the_address_or_the_label_contains"]: SEARCH.by(|query, record| {
        query.search.is_none_or(|part| {
            record.recipient.canonical().contains(part)
                || label(record).is_some_and(|label| like(format!("%{part}%").as_bytes(), label.as_bytes()))
        })
    });
    "a list does not look at the facet",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: list(|query| query.facet = None);
    "a list does not look at the import",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: list(|query| query.import = None);
    "a list does not look at the inviter",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: list(|query| query.inviter = None);
    "a list compares facets without case",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: FACET.by(|query, record| alike(query.facet, record.facet.as_deref(), |text| text.to_ascii_lowercase()));
    "a list compares facets without trailing blanks",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: FACET.by(|query, record| alike(query.facet, record.facet.as_deref(), |text| text.trim_end().into()));
    "a list compares imports without case",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: IMPORT.by(|query, record| alike(query.import, record.import.as_deref(), |text| text.to_ascii_lowercase()));
    "a list takes % in an import for a wildcard",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: IMPORT.by(|query, record| {
            query.import.is_none_or(|asked| {
                record.import.as_ref().is_some_and(|import| like(asked.as_bytes(), import.as_bytes()))
            })
        });
    "a list compares inviters without trailing blanks",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: INVITER.by(|query, record| {
            query.inviter.is_none_or(|asked| asked.to_stored().trim_end() == record.inviter.to_stored().trim_end())
        });
    "a list takes a person called system for the system",
    ["finding::facets_imports_and_inviters_are_compared_byte_by_byte"]: INVITER.by(|query, record| {
            let name = |actor: &Actor| actor.id().map_or_else(|| actor.to_stored(), Into::into);
            query.inviter.is_none_or(|asked| name(asked) == name(&record.inviter))
        });
    "a list does not look at where the letter stands",
    ["finding::letters_are_found_by_where_they_stand"]: list(|query| query.deliveries = &[]);
    "a list looks at the first state of a letter only",
    ["finding::letters_are_found_by_where_they_stand"]: list(|query| {
        query.deliveries = query.deliveries.get(..1).unwrap_or_default();
    });
    "a list does not find letters that nothing is known of",
    ["finding::letters_are_found_by_where_they_stand"]: Own::NONE.by(|query, record| {
        query.deliveries.is_empty() || record.delivery.state != DeliveryState::Queued
    });
    "a list does not find what was never mailed by that",
    ["finding::letters_are_found_by_where_they_stand"]: Own::NONE.by(|query, record| {
        query.deliveries.is_empty() || record.delivery_id.is_some()
    });
    "a list does not look at whose fault it was",
    ["finding::letters_are_found_by_whose_fault_it_was"]: list(|query| query.fault = None);
    "a list takes no fault for any",
    ["finding::letters_are_found_by_whose_fault_it_was"]: FAULT.by(|query, record| {
            let fault = record.delivery.fault;
            query.fault.is_none() || fault.is_none() || fault == query.fault
        });
    "a list does not look at when a period begins",
    ["finding::a_period_of_creation_has_its_beginning_and_not_its_end"]: list(|query| query.created_from = None);
    "a list does not look at when a period ends",
    ["finding::a_period_of_creation_has_its_beginning_and_not_its_end"]: list(|query| query.created_until = None);
    "a list leaves out the beginning of a period",
    ["finding::a_period_of_creation_has_its_beginning_and_not_its_end"]: list(|query| {
        query.created_from = query.created_from.map(|from| from + MICROSECOND);
    });
    "a list shows the end of a period",
    ["finding::a_period_of_creation_has_its_beginning_and_not_its_end"]: list(|query| {
        query.created_until = query.created_until.map(|until| until + MICROSECOND);
    });
    "of two filters a list looks at one",
    ["finding::any_filters_hold_together_in_every_order_and_on_every_page"]: list(|query| {
        if query.search.is_some() {
            query.facet = None;
        }
    });
    "only the first page is filtered by import",
    ["finding::any_filters_hold_together_in_every_order_and_on_every_page"]: list(|query| {
        if query.after.is_some() {
            query.import = None;
        }
    });
    "a list across scopes shows one of them",
    ["finding::a_list_across_scopes_goes_by_id"]: FirstScope;
    "a list across scopes goes by the time of creation",
    ["finding::a_list_across_scopes_goes_by_id"]: Edit {
        page: |query, records| {
            if query.scope.is_none() {
                records.sort_by_key(|record| record.created_at);
            }
        },
        ..Edit::NONE
    };
    "a row of a list says when it ends for when it was created",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.created_at = row.expires_at);
    });
    "a row of a list shows the facet for the label",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| std::mem::swap(&mut row.label, &mut row.facet));
    });
    "a row of a list shows no import",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.import = None);
    });
    "a row of a list says of no letter what became of it",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.delivery = Delivery::new(row.delivery.state));
    });
    "a row of a list does not say that somebody looked",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.viewed_at = None);
    });
    "a row of a list does not say when it was resent",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.resent_at = None);
    });
    "a row of a list does not say when it ended",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| {
        rows.iter_mut().for_each(|row| row.ended_at = None);
    });
    "rows are in another order than the list",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| rows.reverse());
    "rows are one fewer than the list",
    ["finding::a_row_of_a_list_shows_what_the_invitation_says"]: rows(|_, rows| drop(rows.pop()));
    "counts are of every scope",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: EveryScope;
    "counts are of every kind",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: EveryKind;
    "counting does not look at the import",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| request.import = None);
    "counting does not look at the facet",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| request.facet = None);
    "counting does not look at the inviter",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| request.inviter = None);
    "counting does not look at when the period begins",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| request.created_from = None);
    "counting does not look at when the period ends",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| request.created_until = None);
    "counting includes the end of the period",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| {
        request.created_until = request.created_until.map(|until| until + MICROSECOND);
    });
    "counting leaves out the beginning of the period",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: request(|request| {
        request.created_from = request.created_from.map(|from| from + MICROSECOND);
    });
    "what has expired unswept is counted as pending",
    ["counting::what_expired_unswept_is_counted_as_expired"]: request(|request| request.now = DateTime::UNIX_EPOCH);
    "what expires at this very instant is counted as open",
    ["counting::what_expired_unswept_is_counted_as_expired"]: request(|request| request.now -= MICROSECOND);
    "what could not be delivered is counted as pending",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|_, counts| {
        for group in counts.groups.iter_mut().filter(|group| group.status == Status::DeliveryFailed) {
            group.status = Status::Pending;
        }
    });
    "a letter that nothing is known of is counted as sent",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|_, counts| {
        for group in counts.groups.iter_mut().filter(|group| group.delivery == DeliveryState::Queued) {
            group.delivery = DeliveryState::Sent;
        }
    });
    "an acceptance after exactly an hour took longer",
    ["counting::a_time_to_acceptance_belongs_to_the_first_bound_that_is_not_shorter"]: counts(|_, counts| {
        for group in counts.groups.iter_mut().filter(|group| group.seconds == 3_600 * group.count) {
            group.took = group.took.map(|took| took.max(Took::Day));
        }
    });
    "times to acceptance are rounded up",
    ["counting::a_time_to_acceptance_belongs_to_the_first_bound_that_is_not_shorter"]: counts(|_, counts| {
        for group in counts.groups.iter_mut().filter(|group| group.took.is_some()) {
            group.seconds += group.count;
        }
    });
    "a rejection counts as a quick acceptance",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|_, counts| {
        for group in counts.groups.iter_mut().filter(|group| group.status == Status::Rejected) {
            group.took = Some(Took::Hour);
        }
    });
    "days are those of another time zone",
    ["counting::a_day_is_one_of_utc"]: request(|request| {
        if let Some(days) = &mut request.days {
            days.begin -= TimeDelta::hours(2);
        }
    });
    "the last day is not counted",
    ["counting::a_day_is_one_of_utc"]: request(|request| {
        if let Some(days) = &mut request.days {
            days.count -= 1;
        }
    });
    "acceptances after the last day are counted too",
    ["counting::a_day_is_one_of_utc"]: request(|request| {
        if let Some(days) = &mut request.days {
            days.count += 1;
        }
    });
    "an acceptance is counted on the day of the creation",
    ["counting::a_day_is_one_of_utc"]: counts(|_, counts| counts.accepted = counts.created.clone());
    "days are counted though nobody asked for them",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|request, counts| {
        if request.days.is_none() {
            counts.created = vec![(0, 1)];
        }
    });
    "ninety-nine facets are counted",
    ["counting::the_hundred_most_frequent_facets_are_counted"]: counts(|_, counts| counts.facets.truncate(99));
    "the first facets are counted, not the most frequent",
    ["counting::the_hundred_most_frequent_facets_are_counted"]: counts(|_, counts| counts.facets.sort());
    "facets are counted without case",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|_, counts| {
        for (facet, _) in &mut counts.facets {
            facet.make_ascii_lowercase();
        }
    });
    "nobody counts which have a facet",
    ["counting::counts_are_those_of_the_rows_whatever_is_asked"]: counts(|_, counts| {
        counts.groups.iter_mut().for_each(|group| group.with_facet = 0);
    });
];

fn list(query: fn(&mut ListQuery<'_>)) -> Edit {
    Edit { query, ..Edit::NONE }
}

fn rows(rows: fn(&ListQuery<'_>, &mut Vec<Listed>)) -> Edit {
    Edit { rows, ..Edit::NONE }
}

fn request(request: fn(&mut StatsRequest<'_>)) -> Edit {
    Edit { request, ..Edit::NONE }
}

fn counts(counts: fn(&StatsRequest<'_>, &mut Counts)) -> Edit {
    Edit { counts, ..Edit::NONE }
}

fn label(record: &Record) -> Option<String> {
    record.label.as_deref().map(str::to_ascii_lowercase)
}

fn alike(asked: Option<&str>, text: Option<&str>, like: fn(&str) -> String) -> bool {
    asked.is_none_or(|asked| text.is_some_and(|text| like(text) == like(asked)))
}

/// Filters in its own way.
struct Own {
    /// Takes away what the store below must not filter by.
    without: fn(&mut ListQuery<'_>),
    holds: fn(&ListQuery<'_>, &Record) -> bool,
}

const SEARCH: Own = Own { without: |query| query.search = None, ..Own::NONE };
const FACET: Own = Own { without: |query| query.facet = None, ..Own::NONE };
const IMPORT: Own = Own { without: |query| query.import = None, ..Own::NONE };
const INVITER: Own = Own { without: |query| query.inviter = None, ..Own::NONE };
const FAULT: Own = Own { without: |query| query.fault = None, ..Own::NONE };

impl Own {
    const NONE: Self = Self { without: |_| {}, holds: |_, _| true };

    fn by(self, holds: fn(&ListQuery<'_>, &Record) -> bool) -> Self {
        Self { holds, ..self }
    }
}

#[async_trait]
impl Spoil for Own {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let mut all = ListQuery { limit: 10_000, ..*query };
        (self.without)(&mut all);
        let mut records = below.db.list(conn, &all).await?;
        records.retain(|record| (self.holds)(query, record));
        records.truncate(query.limit.try_into().unwrap_or(usize::MAX));
        Ok(records)
    }
}

struct FirstScope;

#[async_trait]
impl Spoil for FirstScope {
    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let scopes = below.scopes();
        let scope = query.scope.or(scopes.first());
        below.db.list(conn, &ListQuery { scope, ..*query }).await
    }
}

struct EveryScope;

#[async_trait]
impl Spoil for EveryScope {
    async fn stats(&self, below: &Below, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        let mut counts = below.db.stats(conn, request).await?;
        for scope in below.scopes().iter().filter(|scope: &&Scope| *scope != request.scope) {
            counts.groups.extend(below.db.stats(conn, &StatsRequest { scope, ..*request }).await?.groups);
        }
        Ok(counts)
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn stats(&self, below: &Below, conn: &mut Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        let mut counts = below.db.stats(conn, request).await?;
        for kind in below.kinds().iter().filter(|kind| *kind != request.kind) {
            counts.groups.extend(below.db.stats(conn, &StatsRequest { kind, ..*request }).await?.groups);
        }
        Ok(counts)
    }
}
