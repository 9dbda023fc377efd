//! The databases that tests run on: given by environment variables, or else started for them.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::command::{FSYNC, KEEP};
use crate::engine::{Durability, Engine};
use crate::process::report;
use crate::programs::Program;

/// Stopped when dropped, as far as we started them.
pub(crate) struct Databases {
    keeper: Option<Child>,
    variables: Vec<(String, String)>,
}

impl Databases {
    /// Starts a server of each of these engines whose variable is not set.
    pub(crate) fn start(engines: &[&'static Engine], durability: Durability) -> Result<Self, String> {
        let engines: Vec<_> = engines.iter().filter(|engine| !is_given(engine)).collect();
        let mut databases = Self { keeper: None, variables: Vec::new() };
        if engines.is_empty() {
            return Ok(databases);
        }
        let names: Vec<&str> = engines.iter().map(|engine| engine.program.name).collect();
        println!("Starting {}", names.join(" and "));
        let before = Instant::now();

        let program = env::current_exe().map_err(|error| format!("who am I? {error}"))?;
        let mut command = Command::new(program);
        command.arg(KEEP);
        if durability == Durability::Fsync {
            command.arg(FSYNC);
        }
        let mut child = command
            .args(names)
            // Out of reach of the Ctrl-C that ends us.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the databases' keeper did not start: {error}"))?;
        let output = child.stdout.take().expect("the output is piped");
        databases.keeper = Some(child);
        for line in BufReader::new(output).lines().take(engines.len()) {
            let line = line.map_err(|error| format!("the databases' keeper: {error}"))?;
            println!("{line}");
            let variable = line.split_once('=').expect("the keeper prints variables");
            databases.variables.push((variable.0.to_owned(), variable.1.to_owned()));
        }
        if databases.variables.len() < engines.len() {
            return Err("the databases did not start".to_owned());
        }
        println!("Started in {:.1} s", before.elapsed().as_secs_f32());
        Ok(databases)
    }

    /// What tests need to find the databases, besides the variables that are set.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(variable, url)| (variable.as_str(), url.as_str()))
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            // This closes its input first.
            if let Err(error) = keeper.wait() {
                report(&format!("the databases' keeper: {error}"));
            }
        }
    }
}

/// The program for the server, if it has to be started.
pub(crate) fn program(engine: &'static Engine) -> Option<&'static Program> {
    (!is_given(engine)).then_some(&engine.program)
}

/// The server that needs no start, which may be of another make, such as MySQL.
pub(crate) fn given(engine: &'static Engine) -> Option<String> {
    is_given(engine).then(|| format!("the server of {}", engine.variable))
}

fn is_given(engine: &Engine) -> bool {
    env::var_os(engine.variable).is_some_and(|url| !url.is_empty())
}
