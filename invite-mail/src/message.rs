//! From a letter to a message that can be sent.

use std::{fmt, sync::Arc, time::SystemTime};

use chrono::{DateTime, Utc};
use invite_core::{Clock, Letter, SystemClock, store::Purpose};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

use crate::{
    link::{Link, LinkBuilder},
    template::{Rendered, TemplateError, Templates},
};

/// The longest name beside an address.
const NAME: usize = 200;
/// The last second the `Date` header can show: the end of the year 9999.
const LAST_DATE: i64 = 253_402_300_799;

/// Who the letters come from: always from configuration, never from an inviter.
///
/// The address is also the envelope's sender, so bounces return there.
///
/// ```
/// use invite_mail::Sender;
///
/// let sender = Sender::new("invitations@example.com")?.name("Analytical Engines")?;
/// # Ok::<(), invite_mail::SenderError>(())
/// ```
#[derive(Clone)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// Sends from this address: ASCII, with internationalized domains in their `xn--` form.
    ///
    /// # Errors
    /// [`SenderError::Address`] when it is not one bare address.
    pub fn new(address: &str) -> Result<Self, SenderError> {
        Ok(Self { from: Mailbox::new(None, plain_address(address)?), reply_to: None })
    }

    /// Shows this name beside the address.
    ///
    /// # Errors
    /// [`SenderError::Name`] when it is blank, longer than 200 characters, or holds control
    /// characters.
    pub fn name(mut self, name: &str) -> Result<Self, SenderError> {
        if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(ends_a_line) {
            return Err(SenderError::Name);
        }
        self.from.name = Some(name.trim().into());
        Ok(self)
    }

    /// Lets answers go to another address than the sender's.
    ///
    /// # Errors
    /// [`SenderError::Address`] when it is not one bare address.
    pub fn reply_to(mut self, address: &str) -> Result<Self, SenderError> {
        self.reply_to = Some(Mailbox::new(None, plain_address(address)?));
        Ok(self)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("from", &self.from.to_string()).finish_non_exhaustive()
    }
}

/// Why no letters can be sent from a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// Not one bare ASCII address.
    #[error("the sender's address is not one bare ASCII address")]
    Address,
    /// The name is blank, too long, or holds control characters.
    #[error("the sender's name is blank, too long, or holds control characters")]
    Name,
}

/// Turns a [`Letter`] into an [`Email`]: sender, link and words put together. Every mailer of this
/// crate has one; a mailer of yours over a provider's API can use it too.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_mail::{Composer, LinkBuilder, LinkStyle, Sender};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sender = Sender::new("invitations@example.com")?.name("Analytical Engines")?;
/// let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
/// let composer = Composer::new(sender, links);
///
/// # let letter = letter();
/// let email = composer.compose(&letter)?;
/// assert_eq!(email.subject(), "Charles invited you to join Analytical Engines");
/// assert!(email.text().contains(email.link().expose_secret()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Composer {
    sender: Sender,
    links: LinkBuilder,
    templates: Templates,
    clock: Arc<dyn Clock>,
}

impl Composer {
    /// Letters from this sender with such links, in the words of [`Templates::default`].
    #[must_use]
    pub fn new(sender: Sender, links: LinkBuilder) -> Self {
        Self { sender, links, templates: Templates::default(), clock: Arc::new(SystemClock) }
    }

    /// Other words.
    #[must_use]
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// Another clock for the `Date` header than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The finished mail. Its Message-ID is made from the delivery's id and the sender's domain,
    /// so that all attempts at one delivery are known as the same mail.
    ///
    /// # Errors
    /// [`ComposeError`]: never a panic, whatever the letter holds.
    pub fn compose(&self, letter: &Letter) -> Result<Email, ComposeError> {
        let (Purpose::Invitation, Some(token)) = (letter.purpose(), letter.token()) else {
            return Err(ComposeError::Purpose);
        };
        let link = self.links.link(letter.invitation(), token);
        let Rendered { subject, text, html } = self.templates.render(letter, &link)?;
        if subject.is_empty() || subject.chars().any(ends_a_line) {
            return Err(ComposeError::Subject);
        }
        // A bare carriage return would pass through to the wire, where servers disagree on it.
        if [&text, &html].into_iter().any(|part| part.chars().any(|c| ends_a_line(c) && !matches!(c, '\n' | '\t'))) {
            return Err(ComposeError::ControlCharacter);
        }

        let to: Address = letter.addressee().deliverable().parse().map_err(|_| ComposeError::Recipient)?;
        let from = &self.sender.from;
        let envelope =
            Envelope::new(Some(from.email.clone()), vec![to.clone()]).map_err(|_| ComposeError::Recipient)?;
        let message_id = format!("<{}@{}>", letter.delivery().as_uuid(), from.email.domain());
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject.clone())
            .date(date(self.clock.now()).ok_or(ComposeError::Date)?)
            .message_id(Some(message_id.clone()))
            .header(AutoSubmitted);
        if let Some(reply_to) = &self.sender.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let message = builder
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
            .map_err(|_| ComposeError::Recipient)?;
        Ok(Email { message, message_id, subject, text, html, link })
    }
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("sender", &self.sender).field("links", &self.links).finish_non_exhaustive()
    }
}

/// A finished mail. It holds the link, and so the secret, in every form but the subject: its
/// `Debug` shows nothing, and none of it belongs into a log or a table.
pub struct Email {
    message: Message,
    message_id: String,
    subject: String,
    text: String,
    html: String,
    link: Link,
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

    /// The link.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
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
    pub(crate) fn envelope(&self) -> &Envelope {
        self.message.envelope()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// Why a letter cannot be turned into a mail. No text of it names the address, the token, or
/// anybody's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A template, or a letter that does not have what its templates need.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The subject came out empty or in several lines.
    #[error("the subject is empty or not one line")]
    Subject,
    /// The body holds control characters.
    #[error("the letter holds control characters")]
    ControlCharacter,
    /// The recipient's address does not fit a mail.
    #[error("the recipient's address does not fit a mail")]
    Recipient,
    /// The clock shows a time no mail can bear.
    #[error("the clock shows a time that no mail can bear")]
    Date,
    /// This version has no words for such a letter.
    #[error("there are no words for this kind of letter")]
    Purpose,
}

/// Tells other machines that no person sent this, so that none answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

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

fn plain_address(address: &str) -> Result<Address, SenderError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".#$&'*+-/=?^_`{|}~@".contains(&byte);
    if address.starts_with('-') || !address.bytes().all(plain) {
        return Err(SenderError::Address);
    }
    address.parse().map_err(|_| SenderError::Address)
}

/// Controls, and the two separators that Unicode knows as line ends.
fn ends_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The mail library panics at times outside this range.
fn date(now: DateTime<Utc>) -> Option<SystemTime> {
    (0..=LAST_DATE).contains(&now.timestamp()).then(|| now.into())
}
