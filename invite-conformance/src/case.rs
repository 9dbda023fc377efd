//! One rule, and how it is put to the test.

use std::fmt;

use futures_util::future::BoxFuture;
use invite_core::{Error, store::StoreError};

use crate::erased::Db;

/// One rule of the contract, and the work that shows whether a store keeps it.
#[derive(Clone, Copy)]
pub struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) work: fn(Db) -> BoxFuture<'static, Verdict>,
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
        &[$($crate::case::Case {
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
            return Err($crate::case::Stop::Failed(format!($($seen)+)));
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

pub(crate) use {cases, ensure, refused};

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever shows it has something to say for each")]
pub enum Outcome {
    /// The store keeps the rule.
    Passed,
    /// It does not; what was seen.
    Failed(String),
    /// The harness answered a question so that there was nothing to see.
    NotApplicable(&'static str),
}

/// What a case comes to.
pub(crate) type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug)]
pub(crate) enum Stop {
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
pub(crate) fn sources(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}
