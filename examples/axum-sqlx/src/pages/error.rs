//! Refusals as pages.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;
use url::form_urlencoded;

use super::page::render;
use crate::error::ApiError;

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum PageError {
    Refused(ApiError),
    /// Nobody is signed in; afterwards the person comes back to this path.
    LogIn {
        next: Option<String>,
    },
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::LogIn { next: None } => Redirect::to("/login").into_response(),
            Self::LogIn { next: Some(path) } => {
                let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
                Redirect::to(&format!("/login?next={next}")).into_response()
            }
            Self::Refused(error) => refused(error),
        }
    }
}

fn refused(error: ApiError) -> Response {
    let title = match error.status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "You may not do this",
        StatusCode::TOO_MANY_REQUESTS => "Not so fast",
        StatusCode::SERVICE_UNAVAILABLE => "Busy at the moment",
        status if status.is_server_error() => "Something went wrong",
        _ => "This did not work",
    };
    let text = error.detail.to_string();
    let status = error.status;
    let html = render(
        "error.html",
        json!({ "bare": true, "error": { "title": title, "text": text, "status": status.as_u16() } }),
    );
    // The API's answer has the headers already, `Retry-After` among them.
    let mut headers = error.into_response().into_parts().0.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_TYPE);
    match html {
        Ok(html) => (status, headers, html).into_response(),
        Err(error) => error.into_response(),
    }
}
