//! Inviting again who did not come the first time.

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    delivery::Delivery,
    error::Error,
    id::InvitationId,
    invitation::{Invitation, Record},
    kind::Kind,
    service::look,
    state::Status,
    store::{Dispatch, InvitationStore, Purpose, Read},
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Invites the person of an invitation that has ended once more, to the same: a new invitation with the same address,
    /// payload, display, message, locale, inviter's address and import, which [`renews`](crate::Record::renews) the old one.
    /// The old one stays as it is. The inviter is the actor, the lifetime is the policy's, and it is mailed as by
    /// [`create`](Self::create). One that nobody ended but whose time is over counts as ended.
    ///
    /// Your [`Authority`](crate::Authority) is asked with [`Action::Renew`], which has the old invitation: what its payload
    /// grants may be more than this actor may grant. The payload is not [checked](Kind::check) again. The new one has no [key](crate::NewInvitation::key).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, _) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// let scoped = members.scope(organization);
    /// scoped.cancel(&mut tx, &me, id, Some("not yet")).await?;
    /// let invitation = scoped.renew(&mut tx, &me, id).await?;
    /// tx.commit();
    /// assert_eq!((invitation.status, invitation.renews), (Status::Pending, Some(id)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Erased`]; [`Error::StillOpen`] when it has not ended: [`resend`](Self::resend) it;
    /// [`Error::AlreadyPending`] when there is an open, unexpired invitation for its address; [`Error::Invalid`]
    /// (`lifetime`) where the policy's lifetime is zero, negative or beyond its maximum; [`Error::Random`].
    pub async fn renew(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        let now = self.invitations.now();
        let policy = self.invitations.policy();
        let letter = self.invitations.letter(Purpose::Invitation, now)?;
        let expires_at = self.invitations.expiry(now, policy.lifetime)?;
        let new_id = self.invitations.new_id(now)?;
        self.begin_write(conn, actor).await?;
        let old = Invitation::new(self.find(conn, id, Read::Latest).await?);
        self.ask(conn, actor, &Action::Renew(&old)).await?;

        let old = old.into_record();
        if old.status.is_open() && old.expires_at > now {
            return Err(Error::StillOpen);
        }
        if old.is_erased() {
            return Err(Error::Erased);
        }
        let mut record = Record {
            id: new_id,
            inviter: actor.clone(),
            status: Status::Pending,
            ended: None,
            generation: 1,
            min_generation: 1,
            grace_until: None,
            revision: 1,
            created_at: now,
            expires_at,
            resent_at: None,
            viewed_at: None,
            delivery: Delivery::unheard(Some(letter.delivery)),
            delivery_id: Some(letter.delivery),
            remind_at: None,
            reminded: None,
            idempotency: None,
            renews: Some(id),
            ..old
        };
        record.remind_at = look(&record, policy.reminders, now).next;
        self.store(conn, record, Dispatch::Letter(&letter)).await
    }
}
