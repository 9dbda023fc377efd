//! What holds for every request and every answer.

use url::{Host, Url};

/// The most bytes a request body may have.
pub const MAX_BODY: usize = 64 * 1024;

/// Set on every answer that has not chosen its own: any of them may show or take a token.
pub const HEADERS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("x-robots-tag", "noindex"),
];

/// Whether a browser sent this on behalf of another site's page. Programs send neither header.
///
/// `Sec-Fetch-Site` comes first: a form on a page with `no-referrer` sends `Origin: null`.
pub fn is_foreign(own_origins: &[String], sec_fetch_site: Option<&str>, origin: Option<&str>) -> bool {
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
