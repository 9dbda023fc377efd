//! A throw-away PostgreSQL server.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engine::{Durability, Engine};
use crate::locate::locate;
use crate::programs::Program;
use crate::server::Server;

/// PostgreSQL, the newest that is installed.
pub const ENGINE: Engine = Engine {
    program: Program { name: "PostgreSQL", probe: &["initdb", "--version"], debian_package: "postgresql" },
    word: "postgres",
    variable: "INVITE_TEST_POSTGRES_URL",
    create,
    serve,
    greets,
    url: |port| format!("postgres://postgres@127.0.0.1:{port}/postgres"),
    // A "fast" shutdown. SIGTERM is the "smart" one, which waits for every client to leave.
    stop_signal: "INT",
};

fn create(data: &Path) -> Result<Command, String> {
    let mut command = Command::new(locate("initdb")?);
    command
        .args(["--username=postgres", "--auth=trust", "--no-sync"])
        .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
        .arg(data);
    Ok(command)
}

/// Starts a standby of this server that reads what it writes, as a stream. A standby of this name becomes synchronous
/// where the primary's `synchronous_standby_names` has it; `pg_promote()` makes a primary of it.
///
/// # Errors
/// As [`Server::start`].
pub fn standby(primary: &Server, folder: &Path, name: &str, durability: Durability) -> Result<Server, String> {
    let source = format!("host=127.0.0.1 port={} user=postgres application_name={name}", primary.port());
    Server::start_on(&ENGINE, durability, &folder.join(name), |data| {
        let mut command = Command::new(sibling("pg_basebackup")?);
        command
            .args(["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--write-recovery-conf"])
            .arg(format!("--dbname={source}"))
            .arg("--pgdata")
            .arg(data);
        Ok(command)
    })
}

fn serve(data: &Path, port: u16, durability: Durability) -> Result<Command, String> {
    let mut command = Command::new(sibling("postgres")?);
    command.arg("-D").arg(data);
    let port = format!("port={port}");
    let mut settings =
        vec![port.as_str(), "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=500", "ssl=off"];
    if durability == Durability::Off {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    Ok(command)
}

/// The program that belongs to `initdb`, where several versions are installed: other versions refuse the folder.
fn sibling(program: &str) -> Result<PathBuf, String> {
    let initdb = locate("initdb")?;
    Ok(initdb.canonicalize().unwrap_or(initdb).with_file_name(program))
}

/// Introduces us. While it starts, the server answers that with an error instead of `AuthenticationOk`.
fn greets(connection: &mut TcpStream) -> io::Result<bool> {
    const VERSION: [u8; 4] = [0, 3, 0, 0];
    const PARAMETERS: &[u8] = b"user\0postgres\0database\0postgres\0\0";
    const LENGTH: [u8; 4] = (8 + PARAMETERS.len() as u32).to_be_bytes();

    connection.write_all(&[&LENGTH, &VERSION, PARAMETERS].concat())?;
    let mut kind = [0];
    connection.read_exact(&mut kind)?;
    Ok(kind == *b"R")
}
