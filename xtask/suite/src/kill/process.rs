//! Kills a process that makes requests and mails letters.

use std::{
    env, fs,
    io::{self, Read},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::{
    figures::Figures,
    journal::{self, Entry},
    life::Life,
    reachable::Reachable,
};

/// Tells the program that it is the one to be killed, and what it has to do until then.
pub const CHILD: &str = "INVITE_KILLED_CHILD";

/// After how much journal, in bytes, the last kill falls.
pub(super) const LONGEST: u64 = 120_000;
const SIGKILL: i32 = 9;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
struct Order {
    name: String,
    url: String,
    life: u32,
    seed: u64,
    journal: PathBuf,
}

/// Starts this program over and over, on a database on that server, and kills it each time.
///
/// # Panics
/// When a kill lost something, or did it by half.
pub fn kill_processes<H: Reachable>(harness: H, name: &str, server: &str, kills: u32, random: &mut StdRng) -> Figures {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let harness = Arc::new(harness);
    let database = format!("killed_{}_{}", name, process::id());
    let url = runtime.block_on(harness.create(server, &database)).expect("a database");
    let (mut figures, mut lives) = (Figures::default(), Vec::new());
    for number in 0..kills {
        let journal = Life::<H>::journal_in(folder.path(), number);
        let order = Order { name: name.into(), url: url.clone(), life: number, seed: random.random(), journal };
        let mut child = Command::new(env::current_exe().expect("who am I?"))
            .env(CHILD, serde_json::to_string(&order).expect("an order is JSON"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("a child");
        until_written(&order.journal, random.random_range(0..LONGEST), || ended(&mut child));
        // The fault itself, not a wait for anything.
        thread::sleep(Duration::from_micros(random.random_range(0..5_000)));
        child.kill().expect("a kill");
        let status = child.wait().expect("a status");
        assert_eq!(status.signal(), Some(SIGKILL), "it was to be killed");
        assert_eq!(journal::trouble(&order.journal), [""; 0], "before it was killed");
        let lost = journal::read(&order.journal).into_iter().any(|entry| matches!(entry, Entry::Lost));
        assert!(!lost, "two workers had one letter");
        let life = Life { harness: Arc::clone(&harness), url: url.clone(), number, journal: order.journal };
        let (met, standing) = runtime.block_on(life.inherit());
        figures += met;
        lives.push((life, standing));
    }
    for (life, standing) in &lives {
        runtime.block_on(life.still_stands(standing));
    }
    figures
}

/// What the child does: it makes requests and mails letters until it is killed, or whoever would do that is gone.
///
/// # Panics
/// When it cannot.
pub fn child<H: Reachable>(harness: H, order: &str) {
    let order: Order = serde_json::from_str(order).expect("an order");
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(1);
    });
    let life = Life { harness: Arc::new(harness), url: order.url, number: order.life, journal: order.journal };
    runtime().block_on(async {
        let running = life.begin(StdRng::seed_from_u64(order.seed)).await;
        running.until_killed().await;
    });
}

/// For whom an order is: the name that [`kill_processes`] was given.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn name_in(order: &str) -> String {
    serde_json::from_str::<Order>(order).expect("an order").name
}

/// Waits until the journal is so long.
pub(super) fn until_written(journal: &Path, bytes: u64, mut ended: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(journal).map_or(0, |file| file.len()) <= bytes {
        assert!(!ended(), "nobody works any more");
        assert!(Instant::now() < deadline, "nothing was written for two minutes");
        thread::sleep(Duration::from_micros(500));
    }
}

fn ended(child: &mut Child) -> bool {
    child.try_wait().expect("a child").is_some()
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
}
