//! Letters over SMTP.

mod server;
mod verdict;

use std::fmt;

use async_trait::async_trait;
use invite_core::{Letter, Mailer, Outcome};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::AsyncSmtpConnection,
    commands::{Data, Mail, Rcpt},
    extension::ClientId,
};
use tokio::time::timeout;

pub use self::server::{Password, Security, SmtpError, SmtpServer};
use self::{server::Channel, verdict::Phase};
use crate::message::{Composer, Email};

/// Sends letters through one SMTP server, each over a connection of its own.
///
/// One limit holds for the whole hand-over ([`SmtpServer::timeout`], five minutes unless said
/// otherwise), and the server's answers become outcomes as exactly as SMTP allows:
///
/// | what happened | outcome |
/// |---|---|
/// | the server took the letter | [`Outcome::Accepted`], whatever follows |
/// | 5xx to the recipient or the letter | refused, permanently |
/// | 4xx to the recipient or the letter | refused, for now |
/// | no connection; 4xx before a recipient was named, 421 at any point; hung up, silent or garbled before the letter was sent | unreachable |
/// | 5xx before a recipient was named; 530, 534, 535 or 538; no STARTTLS; a bad certificate | misconfigured |
/// | hung up, silent or garbled once the letter was on its way | unknown |
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
}

impl SmtpMailer {
    /// Sends through this server. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SmtpError`] when the server's description cannot work, or asks for TLS without feature
    /// `smtp-rustls`.
    pub fn new(composer: Composer, server: SmtpServer) -> Result<Self, SmtpError> {
        let channel = server.channel()?;
        let hello = server.hello()?;
        Ok(Self { composer, server, hello, channel })
    }

    /// Sends through the server at this URL, as [`SmtpServer::from_url`] reads it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_url(composer: Composer, url: &str) -> Result<Self, SmtpError> {
        Self::new(composer, SmtpServer::from_url(url)?)
    }

    /// `phase` says how far it came, also when this future is dropped half-way. The commands are
    /// given one by one because the library's own `send` says QUIT before it reports a refusal,
    /// and waits for the answer.
    async fn hand_over(&self, email: &Email, phase: &mut Phase) -> Result<(), Error> {
        let mut connection = self.open().await?;
        let envelope = email.envelope();
        connection.command(Mail::new(envelope.from().cloned(), vec![])).await?;
        *phase = Phase::Named;
        for to in envelope.to() {
            connection.command(Rcpt::new(to.clone(), vec![])).await?;
        }
        connection.command(Data).await?;
        *phase = Phase::OnItsWay;
        connection.message(&email.to_mime()).await?;
        *phase = Phase::Taken;
        // The letter is theirs: how they say goodbye changes nothing.
        let _ = connection.quit().await;
        Ok(())
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let SmtpServer { host, timeout, credentials, .. } = &self.server;
        let address = (host.as_str(), self.server.port_or_default());
        let limit = Some(*timeout);
        let mut connection = match &self.channel {
            Channel::Plain => AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, None, None).await?,
            #[cfg(feature = "smtp-rustls")]
            Channel::Tls(tls) => {
                AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, Some(tls.clone()), None).await?
            }
            #[cfg(feature = "smtp-rustls")]
            Channel::Upgraded(tls) => {
                let mut connection =
                    AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, None, None).await?;
                connection.starttls(tls.clone(), &self.hello).await?;
                connection
            }
        };
        if let Some((user, password)) = credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let email = match self.composer.compose(letter) {
            Ok(email) => email,
            Err(error) => return Outcome::Unwritable { text: error.to_string() },
        };
        let mut phase = Phase::Opening;
        // The library's own limit covers nothing but the connect.
        match timeout(self.server.timeout, self.hand_over(&email, &mut phase)).await {
            Ok(Ok(())) => Outcome::accepted(),
            Ok(Err(error)) => verdict::of_error(phase, &error),
            Err(_) => verdict::of_silence(phase),
        }
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
