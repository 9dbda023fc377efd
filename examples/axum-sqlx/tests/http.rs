//! The example as its clients see it: the real program, over real HTTP. The tests lie in `examples/tests`, because they
//! hold for any backend that offers the same.

#[path = "../../tests/program/mod.rs"]
mod program;
#[path = "../../tests/support/mod.rs"]
mod support;

// The name of every test says on which database the program runs.
#[cfg(feature = "sqlite")]
#[path = "../../tests"]
mod sqlite {
    mod http;
    mod pages;
}
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
#[path = "../../tests"]
mod postgres {
    mod http;
    mod pages;
}
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
#[path = "../../tests"]
mod mysql {
    mod http;
    mod pages;
}

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_axum-sqlx");
