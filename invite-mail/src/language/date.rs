//! Dates in a language's own form.

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

use super::{LanguageError, span::Spans, words::Words};

const NAMES: [&str; 6] = ["weekday", "day", "month", "year", "time", "zone"];

#[derive(Clone)]
pub(super) struct Dates {
    months: [String; 12],
    /// From Monday on.
    weekdays: [String; 7],
    first: Option<String>,
    date: String,
    deadline: String,
    spans: Spans,
}

impl Dates {
    pub(super) fn new(tag: &str, words: &mut Words) -> Result<Self, LanguageError> {
        let months = names(words, "months")?;
        let weekdays = names(words, "weekdays")?;
        let first = words.optional("", "first")?.map(|first| first.text);
        let date = words.needed_pattern("date", &NAMES)?;
        let [weekday, day, month, year, time, zone] = NAMES;
        let deadline = words.needed_pattern("deadline", &[weekday, day, month, year, time, zone, "in"])?;
        Ok(Self { months, weekdays, first, date, deadline, spans: Spans::new(tag, words)? })
    }

    /// A moment, and how far ahead of `now` it is, if it is.
    pub(super) fn show(&self, time: DateTime<FixedOffset>, now: Option<DateTime<FixedOffset>>) -> String {
        let day = match &self.first {
            Some(first) if time.day() == 1 => first.clone(),
            Some(_) | None => time.day().to_string(),
        };
        let now = now.filter(|now| *now < time);
        let pattern = if now.is_some() { &self.deadline } else { &self.date };
        pattern
            .replace("{weekday}", &self.weekdays[time.weekday().num_days_from_monday() as usize])
            .replace("{day}", &day)
            .replace("{month}", &self.months[time.month0() as usize])
            .replace("{year}", &time.year().to_string())
            .replace("{time}", &format!("{:02}:{:02}", time.hour(), time.minute()))
            .replace("{zone}", &zone(time.offset().local_minus_utc()))
            .replace("{in}", &now.map_or_else(String::new, |now| self.spans.show(now, time)))
    }
}

/// As people write it: `UTC`, `UTC+2`, `UTC-3:30`.
fn zone(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (hours, minutes) {
        (0, 0) => "UTC".into(),
        (_, 0) => format!("UTC{sign}{hours}"),
        (_, _) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

fn names<const N: usize>(words: &mut Words, name: &'static str) -> Result<[String; N], LanguageError> {
    let given = words.one("", name)?;
    let names: Vec<_> = given.text.split(',').map(|name| name.trim().to_owned()).collect();
    names.try_into().map_err(|_| LanguageError::Malformed { line: given.line })
}
