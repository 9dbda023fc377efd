//! Letters over SMTP.

mod auth;
mod connection;
mod error;
mod kept;
mod limits;
mod offers;
mod password;
mod reply;
mod server;
mod session;
#[cfg(feature = "smtp-rustls")]
mod tls;
mod tokens;
mod url;
mod verdict;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use invite_core::{Letter, Mailer, Outcome};
use lettre::transport::smtp::extension::ClientId;
use tokio::{sync::Semaphore, time::timeout};
use zeroize::Zeroizing;

use self::{connection::Fault, kept::Kept, limits::Running, server::Channel, session::Session, verdict::Stop};
pub use self::{
    error::SmtpError,
    password::Password,
    server::{Security, SmtpServer},
    tokens::{AccessToken, AccessTokenError, AccessTokens},
};
use crate::message::{Composer, Email};

/// Sends letters through one SMTP server.
///
/// No part of a hand-over takes longer than [`SmtpServer`]'s limits, whatever the server does, and
/// its answers become outcomes as exactly as SMTP allows:
///
/// | what happened | outcome |
/// |---|---|
/// | the server took the letter | [`Outcome::Accepted`], whatever follows, with the server's name for it where it says one |
/// | 5xx to the recipient or the letter | refused, permanently |
/// | 4xx to the recipient or the letter | refused, for now |
/// | no connection; 4xx before a recipient was named, 421 at any point; hung up, silent or garbled before the end of the letter was sent | unreachable |
/// | 5xx before a recipient was named; 500, 502 or 503 before the letter; 530, 534, 535 or 538; refusing to relay, the sender, or more for today; no STARTTLS; a bad certificate | misconfigured |
/// | no access token at the moment | unreachable |
/// | the source denied the access token, or the server refused two in a row (535, or any 5xx after a challenge) | misconfigured |
/// | the letter is larger than the server takes, as its offer or its answer to MAIL says | [`Outcome::ComposeFailed`] |
/// | hung up, silent or garbled after the end of the letter was sent | unknown |
///
/// A connection waits for the next letter for a while ([`SmtpServer::idle_timeout`]), unless
/// something went wrong on it or its hand-over was given up. One that died meanwhile is replaced,
/// which changes no outcome.
///
/// What the server offers in its answer to EHLO is used: AUTH, STARTTLS, SIZE and DSN. A server that
/// knows of delivery reports (DSN, RFC 3461) is asked to send one when the letter is delayed or comes
/// back, to name the delivery and the recipient in it, and not to return the letter's body, which has
/// the link. A server that does not know EHLO is greeted with HELO.
///
/// It needs a tokio runtime with time and I/O enabled.
///
/// ```
/// use invite_mail::{Composer, LinkBuilder, LinkStyle, Sender, SmtpMailer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
/// let composer = Composer::new(Sender::new("invitations@example.com")?, links);
/// let mailer = SmtpMailer::from_url(composer, "smtp://127.0.0.1:25")?;
/// # Ok(())
/// # }
/// ```
pub struct SmtpMailer {
    composer: Composer,
    server: SmtpServer,
    hello: ClientId,
    channel: Channel,
    /// One for each connection there may be, in use or kept.
    turns: Semaphore,
    kept: Arc<Kept>,
}

impl SmtpMailer {
    /// Sends through this server. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SmtpError`] when the server's description cannot work, or asks for TLS without feature
    /// `smtp-rustls`; [`SmtpError::SignedReturnPath`] when its URL has a return path, and the composer one that is signed.
    pub fn new(composer: Composer, server: SmtpServer) -> Result<Self, SmtpError> {
        let channel = server.channel()?;
        let hello = server.hello()?;
        let turns = Semaphore::new(server.connections);
        let kept = Kept::new(server.patience);
        if server.return_path.is_some() && composer.signs_return_path() {
            return Err(SmtpError::SignedReturnPath);
        }
        let composer = composer.under(server.return_path.clone(), server.headers.clone());
        Ok(Self { composer, server, hello, channel, turns, kept })
    }

    /// Sends through the server at this URL, as [`SmtpServer::from_url`] reads it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_url(composer: Composer, url: &str) -> Result<Self, SmtpError> {
        Self::new(composer, SmtpServer::from_url(url)?)
    }

    /// What the server called the letter.
    async fn hand_over(&self, email: &Email, delivery: &str, limits: Running) -> Result<Option<String>, Stop> {
        // All of its lines end with CR LF, so its length is the size as RFC 1870 counts it.
        let mime = Zeroizing::new(email.to_mime());
        let mut session = self.ready(email, delivery, mime.len(), limits).await?;
        let sent = session.send(&mime).await;
        match &sent {
            Ok(_) => self.keep(session).await,
            Err(stop) => self.keep_after(session, stop).await,
        }
        sent.map(|reply| reply.queue_id())
    }

    /// A session that waits for the letter.
    async fn ready(&self, email: &Email, delivery: &str, size: usize, limits: Running) -> Result<Session, Stop> {
        let envelope = email.envelope();
        if let Some(mut session) = self.kept.take() {
            let begun = match session.reset(limits).await {
                Ok(()) => session.begin(envelope, delivery, size).await,
                Err(stop) => Err(stop),
            };
            match begun {
                Ok(()) => return Ok(session),
                Err(stop) if leaves_usable(&stop) => {
                    self.keep(session).await;
                    return Err(stop);
                }
                // It died while it waited, or the server has heard enough over it.
                Err(_) => {}
            }
        }
        let mut session = Session::open(&self.server, &self.hello, &self.channel, limits).await?;
        match session.begin(envelope, delivery, size).await {
            Ok(()) => Ok(session),
            Err(stop) => {
                self.keep_after(session, &stop).await;
                Err(stop)
            }
        }
    }

    async fn keep_after(&self, session: Session, stop: &Stop) {
        if leaves_usable(stop) {
            self.keep(session).await;
        }
    }

    /// Only after a whole answer: nothing else may be on its way.
    async fn keep(&self, session: Session) {
        if session.letters() < self.server.letters {
            self.kept.put(session);
        } else {
            session.quit().await;
        }
    }
}

/// Whether the connection goes on: the server refused this letter, or never heard of it.
fn leaves_usable(stop: &Stop) -> bool {
    stop.is_refusal() || matches!(stop.fault, Fault::Decided(_))
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::ComposeFailed { text: error.to_string() },
        };
        let limits = self.server.limits.begin();
        let Ok(Ok(_turn)) = timeout(limits.command(), self.turns.acquire()).await else {
            return Outcome::Unreachable { text: "all connections to the mail server are in use".into() };
        };
        match self.hand_over(&email, &letter.delivery().as_uuid().to_string(), limits).await {
            Ok(Some(id)) => Outcome::accepted_as(&id),
            Ok(None) => Outcome::accepted(),
            Err(stop) => stop.outcome(),
        }
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.server.limits.longest())
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer")
            .field("composer", &self.composer)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
