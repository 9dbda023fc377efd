use std::future::Future;

use invite_conformance::{Effort, Harness};
use invite_core::{
    memory::{Memory, MemoryConn, MemoryStore},
    store::StoreError,
};
use tokio::runtime::Runtime;

/// The harness of the reference store, and a complete example of one.
#[derive(Debug)]
pub struct InMemory {
    runtime: Runtime,
    effort: Effort,
}

impl InMemory {
    /// Makes a harness whose races do this much.
    ///
    /// # Panics
    /// If the system gives the runtime no thread.
    #[must_use]
    pub fn new(effort: Effort) -> Self {
        Self { runtime: Runtime::new().expect("a runtime"), effort }
    }
}

impl Harness for InMemory {
    type Store = MemoryStore;
    type Pool = Memory;
    // `Box` stands for the pooled connection or the transaction of a driver.
    type Connection = Box<MemoryConn>;
    type Transaction = Box<MemoryConn>;

    fn store(&self) -> MemoryStore {
        MemoryStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    // The memory has one transaction at a time. A second one would wait for the first for ever.
    fn overlaps(&self) -> bool {
        false
    }

    fn effort(&self) -> Effort {
        self.effort
    }

    async fn fresh(&self) -> Result<Memory, StoreError> {
        Ok(Memory::default())
    }

    async fn connect(&self, memory: &Memory) -> Result<Box<MemoryConn>, StoreError> {
        Ok(Box::new(memory.connection()))
    }

    async fn begin(&self, memory: &Memory, _level: &'static str) -> Result<Box<MemoryConn>, StoreError> {
        Ok(Box::new(memory.begin().await))
    }

    async fn commit(&self, tx: Box<MemoryConn>) -> Result<(), StoreError> {
        tx.commit();
        Ok(())
    }

    async fn rollback(&self, tx: Box<MemoryConn>) -> Result<(), StoreError> {
        tx.rollback();
        Ok(())
    }
}
