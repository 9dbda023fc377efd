//! The events of the database and the deeds of the journal are the same, and each record is what its events made it.

use std::collections::HashSet;

use invite_core::{Actor, Event, EventKind, InvitationId, Record, Status};

use super::{Seen, Told};
use crate::kill::{
    journal::{Answer, Deed, Mail},
    post::REFUSING,
};

/// Returns how many of the operations that were cut short had happened.
pub(super) fn agree(told: &Told, seen: &Seen) -> usize {
    let mut found = HashSet::new();
    let mut happened = 0;
    for (id, history) in &seen.histories {
        let record = &seen.records[id];
        is_made_by(record, history);
        for event in history {
            let Some(operation) = event.actor.id() else {
                let refused =
                    event.kind == EventKind::DeliveryFailed && record.recipient.as_given().starts_with(REFUSING);
                assert!(refused && event.actor == Actor::System, "{id}: nobody did {event:?}");
                continue;
            };
            let (deed, answer) = told.deeds.get(operation).unwrap_or_else(|| panic!("{id}: nobody began {event:?}"));
            assert!(found.insert(operation), "{id}: {operation} happened twice");
            assert!(
                is_told_by(event, deed, record, &told.mails),
                "{id}: {operation} was something else than {event:?}"
            );
            match answer {
                Some(Answer::Done { id: answered, .. }) => assert_eq!(answered, id, "{operation} was about another"),
                Some(Answer::Unknown) | None => happened += 1,
                Some(Answer::Refused { why }) => panic!("{id}: {operation} was refused ({why}), and happened"),
            }
        }
    }
    for (operation, (_, answer)) in &told.deeds {
        match answer {
            Some(Answer::Done { id, .. }) => {
                assert!(found.contains(operation.as_str()), "{id}: {operation} was answered as done, and is gone");
            }
            // What they are about was promised, or mailed.
            Some(Answer::Refused { why }) => assert!(!why.contains("not found"), "{operation}: {why}"),
            Some(Answer::Unknown) | None => {}
        }
    }
    happened
}

/// Revisions count from 1 without a gap, and lead to where the record stands.
fn is_made_by(record: &Record, history: &[Event]) {
    let id = record.id;
    let revisions: Vec<_> = history.iter().map(|event| event.revision).collect();
    let expected: Vec<_> = (1..=record.revision).collect();
    assert_eq!(revisions, expected, "{id}: the revisions in the history");
    let (created, changes) = history.split_first().expect("a record has a history");
    assert_eq!((created.kind, &created.actor), (EventKind::Created, &record.inviter), "{id}: how it began");
    let status = changes.iter().try_fold(Status::Pending, |status, event| event.kind.applied_to(status));
    assert_eq!(status, Some(record.status), "{id}: where the history leads");
    let resent = changes.iter().filter(|event| event.kind == EventKind::Resent).count();
    assert_eq!(record.generation as usize, 1 + resent, "{id}: the generation");
    let last = history.last().filter(|_| !record.status.is_open()).map(|event| &event.actor);
    assert_eq!(record.ended.as_ref().map(|ended| &ended.by), last, "{id}: who ended it");
}

fn is_told_by(event: &Event, deed: &Deed, record: &Record, mails: &[Mail]) -> bool {
    let opens = |token: &str, id: InvitationId| mails.iter().all(|mail| mail.token != token || mail.invitation == id);
    match deed {
        Deed::Create { email } | Deed::CreateWithLink { email } => {
            event.kind == EventKind::Created && record.recipient.as_given() == email
        }
        Deed::Accept { token, email } => {
            event.kind == EventKind::Accepted && opens(token, record.id) && record.recipient.as_given() == email
        }
        Deed::Reject { token } => event.kind == EventKind::Rejected && opens(token, record.id),
        Deed::Cancel { id } => event.kind == EventKind::Cancelled && *id == record.id,
        Deed::Resend { id } => event.kind == EventKind::Resent && *id == record.id,
    }
}
