//! Which value an error is about.

use std::fmt;

/// The value that [`Error::Invalid`](crate::Error::Invalid) is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The invited e-mail address.
    Recipient,
    /// The e-mail address that letters to the inviter go to.
    InviterAddress,
    /// The inviter's own words.
    Message,
    /// How long the invitation is open.
    Lifetime,
    /// The kind's payload, as JSON.
    Payload,
    /// The host's words for letters and pages, as JSON.
    Display,
    /// Why it was declined or cancelled.
    Reason,
    /// The amendment as a whole, when it changes nothing.
    Amendment,
    /// What one is invited to.
    Scope,
    /// Who acts.
    Actor,
    /// Who answers: the id, or the number of addresses.
    Claimant,
    /// Where the next page of a list begins.
    Cursor,
    /// What [`Kind::label`](crate::Kind::label) makes of the payload.
    Label,
    /// What [`Kind::facet`](crate::Kind::facet) makes of the payload.
    Facet,
    /// The name of an import.
    Import,
    /// What makes a creation safe to repeat.
    Key,
    /// The most rows of a page.
    Limit,
    /// What lists look for.
    Search,
    /// The rows of a call about many.
    Rows,
    /// What a call about several is about.
    Selection,
    /// A stretch of time.
    Period,
}

impl Field {
    /// The field as a word, such as `inviter_address`: for a JSON body, and for a host's own table of messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::InviterAddress => "inviter_address",
            Self::Message => "message",
            Self::Lifetime => "lifetime",
            Self::Payload => "payload",
            Self::Display => "display",
            Self::Reason => "reason",
            Self::Amendment => "amendment",
            Self::Scope => "scope",
            Self::Actor => "actor",
            Self::Claimant => "claimant",
            Self::Cursor => "cursor",
            Self::Label => "label",
            Self::Facet => "facet",
            Self::Import => "import",
            Self::Key => "key",
            Self::Limit => "limit",
            Self::Search => "search",
            Self::Rows => "rows",
            Self::Selection => "selection",
            Self::Period => "period",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
