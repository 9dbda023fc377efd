//! Why a description of a server cannot work.

use crate::{message::HeaderError, return_path::ReturnPathError};

/// Why no letters can be sent through a server as described. Shows neither URL nor password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// Not `smtp://` or `smtps://` with a host, or with something in it that has no meaning.
    #[error("the SMTP server's URL is malformed")]
    Url,
    /// The URL has a parameter of this name, which [`SmtpServer::from_url`](crate::SmtpServer::from_url)
    /// does not know.
    #[error("the SMTP server's URL has the unknown parameter `{0}`")]
    UnknownParameter(String),
    /// The URL's parameter of this name has no value that can be used, or is given twice.
    #[error("the SMTP server's URL has an unfit value for the parameter `{0}`")]
    Parameter(&'static str),
    /// The URL's parameter `header` cannot be added to letters.
    #[error("the SMTP server's URL has an unfit `header`: {0}")]
    Header(#[source] HeaderError),
    /// The URL's parameter `return_path` cannot be used.
    #[error("the SMTP server's URL has an unfit `return_path`: {0}")]
    ReturnPath(#[source] ReturnPathError),
    /// The URL has a `return_path`, and the composer one that is signed for each delivery. To replace that by one address for
    /// all letters would lose what proves which delivery a bounce is about: leave one of the two out.
    #[error("the SMTP server's URL has a `return_path`, and the composer one that is signed for each delivery")]
    SignedReturnPath,
    /// The EHLO name is no host name.
    #[error("the EHLO name is malformed")]
    Hello,
    /// TLS was asked for, but is compiled in by feature `smtp-rustls` only.
    #[error("TLS needs the feature `smtp-rustls`")]
    NoTls,
    /// A trusted certificate cannot be read.
    #[error("a trusted certificate cannot be read")]
    Certificate,
    /// The server's name is none that a certificate can bear.
    #[error("the SMTP server's name cannot stand in a certificate")]
    Host,
    /// There is a log-in, but nothing secures the connection to another machine, and
    /// [`SmtpServer::expose_password`](crate::SmtpServer::expose_password) does not say that it should
    /// be so.
    #[error("the password would be sent in the clear")]
    ExposedPassword,
}
