//! Many invitations in one request.

use invite_core::{
    Cursor, Done, Error, Invitation, InvitationId, InvitationQuery, NewInvitation, Paging, Selection, Status, Verdict,
};
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
            let Row { email, role, message, expires_in_hours, locale, key } = row;
            let invite = Invite {
                email: email.clone(),
                role: *role,
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
    fn new(error: Error) -> Self {
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

/// Which invitations are meant: some by their ids, those that a list shows, or all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    pub ids: Option<Vec<InvitationId>>,
    pub matching: Option<Matching>,
    #[serde(default)]
    pub everything: bool,
    /// Where to go on: `next` of the answer before.
    pub cursor: Option<String>,
    pub reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    pub status: Option<Status>,
    pub q: Option<String>,
    pub role: Option<Role>,
    pub import: Option<String>,
}

/// What was meant, in the library's terms.
pub enum Meant {
    Ids(Vec<InvitationId>),
    Matching(Box<InvitationQuery>),
    Everything(Option<Cursor>),
}

/// How many invitations one request changes.
const AT_ONCE: u32 = 200;

impl Many {
    pub fn meant(&self) -> Result<Meant, Problem> {
        let after = self.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
        match (&self.ids, &self.matching, self.everything) {
            (Some(ids), None, false) => Ok(Meant::Ids(ids.clone())),
            (None, Some(matching), false) => {
                let query = matching.query().limit(AT_ONCE);
                Ok(Meant::Matching(Box::new(match after {
                    Some(cursor) => query.after(cursor),
                    None => query,
                })))
            }
            (None, None, true) => Ok(Meant::Everything(after)),
            _ => Err(Problem::unprocessable("Say which invitations: one of `ids`, `matching` and `everything`.")),
        }
    }
}

impl Matching {
    fn query(&self) -> InvitationQuery {
        let Self { status, q, role, import } = self;
        let mut query = InvitationQuery::new();
        if let Some(status) = status {
            query = query.status(*status);
        }
        if let Some(part) = q {
            query = query.search(part);
        }
        if let Some(role) = role {
            query = query.facet(role.word());
        }
        if let Some(import) = import {
            query = query.import(import);
        }
        query
    }
}

impl Meant {
    pub fn selection(&self) -> Selection<'_> {
        match self {
            Self::Ids(ids) => Selection::Ids(ids.clone()),
            Self::Matching(query) => Selection::Matching(query),
            Self::Everything(after) => Selection::Everything(Paging { after: *after, limit: Some(AT_ONCE) }),
        }
    }
}

/// What became of each.
#[derive(Debug, Serialize)]
pub struct DoneView {
    pub items: Vec<OneDone>,
    pub summary: Summary,
    pub next: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct OneDone {
    pub id: InvitationId,
    pub done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
}

#[derive(Debug, Serialize)]
pub struct Summary {
    pub done: usize,
    pub skipped: usize,
}

impl From<Done> for DoneView {
    fn from(done: Done) -> Self {
        let (count, skipped) = done.summary();
        let one = |(id, done): (InvitationId, Result<(), Error>)| OneDone {
            id,
            done: done.is_ok(),
            error: done.err().map(RowError::new),
        };
        Self {
            next: done.next.map(|cursor| cursor.to_string()),
            items: done.items.into_iter().map(one).collect(),
            summary: Summary { done: count, skipped },
        }
    }
}
