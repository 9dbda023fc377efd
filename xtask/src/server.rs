//! One database server, from its empty folder to its end.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account;
use crate::engine::{Durability, Engine};
use crate::keeper::report;

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
/// How often a server may find that its port was taken after we had found it free.
const ATTEMPTS: usize = 3;

/// Stopped when dropped.
pub(crate) struct Server {
    engine: &'static Engine,
    process: Child,
    log: PathBuf,
    port: u16,
}

impl Server {
    /// Creates a database in a folder of the caller's, starts a server on it and waits until it can be used.
    pub(crate) fn start(engine: &'static Engine, folder: &Path, durability: Durability) -> Result<Self, String> {
        let name = engine.program.name;
        let data = folder.join(name);
        let log = folder.join(format!("{name}.log"));
        let failed = |what: &str| format!("{name} {what}; its log ends:\n{}", end_of(&log));

        let deadline = Instant::now() + START;
        fs::create_dir(&data)
            .and_then(|()| account::give(&data))
            .map_err(|error| format!("{}: {error}", data.display()))?;
        let mut create = spawn((engine.create)(&data)?, &data, &log)?;
        match ended(&mut create, deadline) {
            Some(status) if status.success() => {}
            Some(status) => return Err(failed(&format!("could not create a database ({status})"))),
            None => {
                kill(&mut create);
                return Err(failed("did not create a database within 60 seconds"));
            }
        }
        // What creates a database is talkative, and would hide why the server fails.
        let _ = fs::remove_file(&log);
        for _ in 0..ATTEMPTS {
            let port = free_port().map_err(|error| format!("no free port: {error}"))?;
            let mut process = spawn((engine.serve)(&data, port, durability)?, &data, &log)?;
            let Err(why) = wait_until_ready(engine, port, &mut process, deadline) else {
                return Ok(Self { engine, process, log, port });
            };
            kill(&mut process);
            if !end_of(&log).contains("Address already in use") {
                return Err(failed(&why));
            }
        }
        Err(failed("found its port taken each time"))
    }

    /// The environment variable for the tests.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        (self.engine.variable, (self.engine.url)(self.port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let name = self.engine.program.name;
        if let Ok(Some(status)) = self.process.try_wait() {
            let log = end_of(&self.log);
            report(&format!("{name} had ended by itself ({status}); its log ends:\n{log}"));
            return;
        }
        // The shell's own `kill`: the program is not on every machine.
        let _ = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", self.engine.stop_signal])
            .arg(self.process.id().to_string())
            .status();
        if ended(&mut self.process, Instant::now() + STOP).is_none() {
            report(&format!("{name} did not stop when told to, and was killed"));
            kill(&mut self.process);
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

fn spawn(mut command: Command, folder: &Path, log: &Path) -> Result<Child, String> {
    account::switch(&mut command);
    let program = Path::new(command.get_program()).display().to_string();
    let output = File::options().create(true).append(true).open(log);
    output
        .and_then(|output| {
            command
                .current_dir(folder)
                // The log is searched for a message, which must not be translated.
                .env("LC_ALL", "C")
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output)
                .spawn()
        })
        .map_err(|error| format!("{program} did not start in {}: {error}", folder.display()))
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
    lines[lines.len().saturating_sub(20)..].join("\n")
}
