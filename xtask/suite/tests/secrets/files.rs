//! Every file in a folder, however large.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::search::{Haystack, Sought};

const BLOCK: usize = 4096;

/// Something that was found.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    /// The file's path in the folder.
    pub(crate) file: String,
    pub(crate) what: String,
    pub(crate) writing: &'static str,
}

/// Searches every file.
pub(crate) fn search(folder: &Path, sought: &Sought) -> Vec<Found> {
    let mut all = Vec::new();
    for path in files_in(folder) {
        let Some(bytes) = unless_gone(fs::read(&path), &path) else { continue };
        let found = sought.found_in(&Haystack::new(&without_blanks(&bytes)));
        all.extend(found.into_iter().map(|(what, writing)| Found { file: name_in(folder, &path), what, writing }));
    }
    all
}

/// Fails unless this is found where it should be: in a file whose path begins so.
pub(crate) fn assert_found(found: &[Found], what: &str, place: &str) {
    let there = found.iter().any(|found| found.what == what && found.file.starts_with(place));
    assert!(there, "{what} was not found in {place:?}: what was searched is not what is kept there");
}

/// Writes this at the end of every file, and names them.
pub(crate) fn plant(folder: &Path, bytes: &[u8]) -> BTreeSet<String> {
    let plant = |path: PathBuf| {
        let planted = File::options().append(true).open(&path).and_then(|mut file| file.write_all(bytes));
        planted.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        name_in(folder, &path)
    };
    files_in(folder).into_iter().map(plant).collect()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Some(entries) = unless_gone(fs::read_dir(&folder), &folder) else { continue };
        for entry in entries {
            let Some(entry) = unless_gone(entry, &folder) else { continue };
            let path = entry.path();
            match unless_gone(entry.file_type(), &path) {
                Some(kind) if kind.is_dir() => folders.push(path),
                Some(kind) if kind.is_file() => files.push(path),
                // A socket keeps nothing.
                Some(_) | None => {}
            }
        }
    }
    files
}

/// The files of a running server come and go.
fn unless_gone<T>(result: io::Result<T>, path: &Path) -> Option<T> {
    match result {
        Ok(there) => Some(there),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Without the blocks that nobody has written to yet: of a redo log, nearly all.
fn without_blanks(bytes: &[u8]) -> Vec<u8> {
    let blank = [0; BLOCK];
    bytes.chunks(BLOCK).filter(|block| **block != blank[..block.len()]).collect::<Vec<_>>().concat()
}

fn name_in(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}
