//! A new invitation into the store, and what may be in its way.

use chrono::{DateTime, Utc};

use super::Scoped;
use crate::{
    actor::Actor,
    authority::Action,
    error::{Error, StoreError},
    invitation::{Idempotency, Invitation, NewInvitation, OpenKey, Record},
    kind::Kind,
    state::EventKind,
    store::{Change, Dispatch, Insertion, InvitationStore, Key, NewEvent, Read, Transition, only},
};

/// How often a write looks again when the invitation in its way ends under its hands.
pub(super) const TRIES: usize = 4;

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    pub(super) async fn insert(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: NewInvitation<K>,
        now: DateTime<Utc>,
        dispatch: Dispatch<'_>,
    ) -> Result<Invitation<K>, Error> {
        let record = self.draft(actor, &new, now, dispatch)?;
        self.authorize_write(conn, actor, &Action::Create(&new)).await?;
        self.store(conn, record, dispatch).await
    }

    /// Stores a new invitation, and ends what is in its way without being open any more.
    pub(super) async fn store(
        &self,
        conn: &mut S::Conn,
        record: Record,
        dispatch: Dispatch<'_>,
    ) -> Result<Invitation<K>, Error> {
        let now = record.created_at;
        let open_key = self.open_key(&record);
        let event = NewEvent { kind: EventKind::Created, actor: &record.inviter, reason: None, at: now };
        let insertion = [Insertion { record: &record, open_key: open_key.as_ref(), event: &event, dispatch }];
        for _ in 0..TRIES {
            if only(self.invitations.store.insert(conn, &insertion).await?)? {
                return Ok(Invitation::new(record));
            }
            // Before the key is looked for: of what is stored between the two looks, the second one sees whose it is.
            let way = match &open_key {
                Some(key) => self.clear_the_way(conn, key, now).await,
                None => Ok(()),
            };
            if let Some(key) = &record.idempotency
                && let Some(first) = self.invitations.find_one(conn, &Key::Idempotency(key), Read::Latest).await?
            {
                return self.repeated(conn, &event, dispatch, key, first.record).await;
            }
            way?;
            if open_key.is_none() && record.idempotency.is_none() {
                break;
            }
        }
        Err(StoreError::changed_meanwhile().into())
    }

    /// Of what there may be only one while this one is open.
    pub(super) fn open_key(&self, record: &Record) -> Option<OpenKey> {
        OpenKey::new(self.invitations.policy().uniqueness, K::NAME, &self.scope, &record.recipient)
    }

    /// The answer to a creation with a key that was used before.
    async fn repeated(
        &self,
        conn: &mut S::Conn,
        event: &NewEvent<'_>,
        dispatch: Dispatch<'_>,
        key: &Idempotency,
        first: Record,
    ) -> Result<Invitation<K>, Error> {
        if !first.idempotency.is_some_and(|known| known.asks_the_same(key)) {
            return Err(Error::KeyReused(first.id));
        }
        match dispatch {
            Dispatch::None | Dispatch::Letter(_) => Ok(self.invitations.seen(first, event.at)),
            // The link of the first call was told once and is stored nowhere.
            Dispatch::Token(..) => {
                let transition = Transition {
                    guard: self.guard(first.id, EventKind::LinkCreated, event.at),
                    change: Change::Link,
                    event: NewEvent { kind: EventKind::LinkCreated, ..event.clone() },
                    dispatch,
                };
                self.apply(conn, &transition).await
            }
        }
    }

    /// Somebody's open invitation holds the key. If it is only unswept, expires exactly that one;
    /// if it has gone meanwhile, all the better.
    pub(super) async fn clear_the_way(
        &self,
        conn: &mut S::Conn,
        key: &OpenKey,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(other) = self.invitations.find_one(conn, &Key::Open(key), Read::Latest).await? else {
            return Ok(());
        };
        if other.record.expires_at > now {
            return Err(Error::AlreadyPending(other.record.id));
        }
        let notice = self.invitations.notice(EventKind::Expired, now)?;
        let expiration = self.invitations.expiration(other.record.id, notice.as_ref(), now);
        self.invitations.change(conn, &expiration).await?;
        Ok(())
    }
}
