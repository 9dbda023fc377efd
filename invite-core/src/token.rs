//! The secret in a link, and the digest that is stored in its place.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::random::{RandomError, SecureRandom};

/// Marks our tokens for secret scanners, and the version of the format.
const PREFIX: &str = "inv1_";
/// 256 bits: twice what OWASP ASVS 5.0 (11.5.1) asks of a random secret.
const SECRET: usize = 32;
/// 32 bytes and a CRC-32 are 36 bytes, a multiple of three: every string of 48 base64url
/// characters is canonical, there are no spare bits to spell one token in two ways.
const SEALED: usize = SECRET + 4;
const BASE64_LEN: usize = PREFIX.len() + 48;
const HEX_LEN: usize = 64;

/// How tokens are written. Chosen by [`Policy::token_format`](crate::Policy::token_format).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TokenFormat {
    /// `inv1_` and 48 base64url characters, 53 in all: the secret and its checksum.
    #[default]
    Prefixed,
    /// 64 lower-case hexadecimal characters, for hosts that must have it. No prefix and no
    /// checksum: a damaged link is only found out by asking the database.
    Hex,
}

/// The secret an invitation link carries: 32 random bytes.
///
/// It opens through [`expose_secret`](Self::expose_secret) alone. There is no `Display`,
/// `Serialize`, `Clone` or `PartialEq`, `Debug` says nothing, and the memory is cleared when it is
/// dropped. What is stored is a [`TokenDigest`].
///
/// ```
/// use invite_core::{MalformedToken, Token};
///
/// let text = "inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K";
/// let token: Token = text.parse()?;
/// assert_eq!(token.expose_secret(), text);
/// assert_eq!(format!("{token:?}"), "Token(..)");
///
/// // A typo is found without asking a database.
/// assert!("inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6L".parse::<Token>().is_err());
/// # Ok::<(), MalformedToken>(())
/// ```
pub struct Token {
    secret: [u8; SECRET],
    text: [u8; HEX_LEN],
    format: TokenFormat,
}

impl Token {
    /// Draws a new token. Only the library makes tokens: one without a stored digest opens
    /// nothing.
    pub(crate) fn generate(random: &dyn SecureRandom, format: TokenFormat) -> Result<Self, RandomError> {
        let mut secret = [0; SECRET];
        random.fill(&mut secret)?;
        let token = Self::new(&secret, format);
        secret.zeroize();
        Ok(token)
    }

    fn new(secret: &[u8; SECRET], format: TokenFormat) -> Self {
        let mut text = [0; HEX_LEN];
        match format {
            TokenFormat::Prefixed => {
                let mut sealed = [0; SEALED];
                sealed[..SECRET].copy_from_slice(secret);
                sealed[SECRET..].copy_from_slice(&crc32fast::hash(secret).to_be_bytes());
                text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
                BASE64URL_NOPAD.encode_mut(&sealed, &mut text[PREFIX.len()..BASE64_LEN]);
                sealed.zeroize();
            }
            TokenFormat::Hex => HEXLOWER.encode_mut(secret, &mut text),
        }
        Self { secret: *secret, text, format }
    }

    /// The token as it stands in a link. Whoever has this string can answer the invitation: put
    /// it into the link and nowhere else, never into a log or a table.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        let len = match self.format {
            TokenFormat::Prefixed => BASE64_LEN,
            TokenFormat::Hex => HEX_LEN,
        };
        // Both encoders write ASCII only.
        str::from_utf8(&self.text[..len]).unwrap_or_default()
    }

    /// How this token was written.
    #[must_use]
    pub fn format(&self) -> TokenFormat {
        self.format
    }

    #[cfg(feature = "testing")]
    pub(crate) fn duplicate(&self) -> Self {
        Self::new(&self.secret, self.format)
    }

    /// What is stored and looked up: bound to one kind, so that a token of another flow is
    /// simply unknown.
    pub(crate) fn digest(&self, kind: &str) -> TokenDigest {
        let mut hash = Sha256::new();
        hash.update(b"invite/token/v1/");
        hash.update(kind);
        hash.update([0]);
        hash.update(self.secret);
        TokenDigest(hash.finalize().into())
    }
}

impl FromStr for Token {
    type Err = MalformedToken;

    /// Reads either format. Exactly one spelling of each token is accepted: no padding, no other
    /// alphabet, no upper-case hexadecimal, nothing before or after.
    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let mut token = Self { secret: [0; SECRET], text: [0; HEX_LEN], format: TokenFormat::Prefixed };
        match text.strip_prefix(PREFIX) {
            Some(body) if text.len() == BASE64_LEN => {
                let mut sealed = [0; SEALED];
                BASE64URL_NOPAD.decode_mut(body.as_bytes(), &mut sealed).map_err(|_| MalformedToken)?;
                token.secret.copy_from_slice(&sealed[..SECRET]);
                let intact = sealed[SECRET..] == crc32fast::hash(&token.secret).to_be_bytes();
                sealed.zeroize();
                if !intact {
                    return Err(MalformedToken);
                }
            }
            None if text.len() == HEX_LEN => {
                HEXLOWER.decode_mut(text.as_bytes(), &mut token.secret).map_err(|_| MalformedToken)?;
                token.format = TokenFormat::Hex;
            }
            Some(_) | None => return Err(MalformedToken),
        }
        // Both alphabets decode one spelling only, so this is what encoding would give.
        token.text[..text.len()].copy_from_slice(text.as_bytes());
        Ok(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.text.zeroize();
    }
}

/// The text is not a token: mistyped, cut off, or never one. Answered like an unknown token
/// ([`Error::NotFound`](crate::Error::NotFound)), into which it converts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed token")]
#[non_exhaustive]
pub struct MalformedToken;

/// SHA-256 over the purpose, the kind and the 32 secret bytes: what is stored of a token.
///
/// A secret of 256 bits needs no salt and no slow hash (NIST SP 800-63B, look-up secrets).
#[derive(Clone)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// A digest as read from a database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store, in a column that compares bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same digest, in time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// How a token reached the person who presents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "either the mailbox is proved or it is not")]
pub enum Channel {
    /// Drawn by the worker and mailed: whoever presents it can read that mailbox.
    Mail,
    /// Returned to the inviting side to hand over: proves nothing about a mailbox.
    Link,
}

impl Channel {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Link => "link",
        }
    }

    /// The channel behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Mail, Self::Link].into_iter().find(|channel| channel.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> [u8; 32] {
        std::array::from_fn(|i| u8::try_from(i).unwrap_or_default())
    }

    // Computed with Python's hashlib:
    // sha256(b"invite/token/v1/" + b"member" + b"\0" + bytes(range(32)))
    #[test]
    fn the_digest_agrees_with_an_independent_implementation() {
        let token = Token::new(&counting(), TokenFormat::Prefixed);
        let hex = HEXLOWER.encode(token.digest("member").as_bytes());
        assert_eq!(hex, "15b66035e9e94fdd4f36089a3393058960b59e4e655bd742f5ca74fdaed774fd");
    }

    #[test]
    fn both_formats_carry_the_same_secret() {
        let prefixed = Token::new(&counting(), TokenFormat::Prefixed);
        let hex = Token::new(&counting(), TokenFormat::Hex);
        assert_eq!(hex.expose_secret(), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        assert!(prefixed.digest("member").matches(&hex.digest("member")));
    }

    #[test]
    fn a_token_of_one_kind_is_unknown_to_another() {
        let token = Token::new(&counting(), TokenFormat::Prefixed);
        assert!(!token.digest("member").matches(&token.digest("provider")));
    }
}
