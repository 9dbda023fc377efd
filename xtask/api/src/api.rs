//! From rustdoc's JSON to lines, and from lines to what has changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use public_api::Builder;
use rustdoc_types::FORMAT_VERSION;
use serde::Deserialize;

/// What rustdoc's JSON says of itself.
#[derive(Deserialize)]
struct Format {
    format_version: u32,
}

/// Traits that the compiler implements by itself. A line for each of them and each type would hide the other lines. A
/// type that stops being `Send` gets the line `impl !core::marker::Send`, which stays.
const AUTOMATIC: [&str; 6] = [
    " core::marker::Freeze for ",
    " core::marker::Send for ",
    " core::marker::Sync for ",
    " core::marker::Unpin for ",
    " core::panic::unwind_safe::RefUnwindSafe for ",
    " core::panic::unwind_safe::UnwindSafe for ",
];

/// What diesel's `table!` writes: some twenty thousand lines, which follow from the columns. A test holds those against
/// the database.
const GENERATED: &str = "invite_diesel::schema::";

/// The public items in a file of rustdoc's JSON, one a line.
pub(crate) fn items(json: &Path) -> Result<String, String> {
    let said = fs::read(json).map_err(|error| error.to_string())?;
    supported(&said)?;
    let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).build().map_err(|error| error.to_string())?;
    let mut lines = String::new();
    for line in api.items().map(ToString::to_string).filter(|line| !is_automatic(line) && !line.contains(GENERATED)) {
        lines += &line;
        lines.push('\n');
    }
    Ok(lines)
}

/// Fails unless the JSON has the format that the dependency reads.
fn supported(json: &[u8]) -> Result<(), String> {
    let Format { format_version } =
        serde_json::from_slice(json).map_err(|error| format!("this is not rustdoc's JSON: {error}"))?;
    if format_version == FORMAT_VERSION {
        return Ok(());
    }
    Err(format!(
        "this Rust's rustdoc writes format {format_version} of its JSON, and this check reads format {FORMAT_VERSION}, \
         that of the Rust named in xtask/api/Cargo.toml: use that Rust, or raise `public-api` there"
    ))
}

fn is_automatic(line: &str) -> bool {
    line.starts_with("impl") && AUTOMATIC.iter().any(|implemented| line.contains(implemented))
}

/// The lines that are gone, and those that are new; empty if the texts are equal.
pub(crate) fn difference(old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.lines().collect(), new.lines().collect());
    let gone = old.lines().filter(|line| !after.contains(line)).map(|line| format!("-{line}\n"));
    let added = new.lines().filter(|line| !before.contains(line)).map(|line| format!("+{line}\n"));
    let difference: String = gone.chain(added).collect();
    if difference.is_empty() { "the same lines, in another order\n".to_owned() } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_named_with_what_to_do() {
        assert_eq!(supported(format!(r#"{{"root":0,"format_version":{FORMAT_VERSION}}}"#).as_bytes()), Ok(()));
        let why = supported(br#"{"root":0,"format_version":9999}"#).unwrap_err();
        assert!(why.contains("format 9999") && why.contains("xtask/api/Cargo.toml"), "{why}");
        assert!(supported(b"<html>").is_err());
    }

    #[test]
    fn what_the_compiler_implements_is_left_out_unless_it_does_not() {
        assert!(is_automatic("impl core::marker::Send for a::B"));
        assert!(is_automatic("impl<T> core::marker::Sync for a::B<T> where T: core::marker::Sync"));
        assert!(!is_automatic("impl !core::marker::Send for a::B"));
        assert!(!is_automatic("impl core::clone::Clone for a::B"));
        assert!(!is_automatic("pub fn a::b() -> impl core::marker::Send"));
    }

    #[test]
    fn a_difference_names_the_lines_that_are_gone_and_those_that_are_new() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), "");
        assert_eq!(difference("a\nb\n", "b\nc\n"), "-a\n+c\n");
        assert_eq!(difference("", "c\n"), "+c\n");
        assert!(!difference("a\nb\n", "b\na\n").is_empty());
    }
}
