//! How long something is still ahead: "in 7 days".

use std::array;

use chrono::{DateTime, FixedOffset, TimeDelta};
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};

use super::{LanguageError, sentence::pieces, words::Words};

const CATEGORIES: [(PluralCategory, &str); 6] = [
    (PluralCategory::Zero, "zero"),
    (PluralCategory::One, "one"),
    (PluralCategory::Two, "two"),
    (PluralCategory::Few, "few"),
    (PluralCategory::Many, "many"),
    (PluralCategory::Other, "other"),
];

/// The words for days, hours and minutes, in each form that the language has.
#[derive(Clone)]
pub(super) struct Spans {
    tag: String,
    days: Forms,
    hours: Forms,
    minutes: Forms,
}

type Forms = [String; CATEGORIES.len()];

impl Spans {
    pub(super) fn new(tag: &str, words: &mut Words) -> Result<Self, LanguageError> {
        let known: Vec<_> = rules(tag).iter().flat_map(PluralRules::categories).collect();
        let mut forms = |unit: &str, other: &'static str| {
            let default = words.one("", other)?;
            let mut forms = array::from_fn(|_| default.text.clone());
            pieces(&default.text, default.line, &["n"])?;
            for (form, (category, name)) in forms.iter_mut().zip(CATEGORIES) {
                // Words for a form that the language does not have would never be read.
                if category == PluralCategory::Other || !known.contains(&category) {
                    continue;
                }
                if let Some(given) = words.optional("", &format!("{unit}.{name}"))? {
                    pieces(&given.text, given.line, &["n"])?;
                    *form = given.text;
                }
            }
            Ok::<_, LanguageError>(forms)
        };
        Ok(Self {
            tag: tag.into(),
            days: forms("days", "days.other")?,
            hours: forms("hours", "hours.other")?,
            minutes: forms("minutes", "minutes.other")?,
        })
    }

    /// From two days on, days are counted as on a calendar: from Monday to Wednesday there are two,
    /// whatever the hour.
    pub(super) fn show(&self, now: DateTime<FixedOffset>, then: DateTime<FixedOffset>) -> String {
        let ahead = then - now;
        let (forms, n) = if ahead >= TimeDelta::hours(48) {
            (&self.days, (then.date_naive() - now.date_naive()).num_days())
        } else if ahead >= TimeDelta::hours(2) {
            (&self.hours, rounded(ahead, 3600))
        } else {
            (&self.minutes, rounded(ahead, 60).max(1))
        };
        let n = n.unsigned_abs();
        let category = rules(&self.tag).map_or(PluralCategory::Other, |rules| rules.category_for(n));
        let index = CATEGORIES.iter().position(|(known, _)| *known == category).unwrap_or(CATEGORIES.len() - 1);
        forms[index].replace("{n}", &n.to_string())
    }
}

/// A letter is composed some seconds after its invitation was created: those of 7 hours are to have
/// 7, not 6.
fn rounded(span: TimeDelta, seconds: i64) -> i64 {
    (span.num_seconds() + seconds / 2) / seconds
}

/// The plural rules of CLDR. They cannot be kept: they are not `Send`.
fn rules(tag: &str) -> Option<PluralRules> {
    // A tag that no registry knows has the forms of no language in particular.
    let locale = Locale::try_from_str(tag).unwrap_or(Locale::UNKNOWN);
    PluralRules::try_new_cardinal((&locale).into()).ok()
}
