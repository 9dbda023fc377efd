//! Inviting again who did not come the first time.

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    delivery::Delivery,
    error::{Error, StoreError},
    id::InvitationId,
    invitation::{Invitation, OpenKey, Record},
    kind::Kind,
    service::{inviting::TRIES, look},
    state::{EventKind, Status},
    store::{Dispatch, Insertion, InvitationStore, NewEvent, Purpose, Read, only},
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
    /// [`Error::NotFound`]; [`Error::StillOpen`] when it has not ended: [`resend`](Self::resend) it;
    /// [`Error::AlreadyPending`] when there is an open, unexpired invitation for its address; [`Error::Invalid`]
    /// (`lifetime`) where the policy's lifetime is zero, negative or beyond its maximum; [`Error::Random`].
    pub async fn renew(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        let now = self.invitations.now();
        let policy = self.invitations.policy();
        let letter = self.invitations.letter(Purpose::Invitation, now)?;
        let expires_at = self.invitations.expiry(now, policy.lifetime)?;
        let new_id = self.invitations.new_id(now)?;
        self.invitations.writable(conn)?;
        self.check(actor)?;
        // It reads before it writes.
        self.invitations.store.lock_for_write(conn).await?;
        let old = Invitation::new(self.find(conn, id, Read::Latest).await?);
        self.invitations.authority.authorize(conn, actor, &self.scope, &Action::Renew(&old)).await?;

        let old = old.into_record();
        if old.status.is_open() && old.expires_at > now {
            return Err(Error::StillOpen);
        }
        let open_key = OpenKey::new(policy.uniqueness, K::NAME, &self.scope, &old.recipient);
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
        let event = NewEvent { kind: EventKind::Created, actor, reason: None, at: now };
        let dispatch = Dispatch::Letter(&letter);
        let insertion = [Insertion { record: &record, open_key: open_key.as_ref(), event: &event, dispatch }];
        for _ in 0..TRIES {
            if only(self.invitations.store.insert(conn, &insertion).await?)? {
                return Ok(Invitation::new(record));
            }
            match &open_key {
                Some(key) => self.clear_the_way(conn, key, now).await?,
                None => break,
            }
        }
        Err(StoreError::changed_meanwhile().into())
    }
}
