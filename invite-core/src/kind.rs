//! A kind of invitation is the type of its payload.

use std::{borrow::Cow, fmt};

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

    /// What people know this invitation by besides the address, such as the name of the organization it founds: lists
    /// [search](crate::InvitationQuery::search) in it, and show it. At most 200 characters on one line; nothing by default.
    ///
    /// It is stored beside the payload whenever the payload is, so it never says anything else than that.
    fn label(&self) -> Option<String> {
        None
    }

    /// What lists [filter](crate::InvitationQuery::facet) and count by, such as a role or a plan. At most 64 characters on
    /// one line; nothing by default. It is stored beside the payload, as the label is.
    fn facet(&self) -> Option<String> {
        None
    }

    /// Whether this payload may be stored. It is asked before anything is read or written, by every call that stores a
    /// payload. By default everything may.
    ///
    /// ```
    /// use invite_core::{InvalidPayload, Kind};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Membership {
    ///     role: String,
    /// }
    ///
    /// impl Kind for Membership {
    ///     const NAME: &'static str = "member";
    ///
    ///     fn facet(&self) -> Option<String> {
    ///         Some(self.role.clone())
    ///     }
    ///
    ///     fn check(&self) -> Result<(), InvalidPayload> {
    ///         if ["admin", "member"].contains(&self.role.as_str()) {
    ///             return Ok(());
    ///         }
    ///         Err(InvalidPayload::new("role", "is not one of admin and member"))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The field that is wrong, and why.
    fn check(&self) -> Result<(), InvalidPayload> {
        Ok(())
    }
}

/// Why a [payload](Kind::check) may not be stored. Its words are the host's own and are shown to whoever called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPayload {
    /// The name of the field that is wrong.
    pub field: Cow<'static, str>,
    /// What is wrong with it; reads on from the name of the field.
    pub problem: Cow<'static, str>,
}

impl InvalidPayload {
    /// This field, and what is wrong with it: `("role", "is not one of admin and member")`.
    pub fn new(field: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl fmt::Display for InvalidPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for InvalidPayload {}

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
