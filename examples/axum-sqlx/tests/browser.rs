//! The example's pages as people use them, in a real Chromium.

#![cfg(unix)]

#[path = "../../tests/program/mod.rs"]
mod program;

// The name of every test says on which database the program runs.
#[cfg(feature = "sqlite")]
#[path = "../../tests"]
mod sqlite {
    mod browser;
}
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
#[path = "../../tests"]
mod postgres {
    mod browser;
}
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
#[path = "../../tests"]
mod mysql {
    mod browser;
}

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_axum-sqlx");
