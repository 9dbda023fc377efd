//! Many invitations in one request.

use invite_core::{Error, Invitation, InvitationId, NewInvitation, Verdict};
use serde::{Deserialize, Serialize};

use crate::{InvitationView, Invite, Membership, Organization, Problem, Role, User};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invites {
    pub rows: Vec<Row>,
    /// What the list and the statistics know these rows by.
    pub import: Option<String>,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// One person to invite: as an [`Invite`], with a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub email: String,
    pub role: Role,
    pub name: Option<String>,
    pub message: Option<String>,
    pub expires_in_hours: Option<i64>,
    pub locale: Option<String>,
    /// The same key again invites nobody twice.
    pub key: Option<String>,
}

impl Invites {
    /// In the library's terms.
    pub fn of(&self, organization: &Organization, inviter: &User) -> Result<Vec<NewInvitation<Membership>>, Problem> {
        let row = |row: &Row| {
            let Row { email, role, name, message, expires_in_hours, locale, key } = row;
            let invite = Invite {
                email: email.clone(),
                role: *role,
                name: name.clone(),
                message: message.clone(),
                expires_in_hours: *expires_in_hours,
                locale: locale.clone(),
            };
            let mut new = invite.of(organization, inviter)?;
            if let Some(key) = key {
                new = new.key(key);
            }
            if let Some(import) = &self.import {
                new = new.import(import);
            }
            Ok(new)
        };
        self.rows.iter().map(row).collect()
    }
}

/// What became of one row, or would become of it.
#[derive(Debug, Serialize)]
pub struct RowView {
    pub index: usize,
    pub verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationView>,
    /// Which invitation is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<InvitationId>,
    /// Which row says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
}

#[derive(Debug, Serialize)]
pub struct RowError {
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub detail: String,
}

impl RowError {
    pub(crate) fn new(error: Error) -> Self {
        let Problem { code, field, detail, .. } = error.into();
        Self { code, field: field.map(Into::into), detail: detail.into() }
    }
}

#[derive(Debug, Serialize)]
pub struct RowViews {
    pub items: Vec<RowView>,
    pub summary: Tally,
}

/// How many rows were answered how.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    pub created: usize,
    pub existing: usize,
    pub already_pending: usize,
    pub repeats: usize,
    pub refused: usize,
}

impl RowViews {
    pub fn planned(verdicts: Vec<Verdict>) -> Result<Self, Error> {
        Self::new(verdicts, |()| Ok(None))
    }

    pub fn done(verdicts: Vec<Verdict<Invitation<Membership>>>) -> Result<Self, Error> {
        Self::new(verdicts, |invitation| InvitationView::new(&invitation).map(Some))
    }

    fn new<T>(
        verdicts: Vec<Verdict<T>>,
        view: impl Fn(T) -> Result<Option<InvitationView>, Error>,
    ) -> Result<Self, Error> {
        let mut summary = Tally::default();
        let mut items = Vec::with_capacity(verdicts.len());
        for (index, verdict) in verdicts.into_iter().enumerate() {
            let word = verdict.as_str();
            let mut row = RowView { index, verdict: word, invitation: None, id: None, repeats: None, error: None };
            match verdict {
                Verdict::Created(created) => {
                    summary.created += 1;
                    row.invitation = view(created)?;
                }
                Verdict::Existing(id) => {
                    summary.existing += 1;
                    row.id = Some(id);
                }
                Verdict::AlreadyPending(id) => {
                    summary.already_pending += 1;
                    row.id = Some(id);
                }
                Verdict::Repeats(first) => {
                    summary.repeats += 1;
                    row.repeats = Some(first);
                }
                Verdict::Refused(error) => {
                    summary.refused += 1;
                    row.error = Some(RowError::new(error));
                }
                _ => {}
            }
            items.push(row);
        }
        Ok(Self { items, summary })
    }
}
