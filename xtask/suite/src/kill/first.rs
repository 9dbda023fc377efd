//! Kills a process while it brings an empty database to the schema for the first time.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::StdRng};

use super::{figures::Figures, process::runtime};
use crate::{
    database::{Care, Database},
    on::new_url,
};

/// Tells the program that it is the one to be killed while it migrates: the store, a blank, and the URL.
pub const FIRST: &str = "INVITE_KILLED_FIRST";

/// What the child says right before it migrates.
const BEGINNING: &str = "begins to migrate";

const TABLES: [&str; 5] =
    ["invite_invitations", "invite_tokens", "invite_outbox", "invite_events", "invite_migrations"];

/// Starts this program on one empty database after the other and kills it while it migrates. The next start must
/// complete the schema.
///
/// # Panics
/// When it does not.
pub fn kill_first_migrations<D: Database>(store: &str, server: &str, kills: u32, random: &mut StdRng) -> Figures {
    let runtime = runtime();
    let database = |number: u32| {
        let name = format!("first_{store}_{}_{number}", process::id());
        runtime.block_on(new_url::<D>(server, &name)).expect("an empty database")
    };
    let undisturbed = Instant::now();
    runtime.block_on(complete::<D>(&database(0)));
    let longest = undisturbed.elapsed();
    for number in 1..=kills {
        let url = database(number);
        let mut child = Command::new(env::current_exe().expect("who am I?"))
            .env(FIRST, format!("{store} {url}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let said = BufReader::new(child.stdout.take().expect("it is piped")).lines().next();
        assert!(said.is_some_and(|line| line.is_ok_and(|line| line == BEGINNING)), "the child did not begin");
        // The fault itself, not a wait for anything.
        thread::sleep(random.random_range(Duration::ZERO..longest));
        child.kill().expect("a kill");
        child.wait().expect("a status");
        runtime.block_on(complete::<D>(&url));
    }
    Figures { kills: kills as usize, ..Figures::default() }
}

/// What the child does: it migrates, if the order is for this store, and waits to be killed.
///
/// # Panics
/// When it cannot.
#[must_use]
pub fn first<D: Database>(store: &str, order: &str) -> bool {
    let Some((name, url)) = order.split_once(' ').filter(|(name, _)| *name == store) else { return false };
    runtime().block_on(async {
        let pool = D::open(url, 1, Care::Durable).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{BEGINNING}");
        D::migrate(&pool).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        std::future::pending::<()>().await;
    });
    true
}

/// Migrates twice and finds every table.
async fn complete<D: Database>(url: &str) {
    let pool = D::open(url, 1, Care::Durable).await.expect("a connection");
    for start in ["the next start", "the one after it"] {
        D::migrate(&pool).await.unwrap_or_else(|error| panic!("{start} after a kill: {error}"));
    }
    let mut tx = D::begin(&pool, D::FACTS.levels[0]).await.expect("a transaction");
    for table in TABLES {
        let statement = format!("DELETE FROM {table} WHERE 1 = 0");
        D::execute(&mut tx, &statement).await.unwrap_or_else(|error| panic!("{table} after a kill: {error}"));
    }
    D::rollback(tx).await.expect("an end");
}
