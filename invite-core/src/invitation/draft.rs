//! What the inviting side asks for.

use std::fmt;

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::Value;

use crate::{error::Problem, kind::Kind};

/// An invitation about to be created.
///
/// ```
/// # use invite_core::{Kind, NewInvitation};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Membership { role: String }
/// # impl Kind for Membership { const NAME: &'static str = "member"; }
/// use serde_json::json;
///
/// let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() })
///     .display(&json!({ "organization": "Analytical Engines", "inviter": "Charles" }))
///     .message("We could use your notes.")
///     .locale("en");
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewInvitation<K> {
    pub(crate) email: String,
    pub(crate) payload: K,
    pub(crate) display: Result<Value, Problem>,
    pub(crate) message: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) lifetime: Option<TimeDelta>,
    pub(crate) inviter_address: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) import: Option<String>,
}

impl<K: Kind> NewInvitation<K> {
    /// Invites one address with one payload. The address is checked by `create`.
    pub fn new(email: impl Into<String>, payload: K) -> Self {
        Self {
            email: email.into(),
            payload,
            display: Ok(Value::Object(serde_json::Map::new())),
            message: None,
            locale: None,
            lifetime: None,
            inviter_address: None,
            key: None,
            import: None,
        }
    }

    /// The host's words for letters and pages, such as the names of the organization and the
    /// inviter as they are now. Strings of at most 200 characters, 16 KiB and
    /// 30 levels in all.
    pub fn display(mut self, display: &(impl Serialize + ?Sized)) -> Self {
        self.display = serde_json::to_value(display).map_err(|_| Problem::Malformed);
        self
    }

    /// The inviter's own words, at most 5,000 characters. Shown as text.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The language of the letters, as a BCP 47 tag. `pt_BR` and `de_DE.UTF-8` are read as well. Of
    /// a malformed tag only the leading parts that are well-formed are kept, often none: the letters
    /// are then in the default language.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Another lifetime than the policy's, within its maximum.
    pub fn expires_in(mut self, lifetime: TimeDelta) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Where letters to the inviter go, and answers to the invitation where the
    /// [policy](crate::Policy::reply_to_inviter) says so. Checked like the invited address.
    pub fn inviter_address(mut self, email: impl Into<String>) -> Self {
        self.inviter_address = Some(email.into());
        self
    }

    /// Makes the creation safe to repeat. A second creation with the same key in the same scope stores and mails
    /// nothing, and answers with the first invitation, whatever has become of it; if it asks for another address or
    /// another payload, it is [`Error::KeyReused`](crate::Error::KeyReused). So a request that is sent again, or an
    /// import that is begun again, invites nobody twice.
    ///
    /// At most 200 characters on one line. Stored as SHA-256 only, and remembered as long as the invitation.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Makes it part of an import, so that it can be [listed](crate::InvitationQuery::import) and counted with the rest of
    /// it. At most 64 characters on one line, such as `2026-12-01 staff.csv`.
    pub fn import(mut self, import: impl Into<String>) -> Self {
        self.import = Some(import.into());
        self
    }

    /// The address, unchecked: for an [`Authority`](crate::Authority) that looks at it.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// What the invitation would grant: for an [`Authority`](crate::Authority) that compares ranks.
    #[must_use]
    pub fn payload(&self) -> &K {
        &self.payload
    }
}

impl<K> fmt::Debug for NewInvitation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInvitation").finish_non_exhaustive()
    }
}

/// Changes to an open invitation; what is not named stays.
#[derive(Clone)]
#[must_use]
pub struct Amendment<K> {
    pub(crate) email: Option<String>,
    pub(crate) payload: Option<K>,
    pub(crate) display: Option<Result<Value, Problem>>,
    pub(crate) message: Option<String>,
    pub(crate) lifetime: Option<TimeDelta>,
}

impl<K> Default for Amendment<K> {
    fn default() -> Self {
        Self { email: None, payload: None, display: None, message: None, lifetime: None }
    }
}

impl<K: Kind> Amendment<K> {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another address. All earlier links die at once; resend to mail the new one.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Another payload. Links sent before will grant it.
    pub fn payload(mut self, payload: K) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Other words of the host's own, in place of all that were given before: what letters call things from now on.
    pub fn display(mut self, display: &(impl Serialize + ?Sized)) -> Self {
        self.display = Some(serde_json::to_value(display).map_err(|_| Problem::Malformed));
        self
    }

    /// Another message; a blank one removes it.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// A new lifetime, counted from now; unlike a resend it may shorten.
    pub fn expires_in(mut self, lifetime: TimeDelta) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self { email, payload, display, message, lifetime } = self;
        email.is_none() && payload.is_none() && display.is_none() && message.is_none() && lifetime.is_none()
    }

    /// The address it would set, as given, for an [`Authority`](crate::Authority) that has a say in
    /// who may be invited. It is an address: core has read it before it asks.
    #[must_use]
    pub fn new_email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The payload it would set, for an [`Authority`](crate::Authority) that compares ranks.
    #[must_use]
    pub fn new_payload(&self) -> Option<&K> {
        self.payload.as_ref()
    }
}

impl<K> fmt::Debug for Amendment<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Amendment").finish_non_exhaustive()
    }
}
