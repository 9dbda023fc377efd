use std::thread;

use super::*;
use crate::{harness::Effort, memory::InMemory, mutants::edit::Edit};

fn in_memory() -> InMemory {
    InMemory::new(Effort::default())
}

/// Every path through the disguise, and nothing spoiled.
const SOUND: Mutant = Mutant { name: "nothing is spoiled", hints: &[], needs: None, spoil: || Box::new(Edit::NONE) };

#[test]
fn every_hint_is_the_name_of_a_case() {
    let cases: Vec<_> = cases().iter().map(Case::name).collect();
    for mutant in mutants() {
        for hint in mutant.hints {
            assert!(cases.iter().any(|case| case == hint), "{mutant:?}: no case is called {hint}");
        }
    }
}

#[test]
fn every_mutant_has_its_own_name_and_a_hint() {
    let mutants = mutants();
    let names: std::collections::HashSet<_> = mutants.iter().map(Mutant::name).collect();
    assert_eq!(names.len(), mutants.len());
    for mutant in mutants {
        assert!(!mutant.hints.is_empty(), "{mutant:?}");
    }
}

#[test]
fn a_disguise_that_spoils_nothing_passes_every_case() {
    let suite = Suite::new(in_memory());
    let fate = suite.kill(&SOUND);
    assert!(matches!(fate, Fate::Survived), "{fate:?}");
}

#[test]
fn the_first_case_that_a_hint_names_kills_its_mutant() {
    let suite = Suite::new(in_memory());
    for mutant in mutants() {
        if let Fate::Killed { by, .. } = suite.kill(&mutant) {
            assert_eq!(Some(by.name().as_str()), mutant.hints.first().copied(), "{mutant:?}");
        }
    }
}

#[test]
fn every_mutant_is_killed_in_memory_without_a_hint_unless_it_needs_more_than_memory_has() {
    let suite = Suite::new(in_memory());
    let cases = cases();
    let mutants: Vec<_> = mutants().into_iter().filter(|mutant| mutant.needs.is_none()).collect();
    let survivors_of = |mutants: &[Mutant]| {
        let survivors = mutants.iter().filter(|mutant| matches!(suite.kill_by(mutant, &cases), Fate::Survived));
        survivors.copied().collect::<Vec<_>>()
    };
    // Most cases are played many times, which takes a while: every processor has its share.
    let share = mutants.len().div_ceil(thread::available_parallelism().map_or(1, Into::into));
    let survivors: Vec<_> = thread::scope(|scope| {
        let shares: Vec<_> = mutants.chunks(share).map(|mutants| scope.spawn(|| survivors_of(mutants))).collect();
        shares.into_iter().flat_map(|share| share.join().expect("no case panics outside the suite")).collect()
    });
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn a_report_is_clean_when_nothing_survived_and_ends_with_the_score() {
    let killed = Fate::Killed { by: cases()[0], seen: String::new() };
    let mut report = MutantReport { fates: vec![(SOUND, killed), (SOUND, Fate::NotApplicable("no reason"))] };
    assert!(report.is_clean());
    assert!(report.to_string().ends_with("mutants killed: 1/1"), "{report}");
    report.fates.push((SOUND, Fate::Survived));
    assert!(!report.is_clean());
    assert!(report.to_string().ends_with("mutants killed: 1/2"), "{report}");
}
