use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::Browser;

const PATIENCE: Duration = Duration::from_secs(30);

/// One running program on a database of its own; killed when dropped.
pub(crate) struct Server {
    child: Child,
    env: Vec<(String, String)>,
    dir: TempDir,
    url: String,
}

impl Server {
    /// Starts it with the development mailbox.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// An empty value leaves a variable unset.
    pub(crate) fn start_with(env: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let (child, url) = launch(dir.path(), &env);
        Self { child, env, dir, url }
    }

    /// Kills it as a power cut would, without a word.
    pub(crate) fn kill(&mut self) {
        // On Unix this is SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same database, at another port.
    pub(crate) fn start_again(&mut self) {
        (self.child, self.url) = launch(self.dir.path(), &self.env);
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        eventually("the program ends", async || self.child.try_wait().unwrap()).await
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Somebody with a browser of their own.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Everything in the development mailbox that went to this address, oldest first; waits until
    /// there are `count` letters.
    pub(crate) async fn mails_to(&self, address: &str, count: usize) -> Vec<Value> {
        let browser = self.browser();
        eventually("the letters arrive", async || {
            let mails = browser.get("/dev/mailbox.json").await.expect(200);
            let mails = mails.as_array().unwrap().iter().filter(|mail| mail["to"] == address);
            let mails: Vec<_> = mails.cloned().collect();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// The link of the `count`th letter to this address.
    pub(crate) async fn link_to(&self, address: &str, count: usize) -> String {
        self.mails_to(address, count).await[count - 1]["links"][0].as_str().unwrap().into()
    }

    /// The token in it.
    pub(crate) async fn token_to(&self, address: &str, count: usize) -> String {
        super::token_of(&self.link_to(address, count).await)
    }

    /// A second way into the program's database.
    pub(crate) async fn database(&self) -> SqliteConnection {
        let file = self.dir.path().join("test.sqlite");
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
    }

    /// Moves the end of an invitation's life into the past.
    pub(crate) async fn expire(&self, address: &str) {
        let changed = sqlx::query("UPDATE invite_invitations SET expires_at = created_at + 1 WHERE recipient = ?")
            .bind(address)
            .execute(&mut self.database().await)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = std::fs::read_to_string(log_file(self.dir.path())).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "--- log of the program\n{log}");
        }
    }
}

fn launch(dir: &Path, env: &[(String, String)]) -> (Child, String) {
    let log = File::options().create(true).append(true).open(log_file(dir)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-sqlx"));
    command
        .current_dir(dir)
        .env_clear()
        .env("PORT", "0")
        .env("DATABASE_URL", "sqlite://test.sqlite")
        .env("DEV_MAILBOX", "1")
        .stdout(Stdio::piped())
        .stderr(log);
    for (name, value) in env {
        match value.as_str() {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    let mut child = command.spawn().unwrap();

    // Reading blocks, so another thread does it, and this one can lose patience.
    let stdout = child.stdout.take().unwrap();
    let (found, url) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("listening on ") {
                let _ = found.send(url.to_owned());
            }
        }
    });
    match url.recv_timeout(PATIENCE) {
        Ok(url) => (child, url),
        Err(_) => {
            let _ = child.kill();
            panic!("the program did not start:\n{}", std::fs::read_to_string(log_file(dir)).unwrap_or_default());
        }
    }
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, async || ask().await.ok_or_else(String::new)).await
}

/// As [`eventually`], for a question that may take long, and that can say what is still missing.
pub(crate) async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let start = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(missing) => assert!(start.elapsed() < patience, "waited in vain: {what} {missing}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
