//! Which SMTP server, and how to reach it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT, extension::ClientId};

#[cfg(feature = "smtp-rustls")]
use super::tls::Tls;
use super::{auth::Login, error::SmtpError, limits::Limits, password::Password, tokens::AccessTokens};
use crate::{message::Headers, return_path::ReturnPath};

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// The connection begins in the clear and is secured before anything else is said. A server that does
    /// not offer this gets nothing. The default port is 587.
    StartTls,
    /// The connection is secured from the first byte. The default port is 465.
    Tls,
    /// The connection is not secured: everybody on the way can read the link and the password. This is for a
    /// server on the same machine. The default port is 25.
    None,
}

/// An SMTP server, how to reach it, and how long it may take. Its `Debug` shows no password.
///
/// Each part of a hand-over has a limit, on the whole part: a server that says one byte a second
/// meets it like one that says nothing. Their sum is what the mailer tells the worker
/// ([`Mailer::time_limit`](invite_core::Mailer::time_limit)), whose lease is never shorter.
///
/// | limit | default | on | RFC 5321, 4.5.3.2 |
/// |---|---|---|---|
/// | [`connect_timeout`](Self::connect_timeout) | 30 s | looking the name up and connecting; and again on the TLS handshake | says nothing |
/// | [`command_timeout`](Self::command_timeout) | 60 s | the greeting; each command; the log-in with its [tokens](Self::access_tokens); all of the letter | 5 min (.1 to .3), DATA 2 min (.4), 3 min for each block (.5) |
/// | [`final_timeout`](Self::final_timeout) | 10 min | the answer to the finished letter | 10 min (.6) |
///
/// The first two may be shorter than the RFC's because little is lost: the letter was certainly not
/// sent and is tried again. The last may not: the server may have taken the letter, which is then
/// sent twice.
///
/// ```
/// use std::time::Duration;
///
/// use invite_mail::{Security, SmtpServer};
///
/// let server = SmtpServer::new("mail.example.com", Security::StartTls)
///     .credentials("invitations", "secret")
///     .command_timeout(Duration::from_secs(120));
/// assert!(!format!("{server:?}").contains("secret"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) login: Option<Login>,
    pub(super) limits: Limits,
    pub(super) connections: usize,
    pub(super) letters: u32,
    pub(super) patience: Duration,
    /// These two come from a URL; programs give them to the composer.
    pub(super) return_path: Option<ReturnPath>,
    pub(super) headers: Headers,
    exposed: bool,
    port: Option<u16>,
    security: Security,
    hello: Option<String>,
    #[cfg(feature = "smtp-rustls")]
    trusted: Vec<Vec<u8>>,
}

impl SmtpServer {
    /// The server with this name or IP address, without brackets.
    pub fn new(host: impl Into<String>, security: Security) -> Self {
        Self {
            host: host.into(),
            login: None,
            limits: Limits::default(),
            connections: 3,
            letters: 100,
            patience: Duration::from_secs(20),
            return_path: None,
            headers: Headers::default(),
            exposed: false,
            port: None,
            security,
            hello: None,
            #[cfg(feature = "smtp-rustls")]
            trusted: Vec::new(),
        }
    }

    /// The server at `smtp://user:password@host:port?name=value` or `smtps://…`, all but the host
    /// optional. Percent-encode user, password and values; `+` is itself.
    ///
    /// `smtps` is TLS from the first byte, and so is `smtp` with port 465, where servers wait for TLS
    /// before they say anything. Otherwise `smtp` requires STARTTLS, except on this machine
    /// (`localhost`, `127.0.0.0/8`, `[::1]`), where it is plain.
    ///
    /// | parameter | does |
    /// |---|---|
    /// | `tls=required`, `tls=none` | requires TLS, also on this machine; or does without it |
    /// | `hello=mx.example.com` | [`hello_name`](Self::hello_name) |
    /// | `return_path=bounces@example.com` | [`Composer::return_path`](crate::Composer::return_path), the same for every letter |
    /// | `header=X-SES-CONFIGURATION-SET:mails` | [`Composer::header`](crate::Composer::header), once for each header |
    ///
    /// The URL's headers replace those of the same name, and its return path replaces one that is the same for every letter:
    /// the composer's, and that of whichever composer [`composer_by`](crate::Composer::composer_by) chooses. So an operator can
    /// set them without a change to the program. It replaces no return path that is signed for each delivery: if the
    /// composer has one, [`SmtpMailer::new`](crate::SmtpMailer::new) refuses the URL, and a chosen composer keeps its own.
    ///
    /// ```
    /// use invite_mail::{SmtpError, SmtpServer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = SmtpServer::from_url(
    ///     "smtp://host.example:587?hello=mx.example.com&return_path=bounces@example.com&header=X-PM-Message-Stream:invitations",
    /// )?;
    /// let error = SmtpServer::from_url("smtp://host.example?helo=mx.example.com").unwrap_err();
    /// assert_eq!(error, SmtpError::UnknownParameter("helo".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SmtpError::Url`]; for a parameter [`SmtpError::UnknownParameter`], [`SmtpError::Parameter`],
    /// [`SmtpError::Hello`], [`SmtpError::ReturnPath`] and [`SmtpError::Header`]. None repeats the URL
    /// or a value in it.
    pub fn from_url(url: &str) -> Result<Self, SmtpError> {
        super::url::read(url)
    }

