//! What became of a letter.

use super::{EnhancedCode, Fault};
use crate::text::is_treacherous;

/// Whether a mail server may accept a refused letter later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a reply of SMTP is one or the other")]
pub enum Refusal {
    /// The server will not accept the letter, however often it is tried; in SMTP, a reply of 500 to 599.
    Permanent,
    /// The server may accept the letter later; in SMTP, a reply of 400 to 499.
    Transient,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The next server has taken responsibility for it.
    Accepted {
        /// The server's own name for it, by which its operator finds it again.
        id: Option<String>,
    },
    /// This recipient or letter was refused, in so many words. Whose fault that is [`fault`](Self::fault) says: only a
    /// refusal that is the recipient's makes an invitation `delivery_failed`.
    Refused {
        /// Whether the letter may be accepted later.
        refusal: Refusal,
        /// The reply's code, such as 550.
        code: Option<u16>,
        /// The reply's enhanced code, such as 5.1.1.
        enhanced: Option<EnhancedCode>,
        /// The reply's text.
        text: String,
    },
    /// This letter cannot be written: a template asks for what it lacks. Our mistake, never the
    /// recipient's fault, and it says nothing about the server; so it never makes an invitation
    /// `delivery_failed` and holds no other letter up. Tried again until the invitation has ended.
    ComposeFailed {
        /// What is wrong.
        text: String,
    },
    /// Our side is wrong: credentials, TLS, more mail than the account may send. Never the
    /// recipient's fault, so it never makes an invitation `delivery_failed`; tried again until the
    /// invitation has ended, a letter to the inviter for a week.
    Misconfigured {
        /// What is wrong.
        text: String,
    },
    /// Nobody was there to take it, and it is certain that nothing was sent: no connection, or no
    /// answer before the letter was handed over. Says nothing about the recipient, so it never
    /// makes an invitation `delivery_failed`; tried again as long as after `Misconfigured`.
    Unreachable {
        /// What happened.
        text: String,
    },
    /// Nobody knows: it may have been sent. Tried again a little, then left standing.
    Unknown {
        /// What happened.
        text: String,
    },
}

/// What is kept of a server's words.
const ERROR_CHARS: usize = 200;
/// Longer words are no language: identifiers, links, tokens.
const WORD_BYTES: usize = 40;
/// A letter's lines are broken on the way, and tokens with them. What is left of one beside a shorter
/// piece cannot be completed by guessing.
const PIECE_BYTES: usize = 20;

impl Outcome {
    /// Accepted by a server that gave it no name.
    #[must_use]
    pub const fn accepted() -> Self {
        Self::Accepted { id: None }
    }

    /// Accepted under this name, if [`sanitize`](Self::sanitize) allows such a name in a log.
    #[must_use]
    pub fn accepted_as(id: &str) -> Self {
        Self::Accepted { id: fit_id(id) }
    }

    /// Whose fault it is that the letter did not arrive, as far as that is known; `None` if it did.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Accepted { .. } | Self::Unknown { .. } => None,
            Self::Refused { code, enhanced, text, .. } => Fault::of(*code, *enhanced, text),
            Self::ComposeFailed { .. } => Some(Fault::Content),
            Self::Misconfigured { .. } => Some(Fault::Sender),
            Self::Unreachable { .. } => Some(Fault::Provider),
        }
    }

    /// Codes and words as the inviting side may read them.
    pub(crate) fn reason(code: Option<u16>, enhanced: Option<EnhancedCode>, text: &str) -> String {
        let code = code.map_or_else(String::new, |code| format!("{code} "));
        let enhanced = enhanced.map_or_else(String::new, |code| format!("{code} "));
        Self::sanitize(&format!("{code}{enhanced}{text}"))
    }

    /// A server's words, fit to be shown and kept: no control characters, nor those that hide or turn
    /// text, 200 characters at most, and nothing they may quote of what the server was sent: addresses,
    /// links, tokens. The worker applies it to every outcome; a mailer that shows or logs them itself
    /// should too.
    #[must_use]
    pub fn sanitize(text: &str) -> String {
        let words = text.split(|c: char| c.is_whitespace() || is_treacherous(c)).filter(|word| !word.is_empty());
        let kept: Vec<_> = words.map(|word| if tells(word) || is_piece(word) { "…" } else { word }).collect();
        kept.join(" ").chars().take(ERROR_CHARS).collect()
    }
}

