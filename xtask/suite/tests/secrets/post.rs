//! Letters over SMTP, to servers that quote what they are told.

use std::time::Duration;

use async_trait::async_trait;
use invite_core::{
    Letter, Mailer, Outcome,
    testing::{CapturedLetter, CapturingMailer},
};
use invite_mail::{Composer, LinkBuilder, LinkStyle, Security, Sender, SmtpMailer, SmtpServer};

use crate::{
    certificates::{Authority, self_signed_server},
    said::Said,
    script::{Act, Script, Server},
};

/// Short enough to pass for a word when a server quotes the log-in.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// The servers, and what was mailed.
pub(crate) struct Post {
    good: Server,
    bad: Vec<Server>,
    authority: Authority,
    letters: CapturingMailer,
}

impl Post {
    pub(crate) async fn open() -> Self {
        let authority = Authority::new();
        let tls = || Some(authority.server("localhost"));
        let quotes = [("RCPT 2", "550"), (". 3", "554"), (". 4", "451"), (". 5", "250")]
            .map(|(at, code)| (at, Act::Quote(code)));
        let good = Server::play(Script { tls: tls(), ..Script::of(&quotes) }).await;
        let mut bad = Vec::new();
        for (point, act) in [
            ("AUTH", Act::Quote("535")),
            ("AUTH", Act::Quote("454")),
            ("AUTH", Act::Quote("334")),
            ("MAIL", Act::Quote("451")),
            ("RCPT", Act::Quote("550")),
            (".", Act::Quote("554")),
            (".", Act::Quote("451")),
            (".", Act::Quote("421")),
            (".", Act::Quote("250")),
            (".", Act::Quote("999")),
            (".", Act::Drop),
        ] {
            bad.push(Server::play(Script { tls: tls(), ..Script::of(&[(point, act)]) }).await);
        }
        bad.push(Server::play(Script { tls: Some(self_signed_server("localhost")), ..Script::default() }).await);
        Self { good, bad, authority, letters: CapturingMailer::default() }
    }

    pub(crate) fn mailer(&self, said: &Said) -> impl Mailer {
        let bad: Vec<_> = self.bad.iter().map(|server| mailer(server, &self.authority)).collect();
        let good = mailer(&self.good, &self.authority);
        said.debug(&(&good, &bad));
        Harassed { bad, good, letters: self.letters.clone(), said: said.clone() }
    }

    /// The letters that were to be mailed, whatever became of them, since this was last asked.
    pub(crate) fn letters(&self) -> Vec<CapturedLetter> {
        self.letters.take()
    }

    /// The mails that arrived.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.good.seen().stored.clone()
    }

    /// Every line that any of the servers was sent.
    pub(crate) fn heard(&self) -> String {
        let servers = [&self.good].into_iter().chain(&self.bad);
        servers.map(|server| server.seen().heard.join("\n")).collect::<Vec<_>>().join("\n")
    }
}

/// Gives each letter to servers that misbehave, and then to one that does what it should.
struct Harassed {
    bad: Vec<SmtpMailer>,
    good: SmtpMailer,
    letters: CapturingMailer,
    said: Said,
}

#[async_trait]
impl Mailer for Harassed {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.letters.deliver(letter).await;
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
