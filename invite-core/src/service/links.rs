//! Links that are handed over instead of mailed.

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    error::Error,
    id::InvitationId,
    invitation::{Linked, NewInvitation},
    kind::Kind,
    state::EventKind,
    store::{Change, Dispatch, InvitationStore, NewEvent, Transition},
    token::{Channel, Token, TokenDigest},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Invites without mailing: returns the token once, to be handed over as a link. Only its
    /// digest is kept; [`new_link`](Self::new_link) makes another.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (organization, me, new) = ("org:7", Actor::new(1), new("ada@example.com"));
    /// let mut tx = memory.begin().await;
    /// let Linked { invitation, token, .. } = members.scope(organization).create_with_link(&mut tx, &me, new).await?;
    /// tx.commit();
    /// let _link = format!("https://app.example.com/join#{}", token.expose_secret());
    /// assert_eq!(invitation.delivery.state, DeliveryState::NotMailed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_with_link(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: NewInvitation<K>,
    ) -> Result<Linked<K>, Error> {
        let now = self.invitations.now();
        let (token, digest) = self.draw()?;
        let invitation = self.insert(conn, actor, new, now, Dispatch::Token(&digest, Channel::Link)).await?;
        Ok(Linked { invitation, token })
    }

    /// Makes a link to an open invitation, to be handed over by other means than mail, and returns
    /// its token once, beside the invitation. Earlier links live. It proves nothing about the
    /// mailbox: whoever invites has seen it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me, mailed) = ("org:7", Actor::new(1), token);
    /// let mut tx = memory.begin().await;
    /// let token = members.scope(organization).new_link(&mut tx, &me, id).await?.token;
    /// tx.commit();
    /// for link in [mailed, token] {
    ///     assert!(members.preview(&mut memory.connection(), &link).await.is_ok());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] once it has ended or expired;
    /// [`Error::Random`].
    pub async fn new_link(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Linked<K>, Error> {
        let (token, digest) = self.draw()?;
        self.authorize_write(conn, actor, &Action::NewLink(id)).await?;
        let now = self.invitations.now();
        let transition = Transition {
            guard: self.guard(id, EventKind::LinkCreated, now),
            change: Change::Link,
            event: NewEvent { kind: EventKind::LinkCreated, actor, reason: None, at: now },
            dispatch: Dispatch::Token(&digest, Channel::Link),
        };
        let invitation = self.apply(conn, &transition).await?;
        Ok(Linked { invitation, token })
    }

    fn draw(&self) -> Result<(Token, TokenDigest), Error> {
        let token = Token::generate(&*self.invitations.random, self.invitations.policy().token_format)?;
        let digest = token.digest(K::NAME);
        Ok((token, digest))
    }
}
