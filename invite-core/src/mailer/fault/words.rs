//! What the words of an answer say, where its codes do not tell.

use super::Fault;
use crate::mailer::EnhancedCode;

/// The words of an answer: in lower case, without what stands around them, and with one blank on either side.
pub(super) struct Words(String);

impl Words {
    pub(super) fn of(text: &str) -> Self {
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

    pub(super) fn fault(&self, code: Option<u16>, enhanced: Option<EnhancedCode>) -> Option<Fault> {
        let of_recipient = self.say(RECIPIENT);
        // A mailbox and its owner have limits too. 552 and 452 are said of them, in RFC 5321.
        let of_mailbox = self.say(MAILBOX) || matches!(code, Some(452 | 552)) && self.say(ROOM);
        let found = if self.say(SIZE) {
            Fault::Content
        } else if self.say(BOX) && self.say(ROOM) {
            Fault::Recipient
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

/// Where the mail of one person lies, and nothing else.
const BOX: &[&str] = &["mailbox", "mail box", "inbox", "maildir", "mail folder"];

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
