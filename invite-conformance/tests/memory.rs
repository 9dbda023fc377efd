//! The reference store under the suite, and the suite's proof on it.

use invite_conformance::{Effort, InMemory, run, run_mutants};

#[test]
fn the_memory_store_passes_every_case() {
    let report = run(InMemory::new(Effort::default()));
    assert!(report.is_clean(), "{report}");
}

#[test]
fn every_store_that_is_broken_on_purpose_fails_a_case_in_memory() {
    let report = run_mutants(InMemory::new(Effort::default()));
    assert!(report.is_clean(), "{report}");
}
