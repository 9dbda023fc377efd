//! Which invitations a request about many means, and what became of each.

use invite_core::{Cursor, DeliveryState, Done, Error, InvitationId, InvitationQuery, Paging, Selection, Status};
use serde::{Deserialize, Serialize};

use crate::{Problem, Role, bulk::RowError};

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
    pub delivery: Option<DeliveryState>,
    pub import: Option<String>,
}

/// What was meant, in the library's terms.
pub enum Meant {
    Ids(Vec<InvitationId>),
    Matching(Box<InvitationQuery>),
    Everything(Option<Cursor>),
}

/// How many invitations one request changes.
pub const AT_ONCE: u32 = 200;

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
        let Self { status, q, role, delivery, import } = self;
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
        if let Some(state) = delivery {
            query = query.delivery(*state);
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
