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
    /// The name of the case: its subject, and the rule as a sentence, such as
    /// `find::an_id_is_looked_for_in_its_scope`.
    #[must_use]
    pub fn name(&self) -> String {
        let group = self.group.rsplit("::").next().unwrap_or_default();
        format!("{group}::{}", self.name)
    }

    /// The rule that the case tests, written for the author of a store that breaks it.
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

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test runner handles each of the three")]
pub enum Outcome {
    /// The store keeps the rule.
    Passed,
    /// The store breaks the rule. The text says what was seen instead.
    Failed(String),
    /// The database does not have what the case needs, as the harness says. The text says what that is.
    NotApplicable(&'static str),
}

/// How a case ends.
pub(crate) type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The rule is broken. The text says what was seen instead.
    Failed(String),
    /// The database does not have what the case needs. The text says what that is.
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

/// The sources of an error, in one line. They may quote values, because all data of the suite is made up.
pub(crate) fn sources(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}
