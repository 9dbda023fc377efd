//! What stands on the pages, which templates show it, and what their forms send.

pub mod filter;
pub mod form;
pub mod history;
pub mod input;
pub mod item;
pub mod landing;
pub mod mailbox;
pub mod templates;
pub mod view;

use url::form_urlencoded;

const LONGEST_FLASH: usize = 400;

/// What the next page has to say, as a cookie holds it.
pub fn flash_to_cookie(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub fn flash_from_cookie(value: &str) -> Option<String> {
    let (text, _) = form_urlencoded::parse(value.as_bytes()).next()?;
    Some(text.into_owned()).filter(|text| !text.is_empty() && text.len() <= LONGEST_FLASH)
}

/// Where whoever must log in first is sent.
pub fn log_in_first(next: Option<&str>) -> String {
    match next {
        Some(path) => format!("/login?next={}", flash_to_cookie(path)),
        None => "/login".into(),
    }
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

    #[test]
    fn what_a_page_has_to_say_survives_a_cookie() {
        let text = "\"Ünal & Söhne\"; <b> is created=1";
        assert_eq!(flash_from_cookie(&flash_to_cookie(text)).as_deref(), Some(text));
        assert_eq!(flash_from_cookie(""), None);
    }
}
