//! The example's pages as people use them, in a real Chromium. What they do stands in
//! `examples/tests`, for any backend that offers the same.

#![cfg(unix)]

#[path = "../../tests/browser/mod.rs"]
mod browser;
#[path = "../../tests/program/mod.rs"]
mod program;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-diesel");
