//! Refusals as pages.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
};
use shared::{
    Problem,
    pages::{log_in_first, templates::render_problem},
};

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

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::LogIn { .. } => f.write_str("unauthenticated"),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(error) => error.status_code(),
            Self::LogIn { .. } => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Refused(error) => as_page(error.error_response(), error),
            Self::LogIn { next } => {
                HttpResponse::SeeOther().insert_header((header::LOCATION, log_in_first(next.as_deref()))).finish()
            }
        }
    }
}

/// Shows a page to whoever asked for one, also where no page of ours answers: at an address that
/// nobody knows, to a form of another site. The API says the same to everybody.
pub(crate) async fn refuse_by_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let for_programs = request.path().starts_with("/api/") || request.path().ends_with(".json");
    let wanted = !for_programs && accepts_html(request.headers());
    let response = next.call(request).await?.map_into_boxed_body();
    let refusal = response.response().error().and_then(|error| error.as_error::<ApiError>());
    Ok(match refusal.filter(|_| wanted).cloned() {
        Some(error) => {
            let (request, response) = response.into_parts();
            ServiceResponse::new(request, as_page(response, &error))
        }
        None => response,
    })
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// The same refusal with the same headers, to be read by people.
fn as_page(mut response: HttpResponse, problem: &Problem) -> HttpResponse {
    match render_problem(problem) {
        Ok(html) => {
            let html_type = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, html_type);
            response.set_body(BoxBody::new(html))
        }
        Err(problem) => ApiError::from(problem).error_response(),
    }
}
