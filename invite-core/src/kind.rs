//! A kind of invitation is the type of its payload.

use serde::{Serialize, de::DeserializeOwned};

/// What an invitation is for; implemented by its payload.
///
/// The payload is whatever acceptance will need: a role, a plan, limits. Tokens are bound to the
/// kind's name, so the token of one flow is unknown in every other. The payload is stored as JSON
/// (16 KiB and 30 levels at most) and read back typed.
///
/// ```
/// use invite_core::Kind;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Membership {
///     role: String,
/// }
///
/// impl Kind for Membership {
///     const NAME: &'static str = "member";
/// }
/// ```
///
/// A name that could not be stored does not compile:
///
/// ```compile_fail
/// # use invite_core::*;
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Nameless;
/// impl Kind for Nameless {
///     const NAME: &'static str = "";
/// }
/// let _ = Invitations::<_, Nameless>::new(memory::MemoryStore, Policy::default(), Unchecked);
/// ```
pub trait Kind: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stored name: 1 to 64 of `a`–`z`, `0`–`9`, `_`, `-` and `.`. Never change it while
    /// invitations of this kind are open, or their links die.
    const NAME: &'static str;
}

pub(crate) const fn is_valid_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && bytes.len() <= 64
}
