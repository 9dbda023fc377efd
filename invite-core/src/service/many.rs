//! Many invitations in one call.

mod creating;
mod selected;

use super::Scoped;
use crate::{
    error::{Error, Field, Problem},
    id::InvitationId,
    kind::Kind,
    list::{Cursor, InvitationQuery},
    store::InvitationStore,
};

/// The most invitations that one call creates, or changes by their ids.
const MOST: usize = 1_000;

/// Calls about many invitations of one scope: see [`Scoped::many`].
///
/// Each answers for every row by itself. A row that is refused spoils no other, and stores nothing. An error of the call as
/// a whole is one of the store, of the [`Authority`](crate::Authority), or of the call itself, such as too many rows.
///
/// On PostgreSQL and MySQL the rows of a call go to the database together, in documents of at most 1 MiB. On SQLite, which is in the same process, they go one by one. Two calls about the same people wait for each other, because their rows are locked in one order; two
/// calls in one transaction are not ordered with those of another, so let each call be a transaction. Where the database
/// stops one of them all the same, the error [is retryable](Error::is_retryable).
#[derive(Debug)]
#[must_use]
pub struct Many<'s, 'a, S: InvitationStore, K: Kind> {
    pub(super) scoped: &'s Scoped<'a, S, K>,
}

impl<'a, S: InvitationStore, K: Kind> Scoped<'a, S, K> {
    /// The calls about many invitations at once.
    pub fn many(&self) -> Many<'_, 'a, S, K> {
        Many { scoped: self }
    }
}

/// What became of one row of [`Many::create`], or would become of it: [`Many::plan`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict<T = ()> {
    /// It was created; here is the invitation.
    Created(T),
    /// A creation with its [key](crate::NewInvitation::key) was there before, with this invitation. Nothing was stored.
    Existing(InvitationId),
    /// There is an open invitation for its address: this one.
    AlreadyPending(InvitationId),
    /// Another row of the same call, the one at this index, has its address or its key.
    Repeats(usize),
    /// It was refused.
    Refused(Error),
}

impl<T> Verdict<T> {
    /// The verdict as a word, such as `already_pending`: for a JSON body.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Existing(_) => "existing",
            Self::AlreadyPending(_) => "already_pending",
            Self::Repeats(_) => "repeats",
            Self::Refused(_) => "refused",
        }
    }
}

/// Which invitations a call about many is about.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Selection<'q> {
    /// These, at most 1,000. One that occurs twice counts once.
    Ids(Vec<InvitationId>),
    /// Those that a list shows: one page of it, as long as the query [says](InvitationQuery::limit). The query has at least
    /// one filter, so that nobody cancels everything by a form that was sent empty.
    Matching(&'q InvitationQuery),
    /// Every invitation of the scope, page by page, the newest first.
    Everything(Paging),
}

/// A page of everything.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "a page has a beginning and a length")]
pub struct Paging {
    /// Where the page begins: the [next](Done::next) of the call before. `None` is the start.
    pub after: Option<Cursor>,
    /// The most invitations of this call, 1 to 200; `None` is 50.
    pub limit: Option<u32>,
}

/// What became of the invitations that were selected.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done {
    /// Each invitation, in the order of the ids or of the list, and why it was left as it was, if it was.
    pub items: Vec<(InvitationId, Result<(), Error>)>,
    /// Where the next call goes on. `None` at the end of the list, and for [`Selection::Ids`].
    pub next: Option<Cursor>,
}

impl Done {
    /// How many were changed, and how many were left as they were.
    #[must_use]
    pub fn summary(&self) -> (usize, usize) {
        let done = self.items.iter().filter(|(_, done)| done.is_ok()).count();
        (done, self.items.len() - done)
    }
}

fn too_many(field: Field) -> Error {
    Error::invalid(field, Problem::TooLong { max: MOST })
}
