//! Stores broken on purpose: each must fail the suite, or the suite proves nothing.

mod address;
mod change;
mod edit;
mod erasure;
mod event;
mod finding;
mod guard;
mod links;
mod list;
mod probe;
mod purge;
mod queue;
mod race;
mod read;
mod recipient;
mod remind;
mod removal;
mod renewal;
mod report;
mod several;
mod spoil;
mod stored;
mod together;
mod transaction;
mod unique;
mod waiting;
mod worker;

use std::{collections::HashMap, fmt, sync::Arc};

use self::spoil::{Spoil, Spoiled};
use crate::{
    case::{Case, Outcome},
    harness::Harness,
    suite::{Suite, cases},
};

/// A store that is broken in one way. It is the store of the harness, behind a wrapper that does one thing wrong.
#[derive(Clone, Copy)]
pub struct Mutant {
    name: &'static str,
    /// Cases by name that are known to fail on it; they are played first.
    hints: &'static [&'static str],
    /// What the database must be able to do for it to be any different.
    needs: Option<&'static Case>,
    spoil: fn() -> Box<dyn Spoil>,
}

impl Mutant {
    /// What is wrong with it, in a sentence.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// `broken!["what is broken", [hints]: the spoil; .. needs probe ..]` makes the list of a module's mutants.
macro_rules! broken {
    ($($name:literal, $(needs $probe:ident,)? [$($hint:literal),* $(,)?]: $spoil:expr;)*) => {
        &[$($crate::mutants::Mutant {
            name: $name,
            hints: &[$($hint),*],
            needs: $crate::mutants::broken!(@needs $($probe)?),
            spoil: || Box::new($spoil),
        }),*]
    };
    (@needs) => { None };
    (@needs $probe:ident) => { Some(&$crate::mutants::probe::$probe) };
}

use broken;

/// All mutants of the suite.
#[must_use]
pub fn mutants() -> Vec<Mutant> {
    [
        guard::MUTANTS,
        recipient::MUTANTS,
        links::MUTANTS,
        change::MUTANTS,
        event::MUTANTS,
        stored::MUTANTS,
        unique::MUTANTS,
        read::MUTANTS,
        list::MUTANTS,
        waiting::MUTANTS,
        address::MUTANTS,
        erasure::MUTANTS,
        finding::MUTANTS,
        queue::MUTANTS,
        worker::MUTANTS,
        remind::MUTANTS,
        removal::MUTANTS,
        purge::MUTANTS,
        renewal::MUTANTS,
        report::MUTANTS,
        several::MUTANTS,
        together::MUTANTS,
        transaction::MUTANTS,
        race::MUTANTS,
    ]
    .concat()
}

/// The result of one mutant.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "a test runner handles each of the three")]
pub enum Fate {
    /// It failed a case, as it should.
    Killed {
        /// The case that it failed.
        by: Case,
        /// What that case saw.
        seen: String,
    },
    /// It passed all cases, so that the suite does not see this fault on this database.
    Survived,
    /// On this database the fault makes no difference, for the reason given.
    NotApplicable(&'static str),
}

/// How often the cases that a mutant names are run before all others. A fault that shows only if threads meet may stay
/// hidden in one run, on a machine where one thread is always first.
const MEETINGS: usize = 3;

impl Suite {
    /// Runs cases on this mutant until it fails one.
    #[must_use]
    pub fn kill(&self, mutant: &Mutant) -> Fate {
        if let Some(probe) = mutant.needs
            && let Outcome::NotApplicable(why) = self.run(*probe)
        {
            return Fate::NotApplicable(why);
        }
        let cases = likely_first(mutant);
        let hinted = cases.get(..mutant.hints.len()).unwrap_or_default();
        for _ in 0..MEETINGS {
            if let killed @ Fate::Killed { .. } = self.kill_by(mutant, hinted) {
                return killed;
            }
        }
        self.kill_by(mutant, &cases)
    }

    fn kill_by(&self, mutant: &Mutant, cases: &[Case]) -> Fate {
        for case in cases {
            let spoil = (mutant.spoil)();
            if let Outcome::Failed(seen) = self.play(*case, |db| Arc::new(Spoiled::new(db, spoil))) {
                return Fate::Killed { by: *case, seen };
            }
        }
        Fate::Survived
    }
}

fn likely_first(mutant: &Mutant) -> Vec<Case> {
    let mut cases = cases();
    cases.sort_by_key(|case| {
        let name = case.name();
        mutant.hints.iter().position(|hint| *hint == name).unwrap_or(usize::MAX)
    });
    cases
}

/// Runs the suite on all mutants of the harness's store. The store itself must pass the suite.
pub fn run_mutants(harness: impl Harness) -> MutantReport {
    let suite = Suite::new(harness);
    let mut report = MutantReport::default();
    // A case that the store itself fails proves nothing about a mutant.
    let mut sound = HashMap::<String, bool>::new();
    for mutant in mutants() {
        let mut fate = suite.kill(&mutant);
        if let Fate::Killed { by, .. } = fate
            && !*sound.entry(by.name()).or_insert_with(|| suite.run(by) == Outcome::Passed)
        {
            fate = Fate::Survived;
        }
        report.fates.push((mutant, fate));
    }
    report
}

/// The results of all mutants.
///
/// `Display` lists the mutants that survived or did not apply, and ends with the score.
#[derive(Debug, Default)]
pub struct MutantReport {
    fates: Vec<(Mutant, Fate)>,
}

impl MutantReport {
    /// Whether no mutant survived.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.fates.iter().any(|(_, fate)| matches!(fate, Fate::Survived))
    }

    /// Each mutant with its result.
    pub fn fates(&self) -> impl Iterator<Item = (&Mutant, &Fate)> {
        self.fates.iter().map(|(mutant, fate)| (mutant, fate))
    }
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut killed, mut all) = (0, 0);
        for (mutant, fate) in &self.fates {
            match fate {
                Fate::Killed { .. } => {
                    killed += 1;
                    all += 1;
                }
                Fate::Survived => {
                    all += 1;
                    writeln!(f, "survived: {}", mutant.name)?;
                }
                Fate::NotApplicable(why) => writeln!(f, "not applicable ({why}): {}", mutant.name)?,
            }
        }
        write!(f, "mutants killed: {killed}/{all}")
    }
}

#[cfg(test)]
mod tests;
