//! The cookies: two of the pages' own, and the session's, which the session layer writes.

use actix_web::{
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{self, HeaderMap},
};
use shared::pages::{flash_from_cookie, flash_to_cookie};

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

    pub(super) fn set_invitation(self, token: &str) -> Cookie<'static> {
        self.write(INVITATION, token, Duration::minutes(30))
    }

    pub(crate) fn forget_invitation(self) -> Cookie<'static> {
        self.write(INVITATION, "", Duration::ZERO)
    }

    /// What the page before has to say, once.
    pub(super) fn flash(self, headers: &HeaderMap) -> Option<String> {
        flash_from_cookie(&self.read(headers, FLASH)?)
    }

    pub(super) fn set_flash(self, text: &str) -> Cookie<'static> {
        self.write(FLASH, &flash_to_cookie(text), Duration::minutes(1))
    }

    pub(super) fn forget_flash(self) -> Cookie<'static> {
        self.write(FLASH, "", Duration::ZERO)
    }

    pub(crate) fn session_name(self) -> String {
        self.name(SESSION)
    }

    /// Also where the session has ended already, of which the layer says nothing.
    pub(crate) fn forget_session(self) -> Cookie<'static> {
        self.write(SESSION, "", Duration::ZERO)
    }

    fn name(self, name: &str) -> String {
        if self.https { format!("__Host-{name}") } else { name.into() }
    }

    /// As it was written: `HttpRequest::cookie` would decode it.
    fn read(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        headers
            .get_all(header::COOKIE)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| Cookie::parse(pair.trim()).ok())
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// The value must consist of letters, digits and `-_.%+=*` alone.
    fn write(self, name: &str, value: &str, age: Duration) -> Cookie<'static> {
        Cookie::build(self.name(name), value.to_owned())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https)
            .max_age(age)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn sent_back(cookie: &Cookie<'_>) -> HeaderMap {
        let pair = cookie.stripped().to_string();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).unwrap());
        headers
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
        let plain = Cookies { https: false }.set_invitation("x").to_string();
        assert_eq!(plain, "invitation=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=1800");
        let secure = Cookies { https: true }.set_invitation("x").to_string();
        assert_eq!(secure, "__Host-invitation=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1800");
    }
}
