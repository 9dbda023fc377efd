//! Bounces that are no status reports: what servers wrote before RFC 3464, and some still write.

mod course;

use self::course::Course;
use super::{
    answer::Answer,
    encoded_words,
    entity::lines,
    mail::{Leaf, Mail},
    recipient::Action,
};

/// What servers say in front is short.
const TEXT: usize = 16 * 1024;
const LINES: usize = 400;

/// What the words of such a bounce come to.
pub(super) struct Bounce {
    pub(super) action: Action,
    pub(super) answer: Answer,
    /// The text before the copy of the letter.
    pub(super) text: String,
}

/// By what a mail shows that a server wrote it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    /// Nothing: people write such mails.
    None,
    /// No envelope sender, as bounces and automatic answers have none.
    NullSender,
    /// The author is the mail system.
    Daemon,
    /// The field that names failed recipients, which nothing else has.
    FailedRecipients,
}

impl Sign {
    pub(super) fn of(mail: &Mail<'_>) -> Self {
        if mail.head.value("x-failed-recipients").is_some() {
            return Self::FailedRecipients;
        }
        let is_daemon = |name| mail.head.value(name).is_some_and(is_mail_system);
        if is_daemon("from") || is_daemon("sender") {
            return Self::Daemon;
        }
        let path = mail.head.value("return-path").map(str::to_ascii_lowercase);
        match path {
            Some(path) if path.replace(' ', "") == "<>" || path.contains("mailer-daemon") => Self::NullSender,
            _ => Self::None,
        }
    }
}

/// Whether this is the author of bounces: by the address, or by the whole name that mail systems give themselves. A person
/// or a company may well have a part of it in theirs.
fn is_mail_system(author: &str) -> bool {
    let author = encoded_words::decoded(author).to_lowercase();
    let locals = ["mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon", "postmaster", "mail.delivery.system"];
    let names =
        ["mail delivery", "mail delivery system", "mail delivery subsystem", "mail delivery service", "mail system"];
    // Only machines have no address.
    let is_bare = !author.contains('@') || author.replace(' ', "").ends_with("<>");
    let name = author.split(['<', '(']).next().unwrap_or_default().trim_matches([' ', '"', '\'']);
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | ',' | ';' | ':');
    let mut addresses = author.split(is_edge).filter(|word| is_bare || word.contains('@'));
    is_bare && author.contains("<>")
        || names.contains(&name)
        || locals.contains(&name)
        || addresses.any(|word| locals.contains(&word.split('@').next().unwrap_or_default()))
}

impl Bounce {
    /// Reads a mail that is about one of our letters. `None` if it is no bounce, but for example the answer of an absent
    /// person, in whatever language: nothing but what a mail system wrote, and proves, is taken for a failure. `answers` says
    /// that the mail names the letter only as the one that it answers, as people's mails do, and `ours` is the subject of the
    /// letter, if that came back.
    pub(super) fn read(mail: &Mail<'_>, answers: bool, ours: Option<&str>) -> Option<Self> {
        let sign = Sign::of(mail);
        let is_receipt = mail.find(&["message/disposition-notification"]).is_some();
        if is_receipt || is_automatic_answer(mail, sign) || sign == Sign::None {
            return None;
        }
        let mut texts = mail.leaves.iter().filter(|leaf| leaf.is_text() && !leaf.name.contains("rfc822")).map(in_front);
        let text = texts.find(|text| !text.trim().is_empty()).unwrap_or_default();
        // Absent people have no envelope sender either, and numbers in what they write.
        let answer = Some(Answer::find(&text)).filter(|answer| answer.certain || sign > Sign::NullSender);
        let answer = answer.unwrap_or_default();
        if answer.is_none() && answers && sign != Sign::FailedRecipients {
            return None;
        }
        let subject = encoded_words::decoded(mail.head.value("subject").unwrap_or_default());
        let course = Course::of(&subject, &text, ours);
        let action = match (answer.class(), course) {
            (None, _) if sign == Sign::NullSender => Action::Unclear,
            (_, Course::GoesOn) => Action::Delayed,
            _ if sign == Sign::FailedRecipients => Action::Failed,
            (Some(5), _) | (Some(4), Course::Ended) => Action::Failed,
            (Some(_), _) => Action::Delayed,
            (None, _) => Action::Unclear,
        };
        let answer = if action == Action::Unclear {
            // Nobody's reason: it may be the answer of an absent person.
            Answer::default()
        } else if answer.is_none() {
            Answer::words_of(&text)
        } else {
            answer
        };
        Some(Self { action, answer, text })
    }
}

/// By the fields that say so. Words of the subject say nothing: it may be ours, and anything may stand in it.
fn is_automatic_answer(mail: &Mail<'_>, sign: Sign) -> bool {
    let value = |name| mail.head.value(name).unwrap_or_default().to_ascii_lowercase();
    if sign == Sign::FailedRecipients {
        return false;
    }
    let named = ["x-autoreply", "x-autorespond", "x-autoresponder", "x-vacation"];
    let is_named = |name: &&str| mail.head.value(name).is_some_and(|value| !value.eq_ignore_ascii_case("no"));
    named.iter().any(is_named)
        || matches!(value("precedence").as_str(), "auto_reply" | "auto-reply")
        // Mail systems mark their bounces like this too.
        || (sign != Sign::Daemon && value("auto-submitted").starts_with("auto-replied"))
}

/// The words before the copy of the letter.
fn in_front(leaf: &Leaf<'_>) -> String {
    let body = &leaf.body[..leaf.body.len().min(TEXT)];
    let begins_copy = |line: &&[u8]| {
        let line = line.trim_ascii_start();
        let names: [&[u8]; 6] =
            [b"return-path:", b"received:", b"message-id:", b"dkim-signature:", b"mime-version:", b"x-mailer:"];
        names.iter().any(|name| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))
    };
    let mut text = String::new();
    for line in lines(body).take_while(|line| !begins_copy(line)).take(LINES) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text
}
