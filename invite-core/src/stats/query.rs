//! What to count.

use std::ops::RangeBounds;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::Point;
use crate::{
    actor::{Actor, Scope},
    error::{Error, Field, Problem},
    list::Period,
    store::{Counts, Days, StatsRequest},
    text,
};

/// The most days or weeks of a series.
const MOST_STEPS: i64 = 366;

/// Which invitations of a scope to count, and whether day by day.
///
/// Counting reads every invitation of the scope, or only those of the [period](Self::created) or the
/// [import](Self::import), for which there are indexes. The query is checked by [`Scoped::stats`](crate::Scoped::stats).
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use invite_core::{StatsQuery, Step};
///
/// let now = DateTime::<Utc>::from_timestamp(1_893_456_000, 0).unwrap();
/// let month = StatsQuery::new().created(now - TimeDelta::days(30)..now).per(Step::Day);
/// let progress = StatsQuery::new().import("staff-2030");
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct StatsQuery {
    created: Period,
    import: Option<String>,
    facet: Option<String>,
    inviter: Option<Actor>,
    step: Option<Step>,
}

/// How long the steps of a series are, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
}

impl StatsQuery {
    /// Everything in the scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only invitations created in this period, which must not be empty.
    pub fn created(mut self, period: impl RangeBounds<DateTime<Utc>>) -> Self {
        self.created = Period::of(&period);
        self
    }

    /// Only invitations of this [import](crate::NewInvitation::import), compared exactly.
    pub fn import(mut self, import: impl Into<String>) -> Self {
        self.import = Some(import.into());
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

    /// Adds a [series](crate::Stats::series) of days or weeks. It runs from the day or week in which the
    /// [period](Self::created) begins to the one in which it ends, or to now if it has no end, and has at most 366
    /// steps. The period must have a beginning.
    pub fn per(mut self, step: Step) -> Self {
        self.step = Some(step);
        self
    }

    /// Checks the query.
    pub(crate) fn counted(&self, now: DateTime<Utc>) -> Result<Counted, Error> {
        self.created.check()?;
        self.facet.as_deref().map_or(Ok(()), |facet| text::word(Field::Facet, facet))?;
        self.import.as_deref().map_or(Ok(()), |import| text::word(Field::Import, import))?;
        self.inviter.as_ref().map_or(Ok(()), Actor::check)?;
        let series = self.step.map(|step| steps(step, self.created, now)).transpose()?;
        Ok(Counted { query: self.clone(), now, series })
    }
}

// An import and a facet may name a person.
impl std::fmt::Debug for StatsQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatsQuery").field("step", &self.step).finish_non_exhaustive()
    }
}

/// A checked query.
pub(crate) struct Counted {
    query: StatsQuery,
    now: DateTime<Utc>,
    series: Option<Steps>,
}

/// The steps of a series.
#[derive(Clone, Copy)]
struct Steps {
    first: NaiveDate,
    /// How many days each has.
    days: u32,
    count: u32,
}

fn steps(step: Step, period: Period, now: DateTime<Utc>) -> Result<Steps, Error> {
    let from = period.from.ok_or(Error::invalid(Field::Period, Problem::Empty))?;
    // What is in it goes on to the instant before its end.
    let last = period.until.map_or(now, |until| until - TimeDelta::microseconds(1));
    let beginning = |at: DateTime<Utc>| match step {
        Step::Day => at.date_naive(),
        Step::Week => at.date_naive() - TimeDelta::days(at.weekday().num_days_from_monday().into()),
    };
    let days = match step {
        Step::Day => 1,
        Step::Week => 7,
    };
    let first = beginning(from);
    let count = (beginning(last) - first).num_days() / i64::from(days) + 1;
    match u32::try_from(count) {
        Ok(steps) if (1..=MOST_STEPS).contains(&count) => Ok(Steps { first, days, count: steps }),
        _ => Err(Error::invalid(Field::Period, Problem::OutOfRange)),
    }
}

impl Counted {
    pub(crate) fn request<'a>(&'a self, kind: &'a str, scope: &'a Scope) -> StatsRequest<'a> {
        let StatsQuery { created, import, facet, inviter, step: _ } = &self.query;
        StatsRequest {
            kind,
            scope,
            now: self.now,
            created_from: created.from,
            created_until: created.until,
            import: import.as_deref(),
            facet: facet.as_deref(),
            inviter: inviter.as_ref(),
            days: self.series.map(|steps| Days {
                begin: steps.first.and_time(NaiveTime::MIN).and_utc(),
                count: steps.days * steps.count,
            }),
        }
    }

    /// Every step, with zeros where nothing happened.
    pub(super) fn series(&self, counts: &Counts) -> Vec<Point> {
        let Some(Steps { first, days, count }) = self.series else { return Vec::new() };
        let beginnings = first.iter_days().step_by(days as usize).take(count as usize);
        let mut points: Vec<_> = beginnings.map(|day| Point { day, created: 0, accepted: 0 }).collect();
        let place = |day: u32| (day / days) as usize;
        for (day, count) in &counts.created {
            if let Some(point) = points.get_mut(place(*day)) {
                point.created += count;
            }
        }
        for (day, count) in &counts.accepted {
            if let Some(point) = points.get_mut(place(*day)) {
                point.accepted += count;
            }
        }
        points
    }
}
