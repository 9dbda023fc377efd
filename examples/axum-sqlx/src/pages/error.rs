//! Refusals as pages.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use shared::pages::{log_in_first, templates::render_problem};

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
            Self::LogIn { next } => Redirect::to(&log_in_first(next.as_deref())).into_response(),
            Self::Refused(error) => as_page(error.into_response()),
        }
    }
}

/// Shows a page to whoever asked for one, also where no page of ours answers: at an address that
/// nobody knows, to a form of another site. The API says the same to everybody.
pub(crate) async fn refuse_by_page(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let for_programs = path.starts_with("/api/") || path.ends_with(".json");
    let wanted = !for_programs && accepts_html(request.headers());
    let response = next.run(request).await;
    if wanted { as_page(response) } else { response }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// The same refusal with the same headers, to be read by people. What is no refusal stays.
fn as_page(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(error) = parts.extensions.remove::<ApiError>() else {
        return Response::from_parts(parts, body);
    };
    match render_problem(&error) {
        Ok(html) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            Response::from_parts(parts, html.into())
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}
