//! Who letters come from.

use std::fmt;

use lettre::{Address, message::Mailbox};

use crate::branding::line;

/// Who the letters come from: always from configuration, never from an inviter.
///
/// The address is also the envelope's sender, so bounces return there, unless
/// [`Composer::return_path`](crate::Composer::return_path) names another.
///
/// ```
/// use invite_mail::Sender;
///
/// let sender = Sender::new("invitations@example.com")?.name("Analytical Engines")?;
/// # Ok::<(), invite_mail::SenderError>(())
/// ```
#[derive(Clone)]
pub struct Sender {
    pub(crate) from: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
}

impl Sender {
    /// Sends from this address: ASCII, with internationalized domains in their `xn--` form.
    ///
    /// # Errors
    /// [`SenderError::Address`] when it is not one bare address.
    pub fn new(address: &str) -> Result<Self, SenderError> {
        Ok(Self { from: Mailbox::new(None, plain_address(address).ok_or(SenderError::Address)?), reply_to: None })
    }

    /// Shows this name beside the address.
    ///
    /// # Errors
    /// [`SenderError::Name`] when it is blank, longer than 200 characters, or holds forbidden
    /// characters, as [`check_line`](invite_core::check_line) has it.
    pub fn name(mut self, name: &str) -> Result<Self, SenderError> {
        self.from.name = Some(line(name).ok_or(SenderError::Name)?);
        Ok(self)
    }

    /// Lets answers go to another address than the sender's. A policy that lets them go to the
    /// inviter comes first.
    ///
    /// # Errors
    /// [`SenderError::Address`] when it is not one bare address.
    pub fn reply_to(mut self, address: &str) -> Result<Self, SenderError> {
        self.reply_to = Some(Mailbox::new(None, plain_address(address).ok_or(SenderError::Address)?));
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
    /// The name is blank, too long, or holds forbidden characters.
    #[error("the sender's name is blank, too long, or has a forbidden character")]
    Name,
}

/// One bare ASCII address that no program can take for an option.
pub(crate) fn plain_address(address: &str) -> Option<Address> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".#$&'*+-/=?^_`{|}~@".contains(&byte);
    if address.starts_with('-') || !address.bytes().all(plain) {
        return None;
    }
    address.parse().ok()
}
