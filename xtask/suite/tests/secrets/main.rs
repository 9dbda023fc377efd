//! After a whole life of invitations, with letters over SMTP and servers that quote what they are told: the secret of a
//! link is in the letter, and nowhere else that is kept; the password is nowhere.

#[path = "../../../../invite-mail/tests/all/certificates.rs"]
#[expect(dead_code, reason = "what other tests need besides")]
mod certificates;
#[path = "../../../../invite-mail/tests/all/script.rs"]
#[expect(dead_code, reason = "what other tests need besides")]
mod script;
mod search;

use std::{
    error::Error,
    fmt::{Debug, Write as _},
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Actor, Claimant, DeliveryReport, Invitations, Kind, Letter, Mailer, NewInvitation, Outcome, Policy, Query,
    ReportKind, Token, Unchecked, Worker, store::DeliveryId,
};
use invite_mail::{Composer, LinkBuilder, LinkStyle, Security, Sender, SmtpMailer, SmtpServer};
use invite_sqlx::{SqliteStore, sqlite};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tracing_subscriber::filter::LevelFilter;

use self::{
    certificates::{Authority, self_signed_server},
    script::{Act::*, Script, Server},
    search::{Haystack, tokens_in},
};

/// Short enough to pass for a word when a server quotes the log-in.
const PASSWORD: &str = "correct-horse-battery";

#[derive(Debug, Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// All that was said: logs, errors, `Debug`.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn debug(&self, thing: &impl Debug) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(said, "{thing:?} {thing:#?}").unwrap();
    }

    fn error(&self, error: &(dyn Error + 'static)) {
        self.debug(&error);
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error.to_string());
            next = error.source();
        }
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives each letter to servers that misbehave, and then to one that does what it should.
struct Harassed {
    bad: Vec<SmtpMailer>,
    good: SmtpMailer,
    said: Said,
}

#[async_trait]
impl Mailer for Harassed {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        for mailer in &self.bad {
            self.said.debug(&mailer.deliver(letter).await);
        }
        let outcome = self.good.deliver(letter).await;
        self.said.debug(&(letter, &outcome));
        outcome
    }
}

fn composer() -> Composer {
    let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query).unwrap();
    Composer::new(Sender::new("invitations@example.com").unwrap(), links)
}

fn mailer(server: &Server, trusted: &Authority) -> SmtpMailer {
    let server = SmtpServer::new("localhost", Security::StartTls)
        .port(server.port)
        .trust(trusted.pem())
        .credentials("user", PASSWORD)
        .final_timeout(Duration::from_secs(60));
    SmtpMailer::new(composer(), server).unwrap()
}

