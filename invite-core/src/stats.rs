//! Numbers about a scope's invitations.

mod query;

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use serde::{Serialize, Serializer};

pub(crate) use self::query::Counted;
pub use self::query::{StatsQuery, Step};
use crate::{
    delivery::DeliveryState,
    state::Status,
    store::{Counts, TIMES, Took},
};

/// Numbers about the invitations that a [`StatsQuery`] is about, all counted at one instant.
///
/// It serializes as it stands: `{"total": 3, "by_status": {"pending": 1, ..}, ..}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// How many there are.
    pub total: u64,
    /// How many have each status, every status named. Open ones past their time count as expired, swept or not.
    pub by_status: BTreeMap<Status, u64>,
    /// Where the letters stand, every state named. What has ended is counted too.
    pub by_delivery: BTreeMap<DeliveryState, u64>,
    /// How many are open and have a letter that is still to be sent. An import is done when it is 0.
    pub letters_waiting: u64,
    /// The hundred most frequent facets, the most frequent first.
    pub by_facet: Vec<FacetCount>,
    /// How many have another facet.
    pub other_facets: u64,
    /// How many have no facet.
    pub without_facet: u64,
    /// The share of accepted ones among those that ended (accepted, rejected, cancelled or expired), from 0 to 1. `None` when
    /// none has ended.
    pub acceptance_rate: Option<f64>,
    /// How long it took to accept those that are accepted.
    pub time_to_accept: TimeToAccept,
    /// What happened in each step of the period, the oldest first, with zeros where nothing happened. Empty unless the query
    /// has a [step](StatsQuery::per).
    pub series: Vec<Point>,
}

/// How many invitations have this facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FacetCount {
    /// The [facet](crate::Kind::facet).
    pub facet: String,
    /// How many have it.
    pub count: u64,
}

/// How long it took from creation to acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TimeToAccept {
    /// The mean in seconds, of times in whole seconds; `None` when none is accepted.
    #[serde(rename = "mean_seconds", serialize_with = "seconds")]
    pub mean: Option<TimeDelta>,
    /// Up to an hour, a day, three days, a week, thirty days, and longer, each without those before.
    pub histogram: Vec<Bar>,
}

/// How many were accepted in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bar {
    /// The longest time; `None` on the last, which has no limit.
    #[serde(rename = "up_to_seconds", serialize_with = "seconds")]
    pub up_to: Option<TimeDelta>,
    /// How many took longer than the bar before, and no longer than this.
    pub count: u64,
}

/// What happened on a day, or in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// The day, or the Monday of the week, in UTC; as `2030-06-01`.
    #[serde(serialize_with = "text")]
    pub day: NaiveDate,
    /// How many were created.
    pub created: u64,
    /// How many of the counted invitations were accepted then.
    pub accepted: u64,
}

fn seconds<S: Serializer>(time: &Option<TimeDelta>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.num_seconds()).serialize(serializer)
}

fn text<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl Stats {
    /// What was counted, with zeros where nothing was.
    pub(crate) fn of(counts: &Counts, asked: &Counted) -> Self {
        let mut by_status: BTreeMap<_, _> = Status::ALL.map(|status| (status, 0)).into();
        let mut by_delivery: BTreeMap<_, _> = DeliveryState::ALL.map(|state| (state, 0)).into();
        let mut bars = Took::ALL.map(|_| 0_u64);
        let (mut total, mut with_facet, mut waiting, mut took) = (0, 0, 0, 0);
        for group in &counts.groups {
            total += group.count;
            with_facet += group.with_facet;
            took += group.seconds;
            *by_status.entry(group.status).or_default() += group.count;
            *by_delivery.entry(group.delivery).or_default() += group.count;
            if group.status.is_open() && DeliveryState::in_queue().contains(&group.delivery) {
                waiting += group.count;
            }
            if let Some(took) = group.took {
                bars[took as usize] += group.count;
            }
        }
        let ended: u64 = by_status.iter().filter(|(status, _)| !status.is_open()).map(|(_, count)| count).sum();
        let accepted = by_status[&Status::Accepted];
        let named: u64 = counts.facets.iter().map(|(_, count)| count).sum();
        let limits = TIMES.map(Some).into_iter().chain([None]);
        Self {
            total,
            letters_waiting: waiting,
            by_facet: counts
                .facets
                .iter()
                .map(|(facet, count)| FacetCount { facet: facet.clone(), count: *count })
                .collect(),
            other_facets: with_facet.saturating_sub(named),
            without_facet: total.saturating_sub(with_facet),
            acceptance_rate: (ended > 0).then(|| accepted as f64 / ended as f64),
            time_to_accept: TimeToAccept {
                mean: took.checked_div(accepted).and_then(|mean| TimeDelta::try_seconds(mean.try_into().ok()?)),
                histogram: limits.zip(bars).map(|(up_to, count)| Bar { up_to, count }).collect(),
            },
            series: asked.series(counts),
            by_status,
            by_delivery,
        }
    }
}
