use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::Mail;

/// An SMTP server that takes its time and keeps what it was given. It refuses whoever is called
/// `refused`, for good.
pub(crate) struct Sink {
    pub(crate) url: String,
    messages: Arc<Mutex<Vec<Vec<u8>>>>,
    cut_short: Arc<AtomicUsize>,
}

impl Sink {
    pub(crate) async fn start(mut random: StdRng) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let messages = Arc::new(Mutex::new(Vec::new()));
        let cut_short = Arc::new(AtomicUsize::new(0));
        let (kept, cut) = (Arc::clone(&messages), Arc::clone(&cut_short));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let random = StdRng::from_rng(&mut random);
                let (kept, cut) = (Arc::clone(&kept), Arc::clone(&cut));
                tokio::spawn(async move {
                    if !matches!(converse(stream, random, &kept).await, Ok(true)) {
                        cut.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { url, messages, cut_short }
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.messages.lock().unwrap().iter().map(|message| Mail::parse(message)).collect()
    }

    /// How many clients went away in the middle of a conversation.
    pub(crate) fn cut_short(&self) -> usize {
        self.cut_short.load(Ordering::Relaxed)
    }
}

/// Whether the client said goodbye.
async fn converse(stream: TcpStream, mut random: StdRng, kept: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let command = line.trim_end().to_ascii_uppercase();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..5))).await;
        if command == "DATA" {
            stream.write_all(b"354 go on\r\n").await?;
            let mut message = Vec::new();
            while !message.ends_with(b"\r\n.\r\n") {
                if stream.read_until(b'\n', &mut message).await? == 0 {
                    return Ok(false);
                }
            }
            message.truncate(message.len() - 3);
            kept.lock().unwrap().push(message);
            tokio::time::sleep(Duration::from_millis(random.random_range(0..5))).await;
        }
        let reply: &[u8] = match command.as_str() {
            "QUIT" => b"221 bye\r\n",
            rcpt if rcpt.starts_with("RCPT TO:<REFUSED@") => b"550 no such person\r\n",
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply).await?;
        if command == "QUIT" {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}
