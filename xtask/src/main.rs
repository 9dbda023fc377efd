//! The repository's own commands: `cargo xtask test` runs every test, `cargo xtask ci` what CI checks besides.

mod account;
mod databases;
mod engine;
mod keeper;
mod locate;
mod mariadb;
mod postgres;
mod programs;
mod server;
mod tally;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use databases::Databases;
use engine::{Durability, ENGINES};
use programs::{LIBRARIES, PROGRAMS};

const USAGE: &str = "\
usage: cargo xtask test [--fsync] [-- <arguments for cargo test>]
           run every test, after starting the databases and installing the outside programs they need
           (as root, with apt-get)
       cargo xtask databases [--fsync] -- <command>
           run a command with the databases that the tests have
       cargo xtask ci
           check the formatting, the lints and the documentation

The databases are those of INVITE_TEST_POSTGRES_URL and INVITE_TEST_MYSQL_URL. For a variable that is not set,
a server is started for the time of the command, in a temporary folder; it syncs its files only with --fsync.";

const FSYNC: &str = "--fsync";
/// How we call ourselves to keep the servers.
const KEEP: &str = "keep-databases";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test(Durability::Off, &[]),
        ["test", "--", extra @ ..] => test(Durability::Off, extra),
        ["test", FSYNC] => test(Durability::Fsync, &[]),
        ["test", FSYNC, "--", extra @ ..] => test(Durability::Fsync, extra),
        ["databases", "--", program, arguments @ ..] => databases(Durability::Off, program, arguments),
        ["databases", FSYNC, "--", program, arguments @ ..] => databases(Durability::Fsync, program, arguments),
        ["ci"] => ci(),
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

/// Runs every test of the workspace, and ends with a list of what ran.
fn test(durability: Durability, extra: &[&str]) -> Result<(), String> {
    let programs: Vec<_> = PROGRAMS.iter().chain(LIBRARIES).chain(databases::programs()).collect();
    let mut versions = programs::ensure(&programs)?;
    versions.extend(databases::given());
    let databases = Databases::start(durability)?;
    // One command line for the whole workspace: with `-p`, features unify differently and the dependencies build again.
    let mut command = cargo("test --locked --workspace --all-features --no-fail-fast");
    command.args(extra).env("CARGO_TERM_COLOR", "never").envs(databases.variables());
    announce(&command);
    let (passed, tally) = tally::run(command).map_err(|error| format!("cargo test: {error}"))?;
    drop(databases);
    println!("\nWhat ran, with {}:\n{tally}", versions.join(", "));
    if passed { Ok(()) } else { Err("cargo test failed".to_owned()) }
}

/// Runs a command between the start and the end of the databases.
fn databases(durability: Durability, program: &str, arguments: &[&str]) -> Result<(), String> {
    programs::ensure(&databases::programs().collect::<Vec<_>>())?;
    let databases = Databases::start(durability)?;
    let mut command = Command::new(program);
    command.args(arguments).envs(databases.variables());
    run(command)
}

/// Keeps the servers of the engines with these names, until the one who called us is done with them.
fn keep(durability: Durability, names: &[&str]) -> Result<(), String> {
    let engines: Vec<_> = ENGINES.into_iter().filter(|engine| names.contains(&engine.program.name)).collect();
    keeper::keep(&engines, durability)
}

/// Checks what CI checks after the tests.
fn ci() -> Result<(), String> {
    programs::ensure(&LIBRARIES.iter().collect::<Vec<_>>())?;
    run(cargo("fmt --all --check"))?;
    run(cargo("clippy --locked --workspace --all-targets --all-features -- -D warnings"))?;
    let mut doc = cargo("doc --locked --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(doc)
}

/// The cargo that started us, at the root of the workspace.
fn cargo(arguments: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root);
    command
}

fn run(mut command: Command) -> Result<(), String> {
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
