//! The fields of a delivery status notification, RFC 3464.

use super::{
    answer::Answer,
    entity::{Fields, fields},
    ids,
    mail::Mail,
    recipient::{Action, RecipientStatus},
};

/// No more recipients are looked at. A letter of ours has one, which may be an alias of several.
const RECIPIENTS: usize = 50;

#[derive(Default)]
pub(super) struct Status {
    pub(super) envelope_id: Option<String>,
    pub(super) recipients: Vec<RecipientStatus>,
    pub(super) addresses: Vec<String>,
}

impl Status {
    /// The status part of a mail, whatever stands around it.
    pub(super) fn typed(mail: &Mail<'_>) -> Option<Self> {
        let parts =
            ["message/delivery-status", "message/global-delivery-status", "text/delivery-status", "delivery-status"];
        let parts = mail.leaves.iter().filter(|leaf| leaf.is(&parts));
        let mut read =
            parts.map(|leaf| Self::read(&leaf.body, |_| true)).filter(|status| !status.recipients.is_empty());
        read.next()
    }

    /// The same fields in a part of another type, for a mail that a server wrote.
    pub(super) fn untyped(mail: &Mail<'_>) -> Option<Self> {
        let parts = mail.leaves.iter().filter(|leaf| leaf.is_text() && names_recipient(&leaf.body));
        let about_one =
            |group: &Fields| names_one(group) && (group.value("action").is_some() || group.value("status").is_some());
        let mut read =
            parts.map(|leaf| Self::read(&leaf.body, about_one)).filter(|status| !status.recipients.is_empty());
        read.next()
    }

    fn read(body: &[u8], wanted: impl Fn(&Fields) -> bool) -> Self {
        let mut status = Self::default();
        for group in fields(body) {
            let id = group.value("original-envelope-id");
            if status.envelope_id.is_none() {
                status.envelope_id = id.map(ids::xtext);
            }
            if let Some(recipient) = Some(&group).filter(|group| wanted(group)).and_then(RecipientStatus::read) {
                status.recipients.push(recipient);
                status.addresses.extend(addresses(&group));
                if status.recipients.len() == RECIPIENTS {
                    break;
                }
            } else if names_one(&group) {
                // Some servers leave a blank line between the recipient and what happened.
                status.addresses.extend(addresses(&group));
            }
        }
        status
    }

    /// Adds what a text for people says of the one failure of which the fields say nothing but that it happened.
    pub(super) fn fill(&mut self, text: &str) {
        if let [recipient] = &mut self.recipients[..]
            && recipient.action == Action::Failed
            && recipient.code.is_none()
            && recipient.diagnostic.is_none()
        {
            let found = Answer::find(text);
            let is_general = recipient.status.is_none_or(|status| status.to_string().ends_with(".0"));
            if found.class() == Some(5) {
                *recipient = RecipientStatus::new(Action::Failed, recipient.status, found);
            } else if is_general {
                *recipient = RecipientStatus::new(Action::Failed, recipient.status, Answer::words_of(text));
            }
        }
    }
}

fn names_one(group: &Fields) -> bool {
    group.value("final-recipient").is_some() || group.value("original-recipient").is_some()
}

/// Those that the sender gave before those to which the letter was handed on.
fn addresses(group: &Fields) -> Vec<String> {
    let values = ["original-recipient", "final-recipient"].into_iter().filter_map(|name| group.value(name));
    let mut found = Vec::new();
    for address in values.flat_map(ids::addresses) {
        let decoded = ids::xtext(address);
        if decoded != address {
            found.push(decoded);
        }
        found.push(address.to_owned());
    }
    found
}

fn names_recipient(body: &[u8]) -> bool {
    let name = b"final-recipient";
    super::entity::lines(body).any(|line| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))
}
