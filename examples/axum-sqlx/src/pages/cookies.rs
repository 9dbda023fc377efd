//! The cookies: two of the pages' own, and the session's, which the session layer writes.

use axum::http::{HeaderMap, HeaderValue, header};
use shared::pages::{flash_from_cookie, flash_to_cookie};
use tower_sessions::cookie::{Cookie, SameSite, time::Duration};

const INVITATION: &str = "invitation";
const SESSION: &str = "session";
const FLASH: &str = "flash";

/// Reads and writes them; over https under names that no other host can set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    pub(crate) https: bool,
}

impl Cookies {
    /// The token of the invitation this browser was last opened with: kept here, not in the
    /// address bar, while the person logs in or signs up.
    pub(super) fn invitation(self, headers: &HeaderMap) -> Option<String> {
        self.read(headers, INVITATION).filter(|token| !token.is_empty())
    }

    pub(super) fn set_invitation(self, token: &str) -> HeaderValue {
        self.write(INVITATION, token, Duration::minutes(30))
    }

    pub(crate) fn forget_invitation(self) -> HeaderValue {
        self.write(INVITATION, "", Duration::ZERO)
    }

    /// What the page before has to say, once.
    pub(super) fn flash(self, headers: &HeaderMap) -> Option<String> {
        flash_from_cookie(&self.read(headers, FLASH)?)
    }

    pub(super) fn set_flash(self, text: &str) -> HeaderValue {
        self.write(FLASH, &flash_to_cookie(text), Duration::minutes(1))
    }

    pub(super) fn forget_flash(self) -> HeaderValue {
        self.write(FLASH, "", Duration::ZERO)
    }

    pub(crate) fn session_name(self) -> String {
        self.name(SESSION)
    }

    /// The layer's own removal comes without `Secure`, so browsers would keep a `__Host-` cookie.
    pub(crate) fn forget_session(self) -> HeaderValue {
        self.write(SESSION, "", Duration::ZERO)
    }

    fn name(self, name: &str) -> String {
        if self.https { format!("__Host-{name}") } else { name.into() }
    }

    fn read(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .flatten()
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// The value must consist of letters, digits and `-_.%+=*` alone.
    fn write(self, name: &str, value: &str, age: Duration) -> HeaderValue {
        let cookie = Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https)
            .max_age(age);
        HeaderValue::try_from(cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_back(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    #[test]
    fn what_is_written_is_read_back() {
        for https in [false, true] {
            let cookies = Cookies { https };
            let text = "\"Ünal & Söhne\"; <b> is created=1";
            assert_eq!(cookies.flash(&sent_back(&cookies.set_flash(text))).as_deref(), Some(text));
            assert_eq!(
                cookies.invitation(&sent_back(&cookies.set_invitation("inv1_a-b"))).as_deref(),
                Some("inv1_a-b")
            );
            assert_eq!(cookies.invitation(&sent_back(&cookies.forget_invitation())), None);
        }
    }

    #[test]
    fn only_https_gets_the_prefix_and_the_secure_flag() {
        let plain = Cookies { https: false }.set_invitation("x");
        assert_eq!(plain, "invitation=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=1800");
        let secure = Cookies { https: true }.set_invitation("x");
        assert_eq!(secure, "__Host-invitation=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1800");
    }
}
