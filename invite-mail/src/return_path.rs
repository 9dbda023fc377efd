//! The address bounces return to.

use std::fmt;

use data_encoding::BASE32_NOPAD_NOCASE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use invite_core::store::DeliveryId;
use lettre::Address;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::message::plain_address;

/// What the keys sign, so that a key that serves another purpose too proves nothing here.
const DOMAIN: &[u8] = b"invite-mail return path 1\0";
/// 80 bits: too many to guess, and 16 characters of base32 without padding.
const MAC_BYTES: usize = 10;
/// `+`, 26 characters for the delivery's 16 bytes, `-`, and 16 for the MAC.
const SUFFIX: usize = 1 + 26 + 1 + 16;
/// RFC 5321 (4.5.3.1.1) allows no more before the `@`.
const LOCAL_PART: usize = 64;
const SHORTEST_KEY: usize = 16;

/// The address that bounces return to: the envelope's sender, in SMTP the address of `MAIL FROM`.
/// Give it to [`Composer::return_path`](crate::Composer::return_path).
///
/// With a key, every delivery has a return path of its own (VERP):
/// `bounces+<delivery>-<mac>@bounces.example.com`. Any mail to that address concerns that delivery,
/// whatever its format, and [`delivery`](Self::delivery) tells which. Only who has the key can make
/// such an address. Mail for `bounces+anything` must arrive in one mailbox; most servers call that
/// sub-addressing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/letter.rs"));
/// use invite_mail::{Composer, LinkBuilder, LinkStyle, ReturnPath, Sender};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sender = Sender::new("invitations@example.com")?;
/// # let links = LinkBuilder::new("https://example.com/invitation", LinkStyle::Query)?;
/// let returns = ReturnPath::new("bounces@bounces.example.com", "a secret of 16 bytes or more")?;
/// let composer = Composer::new(sender, links).return_path(returns.clone());
///
/// # let letter = letter();
/// let email = composer.compose(&letter)?;
/// assert_eq!(returns.delivery(email.return_path()), Some(letter.delivery()));
/// # Ok(())
/// # }
/// ```
///
/// Its `Debug` shows no key, and the keys are cleared from memory when it is dropped.
#[derive(Clone)]
pub struct ReturnPath {
    address: Address,
    signs: Option<Key>,
    accepts: Vec<Key>,
}

type Key = Zeroizing<Vec<u8>>;

impl ReturnPath {
    /// A return path of its own for each delivery, signed with this key of at least 16 random bytes.
    ///
    /// # Errors
    /// [`ReturnPathError::Address`] when it is not one bare ASCII address, or has more than 20
    /// characters before the `@`; [`ReturnPathError::Key`] when the key is too short.
    pub fn new(address: &str, key: impl AsRef<[u8]>) -> Result<Self, ReturnPathError> {
        let key = checked(key.as_ref())?;
        let fixed = Self::fixed(address)?;
        if fixed.address.user().len() + SUFFIX > LOCAL_PART {
            return Err(ReturnPathError::Address);
        }
        Ok(Self { signs: Some(key), ..fixed })
    }

    /// The same return path for every letter.
    ///
    /// # Errors
    /// [`ReturnPathError::Address`] when it is not one bare ASCII address.
    pub fn fixed(address: &str) -> Result<Self, ReturnPathError> {
        let address = plain_address(address).ok_or(ReturnPathError::Address)?;
        Ok(Self { address, signs: None, accepts: Vec::new() })
    }

    /// Reads addresses that were signed with this key too. After a new key is set, keep the old one
    /// here for as long as bounces of earlier letters may arrive: a week or two.
    ///
    /// # Errors
    /// [`ReturnPathError::Key`] when the key is shorter than 16 bytes.
    pub fn also_accepts(mut self, key: impl AsRef<[u8]>) -> Result<Self, ReturnPathError> {
        self.accepts.push(checked(key.as_ref())?);
        Ok(self)
    }

    /// Which delivery such an address was made for. `None` unless one of the keys signed it.
    ///
    /// Case does not matter, since some servers change it, and angle brackets may stand around the
    /// address. What stands before the last `+` and after the `@` is ignored: servers rewrite it
    /// (BATV, SRS), and only the signature is proof.
    #[must_use]
    pub fn delivery(&self, address: &str) -> Option<DeliveryId> {
        let address = address.trim();
        let address = address.strip_prefix('<').and_then(|bare| bare.strip_suffix('>')).unwrap_or(address);
        let (local, _domain) = address.rsplit_once('@')?;
        let (_base, suffix) = local.rsplit_once('+')?;
        let (delivery, mac) = suffix.split_once('-')?;
        let decoded = |text: &str| BASE32_NOPAD_NOCASE.decode(text.as_bytes()).ok();
        let delivery: [u8; 16] = decoded(delivery)?.try_into().ok()?;
        let mac: [u8; MAC_BYTES] = decoded(mac)?.try_into().ok()?;
        // All keys are tried, so that the time does not tell which of them it was.
        let signed = self.keys().fold(Choice::from(0), |signed, key| signed | sign(key, &delivery).ct_eq(&mac));
        bool::from(signed).then(|| DeliveryId::from_uuid(Uuid::from_bytes(delivery)))
    }

    /// Whether every delivery has one of its own.
    pub(crate) fn is_signed(&self) -> bool {
        self.signs.is_some()
    }

    /// The envelope's sender for a delivery.
    pub(crate) fn sender(&self, delivery: DeliveryId) -> Option<Address> {
        let Some(key) = &self.signs else { return Some(self.address.clone()) };
        let delivery = delivery.as_uuid().as_bytes();
        let encoded = |bytes: &[u8]| BASE32_NOPAD_NOCASE.encode(bytes).to_ascii_lowercase();
        let user = format!("{}+{}-{}", self.address.user(), encoded(delivery), encoded(&sign(key, delivery)));
        Address::new(user, self.address.domain()).ok()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.signs.iter().chain(&self.accepts)
    }
}

impl fmt::Debug for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnPath")
            .field("address", &self.address.to_string())
            .field("keys", &self.keys().count())
            .finish_non_exhaustive()
    }
}

/// Why there can be no such return path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnPathError {
    /// The address is not one bare ASCII address, or has no room for a delivery before the `@`.
    #[error("the return path is not one bare ASCII address, or too long before the `@`")]
    Address,
    /// The key has fewer than 16 bytes.
    #[error("the key of the return path has fewer than 16 bytes")]
    Key,
}

fn checked(key: &[u8]) -> Result<Key, ReturnPathError> {
    if key.len() < SHORTEST_KEY { Err(ReturnPathError::Key) } else { Ok(Zeroizing::new(key.to_vec())) }
}

fn sign(key: &Key, delivery: &[u8; 16]) -> [u8; MAC_BYTES] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(DOMAIN);
    hmac.update(delivery);
    let mut mac = [0; MAC_BYTES];
    mac.copy_from_slice(&hmac.finalize().into_bytes()[..MAC_BYTES]);
    mac
}
