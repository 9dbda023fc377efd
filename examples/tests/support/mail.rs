use mailparse::{MailHeaderMap, ParsedMail};

/// A message as a mail program would show it.
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Mail {
    pub(crate) fn parse(message: &[u8]) -> Self {
        let mail = mailparse::parse_mail(message).unwrap();
        let header = |name| mail.headers.get_first_value(name).unwrap_or_default();
        Self {
            to: header("To"),
            subject: header("Subject"),
            text: part(&mail, "text/plain").unwrap_or_default(),
            html: part(&mail, "text/html").unwrap_or_default(),
        }
    }

    /// The link in the text part.
    pub(crate) fn link(&self) -> &str {
        let start = self.text.find("http").unwrap();
        self.text[start..].split_whitespace().next().unwrap()
    }
}

fn part(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
    if mail.ctype.mimetype == kind {
        return mail.get_body().ok();
    }
    mail.subparts.iter().find_map(|mail| part(mail, kind))
}
