//! An SMTP server that behaves as a test tells it to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What it does instead of the usual.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Say(&'static str),
    Drop,
    Hang,
}

/// The points at which it can be told something: `GREETING`, each command by its verb, and `.`.
pub(crate) type Script = HashMap<&'static str, Act>;

pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn play(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let ears = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that was told to hang stays open here.
                open.extend(converse(stream, &script, &ears).await);
            }
        });
        Self { port, heard, task }
    }

    /// Every line it was sent, without the line ends.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// The commands with this verb.
    pub(crate) fn commands(&self, verb: &str) -> Vec<String> {
        self.heard().into_iter().filter(|line| line.starts_with(verb)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, script: &Script, heard: &Mutex<Vec<String>>) -> Option<BufReader<TcpStream>> {
    let mut stream = BufReader::new(stream);
    let mut point = "GREETING".to_owned();
    loop {
        let usual = match point.as_str() {
            "GREETING" => "220 scripted\r\n",
            "EHLO" => "250-scripted\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        match script.get(point.as_str()).copied().unwrap_or(Act::Say(usual)) {
            Act::Say(reply) => stream.write_all(reply.as_bytes()).await.ok()?,
            Act::Drop => return None,
            Act::Hang => return Some(stream),
        }
        let in_body = point == "DATA";
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches("\r\n").to_owned();
            heard.lock().unwrap().push(line.clone());
            if !in_body || line == "." {
                point = line.split([' ', ':']).next().unwrap_or_default().to_owned();
                break;
            }
        }
    }
}
