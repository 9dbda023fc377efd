//! The reference store.

use std::ops::DerefMut;

use invite_core::{
    memory::{Memory, MemoryConn, MemoryStore},
    store::StoreError,
};

use super::Backend;

pub(crate) struct InMemory(Memory);

pub(crate) struct MemoryTx(MemoryConn);

impl std::ops::Deref for MemoryTx {
    type Target = MemoryConn;

    fn deref(&self) -> &MemoryConn {
        &self.0
    }
}

impl DerefMut for MemoryTx {
    fn deref_mut(&mut self) -> &mut MemoryConn {
        &mut self.0
    }
}

impl Backend for InMemory {
    type Store = MemoryStore;
    type Pool = Memory;
    type Tx = MemoryTx;

    const LEVELS: &'static [&'static str] = &["one at a time"];

    async fn fresh() -> Self {
        Self(Memory::default())
    }

    fn pool(&self) -> Memory {
        self.0.clone()
    }

    async fn begin(&self) -> MemoryTx {
        MemoryTx(self.0.begin().await)
    }

    async fn begin_at(&self, _: &'static str) -> Result<MemoryTx, StoreError> {
        Ok(self.begin().await)
    }

    async fn try_commit(tx: MemoryTx) -> Result<(), StoreError> {
        tx.0.commit();
        Ok(())
    }

    async fn commit(tx: MemoryTx) {
        tx.0.commit();
    }

    async fn rollback(tx: MemoryTx) {
        tx.0.rollback();
    }

    async fn abandon(tx: MemoryTx) {
        tx.0.rollback();
    }
}
