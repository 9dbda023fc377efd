//! What each operation takes on tables of many rows, beside what it takes on small ones, on one PostgreSQL and in turns.
//! Prints tables in Markdown. `INVITE_BENCH_ROWS` sets how many rows are many (10,000,000).
//!
//! `cargo xtask databases --fsync -- cargo bench -p invite-benches --bench scale`

use std::{env, fs, sync::Arc, time::Instant};

use invite_benches::{
    Page, Shared,
    measure::{Before, Bench, Comparison, Work},
    postgres::Database,
    work::{self, ACCEPT, CREATE, LIST, MAIL, PREVIEW, SWEEP},
};

const FEW: u64 = 10_000;
/// How many are expired or mailed in a slice.
const MANY: u64 = 1_000;
/// Numbers that nobody has been given; as seconds they lie in the past.
const FIRST: u64 = 100_000_000;

const LIST_OF_FEW: Work =
    |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::Behind(FEW / 2)).await });
const LIST_OF_MANY: Work =
    |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::Behind(rows() / 2)).await });

const ONE: Comparison = Comparison {
    name: "create",
    rounds: 15,
    slice: 200,
    at_once: 1,
    before: Before::Nothing,
    things: 1,
    others: &[],
    work: CREATE,
};

const OPERATIONS: [Comparison; 7] = [
    ONE,
    Comparison { name: "preview", before: Before::Tokens, work: PREVIEW, ..ONE },
    Comparison { name: "accept, with the host's insert", before: Before::Tokens, work: ACCEPT, ..ONE },
    Comparison { name: "list of 50, first page", work: LIST, ..ONE },
    Comparison { name: HALF_WAY, work: LIST_OF_FEW, ..ONE },
    Comparison { name: "mail, each letter of 1,000", before: Before::Letters(MANY), work: MAIL, ..ALL },
    Comparison { name: "expire, each invitation of 1,000", before: Before::Due(MANY), work: SWEEP, ..ALL },
];

const ALL: Comparison = Comparison { slice: 1, things: MANY, ..ONE };

const HALF_WAY: &str = "list of 50, half-way through the scope";

fn rows() -> u64 {
    work::rows(10_000_000)
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "unknown".into(), |peak| peak.trim().to_owned())
}

async fn run() {
    let url = env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
    let many = rows();
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
    let (small, large): (Shared, Shared) = (small, large);
    let mut bench = Bench::numbered_from(FIRST);
    for of_few in &OPERATIONS {
        let work = if of_few.name == HALF_WAY { LIST_OF_MANY } else { of_few.work };
        let of_many = Comparison { work, ..*of_few };
        let [few, many] = bench.side_by_side([(&small, of_few), (&large, &of_many)]).await;
        println!("| {} | {few:.0} | {many:.0} | {:.2} |", of_few.name, many / few);
    }
    println!("\nThis process needed {} at most.", memory());
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(run());
}
