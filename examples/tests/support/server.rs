use std::{
    ops::Deref,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Browser;
use crate::program::{PATIENCE, Program, serve};

/// One running program on a database of its own; killed when dropped.
pub(crate) struct Server {
    program: Program,
    env: Vec<(String, String)>,
}

impl Server {
    /// Starts it with the development mailbox.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// An empty value leaves a variable unset.
    pub(crate) async fn start_with(env: &[(&str, &str)]) -> Self {
        let program = Program::start(env).await;
        let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { program, env }
    }

    /// Kills it as a power cut would, without a word.
    pub(crate) fn kill(&mut self) {
        // On Unix this is SIGKILL.
        self.program.child.kill().unwrap();
        self.program.child.wait().unwrap();
    }

    /// Starts it again on the same database, at another port.
    pub(crate) fn start_again(&mut self) {
        let env: Vec<_> = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let program = &mut self.program;
        (program.child, program.url) = serve(program.dir(), &program.place, &env);
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let pid = self.program.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        eventually("the program ends", async || self.program.child.try_wait().unwrap()).await
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

    /// Moves the end of an invitation's life into the past.
    pub(crate) async fn expire(&self, address: &str) {
        self.database().await.expire(address).await;
    }
}

impl Deref for Server {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

/// How a program that cannot start ends, and what it says.
pub(crate) fn fails_to_start(env: &[(&str, &str)]) -> (ExitStatus, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(crate::PROGRAM);
    command.current_dir(dir.path()).env_clear().env("PORT", "0").env("DEV_MAILBOX", "1");
    let output = command.envs(env.iter().copied()).output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
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
