//! The audit log.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Actor, Event, EventKind, InvitationId, Record, Scope,
    store::{Found, Insertion, NewEvent, StoreError, Transition},
};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "an acceptance leaves no event",
    ["history::every_word_of_the_log_is_read_as_it_was_written"]: Edit {
        history: |events| forget(events, EventKind::Accepted),
        ..Edit::NONE
    };
    "a decline leaves no event",
    ["sweep::the_sweep_leaves_what_has_ended"]: Edit { history: |events| forget(events, EventKind::Rejected), ..Edit::NONE };
    "a cancellation leaves no event",
    ["changing::a_cancellation_says_who_when_and_why"]: Edit {
        history: |events| forget(events, EventKind::Cancelled),
        ..Edit::NONE
    };
    "a resend leaves no event",
    ["links::a_resend_within_the_cool_down_is_refused_and_told_how_long_to_wait"]: Edit {
        history: |events| forget(events, EventKind::Resent),
        ..Edit::NONE
    };
    "an amendment leaves no event",
    ["history::another_invitation_s_events_are_not_in_it"]: Edit {
        history: |events| forget(events, EventKind::Amended),
        ..Edit::NONE
    };
    "a link leaves no event",
    ["transactions::lock_for_write_changes_nothing_and_may_be_repeated"]: Edit {
        history: |events| forget(events, EventKind::LinkCreated),
        ..Edit::NONE
    };
    "a look leaves no event",
    ["again::a_second_look_writes_nothing_more"]: Edit { history: |events| forget(events, EventKind::Viewed), ..Edit::NONE };
    "an expiry leaves no event",
    ["sweep::each_swept_row_has_its_event"]: Edit {
        history: |events| forget(events, EventKind::Expired),
        ..Edit::NONE
    };
    "a refused letter leaves no event",
    ["outcomes::a_refusal_for_good_is_a_failed_delivery"]: Edit {
        history: |events| forget(events, EventKind::DeliveryFailed),
        ..Edit::NONE
    };
    "the last event is there twice",
    ["inviting::a_new_invitation_is_pending_queued_and_lives_as_long_as_the_policy_says"]: Edit {
        history: |events| events.extend(events.last().cloned()),
        ..Edit::NONE
    };
    "events name another actor",
    ["insert::an_insertion_is_the_first_event"]: Edit { event: |event| event.actor = &Actor::System, ..Edit::NONE };
    "events tell no reason",
    ["changing::a_cancellation_says_who_when_and_why"]: Edit { event: |event| event.reason = None, ..Edit::NONE };
    "events tell another time",
    ["insert::an_insertion_is_the_first_event"]: Edit {
        event: |event| event.at += TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "events tell the time to the millisecond",
    ["values::times_survive_to_the_microsecond_also_far_away"]: Edit {
        event: |event| event.at = chrono::SubsecRound::trunc_subsecs(event.at, 3),
        ..Edit::NONE
    };
    "events carry the revision before the change",
    ["sweep::each_swept_row_has_its_event"]: Edit {
        history: |events| {
            events.iter_mut().filter(|event| event.revision > 1).for_each(|event| event.revision -= 1);
        },
        ..Edit::NONE
    };
    "events are read newest first",
    ["expiry::what_was_swept_says_when_and_by_whom"]: Edit { history: |events| events.reverse(), ..Edit::NONE };
    "an event survives the transaction that is rolled back",
    ["links::a_link_rolled_back_opens_nothing"]: Diary::default();
    "a history does not look at the scope",
    ["history::a_history_is_looked_for_in_its_kind_and_scope"]: History { any_kind: false, any_scope: true };
    "a history does not look at the kind",
    ["history::a_history_is_looked_for_in_its_kind_and_scope"]: History { any_kind: true, any_scope: false };
];

fn forget(events: &mut Vec<Event>, kind: EventKind) {
    events.retain(|event| event.kind != kind);
}

/// Writes events down where no transaction reaches.
#[derive(Default)]
struct Diary(Mutex<Vec<Event>>);

impl Diary {
    fn write(&self, record: &Record, event: &NewEvent<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Event::from_stored(
            record.id,
            record.revision,
            event.kind,
            event.actor.clone(),
            event.reason.map(Into::into),
            event.at,
        ));
    }
}

#[async_trait]
impl Spoil for Diary {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let inserted = below.db.insert_one(conn, new).await?;
        if inserted {
            self.write(new.record, new.event);
        }
        Ok(inserted)
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        found.iter().for_each(|found| self.write(&found.record, &asked.event));
        Ok(found)
    }

    async fn history(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, scope, id): (&str, &Scope, InvitationId),
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = below.db.history(conn, kind, scope, id).await?;
        if !events.is_empty() {
            let diary = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let lost: Vec<_> =
                diary.iter().filter(|event| event.invitation == id && !events.contains(event)).cloned().collect();
            events.extend(lost);
            events.sort_by_key(|event| event.revision);
        }
        Ok(events)
    }
}

struct History {
    any_kind: bool,
    any_scope: bool,
}

#[async_trait]
impl Spoil for History {
    async fn history(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, scope, id): (&str, &Scope, InvitationId),
    ) -> Result<Vec<Event>, StoreError> {
        let Some(record) = below.inserted(id) else { return below.db.history(conn, kind, scope, id).await };
        let kind = if self.any_kind { record.kind.as_str() } else { kind };
        let scope = if self.any_scope { &record.scope } else { scope };
        below.db.history(conn, kind, scope, id).await
    }
}