#[tokio::test]
async fn a_secret_is_in_the_letter_and_nowhere_else() {
    let said = Said::default();
    let writer = said.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let authority = Authority::new();
    let tls = || Some(authority.server("localhost"));
    let good = Server::play(Script {
        tls: tls(),
        ..Script::of(&[("RCPT 2", Quote("550")), (". 3", Quote("554")), (". 4", Quote("451")), (". 5", Quote("250"))])
    })
    .await;
    let mut servers = Vec::new();
    for (point, act) in [
        ("AUTH", Quote("535")),
        ("AUTH", Quote("454")),
        ("AUTH", Quote("334")),
        ("MAIL", Quote("451")),
        ("RCPT", Quote("550")),
        (".", Quote("554")),
        (".", Quote("451")),
        (".", Quote("421")),
        (".", Quote("250")),
        (".", Quote("999")),
        (".", Drop),
    ] {
        servers.push(Server::play(Script { tls: tls(), ..Script::of(&[(point, act)]) }).await);
    }
    servers.push(Server::play(Script { tls: Some(self_signed_server("localhost")), ..Script::default() }).await);
    let bad = servers.iter().map(|server| mailer(server, &authority)).collect();
    let mailer = Harassed { bad, good: mailer(&good, &authority), said: said.clone() };
    said.debug(&(&mailer.good, &mailer.bad));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("database");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePoolOptions::new().connect_with(options.journal_mode(SqliteJournalMode::Wal)).await.unwrap();
    sqlite::migrate(&pool).await.unwrap();
    let policy = Policy::default().resend_cooldown(TimeDelta::zero());
    let members = Invitations::<_, Membership>::new(SqliteStore, policy, Unchecked);
    let worker = Worker::new(SqliteStore, pool.clone(), mailer).serve(&members);
    let (me, org) = (Actor::new(1), members.scope("org:7"));

    let mut invitations = Vec::new();
    let mut tx = pool.begin().await.unwrap();
    for name in ["ada", "bob", "cid", "dan", "eve", "fay"] {
        let new = NewInvitation::new(format!("{name}@example.org"), Membership).message("do come");
        invitations.push(org.create(&mut tx, &me, new).await.unwrap());
    }
    let new = NewInvitation::new("gus@example.org", Membership);
    let (linked, link) = org.create_with_link(&mut tx, &me, new).await.unwrap();
    tx.commit().await.unwrap();
    said.debug(&(&invitations, &linked, &link, &worker));
    while worker.tick().await.unwrap().sent > 0 {}
    said.debug(&worker.tick().await.unwrap());

    let mut tx = pool.begin().await.unwrap();
    let resent = org.resend(&mut tx, &me, invitations[5].id).await.unwrap();
    said.debug(&org.cancel(&mut tx, &me, invitations[4].id, None).await.unwrap());
    tx.commit().await.unwrap();
    said.debug(&(resent, worker.tick().await.unwrap()));

    let mut tokens: Vec<String> = good.seen().stored.iter().flat_map(|mail| tokens_in(mail)).collect();
    tokens.sort();
    tokens.dedup();
    assert!(tokens.len() >= 4, "each letter has its own: {}", tokens.len());
    let claimant = || {
        ["ada", "bob", "cid", "dan", "eve", "fay"]
            .into_iter()
            .fold(Claimant::new(2), |claimant, name| claimant.verified(&format!("{name}@example.org")))
    };
    for token in &tokens {
        let token: Token = token.parse().unwrap();
        let mut tx = pool.begin().await.unwrap();
        said.debug(&(&token, members.preview(&mut tx, &token).await));
        said.debug(&members.mark_viewed(&mut tx, &token).await);
        let wrong = members.accept(&mut tx, &token, Claimant::new(3).verified("mallory@example.org")).await;
        said.error(&wrong.map(drop).unwrap_err());
        match members.accept(&mut tx, &token, claimant()).await {
            Ok(accepted) => said.debug(&accepted),
            Err(error) => said.error(&error),
        }
        if let Err(error) = members.reject(&mut tx, &token, &Actor::new(2), None).await {
            said.error(&error);
        }
        said.debug(&format!("{token:?}x").parse::<Token>().map(drop));
        tx.commit().await.unwrap();
    }
    let mails = good.seen().stored.clone();
    let deliveries = mails.iter().flat_map(|mail| mail.lines()).filter_map(|line| line.strip_prefix("Message-ID: "));
    for (delivery, token) in deliveries.filter_map(DeliveryId::from_message_id).zip(&tokens) {
        let words = format!("not wanted: https://example.com/invitation?token={token}");
        let report = DeliveryReport::new(delivery, ReportKind::Bounced).code(550).text(&words);
        let mut tx = pool.begin().await.unwrap();
        said.debug(&(&report, members.report(&mut tx, &report).await.unwrap()));
        tx.commit().await.unwrap();
    }
    let mut conn = pool.acquire().await.unwrap();
    for invitation in &invitations {
        said.debug(&org.history(&mut conn, &me, invitation.id).await.unwrap());
    }
    said.debug(&org.list(&mut conn, &me, &Query::default()).await.unwrap());

    tokens.push(link.expose_secret().to_owned());
    let said = said.text();
    let database = Haystack::new(&at_rest(&file));
    for (place, kept) in [("what was said", &Haystack::new(said.as_bytes())), ("the database", &database)] {
        for (what, secret) in tokens.iter().map(|token| ("a token", token.as_str())).chain([("the password", PASSWORD)])
        {
            assert_eq!(kept.writing_of(secret), None, "{what} in {place}");
        }
    }

    // The same search finds what is there: the tokens in the letters, the password where it was
    // sent, and in logs and tables what belongs into them.
    let letters = Haystack::new(good.seen().stored.concat().as_bytes());
    for token in &tokens[..tokens.len() - 1] {
        assert!(letters.writing_of(token).is_some());
    }
    let heard = Haystack::new(good.seen().heard.join("\n").as_bytes());
    assert_eq!(heard.writing_of(PASSWORD), Some("base64"));
    assert_eq!(database.writing_of("ada@example.org"), Some("plain"));
    for expected in [
        "invite_tokens",
        "Misconfigured",
        "Unreachable",
        "Unknown",
        "that is it",
        "not wanted: …",
        "the log-in was refused",
    ] {
        assert!(said.contains(expected), "{expected}");
    }
}

/// The file and its log, as they lie there.
fn at_rest(file: &Path) -> Vec<u8> {
    let log = file.with_extension("").with_file_name("database-wal");
    let log = fs::read(log).expect("the write-ahead log");
    assert!(!log.is_empty());
    [fs::read(file).unwrap(), log].concat()
}

/// The mail library writes whole letters into the log with this feature. Whoever depends on it gets it into the lock
/// file.
#[test]
fn nothing_here_lets_the_mail_library_log() {
    let lock = include_str!("../../../../Cargo.lock");
    let package = lock.split("[[package]]").find(|package| package.contains("name = \"lettre\"\n")).unwrap();
    assert!(package.contains("\"email-encoding\""), "that is the list of what it depends on");
    assert!(!package.contains("\"tracing"), "{package}");
}
