//! The repository's own commands: `cargo xtask test` runs every test, `cargo xtask ci` what CI checks besides.

mod programs;
mod tally;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask test [-- <arguments for cargo test>]
           run every test, after installing the outside programs they need (as root, with apt-get)
       cargo xtask ci
           check the formatting, the lints and the documentation";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test(&[]),
        ["test", "--", extra @ ..] => test(extra),
        ["ci"] => ci(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every test of the workspace, and ends with a list of what ran.
fn test(extra: &[&str]) -> Result<(), String> {
    let versions = programs::ensure()?;
    // One command line for the whole workspace: with `-p`, features unify differently and the dependencies build again.
    let mut command = cargo("test --locked --workspace --all-features --no-fail-fast");
    command.args(extra).env("CARGO_TERM_COLOR", "never");
    announce(&command);
    let (passed, tally) = tally::run(command).map_err(|error| format!("cargo test: {error}"))?;
    println!("\nWhat ran, with {}:\n{tally}", versions.join(", "));
    if passed {
        Ok(())
    } else {
        Err("cargo test failed".to_owned())
    }
}

/// Checks what CI checks after the tests.
fn ci() -> Result<(), String> {
    run(cargo("fmt --all --check"))?;
    run(cargo(
        "clippy --locked --workspace --all-targets --all-features -- -D warnings",
    ))?;
    let mut doc = cargo("doc --locked --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(doc)
}

/// The cargo that started us, at the root of the workspace.
fn cargo(arguments: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace");
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
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    let line = words.join(" ");
    println!("$ {line}");
    line
}
