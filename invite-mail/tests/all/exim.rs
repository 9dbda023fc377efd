//! A mail server as they stand on the Internet, from Debian: it queues, and delivers to a mailbox.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use invite_core::{
    Actor, DeliveryState, Fault, Invitations, Mailer, NewInvitation, Outcome, Policy, Refusal, Reported, Status,
    Unchecked, Worker,
    memory::{Memory, MemoryStore},
};
use invite_mail::{ReportReader, ReturnPath, Security, SmtpMailer, SmtpServer};
use mailparse::{MailHeaderMap, parse_mail};
use tempfile::TempDir;

use crate::{
    certificates::Authority,
    programs::{Program, free_port},
    smtp::{mailer, send},
    support::{Membership, composer, expected_link, letter_saying},
};

/// Whoever has no rights anywhere.
const NOBODY: u32 = 65_534;

struct Exim {
    _program: Program,
    port: u16,
    folder: TempDir,
    authority: Authority,
}

impl Exim {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, authority) = (free_port(), Authority::new());
        let (certificate, key) = authority.certify("localhost");
        let ours = fs::metadata(folder.path()).unwrap();
        // Never as root, so that it may do nothing beyond its folder.
        let (user, group) = if ours.uid() == 0 { (NOBODY, NOBODY) } else { (ours.uid(), ours.gid()) };
        let config = include_str!("exim.conf")
            .replace("@FOLDER@", folder.path().to_str().unwrap())
            .replace("@PORT@", &port.to_string())
            .replace("@USER@", &user.to_string())
            .replace("@GROUP@", &group.to_string());
        let write = |name: &str, text: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            path
        };
        write("cert.pem", &certificate.pem());
        write("key.pem", &key.serialize_pem());
        let config = write("exim.conf", &config);
        chown(folder.path(), Some(user), Some(group)).unwrap();

        let mut command = Command::new("/usr/sbin/exim4");
        command.arg("-bdf").arg("-C").arg(config);
        if ours.uid() == 0 {
            command.uid(user).gid(group);
        }
        Self { _program: Program::start(&mut command, port).await, port, folder, authority }
    }

    fn described(&self) -> SmtpServer {
        let server = SmtpServer::new("localhost", Security::StartTls).port(self.port).trust(self.authority.pem());
        server.credentials("user", "sécret")
    }

    /// What is in the mailbox, once there is this much; delivery goes on after the server has taken
    /// a letter.
    async fn mails(&self, count: usize) -> Vec<(PathBuf, Vec<u8>)> {
        self.mails_in("mail", count).await
    }

    async fn mails_in(&self, mailbox: &str, count: usize) -> Vec<(PathBuf, Vec<u8>)> {
        let begin = Instant::now();
        loop {
            let entries = fs::read_dir(self.folder.path().join(mailbox).join("new")).into_iter().flatten();
            let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            if paths.len() >= count {
                return paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        read(&self.folder.path().join("log-mainlog")) + &read(&self.folder.path().join("log-paniclog"))
    }
}

#[tokio::test]
async fn a_letter_is_in_the_mailbox_whole_and_known_by_the_name_we_were_told() {
    let exim = Exim::start().await;
    let words = serde_json::json!({ "organization": "Søn & Co", "inviter": "Zoë" });
    let letter = letter_saying(&words, Some("hello\n.\n.. <b>Žofie</b>")).await;
    let outcome = mailer(exim.described()).deliver(&letter).await;
    let Outcome::Accepted { id: Some(id) } = outcome else { panic!("{outcome:?}\n{}", exim.log()) };

    let mails = exim.mails(1).await;
    let mail = parse_mail(&mails[0].1).unwrap();
    let header = |name| mail.headers.get_all_values(name);
    assert_eq!(header("Return-path"), ["<invitations@example.com>"]);
    assert_eq!(header("Envelope-to"), ["Ada.Lovelace@example.com"]);
    assert_eq!(header("To"), ["Ada.Lovelace@example.com"]);
    assert_eq!(header("Subject"), ["Zoë invited you to join Søn & Co"]);
    assert_eq!(header("Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header("Message-ID"), [format!("<{}@example.com>", letter.delivery().as_uuid())]);
    let received = header("Received").concat();
    assert!(received.contains(&id) && received.contains("TLS") && received.contains("esmtpsa"), "{id}: {received}");

    let bodies: Vec<_> = mail.subparts.iter().map(|part| part.get_body().unwrap().replace("\r\n", "\n")).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("> .\n> .. <b>Žofie</b>"), "{}", bodies[0]);
    let link = bodies[0].lines().find(|line| line.starts_with("https://")).unwrap();
    assert_eq!(link, expected_link(&letter));
    assert!(bodies[1].contains(&format!("href=\"{}\"", link.replace('&', "&amp;"))));
}

#[tokio::test]
async fn a_refused_recipient_and_a_full_connection_stop_no_other_letter() {
    let exim = Exim::start().await;
    let mailer = mailer(exim.described());
    for round in 1..=4 {
        // It takes two letters over a connection and then says 421: nothing of that is seen here.
        let outcome = send(&mailer, "Ada.Lovelace@example.com").await;
        assert!(matches!(outcome, Outcome::Accepted { id: Some(_) }), "{round}: {outcome:?}\n{}", exim.log());
        let outcome = send(&mailer, "nobody@example.com").await;
        let text = "Unrouteable address".to_owned();
        assert_eq!(outcome, Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced: None, text });
    }
    assert_eq!(exim.mails(4).await.len(), 4);
}

#[tokio::test]
async fn what_is_ours_to_set_right_is_not_the_recipient_s_fault() {
    let exim = Exim::start().await;
    let ours = |server: SmtpServer| {
        let mailer = SmtpMailer::new(composer(), server).unwrap();
        async move {
            let outcome = send(&mailer, "Ada.Lovelace@example.com").await;
            let Outcome::Misconfigured { text } = outcome else { panic!("{outcome:?}") };
            text
        }
    };
    let anonymous = SmtpServer::new("localhost", Security::StartTls).port(exim.port).trust(exim.authority.pem());
    assert_eq!(ours(anonymous).await, "550 relay not permitted");
    let wrong = exim.described().credentials("user", "wrong");
    assert_eq!(ours(wrong).await, "535 the log-in was refused");
    let untrusted = SmtpServer::new("localhost", Security::StartTls).port(exim.port).credentials("user", "sécret");
    assert!(ours(untrusted).await.contains("Unknown Issuer"));
    // It offers no AUTH before TLS.
    let clear = SmtpServer::new("localhost", Security::None).port(exim.port).credentials("user", "sécret");
    assert_eq!(ours(clear).await, "neither AUTH PLAIN nor AUTH LOGIN is offered by the server");
}

#[tokio::test]
async fn what_exim_returns_finds_its_invitation_and_says_why() {
    let exim = Exim::start().await;
    let path = ReturnPath::new("bounces@bounces.example.com", [7; 32]).unwrap();
    let mailer = SmtpMailer::new(composer().return_path(path.clone()), exim.described()).unwrap();
    let (memory, members) =
        (Memory::default(), Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked));
    let worker = Worker::new(MemoryStore, memory.clone(), mailer).serve(&members);
    let (org, me) = (members.scope("org:7"), Actor::new(1));
    let mut tx = memory.begin().await;
    let mut invited = Vec::new();
    for name in ["nobody", "full"] {
        let new = NewInvitation::new(format!("{name}@elsewhere.example"), Membership);
        invited.push(org.create(&mut tx, &me, new).await.unwrap().id);
    }
    tx.commit();
    assert_eq!(worker.tick().await.unwrap().sent, 2, "{}", exim.log());

    let reader = ReportReader::new().return_path(move |address| path.delivery(address));
    for (_, mail) in exim.mails_in("returned", 2).await {
        let report = reader.read(&mail).and_then(|report| report.delivery_report());
        let report = report.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&mail)));
        let mut tx = memory.begin().await;
        assert_eq!(
            worker.report(&mut tx, &report).await.unwrap(),
            Reported::Failed,
            "{}",
            String::from_utf8_lossy(&mail)
        );
        tx.commit();
    }
    for id in invited {
        let seen = org.get(&mut memory.connection(), &me, id).await.unwrap();
        assert_eq!((seen.status, seen.delivery.state), (Status::DeliveryFailed, DeliveryState::Bounced));
        assert_eq!(seen.delivery.fault, Some(Fault::Recipient), "{:?}", seen.delivery.last_error);
    }
}
