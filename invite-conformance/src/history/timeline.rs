//! The life of one invitation as its events tell it.

use invite_core::{Event, EventKind, Record, Status};

/// What the events of one invitation come to.
pub(crate) struct Told {
    pub(crate) status: Status,
    pub(crate) revision: u32,
    /// How often it was resent.
    pub(crate) resent: u32,
}

/// Follows the events from the creation on; the objection is to a gap, a second end, or a step that the table
/// of states does not know.
pub(crate) fn follow(events: &[Event]) -> Result<Told, String> {
    let mut changes = events.iter().filter(|event| event.kind.is_change());
    let Some(first) = changes.next() else { return Err("an invitation has no history".into()) };
    if (first.revision, first.kind) != (1, EventKind::Created) {
        return Err(format!("a history begins with {} as revision {}", first.kind, first.revision));
    }
    let mut told = Told { status: Status::Pending, revision: 1, resent: 0 };
    for event in changes {
        if event.revision != told.revision + 1 {
            let seen: Vec<_> = events.iter().map(|event| (event.revision, event.kind.as_str())).collect();
            return Err(format!("the revisions of a history are not 1, 2, 3 and so on: {seen:?}"));
        }
        let Some(status) = event.kind.applied_to(told.status) else {
            return Err(format!(
                "{} follows in revision {} though the invitation was {}",
                event.kind, event.revision, told.status
            ));
        };
        told =
            Told { status, revision: event.revision, resent: told.resent + u32::from(event.kind == EventKind::Resent) };
    }
    Ok(told)
}

/// Objects where the row is not what its events have made of it.
pub(crate) fn explain(record: &Record, events: &[Event]) -> Result<(), String> {
    let told = follow(events)?;
    if (record.status, record.revision) != (told.status, told.revision) {
        return Err(format!(
            "a row is {} at revision {}, and its last event made it {} at revision {}",
            record.status, record.revision, told.status, told.revision
        ));
    }
    let amended = events.iter().filter(|event| event.kind == EventKind::Amended).count();
    let amended = u32::try_from(amended).unwrap_or(u32::MAX);
    // An amendment may have changed the address, and so the generation.
    if !(told.resent + 1..=told.resent + 1 + amended).contains(&record.generation) {
        return Err(format!("a row is of generation {} after {} resends", record.generation, told.resent));
    }
    let last = events.iter().rfind(|event| event.kind.is_change());
    let ended_by = last.filter(|_| !told.status.is_open()).map(|event| &event.actor);
    if record.ended.as_ref().map(|ended| &ended.by) != ended_by {
        return Err(format!(
            "a row that is {} was ended by {:?}, its event by {ended_by:?}",
            record.status, record.ended
        ));
    }
    Ok(())
}
