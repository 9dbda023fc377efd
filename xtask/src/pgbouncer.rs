//! A throw-away PgBouncer.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::engine::{Durability, Engine};
use crate::locate::locate;
use crate::postgres;
use crate::process::output;
use crate::programs::Program;
use crate::server::Server;

const ENGINE: Engine = Engine {
    program: PROGRAM,
    word: "pgbouncer",
    // It is nobody's but the test's that starts it.
    variable: "",
    create: |_| Ok(Command::new("true")),
    serve,
    greets: postgres::ENGINE.greets,
    url: postgres::ENGINE.url,
    stop_signal: "TERM",
};

pub(crate) const PROGRAM: Program =
    Program { name: "PgBouncer", probe: &["pgbouncer", "--version"], debian_package: "pgbouncer" };

/// All but the port and the mode. Two connections to the server, so that clients meet each other's. The parameter is one
/// that sqlx sets when it connects.
const SETTINGS: &str = "[pgbouncer]
listen_addr = 127.0.0.1
unix_socket_dir =
auth_type = any
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
";

/// Starts one in front of this server of PostgreSQL, in this mode: `session` or `transaction`.
///
/// # Errors
/// As [`Server::start`].
pub fn pgbouncer(server: &Server, folder: &Path, mode: &str) -> Result<Server, String> {
    let databases = format!("[databases]\n* = host=127.0.0.1 port={} user=postgres\n", server.port());
    let remembers = if remembers_statements() { "max_prepared_statements = 200\n" } else { "" };
    let mode = format!("pool_mode = {mode}\n");
    Server::start_on(&ENGINE, Durability::Off, &folder.join("pgbouncer"), |data| {
        let written = fs::write(data.join("base.ini"), format!("{databases}{SETTINGS}{mode}{remembers}"));
        written.map_err(|error| format!("{}: {error}", data.display()))?;
        (ENGINE.create)(data)
    })
}

/// Whether it knows prepared statements, as from version 1.21 on. Earlier ones lose them between transactions.
#[must_use]
pub fn remembers_statements() -> bool {
    let said = output(PROGRAM.probe).unwrap_or_default();
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= (1, 21)
}

fn serve(data: &Path, port: u16, _: Durability) -> Result<Command, String> {
    let settings = data.join("pgbouncer.ini");
    let base = fs::read_to_string(data.join("base.ini"));
    let written = base.and_then(|base| fs::write(&settings, format!("{base}listen_port = {port}\n")));
    written.map_err(|error| format!("{}: {error}", data.display()))?;
    let mut command = Command::new(locate("pgbouncer")?);
    command.arg(settings);
    Ok(command)
}
