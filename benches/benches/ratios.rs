//! The library beside the same work by hand, interleaved in one run: only such ratios carry to
//! another machine. `INVITE_BENCH_ROUNDS` sets how often each side has its turn, `INVITE_BENCH_ROWS`
//! how long the lists are (1,000,000); an argument chooses the comparisons whose names contain it.
//! PostgreSQL and MariaDB are measured where `INVITE_TEST_POSTGRES_URL` and `INVITE_TEST_MYSQL_URL`
//! name a server: `cargo xtask databases --fsync -- cargo bench -p invite-benches --bench ratios`.

use std::{env, sync::Arc};

use invite_benches::{
    Page, Shared, Side, Subject,
    measure::{Before, Bench, Comparison, Work},
    mysql, postgres, sqlite,
};
use sqlx::sqlite::SqliteSynchronous;

const DUE: u64 = 100_000;
const LETTERS: u64 = 400;

const TWO: &[(Side, &str)] = &[(Side::Library, "library"), (Side::ByHand, "by hand")];
const THREE: &[(Side, &str)] =
    &[(Side::Library, "library"), (Side::ByHand, "by hand"), (Side::InOne, "by hand in one statement")];
const SWEEPS: &[(Side, &str)] =
    &[(Side::Library, "library"), (Side::ByHand, "by hand"), (Side::Bare, "one bare update")];
const LISTS: &[(Side, &str)] =
    &[(Side::Library, "library"), (Side::ByHand, "by hand"), (Side::Everything, "by hand, every column")];

const CREATE: Work = |subject, side, n, _, _| Box::pin(async move { subject.create(side, n).await });
const PREVIEW: Work =
    |subject, side, _, tokens, place| Box::pin(async move { subject.preview(side, &tokens[place]).await });
const ACCEPT: Work =
    |subject, side, n, tokens, place| Box::pin(async move { subject.accept(side, &tokens[place], n).await });
const LIST: Work = |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::First).await });
const LIST_DEEP: Work =
    |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::Behind(rows() / 2)).await });
const SWEEP: Work = |subject, side, _, _, _| Box::pin(async move { subject.sweep(side).await });
const MAIL: Work = |subject, side, _, _, _| Box::pin(async move { subject.mail(side).await });

const ONE: Comparison = Comparison {
    name: "",
    rounds: 40,
    slice: 100,
    at_once: 1,
    before: Before::Nothing,
    things: 1,
    sides: TWO,
    work: CREATE,
};

/// As often as to be as long as those of one at a time.
const EIGHT: Comparison = Comparison { slice: 800, at_once: 8, rounds: 20, ..ONE };

fn rows() -> u64 {
    env::var("INVITE_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000)
}

async fn compare(bench: &mut Bench, database: &str, subject: impl Subject, server: bool, statements: bool) {
    let subject: Shared = Arc::new(subject);
    let sides = if statements { THREE } else { TWO };
    let mut comparisons = vec![
        Comparison { name: "create", sides, ..ONE },
        Comparison { name: "preview", before: Before::Tokens, work: PREVIEW, ..ONE },
        Comparison { name: "accept", before: Before::Tokens, work: ACCEPT, sides, ..ONE },
    ];
    if server {
        comparisons.extend([
            Comparison { name: "create, 8 at once", sides, ..EIGHT },
            Comparison { name: "preview, 8 at once", before: Before::Tokens, work: PREVIEW, ..EIGHT },
            Comparison { name: "accept, 8 at once", before: Before::Tokens, work: ACCEPT, sides, ..EIGHT },
        ]);
    }
    comparisons.extend([
        Comparison {
            name: "mail",
            before: Before::Letters(LETTERS),
            things: LETTERS,
            work: MAIL,
            slice: 1,
            rounds: 10,
            ..ONE
        },
        Comparison {
            name: "sweep",
            before: Before::Due(DUE),
            things: DUE,
            work: SWEEP,
            slice: 1,
            rounds: 3,
            sides: SWEEPS,
            ..ONE
        },
    ]);
    for comparison in comparisons {
        bench.run(database, &subject, &comparison).await;
    }
    let lists = [
        Comparison { name: "list, first page", work: LIST, sides: LISTS, ..ONE },
        Comparison { name: "list, half-way", work: LIST_DEEP, sides: LISTS, ..ONE },
    ];
    if lists.iter().any(|list| bench.wants(&format!("{database} {}", list.name))) {
        subject.fill(rows()).await;
    }
    for list in lists {
        bench.run(database, &subject, &list).await;
    }
}

async fn compare_all() {
    let mut bench = Bench::from_arguments();
    for (name, synchronous) in [("SQLite NORMAL", SqliteSynchronous::Normal), ("SQLite FULL", SqliteSynchronous::Full)]
    {
        compare(&mut bench, name, sqlite::Database::new(synchronous).await, false, false).await;
    }
    match env::var("INVITE_TEST_POSTGRES_URL") {
        Ok(url) => compare(&mut bench, "PostgreSQL", postgres::Database::new(&url).await, true, true).await,
        Err(_) => println!("PostgreSQL is not measured: INVITE_TEST_POSTGRES_URL names no server"),
    }
    match env::var("INVITE_TEST_MYSQL_URL") {
        Ok(url) => compare(&mut bench, "MariaDB", mysql::Database::new(&url).await, true, false).await,
        Err(_) => println!("MariaDB is not measured: INVITE_TEST_MYSQL_URL names no server"),
    }
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(compare_all());
}
