//! Bounces that are no status reports: what servers wrote before RFC 3464, and some still write.

use super::{
    answer::{Answer, cut},
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
        let value = |name| mail.head.value(name).unwrap_or_default().to_ascii_lowercase();
        if mail.head.value("x-failed-recipients").is_some() {
            return Self::FailedRecipients;
        }
        let daemons = [
            "mailer-daemon",
            "mailerdaemon",
            "mail-daemon",
            "maildaemon",
            "postmaster",
            "mail delivery",
            "mail system",
        ];
        let is_daemon = |name| daemons.iter().any(|daemon| value(name).contains(daemon));
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

impl Bounce {
    /// Reads a mail that is about one of our letters. `None` if it is no bounce, but for example the answer of an absent
    /// person. `answers` says that the mail names the letter only as the one that it answers, as people's mails do;
    /// `returned` that it came to a return path, where only bounces and automatic answers come.
    pub(super) fn read(mail: &Mail<'_>, answers: bool, returned: bool) -> Option<Self> {
        let sign = Sign::of(mail);
        let is_receipt = mail.find(&["message/disposition-notification"]).is_some();
        if is_receipt || is_automatic_answer(mail, sign) || (sign == Sign::None && !returned) {
            return None;
        }
        let mut texts = mail.leaves.iter().filter(|leaf| leaf.is_text() && !leaf.name.contains("rfc822")).map(in_front);
        let text = texts.find(|text| !text.trim().is_empty()).unwrap_or_default();
        let answer = Answer::find(&text);
        if answer.is_none() && (answers || sign == Sign::None) && sign != Sign::FailedRecipients {
            return None;
        }
        let delayed = is_delay(mail.head.value("subject").unwrap_or_default(), &text);
        let answer = if answer.is_none() { Answer::words_of(&text) } else { answer };
        let action = if delayed { Action::Delayed } else { Action::Failed };
        Some(Self { action, answer, text })
    }
}

fn is_automatic_answer(mail: &Mail<'_>, sign: Sign) -> bool {
    let value = |name| mail.head.value(name).unwrap_or_default().to_ascii_lowercase();
    if sign == Sign::FailedRecipients {
        return false;
    }
    let named = ["x-autoreply", "x-autorespond", "x-autoresponder", "x-vacation"];
    if named.iter().any(|name| mail.head.value(name).is_some_and(|value| !value.eq_ignore_ascii_case("no")))
        || matches!(value("precedence").as_str(), "auto_reply" | "auto-reply")
    {
        return true;
    }
    // Mail systems mark their bounces as automatic answers too, and quote subjects in which anything may stand.
    if sign == Sign::Daemon {
        return false;
    }
    let subject = value("subject");
    let subjects = [
        "automatic reply",
        "auto reply",
        "auto-reply",
        "autoreply",
        "auto response",
        "auto-response",
        "autoresponse",
        "out of office",
        "out of the office",
        "out-of-office",
        "vacation",
        "abwesenheit",
        "abwesend",
        "automatische antwort",
        "réponse automatique",
        "absence",
        "respuesta automática",
        "risposta automatica",
        "resposta automática",
        "自動応答",
        "自動返信",
    ];
    value("auto-submitted").starts_with("auto-replied") || subjects.iter().any(|words| subject.contains(words))
}

/// Whether the server goes on trying.
fn is_delay(subject: &str, text: &str) -> bool {
    let subject = subject.to_ascii_lowercase();
    let text = cut(text, 4 * 1024).to_ascii_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let announced =
        ["delayed", "delay)", "warning", "still being retried", "will be retried", "not yet been delivered"];
    let said = [
        "will be retried",
        "will retry",
        "will keep trying",
        "will continue to try",
        "will continue trying",
        "continue to be attempted",
        "attempts will continue",
        "will try again",
        "will be attempted again",
        "still trying",
        "keeps trying",
        "keep trying",
        "not yet been delivered",
        "not been delivered yet",
        "delivery is delayed",
        "has been delayed",
        "been temporarily delayed",
        "do not need to resend",
        "don't need to resend",
        "this is a warning message only",
    ];
    // What was tried for days is given up at last, in a mail that speaks of the delays before.
    let ended = [
        "giving up",
        "given up",
        "gave up",
        "will not be retried",
        "won't be retried",
        "no further attempt",
        "permanent error",
    ];
    (announced.iter().any(|words| subject.contains(words)) || said.iter().any(|words| text.contains(words)))
        && !ended.iter().any(|words| text.contains(words))
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
