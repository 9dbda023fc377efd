//! What a worker knows of the mail provider, for whoever has to look after it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Worker, outage::Outage};
use crate::mailer::Fault;

/// Whether letters go out, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Until when all letters wait, if they do. Then one is tried, and the others follow or wait on.
    pub paused_until: Option<DateTime<Utc>>,
    /// How many domains have their letters wait.
    pub paused_domains: usize,
    /// Whose fault it is. [`Fault::Sender`]: an address or a domain is not verified, a log-in fails, a limit is reached;
    /// somebody has to mend it. `None` if nothing is wrong, or if what was said does not tell.
    pub fault: Option<Fault>,
    /// What the server said, as [`Outcome::sanitize`](crate::Outcome::sanitize) leaves it.
    pub reason: Option<String>,
    /// How many letters are handed over whose outcome could not be recorded yet, since the last look.
    pub unrecorded: usize,
}

/// Whom to tell.
pub(super) type Alarm = Arc<dyn Fn(&Health) + Send + Sync>;

impl<S, P> Worker<S, P> {
    /// What this worker knows of its letters: for a health check, or for a page that an operator looks at.
    #[must_use]
    pub fn health(&self) -> Health {
        let (outage, unrecorded) = (self.outage(), self.kept().len());
        Health { unrecorded, ..Health::of(&outage) }
    }

    /// Calls `tell` when letters begin to wait, when they go on, and when a server refuses us. It is called between
    /// letters, so let it hand over to something else what takes time: a page to whoever is on duty, or a mail by another
    /// way than this worker's. The same goes to the log, as a warning.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members, mailer) = (Memory::default(), members(), CapturingMailer::default());
    /// let (alarms, on_duty) = std::sync::mpsc::channel();
    /// let worker = Worker::new(MemoryStore, memory.clone(), mailer)
    ///     .serve(&members)
    ///     .on_alarm(move |health| drop(alarms.send(health.clone())));
    /// assert!(worker.health().paused_until.is_none());
    /// # drop(on_duty);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_alarm(mut self, tell: impl Fn(&Health) + Send + Sync + 'static) -> Self {
        self.alarm = Some(Arc::new(tell));
        self
    }

    /// Tells that something has changed.
    pub(super) fn raise_alarm(&self) {
        let health = self.health();
        let fault = health.fault.map(Fault::as_str);
        match (health.paused_until, &health.reason) {
            (Some(until), reason) => tracing::warn!(%until, fault, reason, "letters wait for the mail provider"),
            (None, Some(reason)) => tracing::warn!(fault, reason, "a domain refuses our letters"),
            (None, None) => tracing::info!("letters go out again"),
        }
        if let Some(tell) = &self.alarm {
            tell(&health);
        }
    }
}

impl Health {
    fn of(outage: &Outage) -> Self {
        let accuser = outage.accuser();
        Self {
            paused_until: outage.paused_until(),
            paused_domains: outage.paused_domains(),
            fault: accuser.and_then(|letter| letter.fault),
            reason: accuser.and_then(|letter| letter.reason.clone()),
            unrecorded: 0,
        }
    }
}
