//! The inviting side's reading calls.

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    error::Error,
    event::Event,
    id::InvitationId,
    invitation::Invitation,
    kind::Kind,
    list::{InvitationQuery, Page},
    store::{InvitationStore, Read},
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
    /// [`Error::Invalid`] for an invalid filter, an empty period, a limit outside 1 to 200, a cursor of another order, and with
    /// [`Problem::Changed`](crate::Problem::Changed) for one by address when the row that the page before ended with has
    /// got another address or is gone. Begin again at the first page then.
    pub async fn list(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        query: &InvitationQuery,
    ) -> Result<Page<Invitation<K>>, Error> {
        let asked = self.invitations.asked(Some(&self.scope), query)?;
        self.authorize(conn, actor, &Action::Read).await?;
        self.invitations.page(conn, Some(&self.scope), &asked).await
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
