//! What holds for every request and every answer.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::{
    Problem, forbidden,
    security::{HEADERS, MAX_BODY, is_foreign},
};

use crate::{App, error::ApiError};

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match check(&app, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => ApiError::from(refusal).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn check(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if is_foreign(&app.own_origins, text("sec-fetch-site"), text("origin")) {
        let detail = format!("This request came from a page of another site; this one is {}", app.public_url);
        return Err(forbidden("foreign_origin", detail));
    }
    // A body of unknown length is counted where it is read.
    let length = text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) { Err(Problem::too_large()) } else { Ok(()) }
}
