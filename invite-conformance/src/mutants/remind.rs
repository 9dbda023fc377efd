//! Reminders, and letters to the inviter.

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::store::{Change, Dispatch, Found, ReminderReport, ReminderScan, StoreError, Sweep, Transition};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
    transaction::commit,
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "a reminder goes out before its time",
    ["reminders::a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first"]: Edit {
        remind: |scan| scan.now += TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a reminder that is due at this very instant waits",
    ["reminders::a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first"]: Edit {
        remind: |scan| scan.now -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "a look takes more than its limit",
    ["reminders::a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first"]: Edit {
        remind: |scan| scan.limit = 1_000,
        ..Edit::NONE
    };
    "a look takes every kind",
    ["reminders::a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first"]: EveryKind;
    "a look forgets which rules are done with",
    ["reminders::a_look_writes_what_was_decided_and_nothing_else"]: Edit {
        decision: |record, decision| decision.reminded = record.reminded,
        ..Edit::NONE
    };
    "a reminder goes out at every look",
    ["reminders::a_look_writes_what_was_decided_and_nothing_else"]: Edit {
        decision: |record, decision| decision.remind_at = record.remind_at,
        ..Edit::NONE
    };
    "a reminder that is due is not queued",
    ["reminders::a_look_writes_what_was_decided_and_nothing_else"]: Edit {
        decision: |_, decision| decision.letter = None,
        ..Edit::NONE
    };
    "a look gives up in silence",
    ["reminders::a_look_that_is_given_up_writes_nothing"]: Silent;
    "an insertion forgets when to look for a reminder",
    ["reminders::a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first"]: Edit {
        row: |record| record.remind_at = None,
        ..Edit::NONE
    };
    "a renewal brings no reminder",
    ["reminders::every_change_says_what_becomes_of_a_reminder"]: Edit {
        transition: |asked| if let Change::Renew { remind_at, .. } = &mut asked.change { *remind_at = None },
        ..Edit::NONE
    };
    "a reminder stays where it was when the end is amended",
    ["reminders::every_change_says_what_becomes_of_a_reminder"]: Edit {
        transition: |asked| if let Change::Amend { remind_at, .. } = &mut asked.change { *remind_at = None },
        ..Edit::NONE
    };
    "an insertion forgets the inviter's address",
    ["notices::the_sweep_names_a_notice_by_its_invitation"]: Edit {
        row: |record| record.inviter_address = None,
        ..Edit::NONE
    };
    "the inviter hears of what is not committed",
    ["notices::a_notice_goes_out_with_the_commit_or_not_at_all"]: Rash;
    "the sweep tells no inviter",
    ["notices::the_sweep_names_a_notice_by_its_invitation"]: Tells { everybody: false };
    "the sweep tells every inviter",
    ["notices::the_sweep_names_a_notice_by_its_invitation"]: Tells { everybody: true };
];

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn remind(&self, below: &Below, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        let kinds = below.kinds();
        let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
        below.db.remind(&(), &ReminderScan { kinds: &kinds, ..*scan }).await
    }
}

struct Silent;

#[async_trait]
impl Spoil for Silent {
    async fn remind(&self, below: &Below, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        Ok(below.db.remind(&(), scan).await.unwrap_or_default())
    }
}

/// Commits whatever tells the inviter something.
struct Rash;

#[async_trait]
impl Spoil for Rash {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        let tells = matches!(asked.dispatch, Dispatch::Letter(letter) if letter.purpose.is_to_inviter());
        if tells && below.db.in_transaction(conn) {
            commit(below, conn).await?;
        }
        Ok(found)
    }
}

struct Tells {
    everybody: bool,
}

#[async_trait]
impl Spoil for Tells {
    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let notify = if self.everybody { sweep.kinds } else { &[] };
        below.db.sweep(&(), &Sweep { notify, ..*sweep }).await
    }
}
