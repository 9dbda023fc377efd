//! What holds for every request and every answer.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::Url;

use crate::{
    App,
    error::{ApiError, forbidden},
};

/// The most bytes a request body may have.
pub(crate) const MAX_BODY: usize = 64 * 1024;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Set on every answer that has not chosen its own: any of them may show or take a token.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
];

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match check(&app.public_url, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

fn check(public_url: &Url, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if is_foreign(public_url, headers) {
        let detail = format!("This request came from a page of another site; this one is {public_url}");
        return Err(forbidden("foreign_origin", detail));
    }
    // A body of unknown length is counted where it is read.
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) { Err(ApiError::too_large()) } else { Ok(()) }
}

/// Whether a browser sent this on behalf of another site's page. Programs send neither header.
///
/// `Sec-Fetch-Site` comes first: a form on a page with `no-referrer` sends `Origin: null`.
fn is_foreign(public_url: &Url, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(&SEC_FETCH_SITE), text(&header::ORIGIN)) {
        (Some(site), None | Some("null")) => !matches!(site, "same-origin" | "none"),
        (_, Some(origin)) => origin != public_url.origin().ascii_serialization(),
        (None, None) => false,
    }
}
