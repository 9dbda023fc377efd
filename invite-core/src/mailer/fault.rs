//! Whose fault it is that a letter did not arrive.

mod words;

use self::words::Words;
use super::EnhancedCode;

/// Whose fault it is that a letter did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The recipient's: there is no such mailbox, or it takes no mail. Only this makes an invitation `delivery_failed`.
    Recipient,
    /// The letter's: it is taken for spam, or is too large.
    Content,
    /// The sender's, which is us: an address that is not verified, a domain that is not authenticated, a limit that is
    /// reached.
    Sender,
    /// The mail provider's or the network's: a system is down, full, or wrongly set up.
    Provider,
}

impl Fault {
    /// Every fault there is.
    pub const ALL: [Self; 4] = [Self::Recipient, Self::Content, Self::Sender, Self::Provider];

    /// Finds it from what a server answered or reported. `None` if that does not tell.
    ///
    /// The enhanced code decides, where it is a specific one: RFC 3463, the registry of enhanced status codes at IANA, and
    /// the codes that Exchange Online documents. Then the code of the reply, and then the words: those that speak of the
    /// sender, or of how much may be sent, before those that speak of the recipient or of the letter.
    ///
    /// ```
    /// use invite_core::{EnhancedCode, Fault};
    ///
    /// let spf = EnhancedCode::parse("5.7.23");
    /// assert_eq!(Fault::of(Some(550), spf, "rejected"), Some(Fault::Sender));
    /// assert_eq!(Fault::of(Some(550), None, "no such user here"), Some(Fault::Recipient));
    /// assert_eq!(Fault::of(Some(550), None, "rejected"), None);
    /// ```
    #[must_use]
    pub fn of(code: Option<u16>, enhanced: Option<EnhancedCode>, text: &str) -> Option<Self> {
        if code == Some(521) {
            // RFC 7504: the host takes no mail at all, whatever else it says.
            return Some(Self::Provider);
        }
        if let Some(fault) = enhanced.and_then(specific) {
            return Some(fault);
        }
        if let Some(530 | 534 | 535 | 538) = code {
            // RFC 4954: who sends is to log in, or to log in otherwise.
            return Some(Self::Sender);
        }
        let words = Words::of(text);
        words.fault(code, enhanced).or_else(|| enhanced.and_then(general)).or_else(|| code.and_then(of_reply))
    }

    /// The word that a store keeps for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Content => "content",
            Self::Sender => "sender",
            Self::Provider => "provider",
        }
    }

    /// The fault behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == word)
    }
}

/// What a code says by itself, whatever the words beside it.
const fn specific(code: EnhancedCode) -> Option<Fault> {
    Some(match (code.subject(), code.detail()) {
        // 1.7, 1.8: the sender's address. 7.3 to 7.14: logging in and encryption. 7.20 to 7.30: DKIM, SPF, DMARC, the reverse
        // entry (RFC 7372), a flood, ARC, TLS. Exchange: 2.252 and 7.60 who may send as whom, 7.57 and 7.64 anonymous
        // senders, 7.5xx to 7.7xx banned senders, networks and tenants.
        (1, 7 | 8)
        | (2, 121 | 252)
        | (5, 1..=5)
        | (
            7,
            3..=8
            | 10
            | 11
            | 13
            | 14
            | 20..=30
            | 57
            | 60
            | 64
            | 232
            | 233
            | 501..=503
            | 506..=511
            | 606..=649
            | 700..=799,
        ) => Fault::Sender,
        // 2.3, 3.4 and 7.16: too large. 6: conversion and content.
        (2, 3) | (3, 4) | (6, 0..=6 | 8 | 9) | (7, 16 | 512) => Fault::Content,
        // Exchange: 7.124 to 7.136 mailboxes and groups that take mail of some senders only, 7.504 and 7.505 recipients.
        (1, 1 | 2 | 3 | 4 | 6 | 10) | (2, 1 | 2 | 4 | 122) | (6, 7) | (7, 2 | 17 | 18 | 124..=136 | 504 | 505) => {
            Fault::Recipient
        }
        (3, 1 | 3 | 5) | (7, 15 | 19 | 320..=325) => Fault::Provider,
        _ => return None,
    })
}

/// What a code says of which there is more than one reading, when the words did not tell.
const fn general(code: EnhancedCode) -> Option<Fault> {
    match (code.subject(), code.detail()) {
        (2, 0) => None,
        // Of a host that does not answer. For good, Exchange Online says it of almost anything.
        (4, 1) if code.is_permanent() => None,
        (1 | 2, _) => Some(Fault::Recipient),
        (3 | 4, _) => Some(Fault::Provider),
        (5, _) => Some(Fault::Sender),
        (6, _) => Some(Fault::Content),
        _ => None,
    }
}

const fn of_reply(code: u16) -> Option<Fault> {
    match code {
        // RFC 5321: not a local user. RFC 7504: the domain takes no mail.
        551 | 556 => Some(Fault::Recipient),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
