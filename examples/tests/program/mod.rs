//! The program under test, on a database of its own.

mod database;
mod launch;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Duration,
};

use tempfile::TempDir;

pub(crate) use self::{
    database::{Connection, DATABASE, Place},
    launch::launch,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One running program; killed when dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) url: String,
    pub(crate) place: Place,
    dir: TempDir,
}

impl Program {
    /// With the development mailbox. An empty value leaves a variable unset.
    pub(crate) async fn start(env: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::make(dir.path()).await;
        let (child, url) = serve(dir.path(), &place, env);
        Self { child, url, place, dir }
    }

    /// Where it runs.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// All that it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(log_file(self.dir())).unwrap_or_default()
    }

    /// A second way into its database.
    pub(crate) async fn database(&self) -> Connection {
        self.place.connect().await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- log of the program\n{}", self.log());
        }
    }
}

/// Starts the program, which may well have run here before.
pub(crate) fn serve(dir: &Path, place: &Place, env: &[(&str, &str)]) -> (Child, String) {
    let log = File::options().create(true).append(true).open(log_file(dir)).unwrap();
    let mut command = Command::new(crate::PROGRAM);
    command.current_dir(dir).env_clear().stderr(log);
    let own = [("PORT", "0"), ("DATABASE_URL", place.url()), ("DEV_MAILBOX", "1")];
    for (name, value) in own.iter().chain(env) {
        match *value {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    launch(&mut command, |line| line.strip_prefix("listening on ").map(Into::into)).unwrap_or_else(|why| {
        panic!("on {DATABASE}, {why}:\n{}", std::fs::read_to_string(log_file(dir)).unwrap_or_default())
    })
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}
