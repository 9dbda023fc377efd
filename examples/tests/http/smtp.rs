//! Real mail: through a real SMTP server, into a mailbox, out of it again.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::{Mail, Office, Server, Sink, eventually, token_of};

#[tokio::test]
async fn a_letter_sent_by_smtp_has_two_parts_and_a_link_that_works() {
    let smtp = Smtp::start().await;
    let server = Server::start_with(&[("SMTP_URL", &smtp.url)]).await;
    let office = Office::open(&server).await;
    // Nobody but the addressee sees a letter, even in a debug build.
    server.browser().get("/dev/mailbox.json").await.refused(404, "not_found");
    for page in ["/dev/mailbox", "/dev/mailbox?mail=1", "/dev/mailbox/1/html"] {
        assert_eq!(server.browser().get(page).await.status, 404, "{page}");
    }

    let created = office.invite("Ada@example.com").await;
    let mail = eventually("the letter is delivered", async || smtp.mails().pop()).await;

    assert_eq!(mail.to, "Ada@example.com");
    assert!(mail.subject.contains("Engines"), "{}", mail.subject);
    let link = mail.link();
    assert!(link.starts_with(&format!("{}/invitation?token=inv1_", server.url())), "{link}");
    assert!(mail.html.contains("<html") && mail.html.contains(&format!("href=\"{link}\"")), "{}", mail.html);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("owner") && part.contains("Engines"), "{part}");
    }

    let ada = server.browser();
    let answer = ada.sign_up_with("ada@example.com", &token_of(link)).await.expect(201);
    assert_eq!(answer["user"]["email_verified"], true);
    assert_eq!(answer["membership"]["invitation_id"], created["id"]);
}

#[tokio::test]
async fn a_server_that_is_down_delays_the_letter_and_nothing_else() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start_with(&[("SMTP_URL", &format!("smtp://{closed}"))]).await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;

    let shown = eventually("the failure is recorded", async || {
        let shown = office.owner.get(&office.path_of(&created)).await.expect(200);
        (shown["delivery"]["state"] == "retrying").then_some(shown)
    })
    .await;
    assert_eq!((&shown["status"], &shown["delivery"]["attempts"]), (&"pending".into(), &1.into()));
    assert!(shown["delivery"]["last_error"].is_string(), "{shown}");
    assert_eq!(shown["delivery"]["fault"], "provider");
}

#[tokio::test]
async fn a_recipient_who_is_refused_is_shown_and_can_be_given_a_link() {
    let sink = Sink::start(StdRng::seed_from_u64(1)).await;
    let server = Server::start_with(&[("SMTP_URL", &sink.url)]).await;
    let office = Office::open(&server).await;
    let path = office.path_of(&office.invite("refused@example.com").await);

    let shown = eventually("the refusal is recorded", async || {
        let shown = office.owner.get(&path).await.expect(200);
        (shown["status"] == "delivery_failed").then_some(shown)
    })
    .await;
    assert_eq!(shown["delivery"]["state"], "failed");
    assert!(shown["delivery"]["last_error"].as_str().unwrap().contains("550"), "{shown}");
    assert_eq!(shown["delivery"]["fault"], "recipient");
    assert!(shown["delivery"]["advice"].as_str().unwrap().contains("typos"), "{shown}");
    assert!(sink.mails().is_empty());

    // It is still open: a link by other means works, and a resend tries again.
    let link = office.owner.post(&format!("{path}/link"), json!({})).await.expect(200);
    server.browser().preview(&token_of(link["invite_link"].as_str().unwrap())).await.expect(200);
    assert_eq!(office.owner.post(&format!("{path}/resend"), json!({})).await.expect(200)["status"], "pending");
}

/// aiosmtpd, from Debian's `python3-aiosmtpd`, delivering into a Maildir.
struct Smtp {
    child: Child,
    dir: TempDir,
    url: String,
}

impl Smtp {
    async fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new(python())
            .args(["-m", "aiosmtpd", "-n", "-l", &address, "-c", "aiosmtpd.handlers.Mailbox"])
            .arg(dir.path().join("mail"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut smtp = Self { child, dir, url: format!("smtp://{address}") };
        eventually("aiosmtpd listens", async || {
            assert!(smtp.child.try_wait().unwrap().is_none(), "aiosmtpd ended");
            TcpStream::connect(&address).await.ok()
        })
        .await;
        smtp
    }

    fn mails(&self) -> Vec<Mail> {
        let folder: &Path = &self.dir.path().join("mail/new");
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| Mail::parse(&std::fs::read(entry.unwrap().path()).unwrap())).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python that has aiosmtpd: Debian's own first, which need not be the first in `PATH`.
fn python() -> &'static str {
    let has_aiosmtpd = |python: &&str| {
        let asked = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let found = ["/usr/bin/python3", "python3"].into_iter().find(has_aiosmtpd);
    found.expect("no python3 has aiosmtpd (Debian: python3-aiosmtpd, elsewhere: pip install aiosmtpd)")
}
