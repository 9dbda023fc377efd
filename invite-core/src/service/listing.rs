//! Pages of lists, and counts.

use super::{Invitations, Scoped};
use crate::{
    actor::{Actor, Scope},
    authority::Action,
    error::{Error, Field, Problem},
    invitation::{Invitation, Record},
    kind::Kind,
    list::{Cursor, Filters, InvitationQuery, Listed, Page, Seek, Sort},
    stats::{Stats, StatsQuery},
    store::{InvitationStore, Key, ListQuery, Read},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Reads one page of the scope's invitations like [`list`](Self::list), but of each only what a table shows. Without
    /// payload, display and message a page of fifty takes a quarter to two fifths less time.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let query = InvitationQuery::new().search("ada");
    /// let page = members.scope(organization).list_rows(&mut memory.connection(), &me, &query).await?;
    /// assert_eq!(page.items[0].id, id);
    /// assert_eq!(page.items[0].recipient.as_given(), "ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`list`](Self::list). Cursors of one work for the other.
    pub async fn list_rows(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        query: &InvitationQuery,
    ) -> Result<Page<Listed>, Error> {
        let asked = self.invitations.asked(Some(&self.scope), query)?;
        self.authorize(conn, actor, &Action::Read).await?;
        self.invitations.page_of_rows(conn, Some(&self.scope), &asked).await
    }

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

impl Asked {
    /// The request for the page. One row more than it holds tells whether there is another.
    fn request<'a>(&'a self, kind: &'a str, scope: Option<&'a Scope>, last: Option<&'a Record>) -> ListQuery<'a> {
        let after = self.cursor.map(|cursor| Seek {
            at: cursor.instant().unwrap_or(self.filters.now),
            address: last.map_or("", |last| last.recipient.canonical()),
            id: cursor.id,
        });
        self.filters.query(kind, scope, self.sort, after, self.size + 1)
    }

    /// The rows of the page, and where the next one begins.
    fn cut<T>(&self, mut rows: Vec<T>, listed: impl FnOnce(&T) -> Listed) -> (Vec<T>, Option<Cursor>) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|last| Cursor::of(self.sort, &listed(last)));
        (rows, next)
    }
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
        let last = self.last_row(conn, scope, asked).await?;
        let records = self.store.list(conn, &asked.request(K::NAME, scope, last.as_ref())).await?;
        let (records, next) = asked.cut(records, |record| Listed::from(record));
        let now = asked.filters.now;
        Ok(Page::new(records.into_iter().map(|record| self.seen(record, now)).collect(), next))
    }

    /// The same, and of each invitation only what a list shows.
    pub(crate) async fn page_of_rows(
        &self,
        conn: &mut S::Conn,
        scope: Option<&Scope>,
        asked: &Asked,
    ) -> Result<Page<Listed>, Error> {
        let last = self.last_row(conn, scope, asked).await?;
        let rows = self.store.list_rows(conn, &asked.request(K::NAME, scope, last.as_ref())).await?;
        let (rows, next) = asked.cut(rows, Listed::clone);
        Ok(Page::new(rows.into_iter().map(|row| row.seen_at(asked.filters.now)).collect(), next))
    }

    /// The row that the page before ended with, where the cursor alone does not say where to go on.
    async fn last_row(
        &self,
        conn: &mut S::Conn,
        scope: Option<&Scope>,
        asked: &Asked,
    ) -> Result<Option<Record>, Error> {
        match asked.cursor {
            Some(cursor) if cursor.instant().is_none() => self.row_at(conn, scope, cursor).await.map(Some),
            _ => Ok(None),
        }
    }

    /// The row that a page by address ended with, if it is still where it was.
    async fn row_at(&self, conn: &mut S::Conn, scope: Option<&Scope>, cursor: Cursor) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope, id: cursor.id };
        let found = self.find_one(conn, &key, Read::Plain).await?.map(|found| found.record);
        let unmoved = found.filter(|record| cursor.is_at(&record.recipient));
        unmoved.ok_or(Error::invalid(Field::Cursor, Problem::Changed))
    }
}
