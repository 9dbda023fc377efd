//! Whose fault it is that a letter did not arrive.

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

/// The words of an answer: lower case, without what stands around them, each once with a blank on either side.
struct Words(String);

impl Words {
    fn of(text: &str) -> Self {
        let mut words = String::from(" ");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '\u{2019}')) {
            if !word.is_empty() {
                words.extend(word.chars().flat_map(char::to_lowercase).map(|c| if c == '\u{2019}' { '\'' } else { c }));
                words.push(' ');
            }
        }
        Self(words)
    }

    /// Whether any of these stands there: words, or several in a row.
    fn say(&self, any: &[&str]) -> bool {
        any.iter().any(|phrase| self.0.match_indices(phrase).any(|(at, _)| self.is_whole(at, at + phrase.len())))
    }

    fn is_whole(&self, from: usize, to: usize) -> bool {
        let around = [self.0[..from].chars().next_back(), self.0[to..].chars().next()];
        around.iter().all(|c| c.is_none_or(|c| c == ' '))
    }

    fn fault(&self, code: Option<u16>, enhanced: Option<EnhancedCode>) -> Option<Fault> {
        let of_recipient = self.say(RECIPIENT);
        // A mailbox and its owner have limits too. 552 and 452 are said of them, in RFC 5321.
        let of_mailbox = self.say(MAILBOX) || matches!(code, Some(452 | 552)) && self.say(ROOM);
        let found = if self.say(SIZE) {
            Fault::Content
        } else if self.say(SYSTEM) {
            Fault::Provider
        } else if self.say(SENDER) || (!of_mailbox && !of_recipient && self.say(LIMIT)) {
            Fault::Sender
        } else if of_recipient {
            Fault::Recipient
        } else if self.say(CONTENT) {
            Fault::Content
        } else if self.say(POLICY) {
            return self.of_directory(enhanced).then_some(Fault::Recipient);
        } else if of_mailbox && self.say(MAILBOX_STATE) {
            Fault::Recipient
        } else if self.say(PROVIDER) {
            Fault::Provider
        } else {
            return None;
        };
        Some(found)
    }

    /// How Exchange Online says that an organization has no such mailbox: `5.4.1 Recipient address rejected: Access denied`.
    fn of_directory(&self, enhanced: Option<EnhancedCode>) -> bool {
        let code = enhanced.map(|code| (code.subject(), code.detail()));
        code == Some((4, 1)) && self.say(&["recipient address rejected"])
    }
}

/// How large the letter is.
const SIZE: &[&str] = &[
    "too large",
    "too big",
    "message size",
    "message length",
    "size limit",
    "maximum size",
    "size exceeds",
    "exceeds size",
    "file size",
    "line length",
    "line too long",
    "lines too long",
];

/// A letter that goes round in circles, and a system that has no more room or time.
const SYSTEM: &[&str] = &["loop", "loops", "looping", "hop count", "hops", "insufficient", "timeout"];

/// How much more goes into a mailbox.
const ROOM: &[&str] = &["quota", "over quota", "overquota", "storage", "full", "space"];

/// That a rule decided, and not which.
const POLICY: &[&str] = &[
    "policy",
    "policies",
    "access denied",
    "permission denied",
    "administrative",
    "administratively",
    "prohibited",
    "greylisted",
    "greylisting",
    "greylist",
    "graylisted",
    "graylisting",
];

/// What identifies, authenticates or lists a sender.
const SENDER: &[&str] = &[
    "spf",
    "dkim",
    "dmarc",
    "ptr",
    "rdns",
    "reverse dns",
    "reverse hostname",
    "reverse lookup",
    "helo",
    "ehlo",
    "rbl",
    "dnsbl",
    "blacklist",
    "blacklisted",
    "blocklist",
    "blocklisted",
    "block list",
    "black list",
    "blocked using",
    "denylist",
    "spamhaus",
    "spamcop",
    "barracudacentral",
    "sorbs",
    "reputation",
    "relay",
    "relaying",
    "relayed",
    "unauthenticated",
    "authenticate",
    "authenticated",
    "authentication",
    "from address",
    "from domain",
    "from field",
    "mail from",
    "return path",
    "envelope from",
    "envelope sender",
    "sender",
    "senders",
    "send as",
    "send on behalf",
    "sendasdenied",
    "your account",
    "your domain",
    "your server",
    "your network",
    "your host",
    "your subscription",
    "your plan",
    "you are not",
    "you're not",
    "you must",
    "you need to",
    "client host",
    "smtp account",
    "not verified",
    "unverified",
    "not activated",
    "log in",
    "login",
    "credentials",
    "must issue a",
    "originating",
    "rcpthosts",
    "sandbox",
    "hosted tenant",
    "message quota",
    "message limit",
    "messages per",
    "emails per",
    "mails per",
    "outgoing",
    "outbound",
    "per second",
    "per minute",
    "per hour",
    "per day",
    "ip",
    "ips",
    "ip address",
    "spoof",
    "spoofing",
    "spoofed",
    "authorized",
    "authorised",
    "unauthorized",
    "unauthorised",
    "tls",
    "starttls",
    "sending",
    "allowed to send",
    "only send",
    "complaints",
];

