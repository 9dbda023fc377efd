//! What a letter's templates are told.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Offset, Utc};
use invite_core::{Letter, store::Purpose};
use minijinja::{Value, value::Serde};
use serde_json::Value as Json;

use super::{Details, Part, TemplateError, details, engine::escaped};
use crate::{
    branding::Branding,
    language::Language,
    link::Link,
    message::{ends_a_line, turns_the_direction},
};

type Values = BTreeMap<&'static str, Value>;

/// The fields of `brand`.
pub(super) const BRAND: [&str; 5] = ["name", "logo", "color", "text_color", "edge_color"];
/// Stands for the link in a rehearsal.
pub(super) const PROBE: &str = "https://invitation.invalid/?probe";

/// What every part of every letter may use.
pub(super) const COMMON: [&str; 9] =
    ["organization", "inviter", "display", "payload", "recipient", "locale", "brand", "expires_at", "may_decline"];

/// The names that a part may use.
pub(super) fn names(purpose: Purpose, part: Part) -> Vec<&'static str> {
    let mut names = COMMON.to_vec();
    let answered = matches!(purpose, Purpose::Accepted | Purpose::Rejected);
    if answered {
        names.push("answered_at");
    }
    if part != Part::Subject {
        names.extend(["subject", "details"]);
        if purpose.has_link() {
            names.extend(["link", "message"]);
        } else {
            names.push("page");
        }
        if matches!(purpose, Purpose::Rejected | Purpose::DeliveryFailed) {
            names.push("reason");
        }
    }
    names
}

/// With as little as a letter can have, and with everything.
pub(super) fn rehearsals(purpose: Purpose, part: Part) -> [Value; 2] {
    let names = names(purpose, part);
    let value = |name: &&'static str| match *name {
        "link" => Value::from_safe_string(PROBE.into()),
        "brand" => brand(&Branding::default(), str::to_owned),
        "details" => vec![details::line("a", "b")].into(),
        _ => Value::from("a\nb"),
    };
    let always = |name: &&&'static str| matches!(**name, "link" | "brand");
    let least = names.iter().filter(always).map(|name| (*name, value(name)));
    let all = names.iter().map(|name| (*name, value(name)));
    [least.collect::<Values>().into(), all.collect::<Values>().into()]
}

/// For the value of a detail: every name, and nothing of what a host's own words are.
pub(super) fn detail_rehearsal() -> Value {
    COMMON
        .iter()
        .filter(|name| !matches!(**name, "display" | "payload"))
        .map(|name| (*name, "a".into()))
        .collect::<Values>()
        .into()
}

/// When a letter is composed, and what for.
pub(crate) struct Moment<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) language: &'a Language,
    pub(crate) details: Option<&'a Details>,
}

/// One letter, as its templates see it.
pub(crate) struct Told<'a> {
    letter: &'a Letter,
    link: Option<Shown>,
    page: Option<String>,
    branding: &'a Branding,
    values: Values,
    details: Value,
}

/// The link as text, and as HTML has it.
pub(crate) struct Shown {
    pub(super) text: String,
    pub(super) html: String,
}

impl<'a> Told<'a> {
    pub(crate) fn new(
        letter: &'a Letter,
        link: Option<&Link>,
        page: Option<String>,
        branding: &'a Branding,
        moment: &Moment<'_>,
    ) -> Result<Self, TemplateError> {
        let link = link.map(Link::expose_secret).map(|link| Shown { text: link.to_owned(), html: escaped(link) });
        let values = common(letter, branding, moment);
        let details = match moment.details {
            Some(details) => details.render(&values.clone().into())?,
            None => Vec::<Value>::new().into(),
        };
        Ok(Self { letter, link, page, branding, values, details })
    }

    pub(super) fn link(&self) -> Option<&Shown> {
        self.link.as_ref()
    }

    pub(super) fn subject(&self) -> Value {
        self.values.clone().into()
    }

    pub(super) fn text(&self, subject: &str) -> Value {
        let mut values = self.body();
        // Both are no words of the inviter's own: the address was checked, and mail programs may
        // well offer to write to it.
        values.insert("recipient", Value::from_safe_string(self.letter.recipient().as_given().into()));
        values.insert("subject", subject.into());
        if let Some(link) = &self.link {
            values.insert("link", Value::from_safe_string(link.text.clone()));
        }
        if let Some(page) = &self.page {
            values.insert("page", Value::from_safe_string(page.clone()));
        }
        values.into()
    }

