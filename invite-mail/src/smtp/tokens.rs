//! Access tokens for a log-in by OAuth 2.0.

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

/// Where the access tokens for a log-in come from.
///
/// Access tokens live for about an hour, so the mailer keeps none: it asks for one whenever a
/// connection logs in. Keep the token in the source, and fetch another shortly before it expires, or
/// when the server has refused it.
///
/// ```
/// use async_trait::async_trait;
/// use invite_mail::{AccessToken, AccessTokenError, AccessTokens, Security, SmtpServer};
///
/// struct FromProvider;
///
/// impl FromProvider {
///     async fn cached(&self) -> Option<AccessToken> {
///         // The token of the last request, unless it expires soon.
///         # Some("ya29.token".into())
///     }
///
///     async fn requested(&self) -> Result<AccessToken, AccessTokenError> {
///         // An HTTP request to the provider's token endpoint.
///         # Err(AccessTokenError::Unavailable)
///     }
/// }
///
/// #[async_trait]
/// impl AccessTokens for FromProvider {
///     async fn access_token(&self, refused: Option<&AccessToken>) -> Result<AccessToken, AccessTokenError> {
///         match self.cached().await {
///             // Another connection may have replaced the refused one already.
///             Some(token) if refused.is_none_or(|refused| refused.expose_secret() != token.expose_secret()) => Ok(token),
///             _ => self.requested().await,
///         }
///     }
/// }
///
/// let server = SmtpServer::new("smtp.office365.com", Security::StartTls)
///     .access_tokens("invitations@example.com", FromProvider);
/// ```
#[async_trait]
pub trait AccessTokens: Send + Sync + 'static {
    /// Returns a token for one log-in. `refused` is the token that the server has just refused; the
    /// mailer asks once more after a refusal, and then gives up.
    ///
    /// The whole log-in, this call included, must fit into
    /// [`SmtpServer::command_timeout`](crate::SmtpServer::command_timeout). When the time is up, the
    /// future is dropped, and the outcome is [`Unreachable`](invite_core::Outcome::Unreachable).
    ///
    /// # Errors
    /// [`AccessTokenError`], which is never counted against a recipient. It has no text, so that no
    /// secret gets into a delivery's state; log the cause in the source.
    async fn access_token(&self, refused: Option<&AccessToken>) -> Result<AccessToken, AccessTokenError>;
}

/// An access token: redacted in `Debug`, and cleared from memory when it is dropped.
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// The token itself. It belongs into a log-in and nowhere else.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self(Zeroizing::new(token))
    }
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        Self::from(token.to_owned())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Why there is no access token. The letter is tried again in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// The token endpoint did not answer, or asks to try later. The outcome is
    /// [`Unreachable`](invite_core::Outcome::Unreachable).
    #[error("no access token can be had at the moment")]
    Unavailable,
    /// The token endpoint refuses, for example because the consent was withdrawn. Somebody must act:
    /// the outcome is [`Misconfigured`](invite_core::Outcome::Misconfigured).
    #[error("the access token was denied")]
    Denied,
}
