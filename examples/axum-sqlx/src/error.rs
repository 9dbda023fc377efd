//! One error for every handler: a problem, sent as `application/problem+json`.

use std::ops::Deref;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use invite_core::{Error, MalformedToken, store::StoreError};
use shared::{Body, Problem, Refusal};

use crate::database::store_error;

#[derive(Debug, Clone)]
pub(crate) struct ApiError(Problem);

impl ApiError {
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Deref for ApiError {
    type Target = Problem;

    fn deref(&self) -> &Problem {
        &self.0
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        error.0
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
impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        store_error(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = Body { title: status.canonical_reason().unwrap_or_default(), problem: &self };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        // For whoever shows it as a page instead.
        response.extensions_mut().insert(self);
        response
    }
}
