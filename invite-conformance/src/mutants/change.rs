//! The new values of a row.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, InvitationId, Status,
    store::{Change, Found, Key, Read, StoreError, Transition},
};

use super::{
    Mutant, broken,
    edit::{Edit, again},
    guard::row,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "a transition answers with the row as it was before",
    ["change::an_end_says_how_when_by_whom_and_why"]: Before;
    "a transition answers without the token it found the row by",
    ["links::a_link_opens_the_invitation_it_was_made_for"]: Edit {
        changed: |found| found.token = None,
        ..Edit::NONE
    };
    "an end is stored as a cancellation",
    ["invited::the_holder_of_a_genuine_link_hears_how_it_ended"]: Edit {
        transition: |asked| {
            if let Change::End { status } = &mut asked.change {
                *status = Status::Cancelled;
            }
        },
        ..Edit::NONE
    };
    "the row of an end does not say why",
    ["change::an_end_says_how_when_by_whom_and_why"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.reason = None),
        ..Edit::NONE
    };
    "the row of an end does not say who",
    ["change::an_end_says_how_when_by_whom_and_why"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.by = Actor::System),
        ..Edit::NONE
    };
    "the row of an end says another time",
    ["change::an_end_says_how_when_by_whom_and_why"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.at += TimeDelta::microseconds(1)),
        ..Edit::NONE
    };
    "every end says that the mailbox was proved",
    ["change::a_mailed_token_is_remembered_as_proof_and_nothing_else_is"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.address_proved = true),
        ..Edit::NONE
    };
    "no end says that the mailbox was proved",
    ["change::a_mailed_token_is_remembered_as_proof_and_nothing_else_is"]: Edit {
        found: |found| found.record.ended.iter_mut().for_each(|ended| ended.address_proved = false),
        ..Edit::NONE
    };
    "a resend shortens a life",
    ["links::a_resend_never_shortens_a_life"]: Shortens::default();
    "a resend never prolongs a life",
    ["links::a_resend_gives_a_fresh_life"]: Edit {
        transition: |asked| {
            if let Change::Renew { expires_at, .. } = &mut asked.change {
                *expires_at = None;
            }
        },
        ..Edit::NONE
    };
    "a resend is stored with another time",
    ["change::a_renewal_retires_earlier_links_or_keeps_them"]: Edit {
        transition: |asked| {
            if let Change::Renew { at, .. } = &mut asked.change {
                *at -= TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "an amendment does not clear a message",
    ["changing::a_blank_message_removes_the_message"]: Edit {
        transition: |asked| {
            if let Change::Amend { message: message @ Some(None), .. } = &mut asked.change {
                *message = None;
            }
        },
        ..Edit::NONE
    };
    "every amendment clears the message",
    ["changing::an_amendment_leaves_what_it_does_not_name"]: Edit {
        transition: |asked| {
            if let Change::Amend { message: message @ None, .. } = &mut asked.change {
                *message = Some(None);
            }
        },
        ..Edit::NONE
    };
    "an amendment does not store the message",
    ["changing::an_amendment_changes_what_it_names"]: Edit {
        transition: |asked| {
            if let Change::Amend { message: message @ Some(Some(_)), .. } = &mut asked.change {
                *message = None;
            }
        },
        ..Edit::NONE
    };
    "an amendment does not store the payload",
    ["changing::an_amendment_changes_what_it_names"]: Edit {
        transition: |asked| {
            if let Change::Amend { payload, .. } = &mut asked.change {
                *payload = None;
            }
        },
        ..Edit::NONE
    };
    "an amendment does not store the host's words",
    ["changing::an_amendment_changes_what_it_names"]: Edit {
        transition: |asked| {
            if let Change::Amend { display, .. } = &mut asked.change {
                *display = None;
            }
        },
        ..Edit::NONE
    };
    "an amendment does not store the new end of life",
    ["changing::an_amendment_changes_what_it_names"]: Edit {
        transition: |asked| {
            if let Change::Amend { expires_at, .. } = &mut asked.change {
                *expires_at = None;
            }
        },
        ..Edit::NONE
    };
    "an amendment never shortens a life",
    ["changing::an_amendment_changes_what_it_names"]: NeverShorter;
    "an amendment does not store the new address",
    ["changing::a_new_address_takes_its_place_and_leaves_the_old_one_free"]: Edit {
        transition: |asked| {
            if let Change::Amend { recipient, .. } = &mut asked.change {
                *recipient = None;
            }
        },
        ..Edit::NONE
    };
    "every look at a link is counted",
    ["change::a_view_is_written_once_until_the_next_renewal"]: EveryLook;
    "a link is looked at once, however often it is resent",
    ["change::a_view_is_written_once_until_the_next_renewal"]: OnceForAll::default();
    "a look raises the revision",
    ["change::every_change_but_a_view_counts_one_revision"]: Edit {
        found: |found| found.record.revision += u32::from(found.record.viewed_at.is_some()),
        ..Edit::NONE
    };
    "a look is stored with another time",
    ["change::a_view_is_written_once_until_the_next_renewal"]: Edit {
        transition: |asked| {
            if let Change::View { at } = &mut asked.change {
                *at -= TimeDelta::microseconds(1);
            }
        },
        ..Edit::NONE
    };
    "a refused letter leaves the status",
    ["change::a_failed_delivery_changes_the_status_alone"]: Edit {
        transition: |asked| {
            if matches!(asked.change, Change::FailDelivery) {
                asked.change = Change::Link;
            }
        },
        ..Edit::NONE
    };
];

/// Looks first, and answers with what it saw.
struct Before;

#[async_trait]
impl Spoil for Before {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let before = row(below, conn, &asked.guard).await?;
        Ok(below.db.apply_one(conn, asked).await?.and(before))
    }
}

/// Shows the end that the last resend named, earlier or not.
#[derive(Default)]
struct Shortens(Mutex<HashMap<InvitationId, DateTime<Utc>>>);

impl Shortens {
    fn shown(&self, found: Option<Found>) -> Option<Found> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.map(|mut found| {
            found.record.expires_at = ends.get(&found.record.id).copied().unwrap_or(found.record.expires_at);
            found
        })
    }
}

