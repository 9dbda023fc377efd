//! The driver of the browsers.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::program::launch;

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
        })
        .unwrap_or_else(|why| panic!("{why}; the browser tests need chromium and chromedriver in PATH"));
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

/// Where the screenshots of this run go.
pub(crate) fn shots() -> PathBuf {
    let dir = env::temp_dir().join(format!("invite-pages-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}
