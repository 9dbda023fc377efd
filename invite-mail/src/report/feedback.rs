//! Complaints: feedback reports, RFC 5965.

use super::{
    answer::Answer,
    entity::fields,
    ids,
    mail::Mail,
    recipient::{Action, RecipientStatus},
};

pub(super) struct Feedback {
    /// Empty if it is no complaint, such as the type `not-spam`.
    pub(super) recipients: Vec<RecipientStatus>,
    pub(super) addresses: Vec<String>,
    /// The envelope sender of the letter.
    pub(super) mail_from: Option<String>,
}

impl Feedback {
    pub(super) fn read(mail: &Mail<'_>) -> Option<Self> {
        let part = mail.find(&["message/feedback-report"])?;
        let group = fields(&part.body).find(|group| group.value("feedback-type").is_some())?;
        let kind = group.value("feedback-type")?.to_ascii_lowercase();
        // `auth-failure` is a statistic of domains, and `not-spam` the opposite of a complaint.
        let complaint = ["abuse", "fraud", "virus", "opt-out", "opt-out-list", "other"];
        let recipients = if complaint.contains(&kind.split_whitespace().next()?) {
            vec![RecipientStatus::new(Action::Complained, None, Answer::default())]
        } else {
            Vec::new()
        };
        let named = ["original-rcpt-to", "removal-recipient"].into_iter().flat_map(|name| group.values(name));
        let addresses = named.flat_map(ids::addresses).map(str::to_owned).collect();
        Some(Self { recipients, addresses, mail_from: group.value("original-mail-from").map(str::to_owned) })
    }
}
