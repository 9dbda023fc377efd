//! `cargo xtask test`: runs the tests of the workspace, and ends with a table of what ran and how long it took.

use std::env;
use std::process::Command;
use std::thread;

use crate::crates;
use crate::databases::{self, Databases};
use crate::engine::Durability;
use crate::length::{BROWSER, Length};
use crate::process::{announce, cargo};
use crate::programs::{self, LIBRARIES, PROGRAMS};
use crate::selection::Selection;
use crate::tally::Tally;

/// The test programs of the examples, which are built once for each database.
const EXAMPLES: [&str; 2] = ["http", BROWSER];

/// What was asked for.
pub(crate) struct Asked<'a> {
    pub(crate) selection: Selection,
    pub(crate) durability: Durability,
    pub(crate) length: Length,
    /// What goes on to `cargo test`.
    pub(crate) extra: &'a [&'a str],
}

pub(crate) fn run(asked: &Asked<'_>) -> Result<(), String> {
    let mut tally = Tally::new();
    tally.begin("programs");
    let engines = asked.selection.engines();
    // Those of servers that are given too: tests that kill a server start one of their own.
    let programs: Vec<_> =
        PROGRAMS.iter().chain(LIBRARIES).chain(engines.iter().map(|engine| &engine.program)).collect();
    let mut versions = programs::ensure(&programs)?;
    versions.extend(engines.iter().filter_map(|engine| databases::given(engine)));
    tally.begin("databases");
    let databases = Databases::start(&engines, asked.durability)?;
    let variables: Vec<_> = databases.variables().chain(asked.length.variables()).collect();
    let threads = env::var("RUST_TEST_THREADS").unwrap_or_else(|_| threads().to_string());

    let mut passed = true;
    for (on, mut command) in asked.commands()? {
        command.env("CARGO_TERM_COLOR", "never").env("RUST_TEST_THREADS", &threads).envs(variables.iter().copied());
        announce(&command);
        tally.begin(&format!("{on}build"));
        passed &= tally.run(command, &on).map_err(|error| format!("cargo test: {error}"))?;
    }
    drop(databases);
    println!("\nWhat ran, with {}:\n{tally}", versions.join(", "));
    for remark in [asked.selection.remark(), asked.length.remark(tally.elapsed())].into_iter().flatten() {
        println!("{remark}");
    }
    if passed { Ok(()) } else { Err("cargo test failed".to_owned()) }
}

/// How many tests of a program run at once. Most of them wait for a server half of the time.
fn threads() -> usize {
    2 * thread::available_parallelism().map_or(1, Into::into)
}

impl Asked<'_> {
    /// The commands, each with what is put before the names of its parts.
    fn commands(&self) -> Result<Vec<(String, Command)>, String> {
        // One command line for the whole workspace: with `-p`, features unify differently and the dependencies build
        // again. The benches have no tests, but dependencies of their own. With all of their features the examples are
        // built for SQLite.
        let whole = "test --locked --no-fail-fast --workspace --exclude invite-benches";
        let mut all = cargo(whole);
        all.arg("--all-features");
        all.args(self.arguments(self.extra));
        let mut commands = vec![(String::new(), all)];
        let examples = self.of_the_examples();
        for database in self.selection.servers().filter(|_| !examples.is_empty()) {
            let mut command = cargo(whole);
            command.args(["--no-default-features", "--features", &crates::features_with(database)?]);
            command.args(self.arguments(&examples));
            commands.push((format!("{database}: "), command));
        }
        Ok(commands)
    }

    /// What `cargo test` is told where only the examples' database is another; nothing if they are not asked for.
    fn of_the_examples(&self) -> Vec<&str> {
        let programs = match self.length {
            Length::Ordinary => &EXAMPLES[..1],
            Length::Long => &EXAMPLES[..],
        };
        if self.extra.is_empty() {
            return programs.iter().flat_map(|program| ["--test", program]).collect();
        }
        if self.extra.iter().any(|word| EXAMPLES.contains(word)) { self.extra.to_vec() } else { Vec::new() }
    }

    /// With what leaves tests out. Who names tests gets them.
    fn arguments<'a>(&self, own: &[&'a str]) -> Vec<&'a str> {
        let skipped = if self.extra.is_empty() { self.length.skipped() } else { &[] };
        self.selection.arguments(own, skipped)
    }
}
