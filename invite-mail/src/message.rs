//! From a letter to a message that can be sent.

mod email;
mod header;
mod sender;
mod subject;

use std::{fmt, sync::Arc, time::SystemTime};

use chrono::{DateTime, Utc};
use invite_core::{Clock, EmailAddress, Letter, SystemClock};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{Mailbox, MultiPart},
};
use serde_json::Value;

use self::email::AutoSubmitted;
pub use self::{
    email::Email,
    header::HeaderError,
    sender::{Sender, SenderError},
};
pub(crate) use self::{header::Headers, sender::plain_address};
use crate::{
    design::Design,
    link::LinkBuilder,
    return_path::ReturnPath,
    template::{Moment, Rendered, TemplateError, Told, word},
};

/// The last second the `Date` header can show: the end of the year 9999.
const LAST_DATE: i64 = 253_402_300_799;

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
/// assert!(email.link().is_some_and(|link| email.text().contains(link.expose_secret())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Composer {
    sender: Sender,
    links: LinkBuilder,
    design: Design,
    choose: Option<Arc<Choose>>,
    choose_composer: Option<Arc<ChooseComposer>>,
    clock: Arc<dyn Clock>,
    return_path: Option<ReturnPath>,
    headers: Headers,
    /// What a server's URL says, which comes before what programs say.
    url: OfUrl,
}

#[derive(Clone, Default)]
struct OfUrl {
    return_path: Option<ReturnPath>,
    headers: Headers,
}

type Choose = dyn Fn(&Letter) -> Option<Design> + Send + Sync;
type ChooseComposer = dyn Fn(&Letter) -> Option<Composer> + Send + Sync;

impl Composer {
    /// Letters from this sender with such links, in [`Design::default`].
    #[must_use]
    pub fn new(sender: Sender, links: LinkBuilder) -> Self {
        Self {
            sender,
            links,
            design: Design::default(),
            choose: None,
            choose_composer: None,
            clock: Arc::new(SystemClock),
            return_path: None,
            headers: Headers::default(),
            url: OfUrl::default(),
        }
    }

    /// Another look, other words.
    #[must_use]
    pub fn design(mut self, design: Design) -> Self {
        self.design = design;
        self
    }

