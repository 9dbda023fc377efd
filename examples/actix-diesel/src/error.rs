//! One error for every handler: a problem, sent as `application/problem+json`.

use std::{fmt, ops::Deref};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use invite_core::{Error, MalformedToken, store::StoreError};
use shared::{Body, Problem, Refusal};

use crate::database::store_error;

#[derive(Debug, Clone)]
pub(crate) struct ApiError(Problem);

impl Deref for ApiError {
    type Target = Problem;

    fn deref(&self) -> &Problem {
        &self.0
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

macro_rules! from {
    ($($error:ty),+) => {
        $(impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self(error.into())
            }
        })+
    };
}

// Every answer of the library becomes exactly one status and code: see `shared::Problem`.
from!(Error, MalformedToken, Problem, Refusal, StoreError);

/// The example's own statements fail like the library's.
impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        store_error(error).into()
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(Body { title: status.canonical_reason().unwrap_or_default(), problem: self })
    }
}
