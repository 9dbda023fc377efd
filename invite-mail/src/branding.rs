//! Whose letters they look like.

use std::fmt;

use invite_core::check_line;
use url::{Host, Url};

/// The colour of buttons unless a branding has its own.
const COLOR: &str = "#2f55d4";

/// A name, a logo and a colour for the letters, and the name of their sender.
///
/// All of it comes from configuration or from your own database, and is checked when it is set.
/// Nothing else in a letter is loaded from elsewhere than the logo.
///
/// ```
/// use invite_mail::Branding;
///
/// let branding = Branding::default()
///     .name("Analytical Engines")?
///     .logo("https://static.example.com/engines.png")?
///     .color("#0a7d4f")?
///     .sender_name("Analytical Engines via Example")?;
/// # Ok::<(), invite_mail::BrandingError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Branding {
    name: Option<String>,
    logo: Option<String>,
    color: Option<Color>,
    sender_name: Option<String>,
}

impl Branding {
    /// Stands above the letter, and for the logo where images are not shown.
    ///
    /// # Errors
    /// [`BrandingError::Name`] as [`check_line`] has it.
    pub fn name(mut self, name: &str) -> Result<Self, BrandingError> {
        self.name = Some(line(name).ok_or(BrandingError::Name)?);
        Ok(self)
    }

    /// An image above the letter, shown 40 pixels high: an `https` URL without user name, on a
    /// host that has a name. PNG or JPEG, since mail programs show little else. Whoever serves it
    /// learns when a letter is opened.
    ///
    /// # Errors
    /// [`BrandingError::Logo`].
    pub fn logo(mut self, url: &str) -> Result<Self, BrandingError> {
        self.logo = Some(image(url).ok_or(BrandingError::Logo)?);
        Ok(self)
    }

    /// The colour of the button, as `#rrggbb`. Its text becomes white or black, whichever is
    /// readable: the contrast is never below 4.5 to 1 (WCAG 2.2, 1.4.3).
    ///
    /// # Errors
    /// [`BrandingError::Color`].
    pub fn color(mut self, color: &str) -> Result<Self, BrandingError> {
        self.color = Some(Color::new(color).ok_or(BrandingError::Color)?);
        Ok(self)
    }

    /// Shown beside the sender's address, instead of [`Sender::name`](crate::Sender::name).
    ///
    /// # Errors
    /// [`BrandingError::Name`] as [`check_line`] has it.
    pub fn sender_name(mut self, name: &str) -> Result<Self, BrandingError> {
        self.sender_name = Some(line(name).ok_or(BrandingError::Name)?);
        Ok(self)
    }

    pub(crate) fn shown_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn logo_url(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    /// Of the button, of what is written on it, and of its edge.
    pub(crate) fn colors(&self) -> [&str; 3] {
        self.color.as_ref().map_or([COLOR, WHITE, COLOR], |color| [&color.shown, color.text, color.edge()])
    }

    pub(crate) fn sender(&self) -> Option<&str> {
        self.sender_name.as_deref()
    }
}

/// What is wrong with a branding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrandingError {
    /// A name is blank, longer than 200 characters, or holds forbidden characters.
    #[error("the branding's name is blank, too long, or has a forbidden character")]
    Name,
    /// The logo is no plain `https` URL.
    #[error("the branding's logo is not a plain https url")]
    Logo,
    /// The colour is not of the form `#rrggbb`.
    #[error("the branding's colour is not of the form #rrggbb")]
    Color,
}

const WHITE: &str = "#ffffff";
const BLACK: &str = "#000000";
const GREY: &str = "#a8b1c0";

#[derive(Clone)]
struct Color {
    shown: String,
    text: &'static str,
    contrast_to_white: f64,
}

impl Color {
    fn new(color: &str) -> Option<Self> {
        let digits = color.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        let (red, green, blue) = (part(0)?, part(2)?, part(4)?);
        // One of the two always reaches 4.58.
        let contrast_to_white = contrast_to_white(red, green, blue);
        let text = if contrast_to_white >= 4.5 { WHITE } else { BLACK };
        Some(Self { shown: color.to_ascii_lowercase(), text, contrast_to_white })
    }

    /// A button as white as the letter needs one to be seen.
    fn edge(&self) -> &str {
        if self.contrast_to_white < 1.4 { GREY } else { &self.shown }
    }
}

impl fmt::Debug for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// As WCAG 2.2 defines it.
fn contrast_to_white(red: u8, green: u8, blue: u8) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    1.05 / (luminance + 0.05)
}

/// A line of text that people will see.
pub(crate) fn line(text: &str) -> Option<String> {
    check_line(text).ok()?;
    Some(text.trim().to_owned())
}

fn image(url: &str) -> Option<String> {
    // What the URL standard forgives is a mistake or an attack here.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"'<>`{}|^".contains(&byte);
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if !url.bytes().all(plain) || authority.contains('@') || authority.is_empty() {
        return None;
    }
    let parsed = Url::parse(url).ok()?;
    matches!(parsed.host(), Some(Host::Domain(_))).then(|| parsed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_a_button_is_readable_on_any_colour() {
        let text = |color: &str| Color::new(color).unwrap().text;
        for (color, expected) in [
            ("#ffffff", BLACK),
            ("#000000", WHITE),
            ("#ffd500", BLACK),
            ("#0A7D4F", WHITE),
            ("#767676", WHITE),
            ("#777777", BLACK),
        ] {
            assert_eq!(text(color), expected, "{color}");
        }
        for step in 0..4096_u32 {
            let part = |shift: u32| u8::try_from((step >> shift & 15) * 17).unwrap();
            let (red, green, blue) = (part(0), part(4), part(8));
            let white = contrast_to_white(red, green, blue);
            let contrast =
                if text(&format!("#{red:02x}{green:02x}{blue:02x}")) == WHITE { white } else { 21.0 / white };
            assert!(contrast >= 4.5, "{red} {green} {blue}: {contrast}");
        }
    }

    #[test]
    fn only_a_plain_colour_is_one() {
        for color in ["", "#fff", "red", "#12345", "#1234567", "123456", "#12345g", "#+12345", "#12 345", "#ffffff;}"] {
            assert_eq!(Branding::default().color(color).unwrap_err(), BrandingError::Color, "{color}");
        }
    }

    #[test]
    fn a_logo_is_loaded_over_https_from_a_named_host() {
        for url in ["https://example.com/a.png", "https://cdn.example.com:8443/a.png?v=2"] {
            assert!(Branding::default().logo(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "http://example.com/a.png",
            "//example.com/a.png",
            "data:image/png;base64,AAAA",
            "cid:logo",
            "javascript:alert(1)",
            "https://",
            "https:///a.png",
            "https://user@example.com/a.png",
            "https://127.0.0.1/a.png",
            "https://[::1]/a.png",
            "https://example.com/a.png\" onload=\"x",
            "https://example.com/{{ a }}.png",
            "https://example.com/a b.png",
            "https://example.com\\@evil.example/a.png",
            "https://exämple.com/a.png",
        ] {
            assert_eq!(Branding::default().logo(url).unwrap_err(), BrandingError::Logo, "{url}");
        }
    }

    #[test]
    fn names_are_one_line() {
        for name in ["", " ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
            assert_eq!(Branding::default().name(name).unwrap_err(), BrandingError::Name, "{name:?}");
            assert_eq!(Branding::default().sender_name(name).unwrap_err(), BrandingError::Name, "{name:?}");
        }
    }
}
