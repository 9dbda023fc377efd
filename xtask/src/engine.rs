//! What differs between the database servers the tests need.

use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::programs::Program;
use crate::{mariadb, postgres};

pub(crate) const ENGINES: [&Engine; 2] = [&postgres::ENGINE, &mariadb::ENGINE];

/// A kind of database server.
pub struct Engine {
    /// The program, with the name the engine goes by.
    pub(crate) program: Program,
    /// The word in the paths of the tests that need the server.
    pub(crate) word: &'static str,
    /// The environment variable with the URL of a server.
    pub(crate) variable: &'static str,
    /// The command that fills an empty data folder, and then ends.
    pub(crate) create: fn(data: &Path) -> Result<Command, String>,
    /// The server itself, in the foreground.
    pub(crate) serve: fn(data: &Path, port: u16, durability: Durability) -> Result<Command, String>,
    /// Whether what answers a new connection is a server that takes statements.
    pub(crate) greets: fn(connection: &mut TcpStream) -> io::Result<bool>,
    /// The URL for sqlx, with every right.
    pub(crate) url: fn(port: u16) -> String,
    /// The signal that ends the server without waiting for its clients, as `kill` calls it.
    pub(crate) stop_signal: &'static str,
}

/// Whether what a server has committed outlives the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a server syncs its files, or it does not")]
pub enum Durability {
    /// No: most tests need none, and are quicker without.
    Off,
    /// As far as the engine's default settings go.
    Fsync,
}
