//! Whether a server goes on trying, in its own words.

use super::super::answer::cut;

/// What is looked at of the text.
const TEXT: usize = 4 * 1024;
/// A shorter subject of ours is likely to be a part of other words.
const SUBJECT: usize = 4;

/// What the words say of the server's tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes on.
    GoesOn,
    /// It has given up.
    Ended,
    /// Nothing.
    Unsaid,
}

impl Course {
    /// Reads the subject of a bounce, and the text in front. What they quote of the letter decides nothing: the name of an
    /// organization may consist of any words, and stands in our subject. So the subject of the letter, `ours`, is left out,
    /// and so are quotations.
    pub(super) fn of(subject: &str, text: &str, ours: Option<&str>) -> Self {
        let ours = ours.map(plain).filter(|ours| ours.len() >= SUBJECT);
        let without_ours = |words: String| match &ours {
            Some(ours) => words.replace(ours.as_str(), " "),
            None => words,
        };
        let subject = without_ours(plain(subject));
        let own: Vec<_> = cut(text, TEXT).lines().filter(|line| !quotes(line)).collect();
        let text = without_quotations(&without_ours(plain(&own.join("\n")))).replace("not a permanent error", " ");
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
        if says(&ENDED) || ENDED_SUBJECTS.iter().any(|begin| subject.starts_with(begin)) {
            Self::Ended
        } else if says(&GOES_ON) || SUBJECTS.iter().any(|begin| subject.starts_with(begin)) {
            Self::GoesOn
        } else {
            Self::Unsaid
        }
    }
}

/// How the subjects of servers that go on begin. Behind the beginning they may quote ours.
const SUBJECTS: [&str; 11] = [
    "warning: message",
    "warning: could not send",
    "warning: mail",
    "warning - message",
    "warning - delayed",
    "delayed mail",
    "delayed delivery",
    "delivery delayed",
    "mail delivery delayed",
    "message delayed",
    "delivery status notification (delay)",
];

const GOES_ON: [&str; 19] = [
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
];

/// What was tried for days is given up at last, in a mail that speaks of the delays before.
const ENDED: [&str; 10] = [
    "giving up",
    "given up",
    "gave up",
    "will not be retried",
    "won't be retried",
    "no further attempt",
    "no further delivery attempt",
    "permanent error",
    "will be deleted from queue",
    "has been on the queue too long",
];

const ENDED_SUBJECTS: [&str; 7] = [
    "undeliver",
    "returned mail",
    "mail delivery failed",
    "delivery status notification (failure)",
    "failure notice",
    "delivery failure",
    "delivery has failed",
];

/// In lower case, with single blanks.
fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line repeats a field of the letter, or a line of it.
fn quotes(line: &str) -> bool {
    let line = line.trim_start();
    let starts = |name: &str| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    (line.starts_with('>') && !line.starts_with(">>>")) || starts("subject:") || starts("from:")
}

/// Without what stands in quotation marks.
fn without_quotations(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(['"', '\u{201c}', '\u{201e}', '\u{ab}']) {
        let (before, quoted) = rest.split_at(begin);
        own.push_str(before);
        let mut characters = quoted.chars();
        let width = characters.next().map_or(0, char::len_utf8);
        match quoted[width..].find(['"', '\u{201c}', '\u{201d}', '\u{bb}']) {
            Some(end) => {
                let behind = &quoted[width + end..];
                rest = &behind[behind.chars().next().map_or(0, char::len_utf8)..];
            }
            // A mark that is never closed quotes nothing.
            None => rest = &quoted[width..],
        }
    }
    own + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_of_the_letter_says_nothing_of_its_course() {
        let ours = "Charles invited you to join Early Warning Systems: your mail has been delayed";
        for (subject, text) in [
            (format!("Undelivered: {ours}"), String::new()),
            (ours.to_owned(), String::new()),
            (format!("Re: {ours}"), String::new()),
            (String::new(), format!("Your mail about {ours} came back.")),
            (String::new(), format!("Your mail\nSubject: {ours}\ncame back.")),
        ] {
            assert_ne!(Course::of(&subject, &text, Some(ours)), Course::GoesOn, "{subject}, {text}");
        }
        for quoted in ["Giving up Smoking invites you", "It has been delayed", "Permanent Errors Ltd"] {
            for text in [
                format!("The mail \"{quoted}\" came."),
                format!("The mail “{quoted}” came."),
                format!("A mail:\n  Subject: {quoted}"),
                format!("> {quoted}"),
            ] {
                assert_eq!(Course::of("Mail", &text, None), Course::Unsaid, "{text}");
            }
        }
        assert_eq!(Course::of("Warning: message delayed", "", Some("x")), Course::GoesOn);
        assert_eq!(Course::of("", "a \" mark, and it will be retried", None), Course::GoesOn);
        assert_eq!(Course::of("", "It has been\ndelayed, and now I am giving\nup.", None), Course::Ended);
    }
}
