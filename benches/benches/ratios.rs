//! The library beside the same work by hand, interleaved in one run: only such ratios carry to
//! another machine. `INVITE_BENCH_ROUNDS` sets how many slices of each are compared (40); an
//! argument chooses the comparisons whose names contain it.

use std::{
    env,
    time::{Duration, Instant},
};

use chrono::Utc;
use invite_benches::{Database, by_hand};
use invite_core::{Clock, SystemClock, Token};
use sqlx::sqlite::SqliteSynchronous;

/// How often each side does its work before the other has its turn.
const SLICE: u64 = 100;

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Side {
    Library,
    ByHand,
}

struct Comparison {
    rounds: u64,
    next: u64,
    filter: Option<String>,
}

impl Comparison {
    /// Measures both sides slice by slice, and prints the medians and the ratio of speeds.
    async fn run(
        &mut self,
        name: &str,
        database: &Database,
        mut prepare: impl AsyncFnMut(&Database, u64) -> Vec<Token>,
        mut work: impl AsyncFnMut(Side, &Database, u64, Option<&Token>),
    ) {
        if !self.filter.as_ref().is_none_or(|part| name.contains(part)) {
            return;
        }
        let mut slices: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
        for round in 0..self.rounds {
            // Neither side always goes first.
            let order = if round % 2 == 0 { [Side::Library, Side::ByHand] } else { [Side::ByHand, Side::Library] };
            for side in order {
                let first = self.next;
                self.next += SLICE;
                let tokens = prepare(database, first).await;
                let start = Instant::now();
                for n in 0..SLICE {
                    work(side, database, first + n, tokens.get(usize::try_from(n).unwrap_or_default())).await;
                }
                slices[side as usize].push(start.elapsed());
            }
        }
        let [library, by_hand] = slices.map(|mut slices| {
            slices.sort_unstable();
            slices[slices.len() / 2].as_secs_f64() / SLICE as f64
        });
        println!(
            "{name:<28} library {:>8.1} us   by hand {:>8.1} us   speed {:.2} x",
            library * 1e6,
            by_hand * 1e6,
            by_hand / library
        );
    }
}

fn now() -> i64 {
    SystemClock.now().with_timezone(&Utc).timestamp_micros()
}

async fn compare() {
    let rounds = env::var("INVITE_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(40);
    let mut comparison =
        Comparison { rounds, next: 1, filter: env::args().skip(1).find(|argument| !argument.starts_with('-')) };
    for (name, synchronous) in [("NORMAL", SqliteSynchronous::Normal), ("FULL", SqliteSynchronous::Full)] {
        let database = Database::new(synchronous).await;
        let nothing = async |_: &Database, _| Vec::new();
        let invited = async |database: &Database, first| database.invited(first, SLICE).await;
        comparison
            .run(&format!("SQLite {name} create"), &database, nothing, async |side, database, n, _| match side {
                Side::Library => database.create(n).await,
                Side::ByHand => by_hand::create(database, n, now()).await,
            })
            .await;
        comparison
            .run(&format!("SQLite {name} preview"), &database, invited, async |side, database, _, token| {
                let token = token.expect("prepared");
                match side {
                    Side::Library => database.preview(token).await,
                    Side::ByHand => by_hand::preview(database, token, now()).await,
                }
            })
            .await;
        comparison
            .run(&format!("SQLite {name} accept"), &database, invited, async |side, database, n, token| {
                let token = token.expect("prepared");
                match side {
                    Side::Library => database.accept(token, n).await,
                    Side::ByHand => by_hand::accept(database, token, n, now()).await,
                }
            })
            .await;
        comparison
            .run(&format!("SQLite {name} list of 50"), &database, nothing, async |side, database, _, _| match side {
                Side::Library => database.list().await,
                Side::ByHand => by_hand::list(database).await,
            })
            .await;
    }
}

fn main() {
    // Cargo passes `--bench`; there is nothing to choose.
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(compare());
}
