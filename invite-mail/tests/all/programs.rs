//! Mail servers written by others, for the time of a test.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Stopped when dropped.
pub(crate) struct Program(Child);

impl Program {
    /// Starts it, and waits until it listens at this port.
    pub(crate) async fn start(command: &mut Command, port: u16) -> Self {
        let name = format!("{:?}", command.get_program());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut program = Self(child.unwrap_or_else(|_| panic!("{name}, which `cargo xtask test` installs")));
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(program.0.try_wait().unwrap(), None, "{name} runs; `cargo xtask test` installs it");
            assert!(begin.elapsed() < Duration::from_secs(60), "{name} listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port below those that systems hand out by themselves: no connection of another test can take
/// it meanwhile, and none that waits for the server can meet itself there.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports = std::iter::repeat_with(|| {
        let number = std::process::id().wrapping_mul(16) + NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(10_000 + number % 20_000).unwrap()
    });
    ports.take(1_000).find(free).expect("a free port")
}
