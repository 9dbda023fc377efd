//! What can be asked of `cargo xtask`.

use std::process::{Command, ExitCode};

use crate::databases::{self, Databases};
use crate::engine::{Durability, ENGINES};
use crate::length::Length;
use crate::process::{cargo, finish, report};
use crate::selection::Selection;
use crate::test::{self, Asked};
use crate::{crates, keeper, programs, release};

const USAGE: &str = "\
usage: cargo xtask test [--long] [--only <databases>] [--fsync] [-- <arguments for cargo test>]
           run every test, after starting the databases and installing the outside programs they need
           (as root, with apt-get); --long plays more rounds, kills and rows, and every walk through the
           browser; --only takes `sqlite`, `postgres` and `mysql`, separated by commas, and leaves out
           the others
       cargo xtask databases [--fsync] -- <command>
           run a command with the databases that the tests have
       cargo xtask bench [--check] [-- <arguments for the bench>]
           compare the library with the same work by hand, on servers that sync their files; --check fails
           when a ratio lies under its target, with three quarters of its rounds
       cargo xtask ci
           check the formatting, the lints, the documentation, and that docs/api has the crates' public items
       cargo xtask api
           write the public items of the published crates into docs/api
       cargo xtask release-check
           check features, dependencies and packages, as before a release

The databases are those of INVITE_TEST_POSTGRES_URL and INVITE_TEST_MYSQL_URL. For a variable that is not set,
a server is started for the time of the command, in a temporary folder; it syncs its files only with --fsync.";

const LONG: &str = "--long";
const ONLY: &str = "--only";
const CHECK: &str = "--check";
pub(crate) const FSYNC: &str = "--fsync";
/// How we call ourselves to keep the servers.
pub(crate) const KEEP: &str = "keep-databases";

/// Does what the arguments of the command line say.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test", options @ ..] => test_with(options),
        ["databases", "--", program, arguments @ ..] => with_databases(Durability::Off, program, arguments),
        ["databases", FSYNC, "--", program, arguments @ ..] => with_databases(Durability::Fsync, program, arguments),
        ["bench", options @ ..] => bench(options),
        ["ci"] => ci(),
        ["api"] => api("write"),
        ["release-check"] => release::check(),
        [KEEP, FSYNC, names @ ..] => keep(Durability::Fsync, names),
        [KEEP, names @ ..] => keep(Durability::Off, names),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report(&why);
            ExitCode::FAILURE
        }
    }
}

fn test_with(mut options: &[&str]) -> Result<(), String> {
    let mut asked =
        Asked { selection: Selection::ALL, durability: Durability::Off, length: Length::Ordinary, extra: &[] };
    loop {
        options = match options {
            [] => return test::run(&asked),
            ["--", extra @ ..] => {
                asked.extra = extra;
                return test::run(&asked);
            }
            [LONG, rest @ ..] => {
                asked.length = Length::Long;
                rest
            }
            [FSYNC, rest @ ..] => {
                asked.durability = Durability::Fsync;
                rest
            }
            [ONLY, names, rest @ ..] => {
                asked.selection = Selection::only(names)?;
                rest
            }
            _ => return Err(USAGE.to_owned()),
        };
    }
}

/// Runs a command between the start and the end of the databases.
fn with_databases(durability: Durability, program: &str, arguments: &[&str]) -> Result<(), String> {
    programs::ensure(&ENGINES.into_iter().filter_map(databases::program).collect::<Vec<_>>())?;
    let databases = Databases::start(&ENGINES, durability)?;
    let mut command = Command::new(program);
    command.args(arguments).envs(databases.variables());
    finish(command)
}

/// Measures the ratios, and fails for those under their targets if it is to check them.
fn bench(options: &[&str]) -> Result<(), String> {
    let (checks, options) = match options {
        [CHECK, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let arguments = match options {
        [] => &[],
        ["--", rest @ ..] => rest,
        _ => return Err(USAGE.to_owned()),
    };
    programs::ensure(&ENGINES.into_iter().filter_map(databases::program).collect::<Vec<_>>())?;
    let databases = Databases::start(&ENGINES, Durability::Fsync)?;
    let mut command = cargo("bench --locked --package invite-benches --bench ratios --");
    command.args(arguments).envs(databases.variables());
    if checks {
        command.env("INVITE_BENCH_CHECK", "1");
    }
    finish(command)
}

/// Keeps the servers of the engines with these names, until the one who called us is done with them.
fn keep(durability: Durability, names: &[&str]) -> Result<(), String> {
    let engines: Vec<_> = ENGINES.into_iter().filter(|engine| names.contains(&engine.program.name)).collect();
    keeper::keep(&engines, durability)
}

/// Checks what CI checks after the tests.
fn ci() -> Result<(), String> {
    finish(cargo("fmt --all --check"))?;
    finish(cargo("clippy --locked --workspace --all-targets --all-features -- -D warnings"))?;
    // With all of their features, the examples are built for SQLite.
    for database in ["postgres", "mysql"] {
        let mut clippy = cargo("clippy --locked --workspace --all-targets --no-default-features --features");
        clippy.arg(crates::features_with(database)?).args(["--", "-D", "warnings"]);
        finish(clippy)?;
    }
    let mut doc = cargo("doc --locked --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    finish(doc)?;
    api("check")
}

/// Writes or checks the texts of the published crates' public items. That takes another program: it has dependencies,
/// and this one is built before anything else can be done.
fn api(kind: &str) -> Result<(), String> {
    let mut command = cargo("run --quiet --locked --package xtask-api --");
    command.arg(kind).args(crates::published()?);
    finish(command)
}
