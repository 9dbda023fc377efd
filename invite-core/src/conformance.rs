//! The suite that a store must pass, whoever wrote it. **Public, but not stable: cases are added in minor
//! releases.**
//!
//! A [`Harness`] says how to open an empty schema on your database, and how to begin, commit and roll
//! back there. [`run`] plays every case on it and names, for each that fails, the rule of the
//! [contract](crate::store) that was broken and what was seen instead. [`cases`] lists them one by one, for a
//! test runner that shows each as a test of its own; [`mutants`] proves the suite on your database: stores
//! broken on purpose, each of which it must fail.
//!
//! The whole harness of the reference store, and its run:
//!
//! ```
//! use std::{future::Future, ops::{Deref, DerefMut}};
//!
//! use invite_core::{
//!     conformance::{self, Harness},
//!     memory::{Memory, MemoryConn, MemoryStore},
//!     store::StoreError,
//! };
//!
//! struct InMemory(tokio::runtime::Runtime);
//!
//! /// What lends a connection: as a driver's pooled connection or transaction does.
//! struct Lent(MemoryConn);
//! # impl Deref for Lent {
//! #     type Target = MemoryConn;
//! #     fn deref(&self) -> &MemoryConn { &self.0 }
//! # }
//! # impl DerefMut for Lent {
//! #     fn deref_mut(&mut self) -> &mut MemoryConn { &mut self.0 }
//! # }
//!
//! impl Harness for InMemory {
//!     type Store = MemoryStore;
//!     type Pool = Memory;
//!     type Connection = Lent;
//!     type Transaction = Lent;
//!
//!     fn store(&self) -> MemoryStore {
//!         MemoryStore
//!     }
//!
//!     fn block_on<F: Future>(&self, work: F) -> F::Output {
//!         self.0.block_on(work)
//!     }
//!
//!     /// One transaction at a time: a second one would wait for the first for ever.
//!     fn overlaps(&self) -> bool {
//!         false
//!     }
//!
//!     async fn fresh(&self) -> Result<Memory, StoreError> {
//!         Ok(Memory::default())
//!     }
//!
//!     async fn connect(&self, memory: &Memory) -> Result<Lent, StoreError> {
//!         Ok(Lent(memory.connection()))
//!     }
//!
//!     async fn begin(&self, memory: &Memory, _level: &'static str) -> Result<Lent, StoreError> {
//!         Ok(Lent(memory.begin().await))
//!     }
//!
//!     async fn commit(&self, tx: Lent) -> Result<(), StoreError> {
//!         tx.0.commit();
//!         Ok(())
//!     }
//!
//!     async fn rollback(&self, tx: Lent) -> Result<(), StoreError> {
//!         tx.0.rollback();
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let report = conformance::run(InMemory(tokio::runtime::Runtime::new()?));
//! assert!(report.is_clean(), "{report}");
//! # Ok(())
//! # }
//! ```

mod case;
mod cases;
mod compare;
mod deeds;
mod direct;
mod erased;
mod harness;
mod history;
mod mutants;
mod races;
mod report;
mod rows;
mod world;

pub use self::{
    case::{Case, Suite},
    harness::{Damage, Effort, Harness},
    mutants::{Fate, Mutant, MutantReport, mutants, run_mutants},
    report::{Outcome, Report},
};

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    cases::all()
}

/// Runs every case on this harness, one after the other.
///
/// A case that panics has failed, and so has one that takes minutes longer than its races may.
pub fn run(harness: impl Harness) -> Report {
    let suite = Suite::new(harness);
    let mut report = Report::default();
    for case in cases() {
        report.add(case, suite.run(case));
    }
    report
}
