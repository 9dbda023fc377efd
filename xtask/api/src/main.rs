//! `cargo xtask api`: keeps the public items of each published crate in `docs/api`, one item a line.
//!
//! It is a program of its own, so that `cargo xtask` needs no dependency.

mod api;

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Names the real rustdoc, when cargo runs this program in its place.
const RUSTDOC: &str = "XTASK_API_RUSTDOC";

const USAGE: &str = "usage: xtask-api write|check <crate>..";

fn main() -> ExitCode {
    if let Some(rustdoc) = env::var_os(RUSTDOC) {
        // Only rustdoc may use what is unstable. If cargo set this, build scripts would see it and build differently.
        let error = Command::new(rustdoc).args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").exec();
        eprintln!("rustdoc did not start: {error}");
        return ExitCode::FAILURE;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(kind, crates)| (kind.as_str(), crates)) {
        Some(("write", crates)) => write(crates),
        Some(("check", crates)) => check(crates),
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

/// Rewrites the texts, and removes those of crates that are not published any more.
fn write(crates: &[String]) -> Result<(), String> {
    let folder = root().join("docs/api");
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    for file in stale(&folder, crates)? {
        fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
    }
    for (name, items) in items_of(crates)? {
        let file = folder.join(name).with_extension("txt");
        fs::write(&file, items).map_err(|error| failed(&file, &error))?;
    }
    Ok(())
}

/// Compares the texts with the crates.
fn check(crates: &[String]) -> Result<(), String> {
    let folder = root().join("docs/api");
    let mut complaints = Vec::new();
    for file in stale(&folder, crates)? {
        complaints.push(format!("{} belongs to no published crate", file.display()));
    }
    for (name, items) in items_of(crates)? {
        let kept = fs::read_to_string(folder.join(name).with_extension("txt")).unwrap_or_default();
        let difference = api::difference(&kept, &items);
        if !difference.is_empty() {
            complaints.push(format!("{name} differs from docs/api/{name}.txt:\n{difference}"));
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.push("if that is intended, run `cargo xtask api` and commit what it writes".to_owned());
    Err(complaints.join("\n"))
}

/// The texts in the folder that none of these crates has.
fn stale(folder: &Path, crates: &[String]) -> Result<Vec<PathBuf>, String> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed(folder, &error))?,
    };
    let files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    let mut files = files.map_err(|error| failed(folder, &error))?;
    files.retain(|file| {
        let name = file.file_stem().unwrap_or_default();
        crates.iter().all(|kept| name != kept.as_str())
    });
    Ok(files)
}

/// The public items of each crate, with all of its features.
fn items_of(crates: &[String]) -> Result<Vec<(&str, String)>, String> {
    let target = document()?;
    let read = |name: &String| {
        let file = target.join("doc").join(name.replace('-', "_")).with_extension("json");
        api::items(&file).map_err(|why| format!("{}: {why}", file.display()))
    };
    crates.iter().map(|name| Ok((name.as_str(), read(name)?))).collect()
}

/// Lets rustdoc write JSON, and returns cargo's target folder.
fn document() -> Result<std::path::PathBuf, String> {
    let own = env::current_exe().map_err(|error| format!("the path of this program: {error}"))?;
    let target = own.ancestors().nth(2).expect("cargo has built it two folders deep").to_owned();
    // All of the workspace, as the check of the documentation has it: with some packages only, features unify
    // differently, and all dependencies are compiled again.
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args("doc --quiet --locked --workspace --no-deps --all-features --target-dir".split(' '))
        .arg(&target)
        .current_dir(root())
        .env(RUSTDOC, env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()))
        .env("RUSTDOC", own)
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json --cap-lints allow");
    match command.status() {
        Ok(status) if status.success() => Ok(target),
        Ok(status) => Err(format!("cargo doc failed: {status}")),
        Err(error) => Err(format!("cargo doc did not start: {error}")),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("it lies in the workspace")
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
