//! The example as its clients see it: the real program, over real HTTP. What is asked of it stands
//! in `examples/tests`, for any backend that offers the same.

#[path = "../../tests/http/mod.rs"]
mod http;
#[path = "../../tests/program/mod.rs"]
mod program;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-diesel");