/// Of how much may be sent.
const LIMIT: &[&str] = &[
    "limit",
    "limits",
    "limited",
    "rate",
    "rates",
    "ratelimit",
    "quota",
    "throttled",
    "throttling",
    "too many",
    "too fast",
    "too quickly",
    "exceeded",
    "exceeds",
    "frequency",
    "hourly",
    "daily",
];

/// Where the recipient's mail lies.
const MAILBOX: &[&str] = &[
    "mailbox",
    "mail box",
    "inbox",
    "maildir",
    "mail folder",
    "over quota",
    "overquota",
    "storage",
    "disk quota",
    "user's quota",
    "recipient's quota",
    "the user you are trying to contact",
    "recipient is receiving",
    "recipient has exceeded",
];

const MAILBOX_STATE: &[&str] = &[
    "full",
    "quota",
    "over quota",
    "overquota",
    "exceeded",
    "exceeds",
    "storage",
    "unavailable",
    "disabled",
    "inactive",
    "not found",
    "unknown",
    "invalid",
    "closed",
    "suspended",
    "too quickly",
    "rate",
    "limit",
    "no",
    "not",
    "doesn't",
    "space",
    "disk",
    "locked",
    "blocked",
    "deactivated",
];

const RECIPIENT: &[&str] = &[
    "user unknown",
    "unknown user",
    "unknown recipient",
    "recipient unknown",
    "unknown mailbox",
    "unknown address",
    "address unknown",
    "unknown local part",
    "unknown account",
    "account unknown",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no such account",
    "no such domain",
    "no such local user",
    "no mailbox",
    "no user",
    "not a valid mailbox",
    "not a valid user",
    "not a valid recipient",
    "not a known user",
    "not a valid address",
    "not our customer",
    "user not found",
    "recipient not found",
    "address not found",
    "account not found",
    "not find your recipient",
    "user doesn't exist",
    "user does not exist",
    "recipient does not exist",
    "recipient doesn't exist",
    "address does not exist",
    "address doesn't exist",
    "account does not exist",
    "account doesn't exist",
    "account that you tried to reach",
    "does not have an account",
    "doesn't have an account",
    "domain does not exist",
    "domain doesn't exist",
    "domain not found",
    "host not found",
    "no mx",
    "unrouteable address",
    "unroutable address",
    "no longer in use",
    "no longer available",
    "no longer active",
    "no longer valid",
    "no longer works",
    "no longer on server",
    "user is inactive",
    "user inactive",
    "user disabled",
    "user account is disabled",
    "user is disabled",
    "recipient is disabled",
    "account disabled",
    "account is disabled",
    "account has been disabled",
    "account inactive",
    "account is inactive",
    "inactive account",
    "invalid recipient",
    "invalid mailbox",
    "invalid user",
    "invalid address",
    "recipient rejected",
    "recipient refused",
    "recipient invalid",
    "bad destination",
    "bad recipient",
    "bad mailbox",
    "undeliverable address",
    "deactivated",
    "user over quota",
    "recipient over quota",
    "left the company",
    "left the organization",
    "not local",
    "has moved",
    "does not accept mail",
    "doesn't accept mail",
    "accepts no mail",
    "user doesn't have",
    "user does not have",
    "not listed in",
    "recipient not in",
    "dns domain",
    "inactive",
];

const CONTENT: &[&str] = &[
    "spam",
    "spammy",
    "junk",
    "unsolicited",
    "virus",
    "infected",
    "malware",
    "phishing",
    "phish",
    "content",
    "contents",
    "attachment",
    "attachments",
    "bulk",
    "suspicious",
    "header",
    "headers",
    "malformed",
    "url",
    "urls",
    "link",
    "links",
    "body part",
];

const PROVIDER: &[&str] = &[
    "temporarily unavailable",
    "temporary failure",
    "temporary error",
    "internal error",
    "internal server error",
    "local error",
    "out of memory",
    "insufficient system",
    "insufficient storage",
    "server busy",
    "server is busy",
    "service not available",
    "shutting down",
    "try a different server",
    "name service error",
    "lookup failed",
    "connection timed out",
    "connection refused",
    "connect to",
    "expired",
    "disk full",
    "write error",
    "local problem",
];

#[cfg(test)]
mod tests;
