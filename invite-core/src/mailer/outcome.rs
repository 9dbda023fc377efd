//! What became of a letter.

use super::EnhancedCode;
use crate::text::is_treacherous;

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The next server has taken responsibility for it.
    Accepted {
        /// The server's own name for it, by which its operator finds it again.
        id: Option<String>,
    },
    /// This recipient or letter was refused, in so many words.
    Refused {
        /// Whether trying again is pointless.
        permanent: bool,
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
    Unwritable {
        /// What is wrong.
        text: String,
    },
    /// Our side is wrong: credentials, TLS. Never the recipient's fault, so it never makes an
    /// invitation `delivery_failed`; tried again until the invitation has ended, a letter to the
    /// inviter for a week.
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

impl Outcome {
    /// Accepted by a server that gave it no name.
    #[must_use]
    pub const fn accepted() -> Self {
        Self::Accepted { id: None }
    }

    /// Accepted under this name, if it is fit to be logged as [`words`](Self::words) are.
    #[must_use]
    pub fn accepted_as(id: &str) -> Self {
        Self::Accepted { id: fit_id(id) }
    }

    /// Codes and words as the inviting side may read them.
    pub(crate) fn reason(code: Option<u16>, enhanced: Option<EnhancedCode>, text: &str) -> String {
        let code = code.map_or_else(String::new, |code| format!("{code} "));
        let enhanced = enhanced.map_or_else(String::new, |code| format!("{code} "));
        Self::words(&format!("{code}{enhanced}{text}"))
    }

    /// A server's words, fit to be shown and kept: no control characters, nor those that hide or turn
    /// text, 200 characters at most, and nothing they may quote of what the server was sent: addresses,
    /// links, tokens. The worker applies it to every outcome; a mailer that shows or logs them itself
    /// should too.
    #[must_use]
    pub fn words(text: &str) -> String {
        let words = text.split(|c: char| c.is_whitespace() || is_treacherous(c)).filter(|word| !word.is_empty());
        let telling =
            |word: &str| word.contains(['@', '#', '?', '/', '\\']) || word.contains("inv1_") || word.len() > WORD_BYTES;
        let kept: Vec<_> = words.map(|word| if telling(word) { "…" } else { word }).collect();
        kept.join(" ").chars().take(ERROR_CHARS).collect()
    }
}

/// One word that `words` leaves as it is.
pub(crate) fn fit_id(id: &str) -> Option<String> {
    let id = id.trim();
    let fit = !id.is_empty() && !id.contains(char::is_whitespace) && Outcome::words(id) == id;
    fit.then(|| id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_are_cleaned() {
        let hex = "0f".repeat(32);
        let text =
            format!("550\r\n <ada@example.com>\u{0}\tsee https://x.example/?t=inv1_abc www.x.example/i/{hex} ok");
        assert_eq!(Outcome::words(&text), "550 … see … … ok");
        let text = "550 5.7.1 mx.example said evil.example/claim a\u{202E}b c\u{200B}d";
        assert_eq!(Outcome::words(text), "550 5.7.1 mx.example said … a b c d");
        assert_eq!(Outcome::words(&"é ".repeat(500)).chars().count(), ERROR_CHARS);
    }

    #[test]
    fn a_server_s_name_for_a_letter_is_one_harmless_word() {
        assert_eq!(Outcome::accepted_as(" 4F2C1A7\r\n"), Outcome::Accepted { id: Some("4F2C1A7".into()) });
        for id in ["", "two words", "ada@example.com", "inv1_abc", "a\u{1b}b", &"0f".repeat(32)] {
            assert_eq!(Outcome::accepted_as(id), Outcome::accepted(), "{id:?}");
        }
    }
}