    /// Another design for some letters: by kind, or by organization. `None` leaves a letter to
    /// [`design`](Self::design). It is asked for every letter and must not wait: build the designs
    /// beforehand, where what is wrong with one can still be mended.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
    /// use invite_mail::{Branding, Composer, Design, LinkBuilder, LinkStyle, Sender};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sender = Sender::new("invitations@example.com")?;
    /// # let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
    /// let members = Design::default().branding(Branding::default().color("#0a7d4f")?);
    /// let composer = Composer::new(sender, links)
    ///     .design_by(move |letter| (letter.invitation().kind == Membership::NAME).then(|| members.clone()));
    /// # assert!(composer.compose(&letter())?.html().contains("#0a7d4f"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn design_by(mut self, choose: impl Fn(&Letter) -> Option<Design> + Send + Sync + 'static) -> Self {
        self.choose = Some(Arc::new(choose));
        self
    }

    /// Another composer for some letters: with the sender, the links and the design of an
    /// organization that has its own. `None` leaves a letter to this one. It is asked for every
    /// letter and must not wait: build the composers when an organization changes its settings,
    /// where what is wrong with them can still be mended. A chosen composer uses this one's clock, and
    /// its return path and headers where it has none of its own; it chooses no further composer. What the URL of an SMTP server
    /// says comes before both, except that a return path signed for each delivery stays.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
    /// use invite_mail::{Composer, LinkBuilder, LinkStyle, Sender};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sender = Sender::new("invitations@example.com")?;
    /// # let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
    /// let engines = Composer::new(
    ///     Sender::new("hello@engines.example")?,
    ///     LinkBuilder::new("https://join.engines.example", LinkStyle::Path)?,
    /// );
    /// let composer = Composer::new(sender, links)
    ///     .composer_by(move |letter| (letter.invitation().scope.as_str() == "org:7").then(|| engines.clone()));
    /// # assert_eq!(composer.compose(&letter())?.from(), "hello@engines.example");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn composer_by(mut self, choose: impl Fn(&Letter) -> Option<Self> + Send + Sync + 'static) -> Self {
        self.choose_composer = Some(Arc::new(choose));
        self
    }

    /// Another clock than the machine's, for the `Date` header and for "in 7 days".
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Lets bounces return to another address than the sender's.
    #[must_use]
    pub fn return_path(mut self, path: ReturnPath) -> Self {
        self.return_path = Some(path);
        self
    }

    /// Adds a header to every letter, such as one that a provider asks for. A second one of the same
    /// name replaces the first. A value that is not ASCII is encoded (RFC 2047).
    ///
    /// ```
    /// # use invite_mail::{Composer, HeaderError, LinkBuilder, LinkStyle, Sender};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sender = Sender::new("invitations@example.com")?;
    /// # let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
    /// let composer = Composer::new(sender, links)
    ///     .header("X-SES-CONFIGURATION-SET", "mails")?
    ///     .header("X-PM-Message-Stream", "invitations")?;
    /// # assert_eq!(composer.header("Bcc", "x@example.com").unwrap_err(), HeaderError::Reserved);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`HeaderError::Name`] and [`HeaderError::Value`] when it does not fit a mail;
    /// [`HeaderError::Reserved`] when the composer or a mail server writes that header itself.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        self.headers.set(name, value)?;
        Ok(self)
    }

    /// Adds a `Feedback-ID`, by which Gmail counts complaints separately:
    /// `identifiers[0]:identifiers[1]:identifiers[2]:sender`. An identifier may be empty. `sender` has
    /// 5 to 15 characters and stays the same for all your mail.
    ///
    /// # Errors
    /// [`HeaderError::FeedbackId`] when a part has other characters than ASCII letters, digits, `-`,
    /// `_` and `.`, or another length; an identifier may have 64.
    pub fn feedback_id(mut self, identifiers: [&str; 3], sender: &str) -> Result<Self, HeaderError> {
        self.headers.set_feedback_id(identifiers, sender)?;
        Ok(self)
    }

    /// With the return path and the headers of a server's URL.
    #[cfg(feature = "smtp")]
    pub(crate) fn under(self, return_path: Option<ReturnPath>, headers: Headers) -> Self {
        Self { url: OfUrl { return_path, headers }, ..self }
    }

    #[cfg(feature = "smtp")]
    pub(crate) fn signs_return_path(&self) -> bool {
        self.return_path.as_ref().is_some_and(ReturnPath::is_signed)
    }

    /// One that is signed for each delivery comes first, or bounces could be proved no more.
    fn chosen_return_path(&self) -> Option<&ReturnPath> {
        let signed = self.return_path.as_ref().filter(|path| path.is_signed());
        signed.or(self.url.return_path.as_ref()).or(self.return_path.as_ref())
    }

    /// The finished mail. Its Message-ID is made from the delivery's id and the sender's domain,
    /// so that all attempts at one delivery are known as the same mail.
    ///
    /// # Errors
    /// [`ComposeError`]: never a panic, whatever the letter holds.
    pub fn compose(&self, letter: &Letter) -> Result<Email, ComposeError> {
        let now = self.clock.now();
        match self.choose_composer.as_ref().and_then(|choose| choose(letter)) {
            None => self.compose_at(now, letter),
            Some(mut chosen) => {
                chosen.return_path = chosen.return_path.or_else(|| self.return_path.clone());
                let own = std::mem::replace(&mut chosen.headers, self.headers.clone());
                chosen.headers.extend(&own);
                chosen.url = self.url.clone();
                chosen.compose_at(now, letter)
            }
        }
    }

    fn compose_at(&self, now: DateTime<Utc>, letter: &Letter) -> Result<Email, ComposeError> {
        if words(letter).any(|text| text.contains(turns_the_direction)) {
            return Err(ComposeError::ControlCharacter);
        }
        let chosen = self.choose.as_ref().and_then(|choose| choose(letter));
        let design = chosen.as_ref().unwrap_or(&self.design);
        let locale = locale(letter);
        let (templates, language) = design.words(letter.purpose(), locale);
        let moment = Moment { now, language, details: design.details_for(language, locale) };
        let link = letter.token().map(|token| self.links.link(letter.invitation(), token));
        let page = letter.purpose().is_to_inviter().then(|| self.links.page(letter.invitation())).flatten();
        let told = Told::new(letter, link.as_ref(), page, design.look(), &moment)?;
        let Rendered { subject, text, html } = templates.render(&told)?;
        if subject.is_empty() || subject.chars().any(ends_a_line) {
            return Err(ComposeError::Subject);
        }
        // A bare carriage return would pass through to the wire, where servers disagree on it.
        if [&text, &html].into_iter().any(|part| part.chars().any(|c| ends_a_line(c) && !matches!(c, '\n' | '\t'))) {
            return Err(ComposeError::ControlCharacter);
        }

        let to = address(letter.addressee())?;
        let mut from = self.sender.from.clone();
        if let Some(name) = design.look().sender() {
            from.name = Some(name.into());
        }
        let return_path = match self.chosen_return_path() {
            Some(path) => path.sender(letter.delivery()).ok_or(ComposeError::ReturnPath)?,
            None => from.email.clone(),
        };
        let envelope = Envelope::new(Some(return_path), vec![to.clone()]).map_err(|_| ComposeError::Recipient)?;
        let from_address = from.email.to_string();
        let message_id = format!("<{}@{}>", letter.delivery().as_uuid(), from.email.domain());
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(from)
            .to(Mailbox::new(None, to))
            .raw_header(subject::subject(&subject))
            .date(date(now).ok_or(ComposeError::Date)?)
            .message_id(Some(message_id.clone()))
            .header(AutoSubmitted);
        let mut headers = self.headers.clone();
        headers.extend(&self.url.headers);
        builder = headers.add_to(builder);
        if let Some(inviter) = letter.reply_to() {
            builder = builder.reply_to(Mailbox::new(None, address(inviter)?));
        } else if let Some(reply_to) = &self.sender.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let message = builder
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
            .map_err(|_| ComposeError::Recipient)?;
        Ok(Email { message, message_id, from: from_address, subject, text, html, link })
    }
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("sender", &self.sender).field("links", &self.links).finish_non_exhaustive()
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
    /// The body holds control characters, or the letter's words turn the reading direction.
    #[error("the letter holds control characters")]
    ControlCharacter,
    /// The recipient's address does not fit a mail.
    #[error("the recipient's address does not fit a mail")]
    Recipient,
    /// The return path does not fit a mail.
    #[error("the return path does not fit a mail")]
    ReturnPath,
    /// The clock shows a time no mail can bear.
    #[error("the clock shows a time that no mail can bear")]
    Date,
}

