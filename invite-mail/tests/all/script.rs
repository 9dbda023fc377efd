//! An SMTP server that behaves as a test tells it to.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{interval, timeout},
};

/// What it does at a point instead of the usual.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Say(&'static str),
    /// Says this much, then hangs up.
    SayAndDrop(&'static str),
    /// Answers with this code, and with what it was just told: the line, or the letter's link.
    Quote(&'static str),
    Drop,
    Hang,
    /// Never comes to the end of an answer, one byte at a time.
    Drip,
    /// One line without an end, as fast as it goes.
    EndlessLine,
    /// Lines without an end, as fast as it goes.
    EndlessLines,
}

/// The points are `GREETING`, `TLS` (the handshake), each command by its verb, and `.`; `MAIL 2` is
/// the second MAIL on a connection.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) acts: HashMap<&'static str, Act>,
    /// Stores the letter before it does what it does at `.`.
    pub(crate) stores_first: bool,
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
    /// TLS from the first byte.
    pub(crate) wrapped: bool,
}

impl Script {
    pub(crate) fn of(acts: &[(&'static str, Act)]) -> Self {
        Self { acts: acts.iter().copied().collect(), ..Self::default() }
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<watch::Sender<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// Every line it was sent, without the line ends.
    pub(crate) heard: Vec<String>,
    /// Whole letters, as they came.
    pub(crate) stored: Vec<String>,
    pub(crate) connections: usize,
    pub(crate) open: usize,
    pub(crate) most_open: usize,
}

impl Seen {
    /// The lines that begin like this.
    pub(crate) fn lines(&self, start: &str) -> Vec<&str> {
        self.heard.iter().map(String::as_str).filter(|line| line.starts_with(start)).collect()
    }
}

impl Server {
    pub(crate) async fn play(script: Script) -> Self {
        Self::play_each(vec![script]).await
    }

    /// One script for each connection; the last is for all that follow.
    pub(crate) async fn play_each(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let eyes = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut conversations = JoinSet::new();
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts[number.min(scripts.len() - 1)].clone();
                number += 1;
                eyes.send_modify(|seen| {
                    seen.connections += 1;
                    seen.open += 1;
                    seen.most_open = seen.most_open.max(seen.open);
                });
                let eyes = Arc::clone(&eyes);
                conversations.spawn(async move {
                    let _ = Conversation { script, seen: &eyes, counts: HashMap::new(), told: String::new() }
                        .hold(stream)
                        .await;
                    eyes.send_modify(|seen| seen.open -= 1);
                });
            }
        });
        Self { port, seen, task }
    }

