//! A crate as it will be published: what `cargo package` has unpacked.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::root;

/// The entries of a manifest without which a crate looks unfinished.
const ENTRIES: [&str; 7] = [
    "description = ",
    "readme = \"README.md\"",
    "keywords = [",
    "categories = [",
    "license = ",
    "rust-version = ",
    "[package.metadata.docs.rs]",
];
/// The registry takes no more of either.
const LISTS: [&str; 2] = ["keywords = [", "categories = ["];
const MOST: usize = 5;

const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Checks the manifest of a package, and that its files are those of the crate.
pub(crate) fn check(name: &str, package: &Path) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let manifest = read(&package.join("Cargo.toml"))?;
    complete(&String::from_utf8_lossy(&manifest)).map_err(|why| format!("{name}: {why}"))?;

    let source = root().join(name);
    let mut files: Vec<PathBuf> = FILES.iter().map(|file| source.join(file)).collect();
    for folder in ["src", "migrations", "statements", "templates"] {
        below(&source.join(folder), &mut files).map_err(|error| format!("{name}/{folder}: {error}"))?;
    }
    for file in &files {
        let packed = package.join(file.strip_prefix(&source).expect("it was found there"));
        if read(&packed)? != read(file)? {
            return Err(format!("{} is not the file it should be", packed.display()));
        }
    }
    println!("{name}: {} files as they should be", files.len());
    Ok(())
}

/// All files below a folder, if there is one.
fn below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a manifest, as cargo writes it into a package, has all that a published crate should say.
fn complete(manifest: &str) -> Result<(), String> {
    for entry in ENTRIES {
        if !manifest.lines().any(|line| line.starts_with(entry)) {
            return Err(format!("the manifest lacks `{entry}`"));
        }
    }
    for list in LISTS {
        let (_, rest) = manifest.split_once(list).expect("it is one of the entries");
        let count = rest.split(']').next().unwrap_or(rest).matches('"').count() / 2;
        if !(1..=MOST).contains(&count) {
            return Err(format!("`{list}` has {count} words, and may have {MOST}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[package]
rust-version = "1.94"
description = "What it is."
readme = "README.md"
keywords = [
    "one",
    "two",
]
categories = ["email"]
license = "MIT OR Apache-2.0"

[package.metadata.docs.rs]
all-features = true
"#;

    #[test]
    fn a_manifest_needs_each_entry() {
        complete(MANIFEST).unwrap();
        for entry in ENTRIES {
            let without = MANIFEST.replace(entry, "");
            assert_eq!(complete(&without), Err(format!("the manifest lacks `{entry}`")));
        }
    }

    #[test]
    fn a_list_has_one_to_five_words() {
        for (words, fine) in
            [(r#""1", "2", "3", "4", "5""#, true), (r#""1", "2", "3", "4", "5", "6""#, false), ("", false)]
        {
            let manifest = MANIFEST.replace(r#""email""#, words);
            assert_eq!(complete(&manifest).is_ok(), fine, "{words}");
        }
    }
}
