//! The library beside the same work by hand, interleaved in one run: only such ratios carry to
//! another machine. Prints a table in Markdown. An argument chooses the comparisons whose names contain it.
//!
//! `INVITE_BENCH_ROUNDS` sets how often each side has its turn, `INVITE_BENCH_ROWS` how long the lists
//! are (1,000,000); `INVITE_BENCH_ONLY` runs one side by its name in the table, or else the library's, and
//! prints nothing: for a profiler. With `INVITE_BENCH_CHECK` it fails when a ratio misses its target. PostgreSQL and MariaDB are measured where `INVITE_TEST_POSTGRES_URL` and
//! `INVITE_TEST_MYSQL_URL` name a server:
//! `cargo xtask bench`, or `cargo xtask bench --check`.

use std::{env, process::ExitCode, sync::Arc};

use invite_benches::{
    Page, Shared, Side,
    measure::{Before, Bench, Comparison, Other, Work},
    mysql, postgres, sqlite,
    work::{self, ACCEPT, CREATE, LIST, MAIL, PREVIEW, SWEEP},
};
use sqlx::sqlite::SqliteSynchronous;

const DUE: u64 = 100_000;
const LETTERS: u64 = 3_200;

const fn other(side: Side, name: &'static str, target: f64) -> Other {
    Other { side, name, target: Some(target) }
}

const BY_HAND: Other = other(Side::ByHand, "by hand", 0.9);
const IN_ONE: Other = Other { side: Side::InOne, name: "by hand in one statement", target: None };

/// What the library is held to where it makes one statement of what is several by hand.
const CREATES_IN_ONE: &[Other] =
    &[other(Side::ByHand, "by hand", 1.2), other(Side::InOne, "by hand in one statement", 0.87)];
const ACCEPTS_IN_ONE: &[Other] = &[other(Side::ByHand, "by hand", 1.0), IN_ONE];
const SWEEPS: &[Other] = &[other(Side::Bare, "one bare update", 0.5), Other { target: None, ..BY_HAND }];
const LISTS: &[Other] = &[
    other(Side::ByHand, "by hand", 0.85),
    Other { side: Side::Everything, name: "by hand, every column", target: None },
];

const LIST_DEEP: Work =
    |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::Behind(rows() / 2)).await });

const ONE: Comparison = Comparison {
    name: "",
    rounds: 20,
    slice: 100,
    at_once: 1,
    before: Before::Nothing,
    things: 1,
    others: &[BY_HAND],
    work: CREATE,
};

const EIGHT: Comparison = Comparison { slice: 400, at_once: 8, rounds: 10, ..ONE };

fn rows() -> u64 {
    work::rows(1_000_000)
}

/// Everything but the lists.
fn comparisons(server: bool, mails: bool, creates: &'static [Other], accepts: &'static [Other]) -> Vec<Comparison> {
    let mut comparisons = vec![
        Comparison { name: "create", others: creates, ..ONE },
        Comparison { name: "preview", before: Before::Tokens, work: PREVIEW, ..ONE },
        Comparison { name: "accept", before: Before::Tokens, work: ACCEPT, others: accepts, ..ONE },
    ];
    if server {
        comparisons.extend([
            Comparison { name: "create, 8 at once", others: creates, ..EIGHT },
            Comparison { name: "preview, 8 at once", before: Before::Tokens, work: PREVIEW, ..EIGHT },
            Comparison { name: "accept, 8 at once", before: Before::Tokens, work: ACCEPT, others: accepts, ..EIGHT },
        ]);
    }
    // Before the sweep, whose dead rows every later search for what is due would walk over.
    comparisons.extend(mails.then_some(MAIL_ALL));
    let sweep = Comparison {
        name: "sweep",
        before: Before::Due(DUE),
        things: DUE,
        work: SWEEP,
        slice: 1,
        rounds: 3,
        others: SWEEPS,
        ..ONE
    };
    comparisons.push(sweep);
    comparisons
}

const MAIL_ALL: Comparison = Comparison {
    name: "mail",
    before: Before::Letters(LETTERS),
    things: LETTERS,
    work: MAIL,
    slice: 1,
    rounds: 10,
    others: &[Other { target: None, ..BY_HAND }],
    ..ONE
};

const LIST_PAGES: [Comparison; 2] = [
    Comparison { name: "list, first page", work: LIST, others: LISTS, ..ONE },
    Comparison { name: "list, half-way", work: LIST_DEEP, others: LISTS, ..ONE },
];

/// Through sqlx and through diesel, on one database; the list is long when all else is done.
async fn compare(bench: &mut Bench, name: &str, sqlx: Shared, diesel: Shared, server: bool, in_one: bool) {
    let diesel_name = format!("{name}, diesel");
    let (creates, accepts) = if in_one { (CREATES_IN_ONE, ACCEPTS_IN_ONE) } else { (ONE.others, ONE.others) };
    for comparison in comparisons(server, true, creates, accepts) {
        bench.run(name, &sqlx, &comparison).await;
    }
    // Only sqlx writes it in one statement by hand: what diesel's query builder does not know, diesel prepares anew.
    for comparison in comparisons(server, false, &creates[..1], &accepts[..1]) {
        bench.run(&diesel_name, &diesel, &comparison).await;
    }
    let sides = [(name, &sqlx), (&*diesel_name, &diesel)];
    if sides.iter().any(|(name, _)| LIST_PAGES.iter().any(|list| bench.wants(&format!("{name}: {}", list.name)))) {
        sqlx.fill(rows()).await;
    }
    for (name, subject) in sides {
        for list in &LIST_PAGES {
            bench.run(name, subject, list).await;
        }
    }
}

async fn compare_all() -> Bench {
    let mut bench = Bench::from_arguments();
    Bench::head();
    let sqlite = Arc::new(sqlite::Database::new(SqliteSynchronous::Normal).await);
    let diesel = sqlite.through_diesel();
    compare(&mut bench, "SQLite", sqlite, diesel, false, false).await;
    match env::var("INVITE_TEST_POSTGRES_URL") {
        Ok(url) => {
            let postgres = Arc::new(postgres::Database::new(&url).await);
            let diesel = postgres.through_diesel();
            compare(&mut bench, "PostgreSQL", postgres, diesel, true, true).await;
        }
        Err(_) => println!("PostgreSQL is not measured: INVITE_TEST_POSTGRES_URL names no server"),
    }
    match env::var("INVITE_TEST_MYSQL_URL") {
        Ok(url) => {
            let mysql = Arc::new(mysql::Database::new(&url).await);
            let diesel = mysql.through_diesel();
            compare(&mut bench, "MariaDB", mysql, diesel, true, false).await;
        }
        Err(_) => println!("MariaDB is not measured: INVITE_TEST_MYSQL_URL names no server"),
    }
    bench
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let bench = runtime.block_on(compare_all());
    if env::var_os("INVITE_BENCH_CHECK").is_none() || bench.missed().is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("under their targets:\n{}", bench.missed().join("\n"));
    ExitCode::FAILURE
}