/// The reader's language: the inviter may have another one than the invited.
fn locale(letter: &Letter) -> Option<&str> {
    let inviters = letter.purpose().is_to_inviter().then(|| word(letter, "inviter_locale")).flatten();
    inviters.or(letter.locale())
}

fn address(recipient: &EmailAddress) -> Result<Address, ComposeError> {
    recipient.deliverable().parse().map_err(|_| ComposeError::Recipient)
}

/// All that people wrote. Core has looked at it, but rows get edited by hand.
fn words(letter: &Letter) -> impl Iterator<Item = &str> {
    let reason = letter.invitation().ended.as_ref().and_then(|ended| ended.reason.as_deref());
    let mut words: Vec<_> = [letter.message(), letter.locale(), reason].into_iter().flatten().collect();
    let mut values = vec![letter.display()];
    while let Some(value) = values.pop() {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => words.push(text),
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => {
                words.extend(fields.keys().map(String::as_str));
                values.extend(fields.values());
            }
        }
    }
    words.into_iter()
}

/// The marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm.
pub(crate) fn turns_the_direction(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Controls, and the two separators that Unicode knows as line ends.
pub(crate) fn ends_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The mail library panics at times outside this range.
fn date(now: DateTime<Utc>) -> Option<SystemTime> {
    (0..=LAST_DATE).contains(&now.timestamp()).then(|| now.into())
}
