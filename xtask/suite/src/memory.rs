//! The reference store.

use std::ops::{Deref, DerefMut};

use invite_core::{
    conformance::{Effort, Harness},
    memory::{Memory, MemoryConn, MemoryStore},
    store::StoreError,
};
use tokio::runtime::Runtime;

/// The store over [`Memory`].
pub struct InMemory(Runtime);

impl Default for InMemory {
    fn default() -> Self {
        Self(crate::runtime())
    }
}

/// A [`MemoryConn`], lent as drivers lend theirs.
pub struct Lent(MemoryConn);

impl Deref for Lent {
    type Target = MemoryConn;

    fn deref(&self) -> &MemoryConn {
        &self.0
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut MemoryConn {
        &mut self.0
    }
}

impl Harness for InMemory {
    type Store = MemoryStore;
    type Pool = Memory;
    type Connection = Lent;
    type Transaction = Lent;

    fn store(&self) -> MemoryStore {
        MemoryStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.0.block_on(work)
    }

    fn overlaps(&self) -> bool {
        false
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::THOROUGH)
    }

    async fn fresh(&self) -> Result<Memory, StoreError> {
        Ok(Memory::default())
    }

    async fn connect(&self, memory: &Memory) -> Result<Lent, StoreError> {
        Ok(Lent(memory.connection()))
    }

    async fn begin(&self, memory: &Memory, _: &'static str) -> Result<Lent, StoreError> {
        Ok(Lent(memory.begin().await))
    }

    async fn commit(&self, tx: Lent) -> Result<(), StoreError> {
        tx.0.commit();
        Ok(())
    }

    async fn rollback(&self, tx: Lent) -> Result<(), StoreError> {
        tx.0.rollback();
        Ok(())
    }
}
