//! How to open, begin and commit on each database of this repository: what the conformance suite needs to know, and
//! what kills a process or a server in the middle of it.

pub mod database;
pub mod drivers;
pub mod facts;
pub mod kill;
pub mod mixed;
pub mod on;

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use invite_conformance::{Effort, InMemory};
use invite_core::store::StoreError;
use tokio::runtime::Runtime;

use crate::facts::Facts;

/// Many tasks share few connections: whoever waits for one waits for as long as a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(100);

/// Connections to one SQLite file. Who waits for its lock looks for it now and then, who waits for a connection is
/// woken: with as many connections as there are tasks, races take ten times as long.
const FILE_CONNECTIONS: u32 = 4;

/// How many race at once, and how often: unless `INVITE_TEST_TASKS` and `INVITE_TEST_ROUNDS` say otherwise, what a run
/// on every change has time for.
fn effort() -> Effort {
    let number = |name, otherwise| env::var(name).map_or(otherwise, |number| number.parse().expect(name));
    Effort { tasks: number("INVITE_TEST_TASKS", 16), rounds: number("INVITE_TEST_ROUNDS", LEAST_ROUNDS) }
}

/// A tenth of the rounds, where the same code has raced already: diesel's, driven without waiting or turn by turn with
/// sqlx's.
fn less_effort() -> Effort {
    let Effort { tasks, rounds } = effort();
    Effort { tasks, rounds: (rounds / 10).max(LEAST_ROUNDS.min(rounds)) }
}

const LEAST_ROUNDS: usize = 10;

/// The reference store.
#[must_use]
pub fn in_memory() -> InMemory {
    InMemory::new(effort())
}

/// As many connections to one database as there are tasks: ordinarily, and where 64 are at once in any case.
fn connections_to(facts: &Facts) -> u32 {
    match facts.server {
        Some(_) => effort().tasks.max(64).try_into().expect("not so many tasks"),
        None => FILE_CONNECTIONS,
    }
}

/// How many tests run at once, if `RUST_TEST_THREADS` says it: test programs with a main function of their own do not
/// ask.
#[must_use]
pub fn threads() -> Option<usize> {
    env::var("RUST_TEST_THREADS").ok().and_then(|number| number.parse().ok())
}

/// A runtime whose drivers go on while many threads block on it.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A name nobody else uses, for a database on a server that several test programs share.
fn unique_name() -> String {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    format!("invite_{}_{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

/// The server that the test command has started, or was told of.
fn server(variable: &'static str) -> Result<String, StoreError> {
    env::var(variable).map_err(|_| StoreError::failed(format!("`cargo xtask databases` sets {variable}")))
}

/// The address of another database on the same server.
fn beside(server: &str, name: &str) -> String {
    let (server, _) = server.rsplit_once('/').unwrap_or((server, ""));
    format!("{server}/{name}")
}
