//! A throw-away MariaDB server.

use std::io::{self, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::engine::{Durability, Engine};
use crate::locate::locate;
use crate::programs::Program;

/// MariaDB, the `mariadbd` that is installed.
pub const ENGINE: Engine = Engine {
    program: Program {
        name: "MariaDB",
        probe: &["mariadbd", "--no-defaults", "--version"],
        debian_package: "mariadb-server",
    },
    word: "mysql",
    variable: "INVITE_TEST_MYSQL_URL",
    create,
    serve,
    greets,
    url: |port| format!("mysql://root@127.0.0.1:{port}/test"),
    // It ignores SIGINT.
    stop_signal: "TERM",
};

fn create(data: &Path) -> Result<Command, String> {
    let mut command = Command::new(locate("mariadb-install-db")?);
    command
        .args(["--no-defaults", "--skip-name-resolve"])
        .arg("--auth-root-authentication-method=normal")
        .arg(option("--datadir", data))
        // In a shared one, each server that starts removes the temporary tables of those that are being created.
        .arg(option("--tmpdir", data));
    Ok(command)
}

fn serve(data: &Path, port: u16, durability: Durability) -> Result<Command, String> {
    let mut command = Command::new(locate("mariadbd")?);
    command
        .arg("--no-defaults")
        .arg(option("--datadir", data))
        .arg(option("--tmpdir", data))
        .arg(format!("--port={port}"))
        .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
        // It cannot do without one. This lies in the data folder, however long that folder's own path is.
        .arg("--socket=mariadb.sock")
        .args(["--skip-ssl", "--max-connections=500"])
        // Debian's settings, which `--no-defaults` leaves out with the rest.
        .args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"])
        .arg("--skip-log-bin");
    if durability == Durability::Off {
        command.arg("--innodb-flush-log-at-trx-commit=0");
    }
    Ok(command)
}

fn option(name: &str, value: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push("=");
    option.push(value);
    option
}

/// Reads up to the version of the protocol. A server that cannot serve yet sends an error packet in its place.
fn greets(connection: &mut TcpStream) -> io::Result<bool> {
    let mut start = [0; 5];
    connection.read_exact(&mut start)?;
    Ok(start[4] == 10)
}
