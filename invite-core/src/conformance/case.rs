//! One rule, and how it is put to the test.

use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use futures_util::future::BoxFuture;

use super::{
    erased::{Database, Db, Opened},
    harness::{Effort, Harness},
    report::Outcome,
};
use crate::{error::Error, store::StoreError};

/// After this long a case has failed: something waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a unit of work of a race is given beyond that, on a busy machine and with all its retries.
const PER_UNIT: Duration = Duration::from_millis(50);

/// One rule of the contract, and the work that shows whether a store keeps it.
#[derive(Clone, Copy)]
pub struct Case {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) rule: &'static str,
    pub(super) work: fn(Db) -> BoxFuture<'static, Verdict>,
}

impl Case {
    /// What it is about, and its name as a sentence: `transition::an_id_is_looked_for_in_its_scope`.
    #[must_use]
    pub fn name(&self) -> String {
        let group = self.group.rsplit("::").next().unwrap_or_default();
        format!("{group}::{}", self.name)
    }

    /// The rule, for the author of an adapter that breaks it.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// `cases![name: "rule", ..]` makes the list of a module's cases.
macro_rules! cases {
    ($($name:ident: $rule:literal),* $(,)?) => {
        &[$($crate::conformance::case::Case {
            group: module_path!(),
            name: stringify!($name),
            rule: $rule,
            work: |db| Box::pin($name(db)),
        }),*]
    };
}

/// `ensure!(condition, "what was seen instead")`: ends the case unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err($crate::conformance::case::Stop::Failed(format!($($seen)+)));
        }
    };
}

/// `refused!(answer, Error::NotFound, "accepting by id")`: ends the case unless it was refused just so.
macro_rules! refused {
    ($answer:expr, $refusal:pat $(if $guard:expr)?, $($doing:tt)+) => {
        match $answer {
            Err($refusal) $(if $guard)? => {}
            Ok(_) => ensure!(false, "{}: it was done, and should have been refused as {}", format!($($doing)+), stringify!($refusal)),
            Err(other) => ensure!(false, "{}: refused as {other:?}, not as {}", format!($($doing)+), stringify!($refusal)),
        }
    };
}

pub(super) use {cases, ensure, refused};

/// What a case comes to.
pub(super) type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The rule is broken; what was seen.
    Failed(String),
    /// The harness says that there is nothing to see here.
    NotApplicable(&'static str),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("an operation that should succeed answered {error:?}{}", sources(&error)))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(format!("an operation that should succeed answered {error:?}{}", sources(&error)))
    }
}

/// What lies beneath. This is a test on test data: nothing in it is anybody's.
pub(super) fn sources(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
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
    pub(super) fn play(&self, case: Case, disguise: impl FnOnce(Db) -> Db + Send + 'static) -> Outcome {
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
