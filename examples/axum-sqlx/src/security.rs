//! What holds for every request and every answer.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::security::{HEADERS, check};

use crate::{App, error::ApiError};

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let (method, path) = (request.method().as_str(), request.uri().path());
    let checked = check(&app.own_origins, &app.public_url, method, path, header);
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => ApiError::from(refusal).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}
