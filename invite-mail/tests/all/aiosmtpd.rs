//! A real SMTP server, written by others, and what it stores.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use invite_core::{Mailer, Outcome};
use invite_mail::SmtpMailer;
use mailparse::{MailHeaderMap, parse_mail};
use tempfile::TempDir;

use crate::support::{composer, expected_link, letter_saying};

/// Stopped when dropped.
struct Aiosmtpd {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Aiosmtpd {
    async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new("/usr/bin/python3")
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")])
            .args(arguments)
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(folder.path().join("mail"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 with aiosmtpd, which `cargo xtask test` installs");
        let mut server = Self { child, port, folder };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(server.child.try_wait().unwrap(), None, "aiosmtpd runs; `cargo xtask test` installs it");
            assert!(begin.elapsed() < Duration::from_secs(30), "aiosmtpd listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    fn mails(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("mail/new")) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    }
}

/// A port below those that systems hand out by themselves: no connection of another test can take
/// it meanwhile, and none that waits for the server can meet itself there.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports = std::iter::repeat_with(|| {
        let number = std::process::id().wrapping_mul(16) + NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(10_000 + number % 20_000).unwrap()
    });
    ports.take(1_000).find(free).expect("a free port")
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_real_server_receives_the_letter_whole_with_a_link_that_works() {
    let server = Aiosmtpd::start(&[]).await;
    let mailer = SmtpMailer::from_url(composer(), &format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    let words = serde_json::json!({ "organization": "Søn & Co", "inviter": "Zoë" });
    let letter = letter_saying(&words, Some("hello\n.\n.. <b>Žofie</b>")).await;
    assert_eq!(mailer.deliver(&letter).await, Outcome::accepted());

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let mail = parse_mail(&mails[0]).unwrap();
    let header = |name| mail.headers.get_all_values(name);
    assert_eq!(header("X-MailFrom"), ["invitations@example.com"]);
    assert_eq!(header("X-RcptTo"), ["Ada.Lovelace@example.com"]);
    assert_eq!(header("Subject"), ["Zoë invited you to join Søn & Co"]);
    let bodies: Vec<_> = mail.subparts.iter().map(|part| part.get_body().unwrap().replace("\r\n", "\n")).collect();
    assert!(bodies[0].contains("> .\n> .. <b>Žofie</b>"), "{}", bodies[0]);
    let link = bodies[0].lines().find(|line| line.starts_with("https://")).unwrap();
    assert_eq!(link, expected_link(&letter));
    assert!(bodies[1].contains(&format!("href=\"{}\"", link.replace('&', "&amp;"))));
}

#[cfg(feature = "smtp-rustls")]
#[tokio::test]
async fn tls_is_spoken_with_servers_we_trust_and_with_no_others() {
    use invite_mail::{Security, SmtpServer};

    let certificate = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let pem = certificate.cert.pem();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (write("cert.pem", &pem), write("key.pem", &certificate.signing_key.serialize_pem()));

    for (security, arguments) in [
        (Security::StartTls, ["--tlscert", &cert, "--tlskey", &key]),
        (Security::Tls, ["--smtpscert", &cert, "--smtpskey", &key]),
    ] {
        let server = Aiosmtpd::start(&arguments).await;
        let letter = letter_saying(&serde_json::json!({}), None).await;
        let described = |host: &str| SmtpServer::new(host, security).port(server.port).timeout(Duration::from_secs(20));
        let mailer = |description| SmtpMailer::new(composer(), description).unwrap();

        for (untrusted, why) in [
            (described("localhost"), "a certificate nobody vouches for"),
            (described("127.0.0.1").trust(pem.clone()), "a certificate for another name"),
        ] {
            let outcome = mailer(untrusted).deliver(&letter).await;
            assert!(matches!(outcome, Outcome::Misconfigured { .. }), "{security:?}, {why}: {outcome:?}");
        }
        assert!(server.mails().is_empty());
        let outcome = mailer(described("localhost").trust(pem.clone())).deliver(&letter).await;
        assert_eq!(outcome, Outcome::accepted(), "{security:?}");
        assert_eq!(server.mails().len(), 1);
    }
}
