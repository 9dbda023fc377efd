//! Kills a database server under a process that makes requests and mails letters.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use xtask::{Durability, Engine, Folder, Server};

use super::{
    figures::Figures,
    journal,
    life::{Life, Running},
    process::{LONGEST, runtime, until_written},
    reachable::Reachable,
};

/// How many requests show that it is back.
const SERVED_AGAIN: usize = 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a server of its own and kills it over and over. Half of the time those who use it are gone with it; otherwise
/// they have to find it again.
///
/// # Panics
/// When a kill lost something, or did it by half.
pub fn kill_servers<H: Reachable>(harness: H, engine: &'static Engine, kills: u32, random: &mut StdRng) -> Figures {
    let runtime = runtime();
    let journals = tempfile::tempdir().expect("a temporary folder");
    let folder = Folder::create().expect("a temporary folder");
    let mut server = Server::start(engine, folder.path(), Durability::Fsync).unwrap_or_else(|why| panic!("{why}"));
    let harness = Arc::new(harness);
    let url = runtime.block_on(harness.create(&server.url(), "killed")).expect("a database");
    let (mut figures, mut lives) = (Figures::default(), Vec::new());
    for number in 0..kills {
        let journal = Life::<H>::journal_in(journals.path(), number);
        let life = Life { harness: Arc::clone(&harness), url: url.clone(), number, journal };
        let running = runtime.block_on(life.begin(StdRng::from_rng(random)));
        until_written(&life.journal, random.random_range(0..LONGEST), || false);
        // The fault itself, not a wait for anything.
        thread::sleep(Duration::from_micros(random.random_range(0..5_000)));
        server.kill().unwrap_or_else(|why| panic!("{why}"));
        // Threads cannot be gone.
        if random.random_bool(0.5) && !H::BLOCKS {
            runtime.block_on(running.vanish());
            server.restart().unwrap_or_else(|why| panic!("{why}"));
        } else {
            let served = running.served();
            server.restart().unwrap_or_else(|why| panic!("{why}"));
            until_served(&running, served + SERVED_AGAIN);
            runtime.block_on(running.end());
        }
        // But a worker may have lost a letter: recorded, and not told so, it tries to record it again.
        assert_eq!(journal::trouble(&life.journal), [""; 0], "while the server was away");
        let (met, standing) = runtime.block_on(life.inherit());
        figures += met;
        lives.push((life, standing));
    }
    for (life, standing) in &lives {
        runtime.block_on(life.still_stands(standing));
    }
    figures
}

/// Those who use the server find it again without being told to.
fn until_served(running: &Running, enough: usize) {
    let deadline = Instant::now() + PATIENCE;
    while running.served() < enough {
        assert!(Instant::now() < deadline, "the server is back, and nobody is served");
        thread::sleep(Duration::from_millis(1));
    }
}
