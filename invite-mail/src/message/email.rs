//! A finished mail.

use std::fmt;

use lettre::{
    Message,
    message::header::{Header, HeaderName, HeaderValue},
};

use crate::link::Link;

/// A finished mail. It holds the link, and so the secret, in every form but the subject: its
/// `Debug` shows nothing, and none of it belongs into a log or a table.
pub struct Email {
    pub(crate) message: Message,
    pub(crate) message_id: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) link: Option<Link>,
}

impl Email {
    /// The one address it goes to.
    #[must_use]
    pub fn to(&self) -> &str {
        self.message.envelope().to().first().map_or("", AsRef::as_ref)
    }

    /// The address it comes from, without the name.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The envelope's sender, to which bounces return: [`from`](Self::from), unless
    /// [`Composer::return_path`](crate::Composer::return_path) names another.
    #[must_use]
    pub fn return_path(&self) -> &str {
        self.message.envelope().from().map_or("", AsRef::as_ref)
    }

    /// The subject, which never holds the secret.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text part, with the link.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The HTML part, with the link.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The link, in letters to the invited. Those to the inviter have none.
    #[must_use]
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// The Message-ID in its angle brackets, the same for all attempts at a delivery.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The whole message as it goes over the wire: headers and both parts, pure ASCII, lines
    /// ended by CR LF.
    #[must_use]
    pub fn to_mime(&self) -> Vec<u8> {
        self.message.formatted()
    }

    #[cfg(feature = "smtp")]
    pub(crate) fn envelope(&self) -> &lettre::address::Envelope {
        self.message.envelope()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").finish_non_exhaustive()
    }
}

/// Tells other machines that no person sent this, so that none answers it (RFC 3834).
#[derive(Clone)]
pub(crate) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
