//! Who acts, and on behalf of what: the host's own ids, as text.

use std::fmt;

use crate::{
    error::{Error, Field},
    text,
};

/// Whoever does something to an invitation, by the host's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// A person, by the host's id.
    User(String),
    /// The host or the library itself: an import, the expiry sweep, the mail worker.
    System,
    /// Whoever holds the link, not otherwise known.
    Bearer,
}

impl Actor {
    /// A person, by any id the host uses: a number, a UUID, a name.
    ///
    /// ```
    /// use invite_core::Actor;
    /// assert_eq!(Actor::new(7), Actor::User("7".into()));
    /// ```
    pub fn new(id: impl fmt::Display) -> Self {
        Self::User(id.to_string())
    }

    /// The person's id; `None` for the system and for an unknown holder of a link.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::System | Self::Bearer => None,
        }
    }

    /// The form stores write: `user:` and the id, `system`, or `bearer`.
    #[must_use]
    pub fn to_stored(&self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::System => "system".into(),
            Self::Bearer => "bearer".into(),
        }
    }

    /// The actor behind a stored form.
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        match stored {
            "system" => Some(Self::System),
            "bearer" => Some(Self::Bearer),
            user => user.strip_prefix("user:").map(|id| Self::User(id.into())),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.id().map_or(Ok(()), |id| text::line(Field::Actor, id))
    }
}

/// What one is invited to, by the host's id: an organization, a project, the platform itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(String);

impl Scope {
    /// A scope by any id the host uses. It is compared byte by byte.
    pub fn new(id: impl fmt::Display) -> Self {
        Self(id.to_string())
    }

    /// The host's id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        text::line(Field::Scope, &self.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
