//! How long a run of the tests is: what every change is asked, or what a release is.

use std::env;
use std::time::Duration;

/// An ordinary run is to end within this time, on two cores and with the packages downloaded.
const BUDGET: Duration = Duration::from_secs(20 * 60);

/// The variables that lengthen tests, with what `--long` sets them to unless the caller has. Without them, each test
/// takes a shorter figure of its own.
const FIGURES: [(&str, &str); 7] = [
    ("INVITE_TEST_KILLS", "10"),
    ("INVITE_TEST_MUTANTS", "3"),
    ("INVITE_TEST_ROUNDS", "100"),
    ("INVITE_TEST_ROWS", "1000000"),
    ("INVITE_TEST_SEQUENCES", "128"),
    ("INVITE_TEST_TASKS", "32"),
    ("INVITE_TEST_TOKENS", "1000000"),
];

/// Words in the names of tests that only a long run plays.
const ONLY_LONG: [&str; 1] = ["on_a_phone"];

/// The test program of which an ordinary run plays the tests on the first database only.
pub(crate) const BROWSER: &str = "browser";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    Ordinary,
    Long,
}

impl Length {
    /// The variables for the tests.
    pub(crate) fn variables(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Ordinary => Vec::new(),
            Self::Long => FIGURES.into_iter().filter(|(name, _)| env::var_os(name).is_none()).collect(),
        }
    }

    /// Words in the names of tests that are left out.
    pub(crate) fn skipped(self) -> &'static [&'static str] {
        match self {
            Self::Ordinary => &ONLY_LONG,
            Self::Long => &[],
        }
    }

    /// What to say after the results.
    pub(crate) fn remark(self, took: Duration) -> Option<String> {
        match self {
            Self::Long => None,
            Self::Ordinary if took <= BUDGET => Some(
                "shorter figures, and one walk through the browser: `--long` plays what a release needs".to_owned(),
            ),
            Self::Ordinary => Some(format!(
                "this took longer than the {} minutes that a run may take on two cores: what can be shorter?",
                BUDGET.as_secs() / 60
            )),
        }
    }
}
