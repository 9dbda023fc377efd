//! Numbers, as the pages show them.

use chrono::TimeDelta;
use invite_core::{DeliveryState, Point, Stats, StatsQuery, Status, Step};
use serde::Serialize;
use url::form_urlencoded;

use super::view::{Choice, count, now};
use crate::Role;

/// The plot's own units; the page stretches it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;

/// Which numbers are asked for: the query string, understood. What is not understood is left out.
#[derive(Debug, Serialize)]
pub struct Question {
    days: i64,
    role: String,
    import: String,
}

impl Question {
    pub fn read(query: &str) -> Self {
        let mut question = Self { days: 30, role: String::new(), import: String::new() };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "days" if PERIODS.iter().any(|(days, _)| *days == value) => {
                    question.days = value.parse().unwrap_or(question.days);
                }
                "role" if Role::try_from(value.clone().into_owned()).is_ok() => question.role = value.into(),
                "import" => question.import = value.trim().into(),
                _ => {}
            }
        }
        question
    }

    /// In the library's terms: a longer time in weeks.
    pub fn query(&self) -> StatsQuery {
        let step = if self.in_weeks() { Step::Week } else { Step::Day };
        let mut query = StatsQuery::new().created(now() - TimeDelta::days(self.days - 1)..).per(step);
        if !self.role.is_empty() {
            query = query.facet(&self.role);
        }
        if !self.import.is_empty() {
            query = query.import(&self.import);
        }
        query
    }

    pub fn in_weeks(&self) -> bool {
        self.days > 90
    }

    pub fn periods() -> Vec<Choice> {
        PERIODS.map(|(days, label)| Choice::new(days, label)).into()
    }
}

const PERIODS: [(&str, &str); 4] =
    [("7", "Last 7 days"), ("30", "Last 30 days"), ("90", "Last 90 days"), ("365", "Last 365 days")];

/// A number with its name.
#[derive(Debug, Serialize)]
struct Number {
    what: String,
    count: u64,
}

#[derive(Debug, Serialize)]
pub struct Numbers {
    total: u64,
    by_status: Vec<Number>,
    letters: Vec<Number>,
    roles: Vec<Number>,
    waits: Vec<Number>,
    /// In whole per cent.
    accepted: Option<u64>,
    mean: Option<String>,
    plot: Plot,
}

impl Numbers {
    pub fn new(stats: &Stats, weeks: bool) -> Self {
        let number = |what: &str, count: u64| Number { what: what.into(), count };
        let status = |status: &Status| number(status_word(*status), stats.by_status[status]);
        let letters = DeliveryState::ALL.iter().map(|state| number(letter_word(*state), stats.by_delivery[state]));
        let waits = stats.time_to_accept.histogram.iter().map(|bar| Number {
            what: bar.up_to.map_or_else(|| "longer".into(), |most| format!("up to {}", span(most))),
            count: bar.count,
        });
        Self {
            total: stats.total,
            by_status: Status::ALL.iter().map(status).collect(),
            letters: letters.filter(|letter| letter.count > 0).collect(),
            roles: stats.by_facet.iter().map(|facet| number(&facet.facet, facet.count)).collect(),
            waits: waits.collect(),
            accepted: stats.acceptance_rate.map(|rate| (rate * 100.0).round() as u64),
            mean: stats.time_to_accept.mean.map(span),
            plot: Plot::new(&stats.series, weeks),
        }
    }
}

/// Two bars for each day or week, in the plot's own units.
#[derive(Debug, Serialize)]
struct Plot {
    width: f64,
    height: f64,
    highest: u64,
    bars: Vec<Bars>,
    step: &'static str,
    /// All of it in a sentence.
    sentence: String,
}

#[derive(Debug, Serialize)]
struct Bars {
    day: String,
    created: u64,
    accepted: u64,
    x: f64,
    x_accepted: f64,
    bar: f64,
    created_height: f64,
    accepted_height: f64,
}

