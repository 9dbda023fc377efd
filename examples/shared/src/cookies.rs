//! The cookies: the session's, which the session layer writes, and two of the pages.

use url::form_urlencoded;

const SESSION: &str = "session";
const INVITATION: &str = "invitation";
const FLASH: &str = "flash";

const MINUTE: u32 = 60;

/// A flash that is longer was not written by us.
const LONGEST_FLASH: usize = 400;

/// Reads cookies from the values of `Cookie`, and writes the values of `Set-Cookie`. Over https their names have a
/// prefix (`__Host-`) that keeps other hosts from setting them.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    pub https: bool,
}

impl Cookies {
    pub fn session_name(self) -> String {
        self.name(SESSION)
    }

    /// Removes the session's cookie. The layers of both frameworks leave it behind in some cases: where the session
    /// has ended already, or where a removal without `Secure` does not reach a `__Host-` cookie.
    pub fn forget_session(self) -> String {
        self.write(SESSION, "", 0)
    }

    /// The token of the invitation this browser was last opened with: kept here, not in the address bar, while the
    /// person logs in or signs up.
    pub fn invitation<'a>(self, headers: impl IntoIterator<Item = &'a str>) -> Option<String> {
        self.read(headers, INVITATION).filter(|token| !token.is_empty())
    }

    pub fn set_invitation(self, token: &str) -> String {
        self.write(INVITATION, token, 30 * MINUTE)
    }

    pub fn forget_invitation(self) -> String {
        self.write(INVITATION, "", 0)
    }

    /// What the page before has to say, once.
    pub fn flash<'a>(self, headers: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let value = self.read(headers, FLASH)?;
        let (text, _) = form_urlencoded::parse(value.as_bytes()).next()?;
        Some(text.into_owned()).filter(|text| !text.is_empty() && text.len() <= LONGEST_FLASH)
    }

    pub fn set_flash(self, text: &str) -> String {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        self.write(FLASH, &text, MINUTE)
    }

    pub fn forget_flash(self) -> String {
        self.write(FLASH, "", 0)
    }

    fn name(self, name: &str) -> String {
        if self.https { format!("__Host-{name}") } else { name.into() }
    }

    /// Returns the value as it was written.
    fn read<'a>(self, headers: impl IntoIterator<Item = &'a str>, name: &str) -> Option<String> {
        let name = self.name(name);
        headers
            .into_iter()
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// The value must consist of letters, digits and `-_.%+=*` alone.
    fn write(self, name: &str, value: &str, seconds: u32) -> String {
        let name = self.name(name);
        let secure = if self.https { "; Secure" } else { "" };
        format!("{name}={value}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={seconds}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_back(cookie: &str) -> [String; 1] {
        [format!("other=1; {}; last=2", cookie.split(';').next().unwrap())]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for https in [false, true] {
            let cookies = Cookies { https };
            let flash = |cookie: &str| cookies.flash(sent_back(cookie).iter().map(String::as_str));
            let invitation = |cookie: &str| cookies.invitation(sent_back(cookie).iter().map(String::as_str));
            let text = "\"Ünal & Söhne\"; <b> is created=1";
            assert_eq!(flash(&cookies.set_flash(text)).as_deref(), Some(text));
            assert_eq!(flash(&cookies.forget_flash()), None);
            assert_eq!(invitation(&cookies.set_invitation("inv1_a-b")).as_deref(), Some("inv1_a-b"));
            assert_eq!(invitation(&cookies.forget_invitation()), None);
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
