//! Pages of lists, and counts.

use chrono::{DateTime, Utc};

use super::{Invitations, Scoped};
use crate::{
    actor::{Actor, Scope},
    authority::Action,
    error::{Error, Field, Problem},
    invitation::{Invitation, Record},
    kind::Kind,
    list::{Cursor, Filters, InvitationQuery, Page, Seek, Sort},
    stats::{Stats, StatsQuery},
    store::{InvitationStore, Key, Read},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Counts the scope's invitations: how many stand where, how many were accepted and after what time.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let stats = members.scope(organization).stats(&mut memory.connection(), &me, &StatsQuery::new()).await?;
    /// assert_eq!(stats.total, 1);
    /// assert_eq!(stats.by_status[&Status::Pending], 1);
    /// assert_eq!(stats.acceptance_rate, None); // none has ended
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`Authority`](crate::Authority) is asked with [`Action::Read`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid filter, an empty period, and a series whose period has no beginning or more than 366
    /// steps.
    pub async fn stats(&self, conn: &mut S::Conn, actor: &Actor, query: &StatsQuery) -> Result<Stats, Error> {
        let asked = query.counted(self.invitations.now())?;
        self.authorize(conn, actor, &Action::Read).await?;
        let counts = self.invitations.store.stats(conn, &asked.request(K::NAME, &self.scope)).await?;
        Ok(Stats::of(&counts, &asked))
    }
}

/// A checked query for a list.
pub(crate) struct Asked {
    filters: Filters,
    cursor: Option<Cursor>,
    sort: Sort,
    /// The most rows of a page.
    size: u32,
}

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Checks a query, before the authority or the store is asked. A list across all scopes goes by id, the only index for
    /// it, so its order must be one by creation, and its period must have a beginning.
    pub(crate) fn asked(&self, scope: Option<&Scope>, query: &InvitationQuery) -> Result<Asked, Error> {
        let (cursor, size, filters) = (query.cursor()?, query.page_size()?, query.filters(self.now())?);
        if scope.is_none() && !filters.have_a_beginning() {
            return Err(Error::invalid(Field::Period, Problem::Empty));
        }
        if scope.is_none() && !matches!(query.sort, Sort::NewestFirst | Sort::OldestFirst) {
            return Err(Error::invalid(Field::Selection, Problem::OutOfRange));
        }
        Ok(Asked { filters, cursor, sort: query.sort, size })
    }

    /// Reads one page of a scope, or of all scopes. The caller has asked the authority.
    pub(crate) async fn page(
        &self,
        conn: &mut S::Conn,
        scope: Option<&Scope>,
        asked: &Asked,
    ) -> Result<Page<Invitation<K>>, Error> {
        let Asked { filters, cursor, sort, size } = asked;
        let now: DateTime<Utc> = filters.now;
        let last = match cursor {
            Some(cursor) if cursor.instant().is_none() => Some(self.row_at(conn, scope, *cursor).await?),
            _ => None,
        };
        let after = cursor.map(|cursor| Seek {
            at: cursor.instant().unwrap_or(now),
            address: last.as_ref().map_or("", |last| last.recipient.canonical()),
            id: cursor.id,
        });
        // One more than the page tells whether there is another.
        let limit = size + 1;
        let mut records = self.store.list(conn, &filters.query(K::NAME, scope, *sort, after, limit)).await?;
        let more = records.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        if more {
            records.truncate(records.len() - 1);
        }
        let next = records.last().filter(|_| more).map(|last| Cursor::of(*sort, last));
        Ok(Page::new(records.into_iter().map(|record| self.seen(record, now)).collect(), next))
    }

    /// The row that a page by address ended with, if it is still where it was.
    async fn row_at(&self, conn: &mut S::Conn, scope: Option<&Scope>, cursor: Cursor) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope, id: cursor.id };
        let found = self.find_one(conn, &key, Read::Plain).await?.map(|found| found.record);
        let unmoved = found.filter(|record| cursor.is_at(&record.recipient));
        unmoved.ok_or(Error::invalid(Field::Cursor, Problem::Changed))
    }
}