impl Plot {
    fn new(series: &[Point], weeks: bool) -> Self {
        let highest = series.iter().map(|point| point.created.max(point.accepted)).max().unwrap_or_default();
        let slot = WIDTH / series.len().max(1) as f64;
        let height = |count: u64| HEIGHT * count as f64 / highest.max(1) as f64;
        let bars = |(place, point): (usize, &Point)| Bars {
            day: point.day.format("%-d %b %Y").to_string(),
            created: point.created,
            accepted: point.accepted,
            x: slot * (place as f64 + 0.1),
            x_accepted: slot * (place as f64 + 0.5),
            bar: slot * 0.4,
            created_height: height(point.created),
            accepted_height: height(point.accepted),
        };
        let step = if weeks { "week" } else { "day" };
        let sum = |of: fn(&Point) -> u64| usize::try_from(series.iter().map(of).sum::<u64>()).unwrap_or_default();
        let (created, accepted) = (sum(|point| point.created), sum(|point| point.accepted));
        let most = series.iter().rev().max_by_key(|point| point.created).filter(|point| point.created > 0);
        let most = most.map_or_else(String::new, |point| {
            format!(" Most in one {step}: {} ({}).", point.created, point.day.format("%-d %b %Y"))
        });
        let sentence = format!("{} created, {accepted} accepted.{most}", count(created, "invitation"));
        Self {
            width: WIDTH,
            height: HEIGHT,
            highest,
            bars: series.iter().enumerate().map(bars).collect(),
            step,
            sentence,
        }
    }
}

/// How far the letters of an import are.
#[derive(Debug, Serialize)]
pub struct Letters {
    total: u64,
    waiting: u64,
    gone: u64,
    percent: u64,
    by_status: Vec<Number>,
    letters: Vec<Number>,
}

impl Letters {
    /// Nothing where nobody is invited.
    pub fn of(stats: &Stats) -> Option<Self> {
        let Numbers { by_status, letters, .. } = Numbers::new(stats, false);
        let by_status = by_status.into_iter().filter(|number| number.count > 0).collect();
        let (total, waiting) = (stats.total, stats.letters_waiting);
        let gone = total.saturating_sub(waiting);
        let percent = (100 * gone).checked_div(total)?;
        Some(Self { total, waiting, gone, percent, by_status, letters })
    }
}

pub const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Accepted => "Accepted",
        Status::Rejected => "Declined",
        Status::Cancelled => "Cancelled",
        Status::Expired => "Expired",
        Status::DeliveryFailed => "Delivery failed",
    }
}

pub const fn letter_word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::NotMailed => "None, a link instead",
        DeliveryState::Queued => "Queued",
        DeliveryState::Retrying => "Delayed",
        DeliveryState::Sent => "Sent",
        DeliveryState::Failed => "Refused",
        DeliveryState::Deferred => "On its way",
        DeliveryState::Delivered => "In the mailbox",
        DeliveryState::Bounced => "Came back",
        DeliveryState::Complained => "Called spam",
        DeliveryState::Suppressed => "Held back",
        DeliveryState::Unknown | _ => "Perhaps sent",
    }
}

/// In the largest unit of which there are two or more, or exactly one.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let fits = |length: &i64| seconds == *length || seconds >= 2 * length;
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| fits(length)).unwrap_or((1, "second"));
    let number = seconds / length;
    count(usize::try_from(number).unwrap_or_default(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_left_out() {
        let question = Question::read("days=8&role=emperor&import=%20staff%20&x=1");
        assert_eq!((question.days, &*question.role, &*question.import), (30, "", "staff"));
    }

    #[test]
    fn a_time_is_said_in_the_largest_unit_that_fits() {
        for (seconds, words) in
            [(1, "1 second"), (3_600, "1 hour"), (5_400, "90 minutes"), (86_400, "1 day"), (604_800, "7 days")]
        {
            assert_eq!(span(TimeDelta::seconds(seconds)), words);
        }
    }
}
