//! What is counted, as a store is asked for it.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    actor::{Actor, Scope},
    delivery::DeliveryState,
    invitation::Record,
    state::Status,
};

/// How many facets are counted by themselves.
pub(crate) const MOST_FACETS: usize = 100;

/// What an acceptance took at most: the first five of [`Took`].
pub const TIMES: [TimeDelta; 5] =
    [TimeDelta::hours(1), TimeDelta::days(1), TimeDelta::days(3), TimeDelta::days(7), TimeDelta::days(30)];

/// Which invitations of a scope to count.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct StatsRequest<'a> {
    /// The name of the kind, [`Kind::NAME`](crate::Kind::NAME).
    pub kind: &'a str,
    /// The scope that the invitations must belong to.
    pub scope: &'a Scope,
    /// The instant by which open ones past their time count as expired.
    pub now: DateTime<Utc>,
    /// Created at this instant or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Created before this instant.
    pub created_until: Option<DateTime<Utc>>,
    /// The import is this one, byte by byte.
    pub import: Option<&'a str>,
    /// The facet is this one, byte by byte.
    pub facet: Option<&'a str>,
    /// The inviter is this one, byte by byte.
    pub inviter: Option<&'a Actor>,
    /// The days to count creations and acceptances by; `None`: none.
    pub days: Option<Days>,
}

/// Days one after the other, of 24 hours each, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Days {
    /// When the first begins: at midnight.
    pub begin: DateTime<Utc>,
    /// How many there are.
    pub count: u32,
}

impl Days {
    /// The number of the day that an instant lies in, from 0.
    #[must_use]
    pub fn day(&self, at: DateTime<Utc>) -> Option<u32> {
        let day = u32::try_from((at - self.begin).num_days()).ok()?;
        (at >= self.begin && day < self.count).then_some(day)
    }
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Counts {
    /// The invitations, by what they have in common; a store need not have one group for it, nor any order.
    pub groups: Vec<Group>,
    /// The hundred most frequent facets with the number of their invitations; those that are as frequent in byte order.
    pub facets: Vec<(String, u64)>,
    /// How many were created on each of the days asked for on which any were, in order.
    pub created: Vec<(u32, u64)>,
    /// How many were accepted on each of the days asked for on which any were, in order.
    pub accepted: Vec<(u32, u64)>,
}

/// Invitations that have this in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Group {
    /// The status as seen at the instant asked for.
    pub status: Status,
    /// Where the letter stands.
    pub delivery: DeliveryState,
    /// How long it took to accept them; `None` unless they are accepted.
    pub took: Option<Took>,
    /// How many they are.
    pub count: u64,
    /// How many of them have a facet.
    pub with_facet: u64,
    /// The seconds from creation to acceptance, each cut to whole ones and none less than 0, in sum.
    pub seconds: u64,
}

/// How long it took to accept an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a store has a number for each")]
pub enum Took {
    /// Up to an hour.
    Hour,
    /// Longer, up to a day.
    Day,
    /// Longer, up to three days.
    ThreeDays,
    /// Longer, up to a week.
    Week,
    /// Longer, up to thirty days.
    Month,
    /// Longer.
    Longer,
}

impl Took {
    /// Each, the shortest first.
    pub const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::ThreeDays, Self::Week, Self::Month, Self::Longer];

    /// The one that a time belongs to: the first of [`TIMES`] that is not shorter.
    #[must_use]
    pub fn of(time: TimeDelta) -> Self {
        Self::ALL[TIMES.iter().position(|most| time <= *most).unwrap_or(TIMES.len())]
    }
}

impl StatsRequest<'_> {
    /// Whether the row is counted.
    #[must_use]
    pub fn holds(&self, record: &Record) -> bool {
        record.kind == self.kind
            && record.scope == *self.scope
            && self.created_from.is_none_or(|from| record.created_at >= from)
            && self.created_until.is_none_or(|until| record.created_at < until)
            && (self.import.is_none() || record.import.as_deref() == self.import)
            && (self.facet.is_none() || record.facet.as_deref() == self.facet)
            && self.inviter.is_none_or(|inviter| record.inviter == *inviter)
    }
}

impl Counts {
    /// Counts those of these rows that are asked for.
    #[must_use]
    pub fn of<'r>(request: &StatsRequest<'_>, records: impl IntoIterator<Item = &'r Record>) -> Self {
        let mut counts = Self::default();
        let mut facets = BTreeMap::<&str, u64>::new();
        let (mut created, mut accepted) = (BTreeMap::<u32, u64>::new(), BTreeMap::<u32, u64>::new());
        let day = |at| request.days.and_then(|days| days.day(at));
        for record in records.into_iter().filter(|record| request.holds(record)) {
            let seen = record.clone().seen_at(request.now).status;
            let end = record.ended.as_ref().filter(|_| seen == Status::Accepted).map(|ended| ended.at);
            let time = end.map(|end| end - record.created_at);
            counts.groups.push(Group {
                status: seen,
                delivery: record.delivery.state,
                took: time.map(Took::of),
                count: 1,
                with_facet: record.facet.is_some().into(),
                seconds: time.and_then(|time| u64::try_from(time.num_seconds()).ok()).unwrap_or_default(),
            });
            if let Some(facet) = &record.facet {
                *facets.entry(facet).or_default() += 1;
            }
            if let Some(day) = day(record.created_at) {
                *created.entry(day).or_default() += 1;
            }
            if let Some(day) = end.and_then(day) {
                *accepted.entry(day).or_default() += 1;
            }
        }
        let mut facets: Vec<_> = facets.into_iter().map(|(facet, count)| (facet.to_owned(), count)).collect();
        facets.sort_by_key(|(_, count)| Reverse(*count));
        facets.truncate(MOST_FACETS);
        Self { facets, created: created.into_iter().collect(), accepted: accepted.into_iter().collect(), ..counts }
    }
}

// An import and a facet may name a person.
impl std::fmt::Debug for StatsRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatsRequest").field("kind", &self.kind).field("days", &self.days).finish_non_exhaustive()
    }
}
