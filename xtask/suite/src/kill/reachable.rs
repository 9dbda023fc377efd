//! Databases that are found by their URL, by another process or after a restart.

use std::{
    thread,
    time::{Duration, Instant},
};

use invite_conformance::Harness;
use invite_core::store::StoreError;

use crate::{
    database::{Care, Database},
    on::{On, new_url},
};

/// What a kill needs to know of a database beyond the conformance suite.
pub trait Reachable: Harness<Pool: Clone> {
    /// Whether its connections keep the thread that uses them.
    const BLOCKS: bool;

    /// Makes an empty, migrated database on that server, or in that folder, and returns its URL.
    fn create(&self, server: &str, name: &str) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// So many connections to it. While nobody answers, whoever wants one waits.
    fn open(&self, url: &str, connections: u32) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;

    /// Waits until no transaction is open. A server ends those of killed clients, and those that it finds when it
    /// starts, while it serves others: until then, a worker passes over the letters that they hold.
    fn quiet(&self, url: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl<D: Database> Reachable for On<D> {
    const BLOCKS: bool = D::BLOCKS;

    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        let url = new_url::<D>(server, name).await?;
        D::migrate(&self.open(&url, 1).await?).await?;
        Ok(url)
    }

    async fn open(&self, url: &str, connections: u32) -> Result<D::Pool, StoreError> {
        D::open(url, connections, Care::Durable).await
    }

    // A server that has just come back may refuse connections, or end a transaction, for some time yet.
    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lock_everything(self, url).await {
                Err(error) if error.is_retryable() && Instant::now() < deadline => thread::sleep(PAUSE),
                answer => return answer,
            }
        }
    }
}

/// How long a server is given to answer again, and how long it is left alone between two questions.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

async fn lock_everything<D: Database>(on: &On<D>, url: &str) -> Result<(), StoreError> {
    let mut tx = D::begin(&on.open(url, 1).await?, D::FACTS.levels[0]).await?;
    for statement in D::FACTS.quiet {
        D::execute(&mut tx, statement).await?;
    }
    D::rollback(tx).await
}
