//! Who answers an invitation, and which addresses they bring.

use std::fmt;

use crate::{
    actor::Actor,
    email_address::EmailAddress,
    error::{Error, Field, Problem},
};

/// How many addresses a claimant may bring. The statement of a guard has a place for each of them.
pub const MAX_ADDRESSES: usize = 8;

/// The person who wants to accept.
///
/// An address counts as *verified* when the host knows that this person reads it. One that does
/// not parse can never be the invited one and is left out.
///
/// ```
/// use invite_core::Claimant;
///
/// let signed_in = Claimant::new(7).verified("ada@example.com");
/// let signing_up = Claimant::new(8).proved_by_link("grace@example.com");
/// ```
#[derive(Clone)]
pub struct Claimant {
    id: String,
    verified: Vec<EmailAddress>,
    unverified: Option<EmailAddress>,
    mail_proves: bool,
}

impl Claimant {
    /// A person by the host's id, without any address yet.
    pub fn new(id: impl fmt::Display) -> Self {
        Self { id: id.to_string(), verified: Vec::new(), unverified: None, mail_proves: false }
    }

    /// Adds an address the host has verified; eight at most.
    #[must_use]
    pub fn verified(mut self, email: &str) -> Self {
        self.verified.extend(email.parse::<EmailAddress>().ok());
        self
    }

    /// Names an address that the person claims and that only a mailed link can prove: of somebody who signs up, or who
    /// is signed in and has never confirmed the address. A token that came by mail to exactly this address proves it.
    /// A copied link does not.
    ///
    /// It takes the place of an [`unverified`](Self::unverified) address; the later of the two calls counts.
    #[must_use]
    pub fn proved_by_link(mut self, email: &str) -> Self {
        self.unverified = email.parse().ok();
        self.mail_proves = true;
        self
    }

    /// Names an address that the person claims but nobody has verified, so that the refusal can say
    /// [`EmailNotVerified`](Error::EmailNotVerified) rather than
    /// [`WrongRecipient`](Error::WrongRecipient). No link proves it.
    #[must_use]
    pub fn unverified(mut self, email: &str) -> Self {
        self.unverified = email.parse().ok();
        self.mail_proves = false;
        self
    }

    /// The host's id of this person.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.id.clone())
    }

    pub(crate) fn verified_addresses(&self) -> &[EmailAddress] {
        &self.verified
    }

    pub(crate) fn unverified_address(&self) -> Option<&EmailAddress> {
        self.unverified.as_ref()
    }

    /// The address a mailed token would prove.
    pub(crate) fn provable_address(&self) -> Option<&EmailAddress> {
        self.unverified.as_ref().filter(|_| self.mail_proves)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.actor().check().map_err(|_| Error::invalid(Field::Claimant, Problem::Malformed))?;
        if self.verified.len() > MAX_ADDRESSES {
            return Err(Error::invalid(Field::Claimant, Problem::TooLong { max: MAX_ADDRESSES }));
        }
        Ok(())
    }
}

impl fmt::Debug for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimant").field("id", &self.id).finish_non_exhaustive()
    }
}
