//! What holds for every request and every answer.

use actix_web::{
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use shared::{
    Problem, forbidden,
    security::{HEADERS, MAX_BODY, is_foreign},
};

use crate::{App, error::ApiError};

pub(crate) async fn guard(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = match check(&app, request.method(), request.headers()) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(refusal) => request.error_response(ApiError::from(refusal)).map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
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
