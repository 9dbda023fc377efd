//! What the worker does besides mailing: it expires what is due, and queues reminders.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Tick, Worker};
use crate::{
    clock::{instant, later},
    delivery::Purpose,
    error::Error,
    invitation::Record,
    policy::Policy,
    service::look,
    store::{NewLetter, Purge, ReminderDecision, ReminderScan, Sweep, WorkerStore},
};

/// How many expired invitations one transaction of the sweep takes: enough that beginning, looking
/// for them and committing cost little beside them, and few enough that nobody waits for it for long.
const SWEEP: u32 = 1_000;
/// How many invitations one transaction looks at for a reminder.
const REMINDED: u32 = 200;
/// How many invitations one transaction deletes.
const PURGED: u32 = 200;

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// One transaction of each. If one fails, the other still runs.
    pub(super) async fn upkeep(&self) -> (Tick, Vec<Error>) {
        let (mut tick, mut errors) = (Tick::default(), Vec::new());
        // Without an answer nobody knows either.
        if let Err(error) = self.compare_clocks().await {
            return (tick, vec![error]);
        }
        let now = instant(&*self.clock);
        match self.sweep(now).await {
            Ok(expired) => tick.expired = expired,
            Err(error) => errors.push(error),
        }
        match self.remind(now).await {
            Ok(reminded) => tick.reminded = reminded,
            Err(error) => errors.push(error),
        }
        match self.purge(now).await {
            Ok(purged) => tick.purged = purged,
            Err(error) => errors.push(error),
        }
        (tick, errors)
    }

    /// A worker whose clock is far ahead would expire invitations that are still open, and send letters that others are
    /// sending.
    async fn compare_clocks(&self) -> Result<(), Error> {
        if self.clock.tolerance().is_none() {
            return Ok(());
        }
        let before = instant(&*self.clock);
        let theirs = self.store.now(&self.pool).await?;
        // The answer is of some instant in between.
        let after = instant(&*self.clock);
        let by = if theirs > after { after - theirs } else { (before - theirs).max(TimeDelta::zero()) };
        self.ahead.store(by.num_microseconds().unwrap_or(i64::MAX).max(-i64::MAX), Ordering::Relaxed);
        if self.is_astray() { Err(Error::ClockDiffers { by }) } else { Ok(()) }
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let kinds = self.kinds_where(|_| true);
        let notify = self.kinds_where(|policy| policy.notify_expired);
        let sweep = Sweep { kinds: &kinds, notify: &notify, now, limit: SWEEP };
        Ok(self.store.sweep(&self.pool, &sweep).await?)
    }

    /// Deletes what ended longer ago than the policy of its kind keeps it.
    async fn purge(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let until = |policy: &Policy| policy.retention.map(|retention| later(now, -retention));
        let kinds: Vec<_> = self.kinds.iter().filter_map(|(kind, policy)| Some((&**kind, until(policy)?))).collect();
        if kinds.is_empty() {
            return Ok(0);
        }
        Ok(self.store.purge(&self.pool, &Purge { kinds: &kinds, limit: PURGED }).await?)
    }

    /// Queues the reminders that are due.
    async fn remind(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let kinds = self.kinds_where(|policy| !policy.reminders.is_empty());
        if kinds.is_empty() {
            return Ok(0);
        }
        let decide = |record: &Record| {
            let leads = self.kinds.get(record.kind.as_str()).map_or(&[][..], |policy| policy.reminders);
            let look = look(record, leads, now);
            let delivery = record.delivery_id.zip(look.done).filter(|_| look.due);
            let letter = delivery.map(|(invitation_s, lead)| NewLetter {
                delivery: invitation_s.of_reminder(lead),
                purpose: Purpose::Reminder,
                not_before: now,
            });
            Ok(ReminderDecision { letter, remind_at: look.next, reminded: look.done })
        };
        let scan = ReminderScan { kinds: &kinds, now, limit: REMINDED, decide: &decide };
        let report = self.store.remind(&self.pool, &scan).await?;
        for error in &report.unreadable {
            tracing::error!(%error, "an invitation cannot be read, and nobody is reminded of it");
        }
        Ok(report.queued)
    }
}
