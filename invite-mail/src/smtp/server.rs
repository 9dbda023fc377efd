//! Which SMTP server, and how to reach it.

use std::{fmt, net::IpAddr, time::Duration};

#[cfg(feature = "smtp-rustls")]
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT, extension::ClientId};
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// Begun in the clear and secured before anything else is said; a server that does not offer
    /// it gets nothing. Port 587 unless said otherwise.
    StartTls,
    /// Secured from the first byte. Port 465 unless said otherwise.
    Tls,
    /// Not secured: everybody on the way reads the link, and the password. For a server on the
    /// same machine. Port 25 unless said otherwise.
    None,
}

/// An SMTP server and how to reach it. Its `Debug` shows no password.
///
/// ```
/// use std::time::Duration;
///
/// use invite_mail::{Security, SmtpServer};
///
/// let server = SmtpServer::new("mail.example.com", Security::StartTls)
///     .credentials("invitations", "secret")
///     .timeout(Duration::from_secs(60));
/// assert!(!format!("{server:?}").contains("secret"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) timeout: Duration,
    pub(super) credentials: Option<(String, Password)>,
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
            timeout: Duration::from_secs(300),
            credentials: None,
            port: None,
            security,
            hello: None,
            #[cfg(feature = "smtp-rustls")]
            trusted: Vec::new(),
        }
    }

    /// The server at `smtp://user:password@host:port` or `smtps://…`, user and password
    /// percent-encoded; each part but the host may be left out.
    ///
    /// `smtps` is TLS from the first byte. `smtp` requires STARTTLS, except on this machine
    /// (`localhost`, `127.0.0.0/8`, `[::1]`), where it is plain; `?tls=required` and `?tls=none`
    /// say so for any host.
    ///
    /// # Errors
    /// [`SmtpError::Url`], which does not repeat the URL.
    pub fn from_url(url: &str) -> Result<Self, SmtpError> {
        let url = Url::parse(url).map_err(|_| SmtpError::Url)?;
        let host = url.host_str().ok_or(SmtpError::Url)?.trim_matches(['[', ']']).to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpError::Url);
        }
        let security = match (url.scheme(), url.query()) {
            ("smtps", None) => Security::Tls,
            ("smtp", None) if is_this_machine(&host) => Security::None,
            ("smtp", None | Some("tls=required")) => Security::StartTls,
            ("smtp", Some("tls=none")) => Security::None,
            _ => return Err(SmtpError::Url),
        };
        let mut server = Self::new(host, security);
        server.port = url.port();
        let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| SmtpError::Url);
        server.credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?.into_owned(), Password::from(decoded(password)?.into_owned())))
            }
            _ => return Err(SmtpError::Url),
        };
        Ok(server)
    }

    /// Another port than the usual one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Logs in, with AUTH PLAIN or LOGIN. A server that offers neither gets no letter.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<Password>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// How long one hand-over may take, from connecting to the last answer; five minutes unless
    /// said otherwise. It must stay below the worker's lease. A limit that strikes after the
    /// letter was sent makes its fate unknown, and it is sent again: RFC 5321 (4.5.3.2.6) would
    /// give the last answer alone ten minutes.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// What to call this machine in EHLO; `[127.0.0.1]` unless said otherwise, which submission
    /// servers accept and others may hold against the letter.
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

    #[cfg(not(feature = "smtp-rustls"))]
    pub(super) fn channel(&self) -> Result<Channel, SmtpError> {
        match self.security {
            Security::None => Ok(Channel::Plain),
            Security::StartTls | Security::Tls => Err(SmtpError::NoTls),
        }
    }

    #[cfg(feature = "smtp-rustls")]
    pub(super) fn channel(&self) -> Result<Channel, SmtpError> {
        if self.security == Security::None {
            return Ok(Channel::Plain);
        }
        let mut builder = TlsParameters::builder(self.host.clone());
        for pem in &self.trusted {
            builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| SmtpError::Certificate)?);
        }
        let tls = builder.build_rustls().map_err(|_| SmtpError::Certificate)?;
        Ok(if self.security == Security::Tls { Channel::Tls(tls) } else { Channel::Upgraded(tls) })
    }
}

/// A password: redacted in `Debug`, and cleared from memory when it is dropped. The library that
/// speaks SMTP makes a copy for each log-in, which is not.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub(super) fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self::from(password.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why no letters can be sent through a server as described. Shows neither URL nor password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// Not `smtp://` or `smtps://` with a host, or with something in it that has no meaning.
    #[error("the SMTP server's URL is malformed")]
    Url,
    /// The EHLO name is no host name.
    #[error("the EHLO name is malformed")]
    Hello,
    /// TLS was asked for, but is compiled in by feature `smtp-rustls` only.
    #[error("TLS needs the feature `smtp-rustls`")]
    NoTls,
    /// A trusted certificate cannot be read.
    #[error("a trusted certificate cannot be read")]
    Certificate,
}

/// [`Security`], ready to use.
pub(super) enum Channel {
    Plain,
    #[cfg(feature = "smtp-rustls")]
    Tls(TlsParameters),
    #[cfg(feature = "smtp-rustls")]
    Upgraded(TlsParameters),
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
