//! What the worker asks of a store before an invitation ends.

use chrono::{DateTime, Utc};

use super::{NewLetter, StoreError};
use crate::invitation::Record;

/// A request to look at reminders that may be due.
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct ReminderScan<'a> {
    /// The kinds this worker serves.
    pub kinds: &'a [&'a str],
    /// The instant by which `remind_at` must have come.
    pub now: DateTime<Utc>,
    /// The most rows to look at.
    pub limit: u32,
    /// The function that [`decide`](Self::decide) calls. It takes the row as it was locked, and returns what the store
    /// must write. Core follows the policy of the row's kind. A test of a store may return anything that it wants to find.
    pub decide: &'a (dyn Fn(&Record) -> Result<ReminderDecision, StoreError> + Send + Sync),
}

impl ReminderScan<'_> {
    /// What becomes of this row.
    ///
    /// # Errors
    /// When core gives up; undo the transaction.
    pub fn decide(&self, record: &Record) -> Result<ReminderDecision, StoreError> {
        (self.decide)(record)
    }
}

impl std::fmt::Debug for ReminderScan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReminderScan").field("kinds", &self.kinds).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What becomes of a row that was looked at.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct ReminderDecision {
    /// The reminder to queue.
    pub letter: Option<NewLetter>,
    /// The new `remind_at` of the row.
    pub remind_at: Option<DateTime<Utc>>,
    /// The new `reminded` of the row.
    pub reminded: Option<u32>,
}

/// What a look came to.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct ReminderReport {
    /// How many reminders were queued.
    pub queued: usize,
    /// Why others do not read.
    pub unreadable: Vec<StoreError>,
}
