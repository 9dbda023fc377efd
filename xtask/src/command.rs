//! What can be asked of `cargo xtask`.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::databases::{self, Databases};
use crate::engine::{Durability, ENGINES};
use crate::programs::{self, LIBRARIES, PROGRAMS};
use crate::selection::Selection;
use crate::{keeper, release, tally};

const USAGE: &str = "\
usage: cargo xtask test [--only <databases>] [--fsync] [-- <arguments for cargo test>]
           run every test, after starting the databases and installing the outside programs they need
           (as root, with apt-get); --only takes `sqlite`, `postgres` and `mysql`, separated by commas,
           and leaves out the others
       cargo xtask databases [--fsync] -- <command>
           run a command with the databases that the tests have
       cargo xtask ci
           check the formatting, the lints and the documentation
       cargo xtask release-check
           check features, dependencies and packages, as before a release

The databases are those of INVITE_TEST_POSTGRES_URL and INVITE_TEST_MYSQL_URL. For a variable that is not set,
a server is started for the time of the command, in a temporary folder; it syncs its files only with --fsync.";

const ONLY: &str = "--only";
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
        ["ci"] => ci(),
        ["release-check"] => release::check(),
        [KEEP, FSYNC, names @ ..] => keep(Durability::Fsync, names),
        [KEEP, names @ ..] => keep(Durability::Off, names),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            keeper::report(&why);
            ExitCode::FAILURE
        }
    }
}

fn test_with(mut options: &[&str]) -> Result<(), String> {
    let (mut selection, mut durability) = (Selection::ALL, Durability::Off);
    loop {
        options = match options {
            [] => return test(&selection, durability, &[]),
            ["--", extra @ ..] => return test(&selection, durability, extra),
            [FSYNC, rest @ ..] => {
                durability = Durability::Fsync;
                rest
            }
            [ONLY, names, rest @ ..] => {
                selection = Selection::only(names)?;
                rest
            }
            _ => return Err(USAGE.to_owned()),
        };
    }
}

/// Runs the tests of the workspace, and ends with a list of what ran.
fn test(selection: &Selection, durability: Durability, extra: &[&str]) -> Result<(), String> {
    let engines = selection.engines();
    // Those of servers that are given too: tests that kill a server start one of their own.
    let programs: Vec<_> =
        PROGRAMS.iter().chain(LIBRARIES).chain(engines.iter().map(|engine| &engine.program)).collect();
    let mut versions = programs::ensure(&programs)?;
    versions.extend(engines.iter().filter_map(|engine| databases::given(engine)));
    let databases = Databases::start(&engines, durability)?;
    // One command line for the whole workspace: with `-p`, features unify differently and the dependencies build again.
    let mut command = cargo("test --locked --workspace --all-features --no-fail-fast");
    command.args(selection.arguments(extra)).env("CARGO_TERM_COLOR", "never").envs(databases.variables());
    announce(&command);
    let (passed, tally) = tally::run(command).map_err(|error| format!("cargo test: {error}"))?;
    drop(databases);
    println!("\nWhat ran, with {}:\n{tally}", versions.join(", "));
    if let Some(remark) = selection.remark() {
        println!("{remark}");
    }
    if passed { Ok(()) } else { Err("cargo test failed".to_owned()) }
}

/// Runs a command between the start and the end of the databases.
fn with_databases(durability: Durability, program: &str, arguments: &[&str]) -> Result<(), String> {
    programs::ensure(&ENGINES.into_iter().filter_map(databases::program).collect::<Vec<_>>())?;
    let databases = Databases::start(&ENGINES, durability)?;
    let mut command = Command::new(program);
    command.args(arguments).envs(databases.variables());
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
    let mut doc = cargo("doc --locked --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    finish(doc)
}

/// The cargo that started us, at the root of the workspace.
pub(crate) fn cargo(arguments: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root);
    command
}

/// Runs a command, and fails where it does.
pub(crate) fn finish(mut command: Command) -> Result<(), String> {
    let line = announce(&command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("`{line}` did not start: {error}")),
    }
}

fn announce(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    let line = words.join(" ");
    println!("$ {line}");
    line
}