/// Whether a word may be an address, a link or a token.
fn tells(word: &str) -> bool {
    word.contains(['@', '#', '?', '/', '\\']) || word.contains("inv1_") || word.len() > WORD_BYTES
}

/// Whether a word may be a part of a token.
fn is_piece(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| u8::from(word.as_bytes().iter().any(kind));
    let kinds = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit);
    let piece = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let drawn = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    kinds > 1 && piece.len() >= PIECE_BYTES && piece.bytes().all(drawn)
}

/// The longest name that a server gives a letter.
const ID_BYTES: usize = 128;

/// One harmless word of ASCII. A server's own name for a letter may well look like a part of a token, and may be longer than
/// words are: those of Amazon SES have 60 characters. A whole token is not taken for one.
pub(crate) fn fit_id(id: &str) -> Option<String> {
    let id = id.trim();
    let plain = !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
    let quoted = id.contains(['@', '#', '?', '/', '\\', '<', '>']) || id.contains("inv1_");
    (plain && !quoted && !id.split('.').any(is_token)).then(|| id.into())
}

/// Whether this may be a whole token: 64 hexadecimal digits, or 49 characters of base64 without its prefix.
fn is_token(part: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| part.as_bytes().iter().any(kind);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    part.len() > WORD_BYTES && (mixed || part.len() >= 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_are_cleaned() {
        let hex = "0f".repeat(32);
        let text =
            format!("550\r\n <ada@example.com>\u{0}\tsee https://x.example/?t=inv1_abc www.x.example/i/{hex} ok");
        assert_eq!(Outcome::sanitize(&text), "550 … see … … ok");
        let text = "550 5.7.1 mx.example said evil.example/claim a\u{202E}b c\u{200B}d";
        assert_eq!(Outcome::sanitize(text), "550 5.7.1 mx.example said … a b c d");
        assert_eq!(Outcome::sanitize(&"é ".repeat(500)).chars().count(), ERROR_CHARS);
        // A token over the break of a quoted-printable line, the short part first.
        let text = "550 5.7.1 rejected: https://x.example/i?token=3Dinv1_AbCdEfGh= kLm0pQrStUv-xYz0123456789AbCdEfGh_jK0. spam";
        assert_eq!(Outcome::sanitize(text), "550 5.7.1 rejected: … … spam");
        let text = "client-host-rejected-by-policy MAILER-DAEMON-IS-NOT-WELCOME 4Zx8Kl3zQz9 stays";
        assert_eq!(Outcome::sanitize(text), text);
    }

    #[test]
    fn a_server_s_name_for_a_letter_is_one_harmless_word() {
        assert_eq!(Outcome::accepted_as(" 4F2C1A7\r\n"), Outcome::Accepted { id: Some("4F2C1A7".into()) });
        let exim = "1tOAbC-0000000AbCd-2XyZ";
        assert_eq!(Outcome::accepted_as(exim), Outcome::Accepted { id: Some(exim.into()) });
        let ses = "0102018f0a1b2c3d-4e5f6a7b-8c9d-4e0f-a1b2-c3d4e5f6a7b8-000000";
        assert_eq!(Outcome::accepted_as(ses), Outcome::Accepted { id: Some(ses.into()) });
        let token = "AbCdEfGhkLm0pQrStUv-xYz0123456789AbCdEfGh_jK0aB1x";
        assert_eq!(Outcome::accepted_as(token), Outcome::accepted());
        for id in ["", "two words", "ada@example.com", "inv1_abc", "a\u{1b}b", &"0f".repeat(32)] {
            assert_eq!(Outcome::accepted_as(id), Outcome::accepted(), "{id:?}");
        }
    }
}
