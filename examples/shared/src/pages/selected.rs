//! Acting on many invitations of the list: which are meant, what is asked before, and what is said after.

use std::collections::BTreeMap;

use invite_core::{InvitationId, InvitationQuery};
use serde::Serialize;

use super::{
    filter::Filter,
    item::href,
    view::{Confirm, count},
};
use crate::{
    Problem,
    selection::{DoneView, Meant},
};

/// What is done to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Resend,
    Cancel,
    Delete,
}

impl Act {
    fn read(word: &str) -> Option<Self> {
        [Self::Resend, Self::Cancel, Self::Delete].into_iter().find(|act| act.word() == word)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
        }
    }
}

/// Which the box for all is about. It says so itself: a filter that got lost must not become everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum All {
    Matching,
    Everything,
}

/// What the form sends: first to the page that asks, then by its button, and once more for each step of a long list.
#[derive(Debug)]
pub struct Selected {
    pub act: Act,
    /// Those that are ticked.
    ids: Vec<InvitationId>,
    /// Not those that are ticked, but all.
    all: Option<All>,
    filter: Filter,
    reason: String,
    /// Where this step begins.
    cursor: String,
    /// What the steps before have done.
    done: usize,
    skipped: usize,
}

impl Selected {
    /// # Errors
    /// The form sends no such thing.
    pub fn read(sent: &[(String, String)]) -> Result<Self, Problem> {
        let value = |name: &str| sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let ids = sent.iter().filter(|(key, _)| key == "id").map(|(_, id)| id.parse());
        Ok(Self {
            act: Act::read(value("act")).ok_or_else(Problem::not_found)?,
            ids: ids.collect::<Result<_, _>>().map_err(|_| Problem::not_found())?,
            all: match value("all") {
                "" => None,
                "everything" => Some(All::Everything),
                _ => Some(All::Matching),
            },
            filter: Filter::read(value("filter")),
            reason: value("reason").trim().into(),
            cursor: value("cursor").into(),
            done: value("done").parse().unwrap_or_default(),
            skipped: value("skipped").parse().unwrap_or_default(),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.ids.is_empty()
    }

    pub fn reason(&self) -> Option<&str> {
        Some(&*self.reason).filter(|reason| !reason.is_empty())
    }

    /// The list it was chosen from.
    pub fn list(&self, org: i64) -> String {
        self.filter.href(org, &self.filter.status, "")
    }

    /// The first of all, where they have to be counted.
    pub fn query(&self) -> Result<Option<InvitationQuery>, Problem> {
        self.all.map(|_| self.filter.whole("")).transpose()
    }

    /// In the library's terms.
    pub fn meant(&self) -> Result<Meant, Problem> {
        Ok(match self.all {
            None => Meant::Ids(self.ids.clone()),
            // The library refuses a filter that leaves nothing out.
            Some(All::Matching) => Meant::Matching(Box::new(self.filter.whole(&self.cursor)?)),
            Some(All::Everything) if self.cursor.is_empty() => Meant::Everything(None),
            Some(All::Everything) => Meant::Everything(Some(self.cursor.parse()?)),
        })
    }

    /// What is asked before. `found` is how many the filter shows, as far as they were counted.
    pub fn confirm(&self, org: i64, found: usize, more: bool) -> Confirm {
        let number = if self.all.is_some() { found } else { self.ids.len() };
        let which = if more { format!("more than {found} invitations") } else { count(number, "invitation") };
        let (title, text, button) = match self.act {
            Act::Resend => (
                format!("Send {which} again?"),
                "New mails with new links go out. Links made before stop working, and the time to answer begins anew.",
                "Send again",
            ),
            Act::Cancel => (
                format!("Cancel {which}?"),
                "They can no longer be accepted: all their links stop working.",
                "Cancel them",
            ),
            Act::Delete => (
                format!("Delete {which}?"),
                "Of those that have ended, nothing will be left, neither address nor history. Open ones stay.",
                "Delete for good",
            ),
        };
        Confirm {
            title,
            text: text.into(),
            action: format!("/organizations/{org}/invitations/selected"),
            reason: (self.act == Act::Cancel).then_some("Reason"),
            danger: self.act != Act::Resend,
            button,
            dismiss: "Not now",
            back: self.list(org),
            fields: self.fields(),
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("act", self.act.word().to_owned()), ("filter", self.filter.as_field())];
        match self.all {
            Some(All::Everything) => fields.push(("all", "everything".into())),
            Some(All::Matching) => fields.push(("all", "matching".into())),
            None => fields.extend(self.ids.iter().map(|id| ("id", id.to_string()))),
        }
        fields
    }

    /// The ids of those that were left as they were, for whoever wants to know their addresses.
    pub fn report(&self, org: i64, done: DoneView, address: &BTreeMap<InvitationId, String>) -> Report {
        let (sum, left) =
            (self.done.saturating_add(done.summary.done), self.skipped.saturating_add(done.summary.skipped));
        let mut reasons = BTreeMap::<String, Vec<Left>>::new();
        for item in done.items {
            let Some(error) = item.error else { continue };
            let known = address.get(&item.id).cloned();
            reasons.entry(error.detail).or_default().push(Left { href: href(org, item.id), address: known });
        }
        let next = done.next.map(|cursor| {
            let mut fields = self.fields();
            fields.extend([("cursor", cursor), ("reason", self.reason.clone())]);
            fields.extend([("done", sum.to_string()), ("skipped", left.to_string())]);
            fields
        });
        let (was, invitations) = (if sum == 1 { "was" } else { "were" }, count(sum, "invitation"));
        Report {
            title: match self.act {
                Act::Resend => format!("{invitations} {was} sent again"),
                Act::Cancel => format!("{invitations} {was} cancelled"),
                Act::Delete => format!("{invitations} {was} deleted"),
            },
            left: (left > 0).then(|| format!("{} {}", count(left, "invitation"), as_before(left))),
            reasons: reasons.into_iter().map(|(why, which)| Reason { why, number: which.len(), which }).collect(),
            next,
            back: self.list(org),
        }
    }
}

const fn as_before(number: usize) -> &'static str {
    if number == 1 { "was left as it was" } else { "were left as they were" }
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Report {
    title: String,
    left: Option<String>,
    /// Why those of this step were left.
    reasons: Vec<Reason>,
    /// What the next step sends, if there is more to do.
    next: Option<Vec<(&'static str, String)>>,
    back: String,
}

#[derive(Debug, Serialize)]
struct Reason {
    why: String,
    number: usize,
    which: Vec<Left>,
}

#[derive(Debug, Serialize)]
struct Left {
    href: String,
    /// Of the first few.
    address: Option<String>,
}
