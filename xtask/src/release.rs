//! What must hold before the crates are published, and takes too long to be asked of every change.

use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crates;
use crate::package;
use crate::process::{cargo, finish, output};
use crate::programs::{self, LIBRARIES};

/// Tools of cargo's, each with the package that has it.
const TOOLS: [(&str, &str); 2] = [("hack", "cargo-hack"), ("deny", "cargo-deny")];

/// The crate whose features name pools.
const WITH_POOLS: &str = "invite-diesel";

/// The oldest Rust that all crates promise to build with.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Checks features, dependencies and packages, and ends with what could not be checked here.
pub(crate) fn check() -> Result<(), String> {
    programs::ensure(&LIBRARIES.iter().collect::<Vec<_>>())?;
    tools()?;
    let crates = crates::published()?;
    features(&crates)?;
    finish(cargo("deny --locked check bans licenses sources"))?;
    packages(&crates)?;
    let left_out: Vec<String> = [oldest_rust(&crates)?, advisories()?].into_iter().flatten().collect();
    for left_out in &left_out {
        println!("not checked: {left_out}");
    }
    println!(
        "ready to publish{}: {}",
        if left_out.is_empty() { "" } else { ", as far as was checked" },
        crates.join(", ")
    );
    Ok(())
}

fn tools() -> Result<(), String> {
    let missing = |(tool, _): &(&str, &str)| output(&["cargo", tool, "--version"]).is_none();
    let missing: Vec<&str> = TOOLS.into_iter().filter(missing).map(|(_, package)| package).collect();
    match missing.as_slice() {
        [] => Ok(()),
        _ => Err(format!("run `cargo install --locked {}` first", missing.join(" "))),
    }
}

/// No set of features is needed to compile, no two of them get in each other's way, and none leaves anything unused.
fn features(crates: &[String]) -> Result<(), String> {
    let (diesel, others): (Vec<&String>, Vec<&String>) = crates.iter().partition(|name| *name == WITH_POOLS);
    // `default` is empty, and so the same as none.
    let sets = "hack check --feature-powerset --depth 2 --exclude-features default --no-dev-deps";
    finish(strict(of(cargo(sets), others)))?;
    // The pools share no line, so that one of them beside each of the other features is enough.
    let mut command = cargo(sets);
    command.args(["--mutually-exclusive-features", "bb8,deadpool,r2d2"]);
    finish(strict(of(command, diesel)))
}

/// For these packages of the workspace.
fn of<'a>(mut command: Command, crates: impl IntoIterator<Item = &'a String>) -> Command {
    for name in crates {
        command.args(["--package", name]);
    }
    command
}

/// With warnings as errors.
fn strict(mut command: Command) -> Command {
    command.env("RUSTFLAGS", "-D warnings");
    command
}

/// Each crate as it will be published is whole, says what it is, and compiles with all its features and without any
/// other file of this repository.
fn packages(crates: &[String]) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| format!("who am I? {error}"))?;
    let target = program.ancestors().nth(2).expect("cargo has built it two folders deep");
    // Cargo takes what it once unpacked from a registry for good, and its registry for the packages is known by the
    // folder: in one that was used before, the crates would be built with an earlier state of each other.
    let folder = target.join(format!("packages-{:x}", RandomState::new().build_hasher().finish()));
    let outcome = packages_in(&folder, crates);
    fs::remove_dir_all(&folder).map_err(|error| format!("{} stays behind: {error}", folder.display()))?;
    outcome
}

fn packages_in(folder: &Path, crates: &[String]) -> Result<(), String> {
    // All in one command, so that each is built with the packages of the others, which nobody has published yet.
    let mut command = cargo("package --locked --all-features --target-dir");
    command.arg(folder);
    finish(of(command, crates))?;
    crates.iter().try_for_each(|name| package::check(name, &unpacked(&folder.join("package"), name)?))
}

/// Where cargo has unpacked the package of a crate, whatever the version of that crate is.
fn unpacked(packages: &Path, name: &str) -> Result<PathBuf, String> {
    let is_it = |folder: &PathBuf| {
        let version = folder.file_name().and_then(|folder| folder.to_str()?.strip_prefix(name)?.strip_prefix('-'));
        folder.is_dir() && version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let entries = fs::read_dir(packages).map_err(|error| format!("{}: {error}", packages.display()))?;
    let mut folders = entries.flatten().map(|entry| entry.path()).filter(is_it);
    folders.next().ok_or_else(|| format!("cargo has unpacked no package of {name}"))
}

/// Everything compiles with [`OLDEST_RUST`], where that is installed. Anywhere, clippy's `incompatible_msrv` refuses
/// what the standard library did not have then: that is part of `cargo xtask ci`.
fn oldest_rust(crates: &[String]) -> Result<Option<String>, String> {
    let toolchains = output(&["rustup", "toolchain", "list"]).unwrap_or_default();
    if !toolchains.lines().any(|toolchain| toolchain.starts_with(OLDEST_RUST)) {
        let hint = format!("`rustup toolchain install {OLDEST_RUST} --profile minimal`");
        return Ok(Some(format!("compiling with Rust {OLDEST_RUST}, for want of {hint}")));
    }
    let mut command = Command::new("rustup");
    command.args(["run", OLDEST_RUST, "cargo", "check", "--locked", "--all-features"]);
    finish(of(command, crates))?;
    Ok(None)
}

/// No dependency has a known weakness, as far as the database of them can be had.
fn advisories() -> Result<Option<String>, String> {
    let fetched = output(&["cargo", "deny", "fetch", "db"]).is_some();
    if !fetched && !has_database() {
        return Ok(Some("advisories, whose database cannot be fetched from here".to_owned()));
    }
    finish(cargo("deny --frozen check advisories"))?;
    Ok((!fetched).then(|| "advisories that are newer than the database at hand".to_owned()))
}

/// Whether an earlier run has left a database. What a failed one leaves is a lock and no folder.
fn has_database() -> bool {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let entries = home.and_then(|home| fs::read_dir(home.join("advisory-dbs")).ok());
    entries.into_iter().flatten().flatten().any(|entry| entry.path().is_dir())
}
