#![doc = include_str!("../README.md")]
//!
//! # A whole harness
//!
//! [`InMemory`], the [`Harness`] of the [reference store](invite_core::memory):
//!
#![doc = concat!("```\n", include_str!("memory.rs"), "```")]

// `memory.rs` is shown above as it stands, and so it names this crate as any other crate would.
extern crate self as invite_conformance;

mod case;
mod compare;
mod erased;
mod harness;
mod history;
mod host;
mod memory;
mod mutants;
mod races;
mod report;
mod store;
mod suite;

pub use crate::{
    case::{Case, Outcome},
    harness::{Damage, Effort, Harness},
    memory::InMemory,
    mutants::{Fate, Mutant, MutantReport, mutants, run_mutants},
    report::Report,
    suite::{Suite, cases, run},
};
