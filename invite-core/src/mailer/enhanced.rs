//! The status codes that say what is wrong with a mail.

use std::fmt;

/// An enhanced mail system status code of RFC 3463, such as 5.1.1: no such mailbox.
///
/// ```
/// use invite_core::EnhancedCode;
///
/// let code = EnhancedCode::parse("5.1.1").unwrap();
/// assert!(code.is_permanent());
/// assert_eq!(code.to_string(), "5.1.1");
/// assert_eq!(EnhancedCode::parse("5.1"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    /// A code of its three parts: class 2, 4 or 5, the others at most 999; `None` otherwise.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        match class {
            2 | 4 | 5 if subject <= 999 && detail <= 999 => Some(Self { class, subject, detail }),
            _ => None,
        }
    }

    /// Reads it as servers write it, without anything before or behind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        });
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() {
            return None;
        }
        Self::new(u8::try_from(class).ok()?, subject, detail)
    }

    /// Whether it says that trying again is pointless.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.class == 5
    }

    /// 2 for success, 4 for a failure that may pass, 5 for one that will not.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// What it is about, such as 1 for the address.
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// What exactly.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, subject, detail } = self;
        write!(f, "{class}.{subject}.{detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_codes_are_read() {
        for text in ["2.0.0", "4.2.1", "5.7.999"] {
            assert_eq!(EnhancedCode::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "5", "5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5.+1.1", " 5.1.1", "5..1", "55.1.1", "5.1.1\n"] {
            assert_eq!(EnhancedCode::parse(text), None, "{text:?}");
        }
    }
}
