//! `cargo xtask`: see [`xtask`].

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    xtask::run(env::args().skip(1))
}
