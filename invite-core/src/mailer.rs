//! The contract of a mailer: a letter in, an outcome out.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    invitation::Record,
    recipient::Recipient,
    store::{DeliveryId, Purpose},
    token::Token,
};

/// Hands letters over.
///
/// A letter is what is to be said, not MIME: a mailer over a provider's API can use the
/// provider's own templates. `deliver` answers an [`Outcome`], not a `Result`, because "did not
/// work" is four different things.
///
/// It must return by itself, well within the worker's lease; nobody cancels it.
///
/// ```
/// use async_trait::async_trait;
/// use invite_core::{Letter, Mailer, Outcome};
///
/// struct Void;
///
/// #[async_trait]
/// impl Mailer for Void {
///     async fn deliver(&self, letter: &Letter) -> Outcome {
///         let _to = letter.recipient().deliverable();
///         let _link = format!("https://example.com/join#{}", letter.token().expose_secret());
///         Outcome::Accepted
///     }
/// }
/// ```
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands one letter over and says what became of it.
    async fn deliver(&self, letter: &Letter) -> Outcome;
}

/// A letter to be mailed. Its `Debug` shows neither the address nor the token.
pub struct Letter {
    delivery: DeliveryId,
    attempt: u32,
    purpose: Purpose,
    record: Record,
    token: Token,
}

impl Letter {
    pub(crate) fn new(delivery: DeliveryId, attempt: u32, purpose: Purpose, record: Record, token: Token) -> Self {
        Self { delivery, attempt, purpose, record, token }
    }

    /// Names the delivery, the same for all attempts: what a Message-ID or a provider's
    /// idempotency key is made from. Every attempt carries another token; all of them work.
    #[must_use]
    pub fn delivery(&self) -> DeliveryId {
        self.delivery
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What it is about.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whom to send it to: this address and no other.
    #[must_use]
    pub fn recipient(&self) -> &Recipient {
        &self.record.recipient
    }

    /// The language, as a BCP 47 tag.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.record.locale.as_deref()
    }

    /// The host's words, as given at creation.
    #[must_use]
    pub fn display(&self) -> &Value {
        &self.record.display
    }

    /// The inviter's own words. Text, not HTML.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.record.message.as_deref()
    }

    /// The invitation as it was when the letter was leased.
    #[must_use]
    pub fn invitation(&self) -> &Record {
        &self.record
    }

    /// The secret for the link. It belongs into the link and nowhere else.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("delivery", &self.delivery)
            .field("attempt", &self.attempt)
            .field("purpose", &self.purpose)
            .field("invitation", &self.record.id)
            .finish_non_exhaustive()
    }
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The next server has taken responsibility for it.
    Accepted,
    /// This recipient or letter was refused, in so many words.
    Refused {
        /// Whether trying again is pointless.
        permanent: bool,
        /// The reply's code, such as 550.
        code: Option<u16>,
        /// The reply's text.
        text: String,
    },
    /// Our side is wrong: credentials, TLS, a template. Never the recipient's fault, so it never
    /// makes an invitation `delivery_failed`; tried again until the invitation has ended.
    Misconfigured {
        /// What is wrong.
        text: String,
    },
    /// Nobody was there to take it, and it is certain that nothing was sent: no connection, or no
    /// answer before the letter was handed over. Says nothing about the recipient, so it never
    /// makes an invitation `delivery_failed`; tried again until the invitation has ended.
    Unreachable {
        /// What happened.
        text: String,
    },
    /// Nobody knows: it may have been sent. Tried again a little, then left standing.
    Unknown {
        /// What happened.
        text: String,
    },
}

/// What is kept of a server's words.
const ERROR_CHARS: usize = 200;
/// Longer words are no language: identifiers, links, tokens.
const WORD_BYTES: usize = 40;

impl Outcome {
    /// A server's words, fit to be shown and kept: no control characters, 200 characters at most,
    /// and nothing they may quote of what the server was sent: addresses, links, tokens. The worker
    /// applies it to every outcome; a mailer that shows or logs them itself should too.
    #[must_use]
    pub fn words(text: &str) -> String {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let telling = |word: &str| {
            word.contains(['@', '#', '?']) || word.contains("://") || word.contains("inv1_") || word.len() > WORD_BYTES
        };
        let kept: Vec<_> = words.map(|word| if telling(word) { "…" } else { word }).collect();
        kept.join(" ").chars().take(ERROR_CHARS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_are_cleaned() {
        let hex = "0f".repeat(32);
        let text =
            format!("550\r\n <ada@example.com>\u{0}\tsee https://x.example/?t=inv1_abc www.x.example/i/{hex} ok");
        assert_eq!(Outcome::words(&text), "550 … see … … ok");
        assert_eq!(Outcome::words(&"é ".repeat(500)).chars().count(), ERROR_CHARS);
    }
}
