//! What stands on the pages, which templates show it, and what their forms send.

pub mod explain;
pub mod filter;
pub mod form;
pub mod history;
pub mod importing;
pub mod input;
pub mod item;
pub mod landing;
pub mod mailbox;
pub mod selected;
pub mod sheet;
pub mod stats;
pub mod templates;
pub mod view;

use url::form_urlencoded;

/// Where whoever must log in first is sent.
pub fn log_in_first(next: Option<&str>) -> String {
    match next {
        Some(path) => {
            let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("/login?next={next}")
        }
        None => "/login".into(),
    }
}

/// Where an import is shown.
pub fn import_href(org: i64, import: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let letter = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("/organizations/{org}/imports/{}", import.bytes().map(letter).collect::<String>())
}

/// A path of this site. `//host` and `/\host` are other sites to a browser.
pub fn own_path(path: &str) -> Option<&str> {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    own.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_nowhere_else() {
        assert_eq!(own_path("/organizations/7/invitations?q=a"), Some("/organizations/7/invitations?q=a"));
        for elsewhere in ["//example.com", "/\\example.com", "https://example.com", "/\t/example.com", ""] {
            assert_eq!(own_path(elsewhere), None, "{elsewhere:?}");
        }
    }
}
