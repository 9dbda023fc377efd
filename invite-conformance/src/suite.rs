//! Plays cases on a harness.

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
    history, host, races, store,
};

/// After this long a case has failed: something waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a unit of work of a race is given beyond that, on a busy machine and with all its retries.
const PER_UNIT: Duration = Duration::from_millis(50);

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [store::cases(), host::cases(), races::cases(), history::CASES.to_vec()].concat()
}

/// A harness, ready to play cases.
pub struct Suite(Arc<dyn Stage>);

impl Suite {
    /// A suite on this harness.
    pub fn new(harness: impl Harness) -> Self {
        Self(Arc::new(On(Arc::new(harness))))
    }

    /// Plays one case on a fresh schema. One that panics or takes minutes longer than its races may has failed.
    #[must_use]
    pub fn run(&self, case: Case) -> Outcome {
        self.play(case, |db| db)
    }

    /// Plays one case on a fresh schema, on the store as `disguise` gives it back.
    pub(crate) fn play(&self, case: Case, disguise: impl FnOnce(Db) -> Db + Send + 'static) -> Outcome {
        let stage = Arc::clone(&self.0);
        let patience = stage.patience();
        let (answer, answered) = mpsc::channel();
        // On a thread of its own: what hangs is left behind.
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
