//! The process that owns the servers: it stops them when whoever started it is done, or is no more.
//!
//! A signal ends a Rust program without a word, so what has to be put right afterwards needs a process of its own.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process;

use crate::account;
use crate::engine::{Durability, Engine};
use crate::server::Server;

/// Starts servers, prints their variables, and stops them at the end of the input.
pub(crate) fn keep(engines: &[&'static Engine], durability: Durability) -> Result<(), String> {
    let folder = Folder::create().map_err(|error| format!("no temporary folder: {error}"))?;
    // Dropped before the folder.
    let mut servers = Vec::new();
    for engine in engines {
        let server = Server::start(engine, &folder.path, durability)?;
        let (variable, url) = server.variable();
        servers.push(server);
        // Where nobody listens any more, the input has ended too.
        let _ = writeln!(io::stdout(), "{variable}={url}");
    }
    let _ = io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}

/// Says something, unlike `eprintln!`, even if that is no longer possible.
pub(crate) fn report(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}

/// Removed when dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn create() -> io::Result<Self> {
        let mut number = 0;
        loop {
            let name = format!("invite-databases-{}-{number}", process::id());
            let path = env::temp_dir().join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
                Ok(()) => {
                    let folder = Self { path };
                    account::give(&folder.path)?;
                    return Ok(folder);
                }
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            report(&format!("{} stays behind: {error}", self.path.display()));
        }
    }
}
