//! The results of a whole run.

use std::fmt;

use crate::case::{Case, Outcome};

/// The results of all cases.
///
/// `Display` lists the cases that failed or did not apply, and ends with the totals.
#[derive(Debug, Default)]
pub struct Report {
    outcomes: Vec<(Case, Outcome)>,
}

impl Report {
    pub(crate) fn add(&mut self, case: Case, outcome: Outcome) {
        self.outcomes.push((case, outcome));
    }

    /// Whether no case failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
    }

    /// Each case with its result, in the order in which they ran.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Case, &Outcome)> {
        self.outcomes.iter().map(|(case, outcome)| (case, outcome))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut passed, mut failed, mut left_out) = (0, 0, 0);
        for (case, outcome) in &self.outcomes {
            match outcome {
                Outcome::Passed => passed += 1,
                Outcome::Failed(seen) => {
                    failed += 1;
                    writeln!(f, "{}\n    rule: {}\n    seen: {seen}", case.name(), case.rule())?;
                }
                Outcome::NotApplicable(why) => {
                    left_out += 1;
                    writeln!(f, "{}\n    not applicable: {why}", case.name())?;
                }
            }
        }
        write!(f, "{passed} passed, {failed} failed, {left_out} not applicable")
    }
}
