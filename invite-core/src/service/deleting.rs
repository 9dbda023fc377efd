//! Deleting what has ended, with all that is known of it.

use super::{Scoped, many::Many};
use crate::{
    actor::Actor,
    error::{Error, StoreError},
    id::InvitationId,
    kind::Kind,
    service::many::{Done, Selection},
    store::{InvitationStore, Key, Read, Removal, each},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Deletes an invitation that has ended, and with it its history, its links, and letters about it that are still
    /// queued. Nothing is left: its links and its id are [`Error::NotFound`] from then on, and its
    /// [key](crate::NewInvitation::key) is free again. One that nobody ended but whose time is over counts as ended.
    ///
    /// It asks [`Authority::authorize_delete`](crate::Authority::authorize_delete), which refuses unless you have written
    /// it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// let scoped = members.scope(organization);
    /// assert!(matches!(scoped.delete(&mut tx, &me, id).await, Err(Error::StillOpen)));
    /// scoped.cancel(&mut tx, &me, id, None).await?;
    /// scoped.delete(&mut tx, &me, id).await?;
    /// tx.commit();
    /// let preview = members.preview(&mut memory.connection(), &token).await;
    /// assert!(matches!(preview, Err(Error::NotFound)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], also when it was deleted before; [`Error::StillOpen`] when it has not ended:
    /// [`cancel`](Self::cancel) it first.
    pub async fn delete(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<(), Error> {
        self.before_asking(conn, actor).await?;
        self.invitations.authority.authorize_delete(conn, actor, &self.scope, &[id]).await?;
        let mut answers = self.remove(conn, &[id]).await?;
        answers.pop().unwrap_or(Err(Error::NotFound))
    }

    /// Deletes those of these, each given once, that have ended, and says why it left the others.
    async fn remove(&self, conn: &mut S::Conn, ids: &[InvitationId]) -> Result<Vec<Result<(), Error>>, Error> {
        let now = self.invitations.now();
        let removal = Removal { kind: K::NAME, scope: &self.scope, ids, now };
        let removed = each(self.invitations.store.remove(conn, &removal).await?, ids.len())?;
        let left = ids.iter().zip(&removed).filter(|(_, removed)| !**removed);
        let keys: Vec<_> = left.map(|(id, _)| Key::Id { kind: K::NAME, scope: Some(&self.scope), id: *id }).collect();
        let mut found = self.invitations.find_all(conn, &keys, Read::Latest).await?.into_iter();
        let answer = |removed| match removed {
            true => Ok(()),
            false => Err(match found.next().flatten() {
                None => Error::NotFound,
                Some(found) if removal.holds(&found.record) => StoreError::changed_meanwhile().into(),
                Some(_) => Error::StillOpen,
            }),
        };
        Ok(removed.into_iter().map(answer).collect())
    }
}

impl<S: InvitationStore, K: Kind> Many<'_, '_, S, K> {
    /// Deletes many that have ended, each as [`Scoped::delete`](crate::Scoped::delete) would. Those that are open are left.
    ///
    /// Pages of a list shift while it is deleted from: begin again at its start until nothing was done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// use invite_core::{InvitationQuery, Selection};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (first, _) = invited(&memory, &members).await;
    /// # let me = Actor::new(1);
    /// let mut tx = memory.begin().await;
    /// members.scope("org:7").cancel(&mut tx, &me, first, None).await?;
    /// let query = InvitationQuery::new().status(Status::Cancelled);
    /// let done = members.scope("org:7").many().delete(&mut tx, &me, &Selection::Matching(&query)).await?;
    /// tx.commit();
    /// assert_eq!(done.summary(), (1, 0)); // one deleted, none left
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of the call as a whole: [`Error::Invalid`] for the selection; [`Error::NotInTransaction`]; what
    /// [`Authority::authorize_delete`](crate::Authority::authorize_delete) says, because it says it of all;
    /// [`Error::Store`]. Why one was not deleted stands beside it.
    pub async fn delete(&self, conn: &mut S::Conn, actor: &Actor, selection: &Selection<'_>) -> Result<Done, Error> {
        let scoped = self.scoped;
        scoped.begin_write(conn, actor).await?;
        let (ids, next) = self.select(conn, actor, selection).await?;
        scoped.invitations.authority.authorize_delete(conn, actor, &scoped.scope, &ids).await?;
        let answers = match ids.is_empty() {
            true => Vec::new(),
            false => scoped.remove(conn, &ids).await?,
        };
        Ok(Done { items: ids.into_iter().zip(answers).collect(), next })
    }
}
