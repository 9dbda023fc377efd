//! The inviting side's reading calls.

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    clock::later,
    error::{Error, Field, Problem},
    event::Event,
    id::InvitationId,
    invitation::{Invitation, Record},
    kind::Kind,
    list::{Cursor, InvitationQuery, Page, Seek},
    store::{InvitationStore, Key, ListQuery, Read},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Reads one invitation, as it stands now.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let invitation = members.scope(organization).get(&mut memory.connection(), &me, id).await?;
    /// assert_eq!(invitation.recipient.as_given(), "ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        self.authorize(conn, actor, &Action::Read).await?;
        let record = self.find(conn, id, Read::Plain).await?;
        Ok(self.invitations.seen(record, self.invitations.now()))
    }

    /// Reads one page of the scope's invitations.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// # let mut tx = memory.begin().await;
    /// # members.scope(organization).create(&mut tx, &me, new("grace@example.com")).await?;
    /// # tx.commit();
    /// let mut conn = memory.connection();
    /// let query = InvitationQuery::new().status(Status::Pending).limit(1);
    /// let first = members.scope(organization).list(&mut conn, &me, &query).await?;
    ///
    /// // A cursor is text for the next page's address, and back.
    /// let cursor = first.next.expect("there are two").to_string();
    /// let second = members.scope(organization).list(&mut conn, &me, &query.after(cursor.parse()?)).await?;
    /// assert_ne!(first.items[0].id, second.items[0].id);
    /// assert!(second.next.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor of another order, and with [`Problem::Changed`] for one by address when the row
    /// that the page before ended with has got another address or is gone. Begin again at the first page then.
    pub async fn list(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        query: &InvitationQuery,
    ) -> Result<Page<Invitation<K>>, Error> {
        let now = self.invitations.now();
        let cursor = query.cursor()?;
        let mut statuses = query.statuses.clone();
        statuses.sort_unstable();
        statuses.dedup();
        let address = query.address.as_deref().map(str::to_ascii_lowercase);
        let expiring_until = query.expiring_within.map(|time| later(now, time));
        self.authorize(conn, actor, &Action::Read).await?;
        // No address has a NUL, and PostgreSQL takes none to look for.
        if address.as_deref().is_some_and(|part| part.contains('\0')) {
            return Ok(Page::new(Vec::new(), None));
        }

        let last = match cursor {
            Some(cursor) if cursor.instant().is_none() => Some(self.row_at(conn, cursor).await?),
            _ => None,
        };
        let after = cursor.map(|cursor| Seek {
            at: cursor.instant().unwrap_or(now),
            address: last.as_ref().map_or("", |last| last.recipient.canonical()),
            id: cursor.id,
        });

        // One more than the page tells whether there is another.
        let limit = query.page_size() + 1;
        let page = ListQuery {
            kind: K::NAME,
            scope: &self.scope,
            now,
            statuses: &statuses,
            address: address.as_deref(),
            expiring_until,
            sort: query.sort,
            after,
            limit,
        };
        let mut records = self.invitations.store.list(conn, &page).await?;
        let more = records.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        if more {
            records.truncate(records.len() - 1);
        }
        let next = records.last().filter(|_| more).map(|last| Cursor::of(query.sort, last));
        Ok(Page::new(records.into_iter().map(|record| self.invitations.seen(record, now)).collect(), next))
    }

    /// The row that a page by address ended with, if it is still where it was.
    async fn row_at(&self, conn: &mut S::Conn, cursor: Cursor) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope: Some(&self.scope), id: cursor.id };
        let found = self.invitations.find_one(conn, &key, Read::Plain).await?.map(|found| found.record);
        let unmoved = found.filter(|record| cursor.is_at(&record.recipient));
        unmoved.ok_or(Error::invalid(Field::Cursor, Problem::Changed))
    }

    /// Reads everything that happened to an invitation, oldest first.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// # let mut tx = memory.begin().await;
    /// # members.accept(&mut tx, &token, &Claimant::new(2).verified("ada@example.com")).await?;
    /// # tx.commit();
    /// let history = members.scope(organization).history(&mut memory.connection(), &me, id).await?;
    /// let told: Vec<_> = history.iter().map(|event| (event.kind, event.actor.id())).collect();
    /// assert_eq!(told.first(), Some(&(EventKind::Created, Some("1"))));
    /// assert_eq!(told.last(), Some(&(EventKind::Accepted, Some("2"))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn history(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Vec<Event>, Error> {
        self.authorize(conn, actor, &Action::Read).await?;
        let events = self.invitations.store.history(conn, K::NAME, &self.scope, id).await?;
        if events.is_empty() { Err(Error::NotFound) } else { Ok(events) }
    }
}
