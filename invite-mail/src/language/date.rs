//! Dates in a language's own form.

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

use super::{LanguageError, sentence::pieces, words::Words};

#[derive(Clone)]
pub(super) struct Dates {
    months: [String; 12],
    first: Option<String>,
    pattern: String,
}

impl Dates {
    pub(super) fn new(words: &mut Words) -> Result<Self, LanguageError> {
        let months = words.one("", "months")?;
        let names: Vec<_> = months.text.split(',').map(|month| month.trim().to_owned()).collect();
        let months = names.try_into().map_err(|_| LanguageError::Malformed { line: months.line })?;
        let first = words.optional("", "first")?.map(|first| first.text);
        let date = words.one("", "date")?;
        let known = ["day", "month", "year", "time", "zone"];
        let pieces = pieces(&date.text, date.line, &known)?;
        let has = |name: &&str| pieces.iter().any(|piece| piece.name() == Some(name));
        if !known.iter().all(has) {
            return Err(LanguageError::Malformed { line: date.line });
        }
        Ok(Self { months, first, pattern: date.text })
    }

    pub(super) fn show(&self, time: DateTime<FixedOffset>) -> String {
        let day = match &self.first {
            Some(first) if time.day() == 1 => first.clone(),
            Some(_) | None => time.day().to_string(),
        };
        let zone = match time.offset().local_minus_utc() {
            0 => "UTC".into(),
            _ => format!("UTC{}", time.offset()),
        };
        self.pattern
            .replace("{day}", &day)
            .replace("{month}", &self.months[time.month0() as usize])
            .replace("{year}", &time.year().to_string())
            .replace("{time}", &format!("{:02}:{:02}", time.hour(), time.minute()))
            .replace("{zone}", &zone)
    }
}
