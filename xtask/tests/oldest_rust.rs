//! Whether the oldest Rust that we promise is enough for what we depend on.
//!
//! Cargo chooses versions by what they say of themselves. One that says nothing may bring in another that does.

use std::env;
use std::process::Command;

use serde_json::Value;

/// `1.94` or `1.94.0` as three numbers, which compare as versions do.
fn numbers(version: &str) -> Vec<u32> {
    let numbers = version.split('.').map(|number| number.parse().expect("a number"));
    numbers.chain([0, 0]).take(3).collect()
}

#[test]
fn no_dependency_asks_for_a_newer_rust() {
    let mut command = Command::new(env::var_os("CARGO").expect("cargo runs the tests"));
    let line = "metadata --locked --format-version 1 --all-features";
    let output = command.args(line.split(' ')).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");

    let oldest = numbers(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().expect("there are packages");
    let asking: Vec<String> = packages
        .iter()
        .filter(|package| package["rust_version"].as_str().is_some_and(|asked| numbers(asked) > oldest))
        .map(|package| format!("{} asks for {}", package["id"], package["rust_version"]))
        .collect();
    assert!(packages.iter().any(|package| package["name"] == "r2d2"), "optional ones are among them");
    assert!(asking.is_empty(), "{asking:#?}");
}