    pub(super) fn html(&self, subject: &str) -> Value {
        let mut values = self.body();
        // It stands in the title, where there are no elements.
        values.insert("subject", Value::from_safe_string(escaped(subject)));
        values.insert("brand", brand(self.branding, escaped));
        if let Some(link) = &self.link {
            values.insert("link", Value::from_safe_string(link.html.clone()));
        }
        if let Some(page) = &self.page {
            values.insert("page", Value::from_safe_string(escaped(page)));
        }
        values.into()
    }

    fn body(&self) -> Values {
        let mut values = self.values.clone();
        values.insert("details", self.details.clone());
        if self.letter.purpose().has_link()
            && let Some(message) = self.letter.message()
        {
            values.insert("message", message.into());
        }
        let record = self.letter.invitation();
        let purpose = self.letter.purpose();
        let reason = if purpose == Purpose::Rejected {
            record.ended.as_ref().and_then(|ended| ended.reason.as_deref())
        } else {
            record.delivery.last_error.as_deref().filter(|_| purpose == Purpose::DeliveryFailed)
        };
        if let Some(reason) = reason {
            values.insert("reason", reason.into());
        }
        values
    }
}

/// What every part sees.
fn common(letter: &Letter, branding: &Branding, moment: &Moment<'_>) -> Values {
    let record = letter.invitation();
    let mut values = Values::new();
    for name in ["organization", "inviter"] {
        if let Some(word) = word(letter, name) {
            values.insert(name, word.into());
        }
    }
    if let Some(locale) = letter.locale() {
        values.insert("locale", locale.into());
    }
    let zone = zone(letter);
    let date = |time: DateTime<Utc>, now: Option<DateTime<Utc>>| {
        let (time, now) = (time.with_timezone(&zone), now.map(|now| now.with_timezone(&zone)));
        Value::from_safe_string(moment.language.date(time, now))
    };
    // What has expired is past, also where the mailer's clock is late.
    let now = letter.purpose().has_link().then_some(moment.now);
    values.insert("expires_at", date(record.expires_at, now));
    values.insert("may_decline", letter.may_decline().into());
    if matches!(letter.purpose(), Purpose::Accepted | Purpose::Rejected)
        && let Some(ended) = &record.ended
    {
        values.insert("answered_at", date(ended.at, None));
    }
    values.insert("recipient", record.recipient.as_given().into());
    values.insert("display", Serde(letter.display()).into());
    values.insert("payload", Serde(plain(&record.payload)).into());
    values.insert("brand", brand(branding, str::to_owned));
    values
}

/// JSON without what people cannot see: core does not check it as words.
fn plain(value: &Json) -> Json {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        Json::String(text) => Json::String(plain_text(text)),
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(fields) => fields.iter().map(|(key, value)| (plain_text(key), plain(value))).collect(),
    }
}

fn plain_text(text: &str) -> String {
    let shown = |c: char| if ends_a_line(c) { ' ' } else { c };
    text.chars().filter(|c| !turns_the_direction(*c)).map(shown).collect()
}

/// A string of `display`, unless it is missing or blank.
pub(crate) fn word<'a>(letter: &'a Letter, name: &str) -> Option<&'a str> {
    let word = letter.display().get(name)?.as_str()?.trim();
    (!word.is_empty()).then_some(word)
}

/// Where the reader's clock stands: as `display` says, else UTC. A date always names it.
fn zone(letter: &Letter) -> FixedOffset {
    word(letter, "utc_offset").and_then(|offset| offset.parse().ok()).unwrap_or_else(|| Utc.fix())
}

fn brand(branding: &Branding, shown: impl Fn(&str) -> String) -> Value {
    // Configuration, checked when it was set: no words of a stranger's.
    let words = [("name", branding.shown_name()), ("logo", branding.logo_url())];
    let words = words.into_iter().filter_map(|(name, word)| Some((name, word?)));
    let [color, text_color, edge_color] = branding.colors();
    let values = words.chain([("color", color), ("text_color", text_color), ("edge_color", edge_color)]);
    values.map(|(name, word)| (name, Value::from_safe_string(shown(word)))).collect::<Values>().into()
}
