//! One error for every handler, written as `application/problem+json` (RFC 9457).

use std::{borrow::Cow, error::Error as StdError, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use invite_core::{Error, InvitationId, MalformedToken, store::StoreError};
use serde::Serialize;

use crate::{authority::Refusal, database::store_error};

/// Why a request was refused: what programs read (`status`, `code`) and what people read (`detail`).
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Cow<'static, str>,
    /// Which field of the request was not acceptable.
    pub(crate) field: Option<Cow<'static, str>>,
    /// Which open invitation is in the way.
    pub(crate) id: Option<InvitationId>,
    retry_after: Option<Duration>,
    retryable: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), field: None, id: None, retry_after: None, retryable: false }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    pub(crate) fn unauthenticated(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    pub(crate) fn already_member() -> Self {
        Self::new(StatusCode::CONFLICT, "already_member", "This person is a member already.")
    }

    /// The form spoke of another invitation than the one that is open now.
    pub(crate) fn changed() -> Self {
        let detail = "The invitation is not the one you were shown. Please look again.";
        Self::new(StatusCode::CONFLICT, "changed", detail)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is too large.")
    }

    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::unprocessable(detail) }
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::invalid(name.to_owned(), "there is no such parameter")
    }

    /// As [`invalid`](Self::invalid), where no single field is to blame.
    pub(crate) fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// A bug or a broken database: the log learns what it was, the client does not.
    pub(crate) fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        tracing::error!(error = causes(&*source.into()), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
    }

    /// Somebody else was in the way, and the next try may well succeed.
    pub(crate) fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        tracing::warn!(error = causes(&*source.into()), "the database could not do it now");
        let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database is busy. Please try again.");
        Self { retry_after: Some(Duration::from_secs(1)), ..busy }
    }

    /// Whether the whole transaction, done again, may succeed.
    pub(crate) fn is_retryable(&self) -> bool {
        self.retryable
    }
}

/// Every answer of the library becomes exactly one status and code.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let retryable = error.is_retryable();
        match error {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such invitation."),
            Error::Expired { .. } => gone("expired", "This invitation has expired."),
            Error::AlreadyAccepted => gone("already_accepted", "This invitation has been used by somebody else."),
            Error::Rejected => gone("rejected", "This invitation was declined."),
            Error::Cancelled => gone("cancelled", "This invitation was taken back."),
            Error::Superseded => gone("superseded", "A newer mail has replaced this link."),
            Error::WrongRecipient => forbidden("wrong_recipient", "This invitation is for another address than yours."),
            Error::EmailNotVerified => {
                forbidden("email_not_verified", "Your address is not verified. Open the link in the mail we sent.")
            }
            Error::NotPermitted(word) => Refusal::from_word(&word).into(),
            Error::AlreadyPending(id) => {
                let detail = "There is an open invitation to this address already.";
                Self { id: Some(id), ..Self::new(StatusCode::CONFLICT, "already_pending", detail) }
            }
            Error::IllegalTransition { .. } => {
                Self::new(StatusCode::CONFLICT, "illegal_transition", sentence(&error.to_string()))
            }
            Error::LimitReached { retry_after } => {
                let limited =
                    Self::new(StatusCode::TOO_MANY_REQUESTS, "limit_reached", "Too soon. Please wait a little.");
                Self { retry_after: Some(retry_after), ..limited }
            }
            Error::Invalid { field, problem } => {
                let field = request_field(field);
                Self::invalid(field, format!("{field} {problem}"))
            }
            Error::Store(_) | Error::Authority(_) if retryable => Self { retryable, ..Self::unavailable(error) },
            Error::Random(_) => Self::unavailable(error),
            Error::Store(_) | Error::Authority(_) | Error::NotInTransaction => Self::internal(error),
            _ => Self::internal(error),
        }
    }
}

impl From<MalformedToken> for ApiError {
    fn from(malformed: MalformedToken) -> Self {
        Error::from(malformed).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

/// The example's own statements fail like the library's.
impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        store_error(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Problem<'a> {
            status: u16,
            title: &'a str,
            detail: &'a str,
            code: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            field: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<InvitationId>,
        }

        let problem = Problem {
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or_default(),
            detail: &self.detail,
            code: self.code,
            field: self.field.as_deref(),
            id: self.id,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: earlier would be refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        // For whoever shows it as a page instead.
        response.extensions_mut().insert(self);
        response
    }
}

fn gone(code: &'static str, detail: &'static str) -> ApiError {
    ApiError::new(StatusCode::GONE, code, detail)
}

pub(crate) fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, code, detail)
}

/// The library's word for a value, in the words of this API.
fn request_field(field: &'static str) -> &'static str {
    match field {
        "recipient" => "email",
        "lifetime" => "expires_in_hours",
        "payload" => "role",
        other => other,
    }
}

fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> String {
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
