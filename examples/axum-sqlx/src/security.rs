//! What holds for every request and every answer.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::{Host, Url};

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
    let mut response = match check(&app, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

fn check(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if is_foreign(&app.own_origins, headers) {
        let detail = format!("This request came from a page of another site; this one is {}", app.public_url);
        return Err(forbidden("foreign_origin", detail));
    }
    // A body of unknown length is counted where it is read.
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) { Err(ApiError::too_large()) } else { Ok(()) }
}

/// Whether a browser sent this on behalf of another site's page. Programs send neither header.
///
/// `Sec-Fetch-Site` comes first: a form on a page with `no-referrer` sends `Origin: null`.
fn is_foreign(own_origins: &[String], headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(&SEC_FETCH_SITE), text(&header::ORIGIN)) {
        (Some(site), None | Some("null")) => !matches!(site, "same-origin" | "none"),
        (_, Some(origin)) => !own_origins.iter().any(|own| own == origin),
        (None, None) => false,
    }
}

/// The origins of our own pages. On one's own machine people type whichever of its names they know.
pub(crate) fn own_origins(public_url: &Url) -> Vec<String> {
    let mut origins = vec![public_url.origin().ascii_serialization()];
    let loopback = match public_url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if loopback {
        let port = public_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let names = ["localhost", "127.0.0.1", "[::1]"];
        origins.extend(names.map(|name| format!("{}://{name}{port}", public_url.scheme())));
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_this_machine_are_one_site_and_no_other_name_is() {
        let own = |url: &str| own_origins(&url.parse().unwrap());
        for url in ["http://127.0.0.1:3000", "http://localhost:3000/app/", "http://[::1]:3000"] {
            for origin in ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000"] {
                assert!(own(url).iter().any(|own| own == origin), "{origin} at {url}");
            }
            for origin in ["https://localhost:3000", "http://localhost", "http://localhost:3001", "null"] {
                assert!(!own(url).iter().any(|own| own == origin), "{origin} at {url}");
            }
        }
        assert_eq!(own("https://invite.example.com:443/"), ["https://invite.example.com"]);
        assert_eq!(own("http://localhost.example.com"), ["http://localhost.example.com"]);
    }
}
