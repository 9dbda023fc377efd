//! What the manifests of the workspace say: which crates are published, and which features they have.

use std::fs;
use std::path::Path;

use crate::process::root;

/// The published crates, in the order in which the workspace lists them. Each lies in a folder of its name.
pub(crate) fn published() -> Result<Vec<String>, String> {
    let manifest = read(&root().join("Cargo.toml"))?;
    let mut names = Vec::new();
    for member in members(&manifest) {
        if is_published(&read(&root().join(member).join("Cargo.toml"))?) {
            names.push(member.to_owned());
        }
    }
    Ok(names)
}

/// The crates that are built for one database, which a feature of its name chooses.
const EXAMPLES: &str = "examples/";
const DATABASES: [&str; 3] = ["mysql", "postgres", "sqlite"];

/// All features of all crates for cargo's `--features`, but of the examples' databases only this one. The dependencies
/// have the features that `--all-features` gives them, and are not built again.
pub(crate) fn features_with(database: &str) -> Result<String, String> {
    let manifest = read(&root().join("Cargo.toml"))?;
    let mut all = Vec::new();
    for member in members(&manifest) {
        let own = read(&root().join(member).join("Cargo.toml"))?;
        let name = name(&own).ok_or_else(|| format!("{member}/Cargo.toml has no name"))?;
        let wanted = features(&own)
            .filter(|feature| !member.starts_with(EXAMPLES) || *feature == database || !DATABASES.contains(feature));
        all.extend(wanted.map(|feature| format!("{name}/{feature}")));
    }
    Ok(all.join(","))
}

/// The features of a manifest besides `default`.
fn features(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    let names = lines.filter_map(|line| line.split_once(" = ["));
    names.map(|(name, _)| name).filter(|name| *name != "default")
}

fn read(manifest: &Path) -> Result<String, String> {
    fs::read_to_string(manifest).map_err(|error| format!("{}: {error}", manifest.display()))
}

/// The folders that the workspace's manifest lists, one a line.
fn members(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "members = [").skip(1).take_while(|line| *line != "]");
    lines.filter_map(|line| line.split('"').nth(1))
}

fn name(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("name = \""))?.strip_suffix('"')
}

fn is_published(manifest: &str) -> bool {
    !manifest.lines().any(|line| line.trim_end() == "publish = false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_without_what_is_said_of_them() {
        let manifest = "[workspace]\nmembers = [\n    \"a\", # \"first\"\n    # none\n    \"b/c\",\n]\ndefault = [\n    \"d\",\n]\n";
        assert_eq!(members(manifest).collect::<Vec<_>>(), ["a", "b/c"]);
    }

    #[test]
    fn features_are_read_without_the_default() {
        let manifest = "[package]\nname = \"n\"\nkeywords = [\"x\"]\n\n[features]\ndefault = [\"a\"]\n# b = []\na = []\n\
                        c = [\n    \"dep:d\",\n]\n\n[dependencies]\ne = [\"f\"]\n";
        assert_eq!(features(manifest).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(name(manifest), Some("n"));
    }

    #[test]
    fn the_library_has_all_features_and_the_examples_have_one_database() {
        let all = features_with("postgres").unwrap();
        let has = |feature: &str| all.split(',').any(|named| named == feature);
        for feature in ["invite-sqlx/postgres", "invite-sqlx/mysql", "invite-diesel/sqlite", "shared/sqlx"] {
            assert!(has(feature), "{feature} in {all}");
        }
        assert!(!has("axum-sqlx/mysql") && !has("axum-sqlx/sqlite"), "{all}");
    }

    #[test]
    fn the_library_is_published_and_this_program_is_not() {
        let names = published().unwrap();
        for name in ["invite-core", "invite-sqlx", "invite-diesel", "invite-mail"] {
            assert!(names.iter().any(|published| published == name), "{names:?}");
        }
        assert!(!names.iter().any(|published| published.contains("xtask")), "{names:?}");
    }
}
