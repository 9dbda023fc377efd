//! What lists and numbers may be asked for, as an address says it.

use std::ops::Bound;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use invite_core::{Actor, DeliveryState, InvitationQuery, Sort, Stats, StatsQuery, Status, Step};
use serde::Serialize;
use url::form_urlencoded;

use crate::Problem;

const MOST: u32 = 200;

/// Reads `status=&q=&role=&invited_by=&delivery=&import=&created_from=&created_to=&sort=&limit=&cursor=`; what is empty
/// counts as not asked. `created_from` is included, `created_to` is not.
pub fn list_query(raw: &str) -> Result<InvitationQuery, Problem> {
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    let mut query = InvitationQuery::new();
    for (key, value) in form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        query = match &*key {
            "status" => query.status(Status::from_word(&value).ok_or_else(|| no_such("status"))?),
            "q" => query.search(value),
            "role" => query.facet(value),
            "invited_by" => query.inviter(&user(&value).ok_or_else(|| no_such("invited_by"))?),
            "delivery" => query.delivery(DeliveryState::from_word(&value).ok_or_else(|| no_such("delivery"))?),
            "import" => query.import(value),
            "created_from" => {
                from = Bound::Included(instant(&value).ok_or_else(|| no_such("created_from"))?);
                query
            }
            "created_to" => {
                to = Bound::Excluded(instant(&value).ok_or_else(|| no_such("created_to"))?);
                query
            }
            "sort" => query.sort(sort(&value).ok_or_else(|| no_such("sort"))?),
            "limit" => query.limit(limit(&value).ok_or_else(|| no_such("limit"))?),
            "cursor" => query.after(value.parse()?),
            other => return Err(Problem::unknown_parameter(other)),
        };
    }
    Ok(query.created((from, to)))
}

fn user(id: &str) -> Option<Actor> {
    id.parse::<i64>().ok().map(Actor::new)
}

fn sort(word: &str) -> Option<Sort> {
    match word {
        "-created_at" => Some(Sort::NewestFirst),
        "created_at" => Some(Sort::OldestFirst),
        "expires_at" => Some(Sort::ExpiresFirst),
        "email" => Some(Sort::Address),
        _ => None,
    }
}

fn limit(text: &str) -> Option<u32> {
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit))
}

fn no_such(field: &'static str) -> Problem {
    Problem::invalid(field, format!("{field} has no such value"))
}

/// Reads `from=&to=&by=&role=&import=`; what is empty counts as not asked. `from` is included, `to` is not.
pub fn stats_query(raw: &str) -> Result<StatsQuery, Problem> {
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    let mut query = StatsQuery::new();
    for (key, value) in form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match &*key {
            "from" => from = Bound::Included(instant(&value).ok_or_else(|| no_such("from"))?),
            "to" => to = Bound::Excluded(instant(&value).ok_or_else(|| no_such("to"))?),
            "by" => query = query.per(step(&value).ok_or_else(|| no_such("by"))?),
            "role" => query = query.facet(value),
            "import" => query = query.import(value),
            other => return Err(Problem::unknown_parameter(other)),
        }
    }
    Ok(query.created((from, to)))
}

/// An instant, or the midnight with which a day begins.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let day = |text: &str| Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    DateTime::parse_from_rfc3339(text).map(Into::into).ok().or_else(|| day(text))
}

fn step(word: &str) -> Option<Step> {
    match word {
        "day" => Some(Step::Day),
        "week" => Some(Step::Week),
        _ => None,
    }
}

/// How far an import is: its numbers. It is done when every row was sent and no letter waits.
#[derive(Debug, Serialize)]
pub struct ImportProgress {
    pub import: String,
    #[serde(flatten)]
    pub stats: Stats,
}

impl ImportProgress {
    /// An import is known by its rows; without any, there is none.
    pub fn new(import: String, stats: Stats) -> Result<Self, Problem> {
        if stats.total == 0 { Err(Problem::not_found()) } else { Ok(Self { import, stats }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_midnight() {
        assert_eq!(instant("2030-06-01"), instant("2030-06-01T02:00:00+02:00"));
        for nothing in ["2030-06-31", "tomorrow", "2030-06-01 10:00"] {
            assert_eq!(instant(nothing), None, "{nothing}");
        }
    }
}
