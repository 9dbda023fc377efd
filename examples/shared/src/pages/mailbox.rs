//! The development mailbox, to look at.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{Letter, Mailbox};

/// For the HTML part of a letter, in its frame: it may bring its own styles, and nothing else.
pub const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
                               sandbox allow-top-navigation-by-user-activation";

/// What the page shows: all letters, newest first, and one of them opened.
pub fn context(mailbox: &Mailbox, which: Option<usize>) -> Value {
    #[derive(Serialize)]
    struct Numbered {
        number: usize,
        #[serde(flatten)]
        mail: Letter,
    }

    let mails = mailbox.mails().into_iter().zip(1..);
    let mut mails: Vec<Numbered> = mails.map(|(mail, number)| Numbered { number, mail }).collect();
    mails.reverse();
    let open = mails.iter().find(|mail| Some(mail.number) == which).or(mails.first());
    json!({ "nav": "mailbox", "mails": mails, "mail_open": open })
}