#[async_trait]
impl Spoil for Shortens {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if let (Some(found), Change::Renew { expires_at: Some(until), .. }) = (&found, &asked.change) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(found.record.id, *until);
        }
        Ok(self.shown(found))
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        Ok(self.shown(below.db.find_one(conn, key, read).await?))
    }
}

/// Keeps the later end.
struct NeverShorter;

#[async_trait]
impl Spoil for NeverShorter {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let mut edited = again(asked);
        if let Change::Amend { expires_at: Some(until), .. } = &mut edited.change
            && let Some(found) = row(below, conn, &asked.guard).await?
        {
            *until = found.record.expires_at.max(*until);
        }
        below.db.apply_one(conn, &edited).await
    }
}

/// Answers a later look as it answered the first.
struct EveryLook;

#[async_trait]
impl Spoil for EveryLook {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let changed = below.db.apply_one(conn, asked).await?;
        if changed.is_some() || !matches!(asked.change, Change::View { .. }) {
            return Ok(changed);
        }
        let found = row(below, conn, &asked.guard).await?;
        Ok(found.filter(|found| asked.guard.holds(&found.record, found.token.as_ref())))
    }
}

/// Takes a link for looked at once the one before it was.
#[derive(Default)]
struct OnceForAll(Mutex<Vec<InvitationId>>);

#[async_trait]
impl Spoil for OnceForAll {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        if !matches!(asked.change, Change::View { .. }) {
            return below.db.apply_one(conn, asked).await;
        }
        let Some(found) = row(below, conn, &asked.guard).await? else { return Ok(None) };
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&found.record.id) {
            return Ok(None);
        }
        let changed = below.db.apply_one(conn, asked).await?;
        let viewed = changed.iter().map(|changed| changed.record.id);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(viewed);
        Ok(changed)
    }
}
