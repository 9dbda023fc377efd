//! What holds for every request and every answer.

use url::{Host, Url};

use crate::{Problem, forbidden};

/// The most bytes a request body may have.
pub const MAX_BODY: usize = 64 * 1024;
/// A thousand rows of ordinary length.
pub const MAX_BULK_BODY: usize = 1024 * 1024;

/// Where a body may be as large as that.
fn takes_many(path: &str) -> bool {
    path.ends_with("/invitations/bulk") || path.ends_with("/invite-many") || path.contains("/imports/")
}

/// Set on every answer that has not chosen its own: any of them may show or take a token.
pub const HEADERS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("x-robots-tag", "noindex"),
];

/// Refuses a request that a page of another site has sent, and one whose body is too large. A request that changes
/// nothing passes.
///
/// # Errors
/// 403 `foreign_origin`, 413 `too_large`.
pub fn check<'a>(
    own_origins: &[String],
    public_url: &Url,
    method: &str,
    path: &str,
    header: impl Fn(&'static str) -> Option<&'a str>,
) -> Result<(), Problem> {
    if matches!(method, "GET" | "HEAD" | "OPTIONS") {
        return Ok(());
    }
    if is_foreign(own_origins, header("sec-fetch-site"), header("origin")) {
        let detail = format!("This request came from a page of another site; this one is {public_url}");
        return Err(forbidden("foreign_origin", detail));
    }
    // A body of unknown length is counted where it is read.
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    let most = if takes_many(path) { MAX_BULK_BODY } else { MAX_BODY };
    if length.is_some_and(|length| length > most) { Err(Problem::too_large()) } else { Ok(()) }
}

/// Whether a browser sent this on behalf of another site's page. Programs send neither header.
///
/// `Sec-Fetch-Site` comes first: a form on a page with `no-referrer` sends `Origin: null`.
fn is_foreign(own_origins: &[String], sec_fetch_site: Option<&str>, origin: Option<&str>) -> bool {
    match (sec_fetch_site, origin) {
        (Some(site), None | Some("null")) => !matches!(site, "same-origin" | "none"),
        (_, Some(origin)) => !own_origins.iter().any(|own| own == origin),
        (None, None) => false,
    }
}

/// The origins of our own pages. On one's own machine people type whichever of its names they know.
pub fn own_origins(public_url: &Url) -> Vec<String> {
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
