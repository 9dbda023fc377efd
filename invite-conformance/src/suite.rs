//! The list of all cases, and what runs them on a harness.

use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use crate::{
    case::{Case, Outcome, Stop, sources},
    erased::{Database, Db, Opened},
    harness::{Effort, Harness},
    history, host, races,
    report::Report,
    store,
};

/// A case that takes longer than this has failed: it waits for something that never happens.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time that each unit of work of a race may take in addition, with its retries, on a busy machine.
const PER_UNIT: Duration = Duration::from_millis(50);

/// All cases of the suite.
#[must_use]
pub fn cases() -> Vec<Case> {
    [store::cases(), host::cases(), races::cases(), history::workload::CASES.to_vec()].concat()
}

/// Runs all cases on this harness, one after the other.
///
/// A case that panics has failed. So has a case that takes minutes longer than its races may.
pub fn run(harness: impl Harness) -> Report {
    let suite = Suite::new(harness);
    let mut report = Report::default();
    for case in cases() {
        report.add(case, suite.run(case));
    }
    report
}

/// A harness on which single cases can be run.
pub struct Suite(Arc<dyn Stage>);

impl Suite {
    /// Makes a suite that runs on this harness.
    pub fn new(harness: impl Harness) -> Self {
        Self(Arc::new(On(Arc::new(harness))))
    }

    /// Runs one case on a fresh schema. A case that panics has failed. So has a case that takes minutes longer than its
    /// races may.
    #[must_use]
    pub fn run(&self, case: Case) -> Outcome {
        self.play(case, |db| db)
    }

    /// Runs one case on a fresh schema, on the store that `disguise` makes of the harness's own.
    pub(crate) fn play(&self, case: Case, disguise: impl FnOnce(Db) -> Db + Send + 'static) -> Outcome {
        let stage = Arc::clone(&self.0);
        let patience = stage.patience();
        let (answer, answered) = mpsc::channel();
        // A case that hangs must not stop the suite, so it has a thread of its own, which is then left behind.
        thread::spawn(move || {
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| stage.play(case, Box::new(disguise))));
            let _ = answer.send(outcome.unwrap_or_else(|panic| Outcome::Failed(panicked(&*panic))));
        });
        answered.recv_timeout(patience).unwrap_or_else(|_| Outcome::Failed(format!("no end after {patience:?}")))
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").finish_non_exhaustive()
    }
}

trait Stage: Send + Sync {
    fn patience(&self) -> Duration;
    fn play(&self, case: Case, disguise: Box<dyn FnOnce(Db) -> Db + Send>) -> Outcome;
}

struct On<H>(Arc<H>);

impl<H: Harness> Stage for On<H> {
    fn patience(&self) -> Duration {
        let Effort { tasks, rounds } = self.0.effort();
        let units = tasks.saturating_mul(rounds).saturating_mul(self.0.levels().len());
        PATIENCE.saturating_add(PER_UNIT.saturating_mul(units.try_into().unwrap_or(u32::MAX)))
    }

    fn play(&self, case: Case, disguise: Box<dyn FnOnce(Db) -> Db + Send>) -> Outcome {
        self.0.block_on(async {
            let opened = match Opened::new(Arc::clone(&self.0)).await {
                Ok(opened) => Arc::new(opened),
                Err(error) => return Outcome::Failed(format!("no fresh schema: {error:?}{}", sources(&error))),
            };
            let db = disguise(Arc::clone(&opened) as Arc<dyn Database>);
            let verdict = (case.work)(db).await;
            if let Some(opened) = Arc::into_inner(opened) {
                opened.close().await;
            }
            match verdict {
                Ok(()) => Outcome::Passed,
                Err(Stop::Failed(seen)) => Outcome::Failed(seen),
                Err(Stop::NotApplicable(why)) => Outcome::NotApplicable(why),
            }
        })
    }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a word"))
}
