//! The contract of a mailer: a letter in, an outcome out.

mod enhanced;
mod fault;
mod outcome;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    delivery::Purpose, email_address::EmailAddress, id::DeliveryId, invitation::Record, policy::Policy,
    store::LeasedLetter, token::Token,
};

pub(crate) use self::outcome::fit_id;
pub use self::{
    enhanced::EnhancedCode,
    fault::Fault,
    outcome::{Outcome, Refusal},
};

/// Hands letters over.
///
/// A letter is what is to be said, not MIME: a mailer over a provider's API can use the
/// provider's own templates. `deliver` answers an [`Outcome`], not a `Result`, because "did not
/// work" is five different things.
///
/// It must return by itself; nobody cancels it. How long it may take it says itself, and the
/// worker's lease is never shorter.
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
///         let _to = letter.addressee().deliverable();
///         // Letters to the inviter have no link.
///         let _link = letter.token().map(|token| format!("https://example.com/join#{}", token.expose_secret()));
///         Outcome::accepted()
///     }
/// }
/// ```
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands one letter over and says what became of it.
    async fn deliver(&self, letter: &Letter) -> Outcome;

    /// The longest one `deliver` may take, if there is a limit: the worker's lease on a letter
    /// outlives it.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}

/// A letter to be mailed. Its `Debug` shows neither an address nor the token.
pub struct Letter {
    delivery: DeliveryId,
    attempt: u32,
    purpose: Purpose,
    record: Record,
    addressee: EmailAddress,
    reply_to: Option<EmailAddress>,
    may_decline: bool,
    token: Option<Token>,
}

impl Letter {
    /// `None` when the letter lacks what one of its purpose must have: a token, or an address of
    /// the inviter's.
    pub(crate) fn new(letter: LeasedLetter, policy: &Policy, token: Option<Token>) -> Option<Self> {
        let LeasedLetter { delivery, purpose, attempt, record, .. } = letter;
        if purpose.has_link() != token.is_some() {
            return None;
        }
        let addressee = record.addressee(purpose)?.clone();
        let answers_inviter = policy.reply_to_inviter && !purpose.is_to_inviter();
        let reply_to = record.inviter_address.clone().filter(|_| answers_inviter);
        Some(Self { delivery, attempt, purpose, record, addressee, reply_to, may_decline: policy.may_decline, token })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            delivery: self.delivery,
            attempt: self.attempt,
            purpose: self.purpose,
            record: self.record.clone(),
            addressee: self.addressee.clone(),
            reply_to: self.reply_to.clone(),
            may_decline: self.may_decline,
            token: self.token.as_ref().map(Token::duplicate),
        }
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

    /// Whom to send it to, this address and no other: the invited one, or the inviter's.
    #[must_use]
    pub fn addressee(&self) -> &EmailAddress {
        &self.addressee
    }

    /// Where an answer to it goes: the inviter's address where the policy says so, on letters to
    /// the invited.
    #[must_use]
    pub fn reply_to(&self) -> Option<&EmailAddress> {
        self.reply_to.as_ref()
    }

    /// Whether the recipient may decline, as the [policy](crate::Policy::may_decline) of the kind
    /// says: a letter that offers it otherwise sends people to a refusal.
    #[must_use]
    pub fn may_decline(&self) -> bool {
        self.may_decline
    }

    /// Who is invited.
    #[must_use]
    pub fn recipient(&self) -> &EmailAddress {
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

    /// The secret for the link, in letters to the invited; those to the inviter have none. It
    /// belongs into the link and nowhere else.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
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
