//! A real SMTP server, written by others, and what it stores.

use std::{fs, process::Command};

use invite_core::{Mailer, Outcome};
use invite_mail::SmtpMailer;
use mailparse::{MailHeaderMap, parse_mail};
use tempfile::TempDir;

use crate::{
    programs::{Program, free_port},
    support::{composer, expected_link, letter_saying},
};

struct Aiosmtpd {
    _program: Program,
    port: u16,
    folder: TempDir,
}

impl Aiosmtpd {
    async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")]);
        command.args(arguments).args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mail"));
        Self { _program: Program::start(&mut command, port).await, port, folder }
    }

    fn mails(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("mail/new")) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
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
        let described = |host: &str| SmtpServer::new(host, security).port(server.port);
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
