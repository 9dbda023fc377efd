//! How to open, begin and commit on each database of this repository: what the conformance suite needs to know, and
//! what kills a process or a server in the middle of it.

pub mod blocking;
pub mod diesel_mysql;
mod diesel_pool;
pub mod diesel_postgres;
pub mod diesel_sqlite;
pub mod kill;
pub mod mixed;
pub mod sqlx_mysql;
pub mod sqlx_postgres;
pub mod sqlx_sqlite;

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use invite_conformance::{Damage, Effort, InMemory};
use invite_core::store::StoreError;
use tokio::runtime::Runtime;

/// Many tasks share few connections: whoever waits for one waits for as long as a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(100);

/// How long SQLite waits for another writer. Those that are broken on purpose may wait for themselves.
const BUSY: Duration = Duration::from_secs(10);

/// Connections to one SQLite file. Who waits for its lock looks for it now and then, who waits for a connection is
/// woken: with as many connections as there are tasks, races take ten times as long.
const SQLITE_CONNECTIONS: u32 = 4;

/// How many race at once, and how often, unless `INVITE_TEST_TASKS` and `INVITE_TEST_ROUNDS` say otherwise.
const THOROUGH: Effort = Effort { tasks: 32, rounds: 100 };
/// Where the same code has raced already: diesel's, driven without waiting or turn by turn with sqlx's.
const BRIEF: Effort = Effort { tasks: 32, rounds: 10 };

fn effort(otherwise: Effort) -> Effort {
    let number = |name, otherwise| env::var(name).map_or(otherwise, |number| number.parse().expect(name));
    Effort {
        tasks: number("INVITE_TEST_TASKS", otherwise.tasks),
        rounds: number("INVITE_TEST_ROUNDS", otherwise.rounds),
    }
}

/// The reference store.
pub fn in_memory() -> InMemory {
    InMemory::new(effort(THOROUGH))
}

/// As many connections to one database as there are tasks: ordinarily, and where 64 are at once in any case.
fn connections() -> u32 {
    effort(THOROUGH).tasks.max(64).try_into().expect("not so many tasks")
}

/// Empties every table.
const EMPTY: [&str; 4] = [
    "DELETE FROM invite_invitations",
    "DELETE FROM invite_tokens",
    "DELETE FROM invite_outbox",
    "DELETE FROM invite_events",
];

/// The statement that spoils the row of this id, where a place is a question mark.
fn damage(what: Damage) -> Option<&'static str> {
    match what {
        Damage::DeliveryState => Some("UPDATE invite_invitations SET delivery_state = 'lost' WHERE id = ?"),
        Damage::Inviter => Some("UPDATE invite_invitations SET inviter = 'nobody' WHERE id = ?"),
        Damage::Recipient => Some("UPDATE invite_invitations SET recipient_given = 'x' WHERE id = ?"),
        _ => None,
    }
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
