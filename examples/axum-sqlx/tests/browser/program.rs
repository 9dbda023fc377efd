//! The program under test, and the driver of the browsers.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One running program on a database of its own, with the development mailbox of a debug build.
pub(crate) struct Program {
    child: Child,
    dir: TempDir,
    pub(crate) url: String,
}

impl Program {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-sqlx"));
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let database = dir.path().join("browser.sqlite");
        command.current_dir(dir.path()).env_clear().stderr(log);
        command.env("PORT", "0").env("DATABASE_URL", format!("sqlite://{}", database.display()));
        let (child, url) = launch(&mut command, |line| line.strip_prefix("listening on ").map(Into::into));
        Self { child, dir, url }
    }

    /// The link of the newest letter to this address.
    pub(crate) async fn link_to(&self, address: &str) -> String {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mails = reqwest::get(format!("{}/dev/mailbox.json", self.url)).await.unwrap();
            let mails: Vec<serde_json::Value> = mails.json().await.unwrap();
            if let Some(mail) = mails.iter().rfind(|mail| mail["to"] == address) {
                return mail["links"][0].as_str().unwrap().into();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no letter to {address}");
    }

    /// Does to the database what only time or somebody else could.
    pub(crate) async fn sql(&self, statement: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("browser.sqlite"));
        let mut database = SqliteConnection::connect_with(&options).await.unwrap();
        let done = sqlx::query(statement).execute(&mut database).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "--- log of the program\n{log}");
        }
    }
}

/// A chromedriver, in a process group of its own: killing it alone would leave its browsers behind.
pub(crate) struct Driver {
    child: Child,
    port: u16,
    /// Takes what browsers leave lying about.
    _dir: TempDir,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("TMPDIR", dir.path()).process_group(0);
        let (child, port) = launch(&mut command, |line| {
            let port = line.split_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse().ok()
        });
        Self { child, port, _dir: dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends its browsers when asked; the group goes if it was not able to.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ =
                write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", self.port);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// The browser, by whichever name the distribution gives it.
pub(crate) fn chromium() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser"]
        .into_iter()
        .find_map(|name| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()));
    found.expect("neither chromium nor chromium-browser is in PATH; the browser tests need it and chromedriver")
}

/// Starts a program and reads its output up to the line that says it is ready.
fn launch<T: Send + 'static>(command: &mut Command, ready: fn(&str) -> Option<T>) -> (Child, T) {
    let name = PathBuf::from(command.get_program());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
        panic!("{}: {error}; the browser tests need chromium and chromedriver in PATH", name.display())
    });
    let stdout = child.stdout.take().unwrap();
    let (found, answer) = mpsc::channel();
    // Reading goes on, or the program would one day block on a full pipe.
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(answer) = ready(&line) {
                let _ = found.send(answer);
            }
        }
    });
    let Ok(answer) = answer.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        panic!("{} did not start", name.display());
    };
    (child, answer)
}

/// Where the screenshots of this run go.
pub(crate) fn shots() -> PathBuf {
    let dir = env::temp_dir().join(format!("invite-pages-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}
