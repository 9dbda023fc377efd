//! For those who operate the service: invitations of every scope.

mod explaining;
mod privacy;

use super::{Invitations, Scoped};
use crate::{
    actor::Actor,
    authority::Action,
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    event::Event,
    id::InvitationId,
    invitation::{Invitation, Record},
    kind::Kind,
    list::{Cursor, InvitationQuery, Listed, Page, Sort},
    store::{InvitationStore, Key, OfAddress, Read},
    text,
};

pub use explaining::{About, Explanation, Standing};

/// How many invitations are on a page of [`Support::find_by_address`].
const PAGE: u32 = 50;

/// The calls of those who operate the service, over all scopes: what a support desk needs to find an invitation, to say
/// what happened to it, and to help.
///
/// Each asks [`Authority::authorize_support`](crate::Authority::authorize_support) first, which refuses unless you have
/// written it, and may fail with what it says: [`Error::NotPermitted`], [`Error::LimitReached`], [`Error::Authority`]. Each
/// may fail with [`Error::Store`] and with [`Error::Invalid`] for the actor, and the writing ones with
/// [`Error::NotInTransaction`]. What else, each says.
#[derive(Debug)]
#[must_use]
pub struct Support<'a, S: InvitationStore, K: Kind> {
    invitations: &'a Invitations<S, K>,
}

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// The calls of those who operate the service. They are not confined to a scope.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let operator = Actor::new("support:9");
    /// let invitation = members.support().get(&mut memory.connection(), &operator, id).await?;
    /// assert_eq!(invitation.scope.as_str(), "org:7");
    /// # Ok(())
    /// # }
    /// ```
    pub fn support(&self) -> Support<'_, S, K> {
        Support { invitations: self }
    }
}

impl<S: InvitationStore, K: Kind> Support<'_, S, K> {
    /// Reads one invitation, in whichever scope it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        self.ask(conn, actor, &Action::Read).await?;
        let record = self.find(conn, id, Read::Plain).await?;
        Ok(self.invitations.seen(record, self.invitations.now()))
    }

    /// Reads everything that happened to an invitation, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn history(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Vec<Event>, Error> {
        self.ask(conn, actor, &Action::Read).await?;
        let record = self.find(conn, id, Read::Plain).await?;
        Ok(self.invitations.store.history(conn, K::NAME, &record.scope, id).await?)
    }

    /// Reads one page of the invitations of all scopes.
    ///
    /// The only index over all scopes is that of the ids, which begin with the time of creation. So the query needs a
    /// [period](InvitationQuery::created) that has a beginning, and one of the two orders by creation; every other filter
    /// is compared with each row of the period.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let operator = Actor::new("support:9");
    /// let since = chrono::Utc::now() - chrono::TimeDelta::days(1);
    /// let waiting = InvitationQuery::new().created(since..).delivery(DeliveryState::Queued);
    /// let page = members.support().list(&mut memory.connection(), &operator, &waiting).await?;
    /// assert_eq!(page.items.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a query without a beginning, in another order, and as [`Scoped::list`].
    pub async fn list(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        query: &InvitationQuery,
    ) -> Result<Page<Invitation<K>>, Error> {
        let asked = self.invitations.asked(None, query)?;
        self.ask(conn, actor, &Action::Read).await?;
        self.invitations.page(conn, None, &asked).await
    }

    /// Reads one page of the invitations to this address, open or ended, of all scopes: the newest first, 50 to a page.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let operator = Actor::new("support:9");
    /// let mut conn = memory.connection();
    /// let page = members.support().find_by_address(&mut conn, &operator, "Ada@Example.com", None).await?;
    /// assert_eq!(page.items[0].id, id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is no address and for a cursor of another order.
    pub async fn find_by_address(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        address: &str,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation<K>>, Error> {
        let address: EmailAddress = address.parse()?;
        let no_place = Error::invalid(Field::Cursor, Problem::Malformed);
        let after = after.map(|cursor| cursor.newest_first().ok_or(no_place)).transpose()?;
        self.ask(conn, actor, &Action::Read).await?;
        // One row more than the page holds tells whether there is another page.
        let query = OfAddress { kind: K::NAME, scope: None, address: address.canonical(), after, limit: PAGE + 1 };
        let mut records = self.invitations.store.of_address(conn, &query).await?;
        let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = records.len() > size;
        records.truncate(size);
        let next = records.last().filter(|_| more).map(|last| Cursor::of(Sort::NewestFirst, &Listed::from(last)));
        let now = self.invitations.now();
        Ok(Page::new(records.into_iter().map(|record| self.invitations.seen(record, now)).collect(), next))
    }

    /// Has an invitation mailed again, in whichever scope it is, as [`Scoped::resend`] does.
    ///
    /// # Errors
    /// Those of [`Scoped::resend`].
    pub async fn resend(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        let scoped = self.to_change(conn, actor, id, &Action::Resend(id)).await?;
        scoped.resend_permitted(conn, actor, id).await
    }

    /// Takes an invitation back, in whichever scope it is, as [`Scoped::cancel`] does.
    ///
    /// # Errors
    /// Those of [`Scoped::cancel`].
    pub async fn cancel(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
        reason: Option<&str>,
    ) -> Result<Invitation<K>, Error> {
        reason.map_or(Ok(()), |reason| text::line(Field::Reason, reason))?;
        let scoped = self.to_change(conn, actor, id, &Action::Cancel(id)).await?;
        scoped.cancel_permitted(conn, actor, id, reason).await
    }

    /// Asks about a change, and looks which scope the invitation is of. It never leaves that scope.
    async fn to_change(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
        action: &Action<'_, K>,
    ) -> Result<Scoped<'_, S, K>, Error> {
        self.invitations.writable(conn)?;
        actor.check()?;
        self.invitations.store.lock_for_write(conn).await?;
        self.invitations.authority.authorize_support(conn, actor, action).await?;
        let record = self.find(conn, id, Read::Plain).await?;
        Ok(Scoped::new(self.invitations, record.scope))
    }

    async fn ask(&self, conn: &mut S::Conn, actor: &Actor, action: &Action<'_, K>) -> Result<(), Error> {
        actor.check()?;
        Ok(self.invitations.authority.authorize_support(conn, actor, action).await?)
    }

    async fn find(&self, conn: &mut S::Conn, id: InvitationId, read: Read) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope: None, id };
        let found = self.invitations.find_one(conn, &key, read).await?;
        found.map(|found| found.record).ok_or(Error::NotFound)
    }
}
