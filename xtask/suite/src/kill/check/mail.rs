//! No letter is lost, none was mailed without a commit, and none twice without need.

use std::collections::{HashMap, HashSet};

use invite_core::{DeliveryState, EventKind, Record, Status};

use super::{Seen, Told};
use crate::kill::{figures::Figures, journal::Deed};

pub(super) fn nothing_is_lost(told: &Told, seen: &Seen) -> Figures {
    for mail in &told.mails {
        let id = mail.invitation;
        let record = seen.records.get(&id).unwrap_or_else(|| panic!("{id} was mailed, and is not there"));
        assert_eq!(record.recipient.as_given(), mail.email, "{id}: to whom it was mailed");
        assert!(mail.generation <= record.generation, "{id}: a resend was mailed, and did not happen");
    }
    let mailed: HashSet<_> = told.mails.iter().map(|mail| (mail.invitation, mail.generation, mail.taken)).collect();
    for record in seen.records.values() {
        let handed_over = |taken| mailed.contains(&(record.id, record.generation, taken));
        let (id, state) = (record.id, record.delivery.state);
        match record.status {
            Status::Pending if wants_mail(record, told, seen) => {
                assert!(handed_over(true), "{id} is pending, and its letter is lost");
                assert_eq!(state, DeliveryState::Sent, "{id}");
            }
            Status::Pending => assert_eq!(state, DeliveryState::NotMailed, "{id}"),
            Status::DeliveryFailed => {
                assert!(handed_over(false), "{id} says that its letter was refused, and none was");
                assert_eq!(state, DeliveryState::Failed, "{id}");
            }
            // It may have ended before its letter left.
            Status::Accepted | Status::Rejected | Status::Cancelled => {
                assert!(state != DeliveryState::Sent || handed_over(true), "{id} says it was mailed, and it was not");
            }
            _ => panic!("{id} is {}", record.status),
        }
    }
    Figures {
        letters: told.mails.len(),
        late: told.mails.len() - told.before,
        twice: twice(told),
        ..Figures::default()
    }
}

/// Counts the letters that left again. Before the kill none may, and after it only those that were in a worker's hand.
fn twice(told: &Told) -> usize {
    let mut left = HashMap::new();
    let mut twice = 0;
    for (number, mail) in told.mails.iter().enumerate() {
        let Some(round) = left.insert(&mail.delivery, mail.round) else { continue };
        let id = mail.invitation;
        assert!(number >= told.before, "{id}: two workers had one letter");
        assert!(!told.settled.contains(&round), "{id}: a letter that was recorded as sent left again");
        twice += 1;
    }
    twice
}

/// Whether it was created to be mailed, or resent since.
fn wants_mail(record: &Record, told: &Told, seen: &Seen) -> bool {
    let history = &seen.histories[&record.id];
    let created = history.first().and_then(|event| told.deeds.get(event.actor.id()?));
    matches!(created, Some((Deed::Create { .. }, _))) || history.iter().any(|event| event.kind == EventKind::Resent)
}
