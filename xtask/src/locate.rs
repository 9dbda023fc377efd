//! Where programs lie that are not always in `PATH`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The first such program in `PATH`, or else in the folders that Debian leaves out of it.
pub(crate) fn locate(program: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin".into(), "/usr/sbin".into()])
        .chain(postgres_folders())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("`{program}` is not installed"))
}

/// Debian's, one for each version of PostgreSQL, the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| version.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    versions.into_iter().rev().map(|version| Path::new("/usr/lib/postgresql").join(format!("{version}/bin"))).collect()
}