    pub(crate) fn seen(&self) -> watch::Ref<'_, Seen> {
        // The reference must not be held for long, or across anything that waits.
        self.seen.borrow()
    }

    /// The lines that begin like this.
    pub(crate) fn commands(&self, start: &str) -> Vec<String> {
        self.seen().lines(start).into_iter().map(str::to_owned).collect()
    }

    /// Waits until this is so.
    pub(crate) async fn until(&self, what: &str, holds: impl FnMut(&Seen) -> bool) {
        let mut watching = self.seen.subscribe();
        let waited = timeout(Duration::from_secs(60), watching.wait_for(holds)).await;
        waited.unwrap_or_else(|_| panic!("never came true: {what}")).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The lines with the secret; what is cut in two stands on two.
fn link_lines(letter: &str) -> String {
    let lines: Vec<_> = letter.lines().collect();
    let telling = |pair: &&[&str]| pair[0].contains("inv1_");
    lines.windows(2).filter(telling).flatten().map(|line| format!("{line}\n")).collect()
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Line = BufReader<Box<dyn Stream>>;

struct Conversation<'s> {
    script: Script,
    seen: &'s watch::Sender<Seen>,
    counts: HashMap<String, u32>,
    /// The last command, or the letter.
    told: String,
}

impl Conversation<'_> {
    /// Ends with `None` wherever it has to.
    async fn hold(&mut self, stream: impl Stream + 'static) -> Option<()> {
        let mut line: Line = BufReader::new(Box::new(stream));
        let mut secured = false;
        if self.script.wrapped {
            line = self.secure(line).await?;
            secured = true;
        }
        let mut point = "GREETING".to_owned();
        let mut letter = String::new();
        loop {
            if point == "." && self.script.stores_first {
                self.store(&letter);
            }
            let usual = self.usual(&point, secured);
            let said = self.act(&mut line, &point, usual).await?;
            if point == "." && said.starts_with('2') && !self.script.stores_first {
                self.store(&letter);
            }
            match point.as_str() {
                "STARTTLS" if said.starts_with('2') => {
                    line = self.secure(line).await?;
                    secured = true;
                }
                "QUIT" => return Some(()),
                _ => {}
            }
            let in_letter = point == "DATA" && said.starts_with('3');
            letter.clear();
            self.told.clear();
            loop {
                let heard = self.hear(&mut line).await?;
                if !in_letter {
                    self.told.clone_from(&heard);
                }
                if !in_letter || heard == "." {
                    point = heard.split([' ', ':']).next().unwrap_or_default().to_owned();
                    break;
                }
                letter.push_str(&heard);
                letter.push_str("\r\n");
            }
            if in_letter {
                self.told = link_lines(&letter);
            }
        }
    }

    fn usual(&self, point: &str, secured: bool) -> &'static str {
        let offered = self.script.tls.is_some() && !secured;
        match point {
            "GREETING" => "220 scripted\r\n",
            "EHLO" if offered => "250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
            "EHLO" => "250-scripted\r\n250 AUTH PLAIN LOGIN\r\n",
            "STARTTLS" => "220 go on\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "." => "250 2.0.0 Ok: queued as 4XyZ\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        }
    }

    /// What it said, if the conversation goes on.
    async fn act(&mut self, line: &mut Line, point: &str, usual: &'static str) -> Option<&'static str> {
        let count = self.counts.entry(point.to_owned()).or_default();
        *count += 1;
        let numbered = format!("{point} {count}");
        let acts = &self.script.acts;
        match acts.get(numbered.as_str()).or(acts.get(point)).copied().unwrap_or(Act::Say(usual)) {
            Act::Say(text) => {
                line.write_all(text.as_bytes()).await.ok()?;
                line.flush().await.ok()?;
                return Some(text);
            }
            Act::SayAndDrop(text) => {
                line.write_all(text.as_bytes()).await.ok()?;
                line.flush().await.ok()?;
            }
            Act::Quote(code) => {
                let quoted: String = self.told.lines().map(|told| format!("{code}-{told}\r\n")).collect();
                line.write_all(format!("{quoted}{code} that is it\r\n").as_bytes()).await.ok()?;
                line.flush().await.ok()?;
                return Some(code);
            }
            Act::Drop => {}
            Act::Hang => std::future::pending().await,
            Act::Drip => {
                let mut pace = interval(Duration::from_millis(20));
                loop {
                    for byte in b"250-on and on\r\n" {
                        pace.tick().await;
                        line.write_all(&[*byte]).await.ok()?;
                        line.flush().await.ok()?;
                    }
                }
            }
            Act::EndlessLine => {
                line.write_all(b"250 ").await.ok()?;
                while line.write_all(&[b'x'; 4096]).await.is_ok() {}
            }
            Act::EndlessLines => while line.write_all(b"250-on and on\r\n").await.is_ok() {},
        }
        None
    }

    async fn hear(&mut self, line: &mut Line) -> Option<String> {
        let mut heard = Vec::new();
        if line.read_until(b'\n', &mut heard).await.ok()? == 0 {
            return None;
        }
        let heard = String::from_utf8_lossy(&heard);
        let heard = heard.strip_suffix("\r\n").unwrap_or("not a line").to_owned();
        self.seen.send_modify(|seen| seen.heard.push(heard.clone()));
        Some(heard)
    }

    fn store(&self, letter: &str) {
        self.seen.send_modify(|seen| seen.stored.push(letter.to_owned()));
    }

    async fn secure(&mut self, mut line: Line) -> Option<Line> {
        self.act(&mut line, "TLS", "").await?;
        let acceptor = self.script.tls.clone()?;
        let secured = acceptor.accept(line.into_inner()).await.ok()?;
        Some(BufReader::new(Box::new(secured)))
    }
}
