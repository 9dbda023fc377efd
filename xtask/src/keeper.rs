//! The process that owns the servers: it stops them when whoever started it is done, or is no more.
//!
//! A signal ends a Rust program without a word, so what has to be put right afterwards needs a process of its own.

use std::io::{self, Read, Write};

use crate::engine::{Durability, Engine};
use crate::folder::Folder;
use crate::server::Server;

/// Starts servers, prints their variables, and stops them at the end of the input.
pub(crate) fn keep(engines: &[&'static Engine], durability: Durability) -> Result<(), String> {
    let folder = Folder::create().map_err(|error| format!("no temporary folder: {error}"))?;
    // Dropped before the folder.
    let mut servers = Vec::new();
    for engine in engines {
        let server = Server::start(engine, folder.path(), durability)?;
        let (variable, url) = server.variable();
        servers.push(server);
        // Where nobody listens any more, the input has ended too.
        let _ = writeln!(io::stdout(), "{variable}={url}");
    }
    let _ = io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}
