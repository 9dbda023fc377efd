//! What each operation takes on tables of many rows, beside what it takes on small ones, on one PostgreSQL and in turns.
//! Prints tables in Markdown. `INVITE_BENCH_ROWS` sets how many rows are many (10,000,000).
//!
//! `cargo xtask databases --fsync -- cargo bench -p invite-benches --bench scale`

use std::{env, fs, sync::Arc, time::Instant};

use invite_benches::{Page, Shared, Side, postgres::Database};

const FEW: u64 = 10_000;
const ROUNDS: usize = 15;
const SLICE: u64 = 200;
/// How many are expired or mailed in a slice.
const MANY: u64 = 1_000;
/// Numbers that nobody has been given; as seconds they lie in the past.
const FIRST: u64 = 100_000_000;

const OPERATIONS: [&str; 7] = [
    "create",
    "preview",
    "accept, with the host's insert",
    "list of 50, first page",
    "list of 50, half-way through the scope",
    "mail, each letter of 1,000",
    "expire, each invitation of 1,000",
];

/// Does a slice of the operation, and returns how many microseconds each took.
async fn slice(subject: &Shared, operation: usize, rows: u64, from: u64) -> f64 {
    let tokens = match operation {
        1 | 2 => subject.invited(from, SLICE).await,
        5 => {
            subject.queue(from, MANY).await;
            Vec::new()
        }
        6 => {
            subject.add_due(from, MANY).await;
            Vec::new()
        }
        _ => Vec::new(),
    };
    let start = Instant::now();
    let things = match operation {
        5 => {
            subject.mail(Side::Library).await;
            MANY
        }
        6 => {
            subject.sweep(Side::Library).await;
            MANY
        }
        _ => {
            for n in 0..SLICE {
                let place = usize::try_from(n).unwrap_or_default();
                match operation {
                    0 => subject.create(Side::Library, from + n).await,
                    1 => subject.preview(Side::Library, &tokens[place]).await,
                    2 => subject.accept(Side::Library, &tokens[place], from + n).await,
                    3 => subject.list(Side::Library, Page::First).await,
                    _ => subject.list(Side::Library, Page::Behind(rows / 2)).await,
                }
            }
            SLICE
        }
    };
    start.elapsed().as_secs_f64() * 1e6 / things as f64
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "unknown".into(), |peak| peak.trim().to_owned())
}

async fn run() {
    let url = env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
    let many = env::var("INVITE_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(10_000_000);
    let small = Arc::new(Database::named(&url, "small").await);
    let large = Arc::new(Database::named(&url, "large").await);
    small.live_through(FEW).await;
    let start = Instant::now();
    large.live_through(many).await;
    eprintln!("{many} invitations in {} s", start.elapsed().as_secs());

    println!("| table | bytes an invitation | of them indexes |\n|---|---:|---:|");
    for (table, bytes, indexes) in large.sizes().await {
        let each = |bytes: i64| bytes as f64 / many as f64;
        println!("| `{table}` | {:.0} | {:.0} |", each(bytes), each(indexes));
    }
    println!("\n| operation | {FEW} rows, µs | {many} rows, µs | ratio |\n|---|---:|---:|---:|");
    let subjects: [(Shared, u64); 2] = [(small, FEW), (large, many)];
    let mut next = FIRST;
    for (operation, name) in OPERATIONS.iter().enumerate() {
        let mut times = [Vec::new(), Vec::new()];
        // The first round warms up.
        for round in 0..=ROUNDS {
            for turn in 0..2 {
                let which = (round + turn) % 2;
                let (subject, rows) = &subjects[which];
                let took = slice(subject, operation, *rows, next).await;
                next += MANY;
                if round > 0 {
                    times[which].push(took);
                }
            }
        }
        let [few, many] = times.map(|mut times| median(&mut times));
        println!("| {name} | {few:.0} | {many:.0} | {:.2} |", many / few);
    }
    println!("\nThis process needed {} at most.", memory());
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(run());
}