    /// Another port than the usual one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Logs in, with AUTH PLAIN or LOGIN. A server that offers neither gets no letter. Without TLS
    /// this works with a server on this machine only, or with
    /// [`expose_password`](Self::expose_password).
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<Password>) -> Self {
        self.login = Some(Login::Password(user.into(), password.into()));
        self
    }

    /// Logs in with access tokens from this source instead of a password: AUTH XOAUTH2 or OAUTHBEARER
    /// (RFC 7628), as Exchange Online and Gmail want it. The source is asked for each connection, and
    /// once more when the server refuses the token. As with
    /// [`credentials`](Self::credentials), the connection must be secured.
    pub fn access_tokens(mut self, user: impl Into<String>, source: impl AccessTokens) -> Self {
        self.login = Some(Login::Tokens(user.into(), Arc::new(source)));
        self
    }

    /// Logs in though the connection is not secured and leaves this machine: everybody on the way
    /// reads the password or the access token.
    pub fn expose_password(mut self) -> Self {
        self.exposed = true;
        self
    }

    /// How long connecting may take, and again the TLS handshake.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// How long the answer to each command may take, the whole log-in, and the whole of the letter.
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.limits.command = limit;
        self
    }

    /// How long the answer to the finished letter may take. When this limit strikes, the letter's
    /// fate is unknown, and it is sent again.
    pub fn final_timeout(mut self, limit: Duration) -> Self {
        self.limits.last = limit;
        self
    }

    /// Gives a whole hand-over no longer than this, from waiting for a connection to the last
    /// answer, however long its parts may take; taking leave may add a second. When less than a
    /// quarter of it is left for the last answer, and less than [`final_timeout`](Self::final_timeout),
    /// the end of the letter is not sent, and it is certain that nobody took it.
    pub fn within(mut self, total: Duration) -> Self {
        self.limits.total = Some(total);
        self
    }

    /// How many connections there may be at a time, in use or waiting. The default is 3, which is how many large
    /// providers allow to one account. A smaller number than 1 counts as 1.
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count.clamp(1, 1_000);
        self
    }

    /// How many letters go over one connection before it is closed. The default is 100. With 1, every letter has a
    /// connection of its own.
    pub fn letters_per_connection(mut self, count: u32) -> Self {
        self.letters = count.max(1);
        self
    }

    /// How long a connection waits for the next letter. The default is 20 seconds.
    pub fn idle_timeout(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The name of this machine in EHLO. The default is `[127.0.0.1]`, which submission servers accept. Other servers may
    /// take it for a sign of spam.
    pub fn hello_name(mut self, name: impl Into<String>) -> Self {
        self.hello = Some(name.into());
        self
    }

    /// Trusts this certificate authority too, besides Mozilla's: one or more certificates, PEM.
    #[cfg(feature = "smtp-rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "smtp-rustls")))]
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted.push(pem.into());
        self
    }

    pub(super) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::StartTls => SUBMISSION_PORT,
            Security::Tls => SUBMISSIONS_PORT,
            Security::None => SMTP_PORT,
        })
    }

    pub(super) fn hello(&self) -> Result<ClientId, SmtpError> {
        let Some(name) = &self.hello else { return Ok(ClientId::default()) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(SmtpError::Hello);
        }
        Ok(ClientId::Domain(name.clone()))
    }

    pub(super) fn channel(&self) -> Result<Channel, SmtpError> {
        let in_clear = self.security == Security::None && !is_this_machine(&self.host);
        if self.login.is_some() && in_clear && !self.exposed {
            return Err(SmtpError::ExposedPassword);
        }
        match self.security {
            Security::None => Ok(Channel::Plain),
            #[cfg(feature = "smtp-rustls")]
            Security::Tls => Ok(Channel::Tls(Tls::new(&self.host, &self.trusted)?)),
            #[cfg(feature = "smtp-rustls")]
            Security::StartTls => Ok(Channel::Upgraded(Tls::new(&self.host, &self.trusted)?)),
            #[cfg(not(feature = "smtp-rustls"))]
            Security::StartTls | Security::Tls => Err(SmtpError::NoTls),
        }
    }
}

/// [`Security`], ready to use.
pub(super) enum Channel {
    Plain,
    #[cfg(feature = "smtp-rustls")]
    Tls(Tls),
    #[cfg(feature = "smtp-rustls")]
    Upgraded(Tls),
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
