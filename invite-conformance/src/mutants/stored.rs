//! What a creation stores, and how exactly.

use chrono::{DateTime, SubsecRound, Utc};
use invite_core::{Actor, EmailAddress, Record, Scope, store::Change};

use super::{Mutant, broken, edit::Edit};

pub(super) const MUTANTS: &[Mutant] = broken![
    "times are kept to the second",
    ["insert::times_come_back_to_the_microsecond_whatever_the_year"]: Edit {
        row: |record| times(record, |at| at.trunc_subsecs(0)),
        transition: |asked| new_times(&mut asked.change, |at| at.trunc_subsecs(0)),
        ..Edit::NONE
    };
    "times are kept to the millisecond",
    ["insert::times_come_back_to_the_microsecond_whatever_the_year"]: Edit {
        row: |record| times(record, |at| at.trunc_subsecs(3)),
        transition: |asked| new_times(&mut asked.change, |at| at.trunc_subsecs(3)),
        ..Edit::NONE
    };
    "the time of an end is kept to the millisecond",
    ["change::an_end_says_how_when_by_whom_and_why"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.at = ended.at.trunc_subsecs(3)),
        ..Edit::NONE
    };
    "scopes lose their case",
    ["values::scopes_that_look_alike_are_different"]: Edit {
        row: |record| record.scope = Scope::new(record.scope.as_str().to_lowercase()),
        ..Edit::NONE
    };
    "scopes lose their trailing blanks",
    ["values::scopes_that_look_alike_are_different"]: Edit {
        row: |record| record.scope = Scope::new(record.scope.as_str().trim_end()),
        ..Edit::NONE
    };
    "addresses lose the form they were given in",
    ["inviting::what_is_created_is_read_back_to_the_letter"]: Edit {
        row: |record| {
            let canonical = record.recipient.canonical();
            if let Some(recipient) = EmailAddress::from_stored(canonical, canonical) {
                record.recipient = recipient;
            }
        },
        ..Edit::NONE
    };
    "the inviter is lost",
    ["insert::a_row_without_anything_optional_comes_back"]: Edit {
        row: |record| record.inviter = Actor::System,
        ..Edit::NONE
    };
    "the payload is lost",
    ["insert::json_comes_back_as_it_was"]: Edit {
        row: |record| record.payload = serde_json::Value::Null,
        ..Edit::NONE
    };
    "the words for letters are lost",
    ["insert::json_comes_back_as_it_was"]: Edit {
        row: |record| record.display = serde_json::Value::Null,
        ..Edit::NONE
    };
    "the message is lost",
    ["inviting::what_is_created_is_read_back_to_the_letter"]: Edit {
        row: |record| record.message = None,
        ..Edit::NONE
    };
    "text loses what ASCII does not have",
    ["insert::the_longest_values_fit"]: Edit {
        row: |record| {
            record.message = record.message.take().map(|text| text.replace(|c: char| !c.is_ascii(), "?"));
        },
        ..Edit::NONE
    };
    "the language is lost",
    ["inviting::what_is_created_is_read_back_to_the_letter"]: Edit { row: |record| record.locale = None, ..Edit::NONE };
];

fn times(record: &mut Record, cut: fn(DateTime<Utc>) -> DateTime<Utc>) {
    record.created_at = cut(record.created_at);
    record.expires_at = cut(record.expires_at);
}

fn new_times(change: &mut Change<'_>, cut: fn(DateTime<Utc>) -> DateTime<Utc>) {
    match change {
        Change::Renew { at, expires_at, .. } => {
            *at = cut(*at);
            *expires_at = expires_at.map(cut);
        }
        Change::Amend { expires_at, .. } => *expires_at = expires_at.map(cut),
        Change::View { at } => *at = cut(*at),
        Change::End { .. } | Change::Link | Change::FailDelivery => {}
    }
}
