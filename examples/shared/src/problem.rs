//! What is refused, in the words of `application/problem+json` (RFC 9457).

use std::{borrow::Cow, error::Error as StdError, time::Duration};

use invite_core::{Error, Field, InvitationId, MalformedToken, store::StoreError};
use serde::Serialize;

use crate::Refusal;

/// Why a request was refused: what programs read (`status`, `code`) and what people read (`detail`).
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub detail: Cow<'static, str>,
    /// Which field of the request was not acceptable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// Which open invitation is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<InvitationId>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    #[serde(skip)]
    retryable: bool,
}

/// A problem as it is sent.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    pub title: &'a str,
    #[serde(flatten)]
    pub problem: &'a Problem,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), field: None, id: None, retry_after: None, retryable: false }
    }

    pub fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing here.")
    }

    pub fn unauthenticated(detail: &'static str) -> Self {
        Self::new(401, "unauthenticated", detail)
    }

    pub fn already_member() -> Self {
        Self::new(409, "already_member", "This person is a member already.")
    }

    /// The form spoke of another invitation than the one that is open now.
    pub fn changed() -> Self {
        let detail = "The invitation is not the one you were shown. Please look again.";
        Self::new(409, "changed", detail)
    }

    /// Nobody hears this.
    pub fn hung_up() -> Self {
        Self::new(499, "hung_up", "The client has gone away.")
    }

    pub fn method_not_allowed() -> Self {
        Self::new(405, "method_not_allowed", "This cannot be asked of this address.")
    }

    pub fn too_large() -> Self {
        Self::new(413, "too_large", "The body is too large.")
    }

    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::unprocessable(detail) }
    }

    pub fn unknown_parameter(name: &str) -> Self {
        Self::invalid(name.to_owned(), "there is no such parameter")
    }

    /// As [`invalid`](Self::invalid), where no single field is to blame.
    pub fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(422, "invalid", detail)
    }

    /// A bug or a broken database: the log learns what it was, the client does not.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(500, "internal", failure(500, &*source.into()))
    }

    /// Somebody else was in the way, and the next try may well succeed.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let busy = Self::new(503, "unavailable", failure(503, &*source.into()));
        Self { retry_after: Some(Duration::from_secs(1)), ..busy }
    }

    /// For `Retry-After`: whole seconds, rounded up, because earlier would be refused again.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after.map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// Whether the whole transaction, done again, may succeed.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }
}

/// The library says status, code and `Retry-After`; the sentence for people is this program's.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self {
            retry_after: error.retry_after(),
            retryable: error.is_retryable(),
            ..Self::new(error.http_status(), error.code(), "")
        };
        let detail = match error {
            Error::NotFound => "There is no such invitation.",
            Error::Expired { .. } => "This invitation has expired.",
            Error::AlreadyAccepted => "This invitation has already been accepted.",
            Error::Rejected => "This invitation was declined.",
            Error::Cancelled => "This invitation was taken back.",
            Error::Superseded => "A newer mail has replaced this link.",
            Error::WrongRecipient => "This invitation is for another address than yours.",
            Error::EmailNotVerified => "Your address is not verified. Open the link in the mail we sent.",
            Error::MayNotDecline => "This invitation cannot be declined.",
            Error::LimitReached { .. } => "Too soon. Please wait a little.",
            Error::AlreadyPending(id) => {
                let detail = "There is an open invitation to this address already.";
                return Self { id: Some(id), detail: detail.into(), ..problem };
            }
            Error::KeyReused(id) => {
                let detail = "This key was used for another invitation.";
                return Self { id: Some(id), detail: detail.into(), ..problem };
            }
            Error::InvalidPayload(invalid) => {
                return Self::invalid(invalid.field.clone(), sentence(&invalid.to_string()));
            }
            Error::Erased => "What this invitation was about has been erased.",
            Error::StillOpen => "This invitation is still open. Resend it, or take it back.",
            Error::IllegalTransition { .. } => {
                return Self { detail: sentence(&error.to_string()).into(), ..problem };
            }
            Error::NotPermitted(word) => return Refusal::from_word(&word).into(),
            Error::Invalid { field, problem } => {
                let field = request_field(field);
                return Self::invalid(field, format!("{field} {problem}"));
            }
            Error::Random(_)
            | Error::Store(_)
            | Error::Authority(_)
            | Error::NotInTransaction
            | Error::NoKinds
            | Error::KindServedTwice { .. }
            | Error::ClockDiffers { .. } => failure(error.http_status(), &error),
            _ => failure(error.http_status(), &error),
        };
        Self { detail: detail.into(), ..problem }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Whoever does not belong does not learn that the organization exists.
            Refusal::Outsider => Self::new(404, "not_found", "There is no such organization."),
            Refusal::NotPermitted => forbidden("not_permitted", "Only owners and admins may do this."),
            Refusal::AboveOwnRank => forbidden("not_permitted", "Nobody may grant a higher role than their own."),
            Refusal::AlreadyMember => Self::already_member(),
        }
    }
}

impl From<MalformedToken> for Problem {
    fn from(malformed: MalformedToken) -> Self {
        Error::from(malformed).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

/// Writes a failure to the log, and returns what the client may know of it.
fn failure(status: u16, error: &(dyn StdError + 'static)) -> &'static str {
    if status == 503 {
        tracing::warn!(error = causes(error), "the database could not do it now");
        "The database is busy. Please try again."
    } else {
        tracing::error!(error = causes(error), "a request failed");
        "Something went wrong on our side."
    }
}

pub fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(403, code, detail)
}

/// The library's word for a value, in the words of this API.
fn request_field(field: Field) -> &'static str {
    const NAMES: [(Field, &str); 4] = [
        (Field::Recipient, "email"),
        (Field::Lifetime, "expires_in_hours"),
        (Field::Payload, "role"),
        (Field::Label, "name"),
    ];
    NAMES.into_iter().find(|(of, _)| *of == field).map_or(field.as_str(), |(_, name)| name)
}

/// Checks a name that people will see, under the library's rule for one line of text.
pub fn check_line(field: &'static str, text: &str) -> Result<(), Problem> {
    invite_core::check_line(text).map_err(|problem| Problem::invalid(field, format!("{field} {problem}")))
}

fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// An error and what caused it, in one line.
pub fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some drivers' errors say what their source says.
        if !causes.ends_with(&cause_text) {
            causes = format!("{causes}: {cause_text}");
        }
        source = cause.source();
    }
    causes
}
