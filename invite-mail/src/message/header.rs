//! Headers of the host's own.

use std::fmt;

use lettre::message::{
    MessageBuilder,
    header::{HeaderName, HeaderValue},
};

/// Longer names cannot stand on a line of 78 characters with a part of their value.
const NAME: usize = 70;
/// A line may have 998 characters (RFC 5322, 2.1.1), and a value without a blank is not folded.
const VALUE: usize = 500;
const IDENTIFIER: usize = 64;

/// Written by the composer, by the mail library, or by the servers on the way. A second one could
/// change who a letter is from or goes to, or how its body is read.
const RESERVED: [&str; 20] = [
    "Authentication-Results",
    "Auto-Submitted",
    "Bcc",
    "Cc",
    "Date",
    "Delivered-To",
    "DKIM-Signature",
    "DomainKey-Signature",
    "Feedback-ID",
    "From",
    "In-Reply-To",
    "Message-ID",
    "Received",
    "Received-SPF",
    "Reply-To",
    "Return-Path",
    "Sender",
    "Subject",
    "To",
    AUTO_RESPONSE,
];

/// Every header whose name begins like this is reserved.
const RESERVED_STARTS: [&str; 4] = ["ARC-", "Content-", "MIME-", "Resent-"];

const AUTO_RESPONSE: &str = "X-Auto-Response-Suppress";

/// Exchange ignores `Auto-Submitted` and reads this header (MS-OXCMAIL, "Auto Response Suppress").
/// `All` would include `NDR`: Exchange would then send no bounce for a letter it cannot deliver.
const NO_AUTO_RESPONSE: &str = "DR, RN, NRN, OOF, AutoReply";

/// The headers that every letter has besides those a mail must have. Their `Debug` shows no value,
/// which may be a provider's key.
#[derive(Clone, Default)]
pub(crate) struct Headers(Vec<(HeaderName, String)>);

impl Headers {
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        let is_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || name.len() > NAME || !name.bytes().all(is_name) {
            return Err(HeaderError::Name);
        }
        let starts = |start: &&str| name.get(..start.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(start));
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) || RESERVED_STARTS.iter().any(starts) {
            return Err(HeaderError::Reserved);
        }
        let value = value.trim();
        let is_line = !value.chars().any(super::ends_a_line);
        if value.is_empty() || value.len() > VALUE || !is_line {
            return Err(HeaderError::Value);
        }
        self.put(name, value.to_owned())
    }

    pub(crate) fn set_feedback_id(&mut self, identifiers: [&str; 3], sender: &str) -> Result<(), HeaderError> {
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let fit = identifiers.iter().all(|part| part.len() <= IDENTIFIER && plain(part));
        if !fit || !(5..=15).contains(&sender.len()) || !plain(sender) {
            return Err(HeaderError::FeedbackId);
        }
        self.put("Feedback-ID", format!("{}:{sender}", identifiers.join(":")))
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            self.replace(name.clone(), value.clone());
        }
    }

    pub(super) fn add_to(&self, builder: MessageBuilder) -> MessageBuilder {
        let suppressed = (HeaderName::new_from_ascii_str(AUTO_RESPONSE), NO_AUTO_RESPONSE.to_owned());
        [suppressed]
            .iter()
            .chain(&self.0)
            .fold(builder, |builder, (name, value)| builder.raw_header(HeaderValue::new(name.clone(), value.clone())))
    }

    fn put(&mut self, name: &str, value: String) -> Result<(), HeaderError> {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| HeaderError::Name)?;
        self.replace(name, value);
        Ok(())
    }

    fn replace(&mut self, name: HeaderName, value: String) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value));
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| &**name)).finish()
    }
}

/// Why a header cannot be added to letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not 1 to 70 visible ASCII characters without a colon (RFC 5322, 3.6.8).
    #[error("the header's name is malformed")]
    Name,
    /// The composer, or a mail server on the way, writes this header itself.
    #[error("the header is not the host's to set")]
    Reserved,
    /// The value is blank, longer than 500 bytes, or not one line.
    #[error("the header's value is blank, too long, or not one line")]
    Value,
    /// A part of the `Feedback-ID` has a forbidden character or length.
    #[error("a part of the Feedback-ID has a forbidden character or length")]
    FeedbackId,
}
