//! One database server, from its empty folder to its end.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account;
use crate::engine::{Durability, Engine};
use crate::process::report;
use crate::processes::{kill_at_once, signal};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
/// How often a server may find that its port was taken after we had found it free.
const ATTEMPTS: usize = 3;

/// Stopped when dropped. Whoever is killed leaves its servers behind.
pub struct Server {
    engine: &'static Engine,
    durability: Durability,
    data: PathBuf,
    log: PathBuf,
    port: u16,
    /// None after a kill.
    process: Option<Child>,
}

impl Server {
    /// Creates a database in the caller's [`Folder`](crate::Folder), starts a server on it and waits until it can be used.
    ///
    /// # Errors
    /// What went wrong, with the end of the server's log.
    pub fn start(engine: &'static Engine, folder: &Path, durability: Durability) -> Result<Self, String> {
        Self::start_on(engine, durability, &folder.join(engine.program.name), engine.create)
    }

    /// As [`start`](Self::start), on what this command puts into the folder for the data.
    pub(crate) fn start_on(
        engine: &'static Engine,
        durability: Durability,
        data: &Path,
        create: impl FnOnce(&Path) -> Result<Command, String>,
    ) -> Result<Self, String> {
        let (data, log) = (data.to_owned(), data.with_extension("log"));
        let mut server = Self { engine, durability, data, log, port: 0, process: None };

        let deadline = Instant::now() + START;
        // PostgreSQL serves no folder that others may look into.
        DirBuilder::new()
            .mode(0o700)
            .create(&server.data)
            .and_then(|()| account::give(&server.data))
            .map_err(|error| format!("{}: {error}", server.data.display()))?;
        let mut create = server.spawn(create(&server.data)?)?;
        match ended(&mut create, deadline) {
            Some(status) if status.success() => {}
            Some(status) => return Err(server.failed(&format!("could not create a database ({status})"))),
            None => {
                kill(&mut create);
                return Err(server.failed("did not create a database within 60 seconds"));
            }
        }
        // What creates a database is talkative, and would hide why the server fails.
        let _ = fs::remove_file(&server.log);
        for _ in 0..ATTEMPTS {
            server.port = free_port().map_err(|error| format!("no free port: {error}"))?;
            let Err(why) = server.serve(deadline) else {
                return Ok(server);
            };
            if !end_of(&server.log).contains("Address already in use") {
                return Err(server.failed(&why));
            }
        }
        Err(server.failed("found its port taken each time"))
    }

    /// For sqlx, with every right. It outlives a [`kill`](Self::kill).
    #[must_use]
    pub fn url(&self) -> String {
        (self.engine.url)(self.port)
    }

    /// Where it listens, on the loopback address.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it by SIGKILL, with all of its processes at once.
    ///
    /// # Errors
    /// When a process outlives that.
    pub fn kill(&mut self) -> Result<(), String> {
        match self.process.take() {
            Some(mut process) => kill_at_once(&mut process),
            None => Ok(()),
        }
    }

    /// Starts it again, after a [`kill`](Self::kill), on the same files and port, and waits until it can be used.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill()?;
        self.serve(Instant::now() + START).map_err(|why| self.failed(&why))
    }

    /// The environment variable for the tests.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        (self.engine.variable, self.url())
    }

    fn serve(&mut self, deadline: Instant) -> Result<(), String> {
        let mut process = self.spawn((self.engine.serve)(&self.data, self.port, self.durability)?)?;
        if let Err(why) = wait_until_ready(self.engine, self.port, &mut process, deadline) {
            kill(&mut process);
            return Err(why);
        }
        self.process = Some(process);
        Ok(())
    }

    fn spawn(&self, mut command: Command) -> Result<Child, String> {
        account::switch(&mut command);
        let program = Path::new(command.get_program()).display().to_string();
        let output = File::options().create(true).append(true).open(&self.log);
        output
            .and_then(|output| {
                command
                    .current_dir(&self.data)
                    // The log is searched for a message, which must not be translated.
                    .env("LC_ALL", "C")
                    .stdin(Stdio::null())
                    .stdout(output.try_clone()?)
                    .stderr(output)
                    .spawn()
            })
            .map_err(|error| format!("{program} did not start in {}: {error}", self.data.display()))
    }

    fn failed(&self, what: &str) -> String {
        format!("{} {what}; its log ends:\n{}", self.engine.program.name, end_of(&self.log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(process) = &mut self.process else { return };
        let name = self.engine.program.name;
        if let Ok(Some(status)) = process.try_wait() {
            let log = end_of(&self.log);
            report(&format!("{name} had ended by itself ({status}); its log ends:\n{log}"));
            return;
        }
        signal(self.engine.stop_signal, &[process.id()]);
        if ended(process, Instant::now() + STOP).is_none() {
            report(&format!("{name} did not stop when told to, and was killed"));
            kill(process);
        }
    }
}

fn wait_until_ready(engine: &Engine, port: u16, process: &mut Child, deadline: Instant) -> Result<(), String> {
    while Instant::now() < deadline {
        let greeted = greets(engine, port).unwrap_or(false);
        // Asked after the greeting, which could be a stranger's who took the port.
        if let Ok(Some(status)) = process.try_wait() {
            return Err(format!("ended at once ({status})"));
        }
        if greeted {
            return Ok(());
        }
        thread::sleep(POLL);
    }
    Err("did not come up within 60 seconds".to_owned())
}

fn greets(engine: &Engine, port: u16) -> io::Result<bool> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    (engine.greets)(&mut connection)
}

/// Waits until the process has ended, or the deadline has passed.
fn ended(process: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match process.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
}

fn kill(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn end_of(log: &Path) -> String {
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(50)..].join("\n")
}
