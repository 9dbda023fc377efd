//! The store asked directly, and its answers compared with what the contract's own functions say.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Channel, Event, EventKind, InvitationId, Record, Scope, Status, TokenDigest, Uniqueness,
    store::{
        Change, DeliveryId, Dispatch, Found, FoundToken, Guard, Insertion, Key, LeaseRequest, Leased, NewEvent,
        OpenKey, Read, StoreError, Transition,
    },
};

use crate::{
    case::{Stop, Verdict, ensure},
    compare::{same, same_token, within},
    erased::{Conn, Db},
    host::world::{committed, undone},
    store::rows::{
        KIND, Row, by_delivery, by_id, by_system, by_token, change, delivery_failed, digest, ended, noon, row, uuid,
    },
};

/// A store, and what was minted for it.
pub(crate) struct Direct {
    pub(crate) db: Db,
    drawn: AtomicU8,
    minted: Mutex<Vec<Minted>>,
}

/// A digest that the suite gave, for this letter of this kind.
#[derive(Clone)]
pub(crate) struct Minted {
    pub(crate) delivery: DeliveryId,
    pub(crate) kind: String,
    pub(crate) digest: TokenDigest,
}

impl Direct {
    pub(crate) fn on(db: &Db) -> Self {
        Self { db: Arc::clone(db), drawn: AtomicU8::new(0x80), minted: Mutex::default() }
    }

    pub(crate) async fn begin(&self) -> Result<Conn, StoreError> {
        self.db.begin_at(self.db.levels()[0]).await
    }

    pub(crate) async fn commit(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.commit(tx).await
    }

    pub(crate) async fn rollback(&self, tx: Conn) -> Result<(), StoreError> {
        self.db.rollback(tx).await
    }

    /// Inserts as a creation by the row's inviter would.
    pub(crate) async fn insert(&self, tx: &mut Conn, row: &Row, dispatch: Dispatch<'_>) -> Result<bool, StoreError> {
        let Record { inviter, created_at, .. } = &row.record;
        let event = NewEvent { kind: EventKind::Created, actor: inviter, reason: None, at: *created_at };
        let open_key = row.open_key();
        let new = Insertion { record: &row.record, open_key: open_key.as_ref(), event: &event, dispatch };
        self.db.insert_one(tx, &new).await
    }

    /// Inserts, where nothing can be in the way.
    pub(crate) async fn add(&self, tx: &mut Conn, row: &Row, dispatch: Dispatch<'_>) -> Verdict {
        let inserted = self.insert(tx, row, dispatch).await?;
        ensure!(inserted, "nobody holds its open key, and the insertion was answered with `false`");
        Ok(())
    }

    /// Inserts, and commits.
    pub(crate) async fn put(&self, row: &Row, dispatch: Dispatch<'_>) -> Verdict {
        committed!(self, tx => self.add(&mut tx, row, dispatch).await?);
        Ok(())
    }

    /// Makes a change whose guard holds, to `row` as well, and sees that the store answers with that row and
    /// with this token.
    pub(crate) async fn changes(
        &self,
        tx: &mut Conn,
        row: &mut Row,
        token: Option<&FoundToken>,
        transition: &Transition<'_>,
    ) -> Verdict {
        let doing = transition.event.kind.as_str();
        let Some(found) = self.db.apply_one(tx, transition).await? else {
            return Err(Stop::Failed(format!("{doing}: the guard holds, and the answer was `None`")));
        };
        transition.apply(&mut row.record, token);
        if matches!(transition.change, Change::Amend { recipient: Some((_, None)), .. }) {
            row.uniqueness = Uniqueness::None;
        }
        same(&found.record, &row.record, &format!("{doing}: the row returned"))?;
        same_token(found.token.as_ref(), token, doing)
    }

    /// Asks for a change that must not happen, and sees that the row stays as it is.
    pub(crate) async fn refuses(&self, tx: &mut Conn, row: &Row, transition: &Transition<'_>) -> Verdict {
        let doing = transition.event.kind.as_str();
        let answer = self.db.apply_one(tx, transition).await?;
        ensure!(answer.is_none(), "{doing}: it must not happen, and did");
        self.holds(tx, row, &format!("{doing}, which did not happen")).await
    }

    /// Makes a change, and commits.
    pub(crate) async fn happens(&self, row: &mut Row, transition: &Transition<'_>) -> Verdict {
        committed!(self, tx => self.changes(&mut tx, row, None, transition).await?);
        Ok(())
    }

    /// Brings an open row into this status, and commits.
    pub(crate) async fn bring(&self, row: &mut Row, status: Status) -> Verdict {
        let id = row.record.id;
        let kind = match status {
            Status::Pending => return Ok(()),
            Status::DeliveryFailed => {
                let Some(delivery) = row.record.delivery_id else {
                    return Err(Stop::Failed("a row without a letter cannot have failed to be delivered".into()));
                };
                return self.happens(row, &delivery_failed(by_delivery(delivery))).await;
            }
            Status::Accepted => EventKind::Accepted,
            Status::Rejected => EventKind::Rejected,
            Status::Cancelled => EventKind::Cancelled,
            Status::Expired => EventKind::Expired,
        };
        self.happens(row, &ended(by_id(id), status, by_system(kind))).await
    }

    /// Hands out the nth token, of the row's generation, and commits.
    pub(crate) async fn hand_out(&self, row: &mut Row, n: u8, channel: Channel) -> Result<FoundToken, Stop> {
        let token = FoundToken { digest: digest(n), generation: row.record.generation, channel };
        let link = change(by_id(row.record.id), EventKind::LinkCreated, Change::Link);
        let link = Transition { dispatch: Dispatch::Token(&token.digest, channel), ..link };
        self.happens(row, &link).await?;
        Ok(token)
    }

    /// The nth row with the nth token, by mail.
    pub(crate) async fn invited(&self, n: u8) -> Result<(Row, FoundToken), Stop> {
        let mut row = row(n.into());
        self.put(&row, Dispatch::None).await?;
        let token = self.hand_out(&mut row, n, Channel::Mail).await?;
        Ok((row, token))
    }

    /// Asks for a change, sees that the store decides as it must, and undoes it.
    pub(crate) async fn decides(
        &self,
        row: &Row,
        token: Option<&FoundToken>,
        transition: &Transition<'_>,
        wanted: bool,
        when: &str,
    ) -> Verdict {
        let reference = transition.guard.holds(&row.record, token);
        ensure!(reference == wanted, "{when}: `Guard::holds` itself says {reference}");
        let verdict = undone!(self, tx => if wanted {
            self.changes(&mut tx, &mut row.clone(), token, transition).await
        } else {
            self.refuses(&mut tx, row, transition).await
        });
        within(verdict, when)
    }

    /// Sees that the store holds this row.
    pub(crate) async fn holds(&self, conn: &mut Conn, row: &Row, when: &str) -> Verdict {
        let Some(Found { record, .. }) = self.db.find_one(conn, &row.key(), Read::Plain).await? else {
            return Err(Stop::Failed(format!("after {when}: the row is not found by its id, kind and scope")));
        };
        same(&record, &row.record, &format!("the row read after {when}"))
    }

    /// The same on another connection, where only what is committed is seen.
    pub(crate) async fn keeps(&self, row: &Row, when: &str) -> Verdict {
        self.holds(&mut self.db.connect().await?, row, when).await
    }

    pub(crate) async fn history(&self, row: &Row) -> Result<Vec<Event>, Stop> {
        let Record { kind, scope, id, .. } = &row.record;
        Ok(self.db.history(&mut self.db.connect().await?, kind, scope, *id).await?)
    }

    /// Who holds this open key.
    pub(crate) async fn holder(&self, conn: &mut Conn, key: &OpenKey) -> Result<Option<InvitationId>, StoreError> {
        Ok(self.db.find_one(conn, &Key::Open(key), Read::Plain).await?.map(|found| found.record.id))
    }

    /// The token of this digest, with its invitation.
    pub(crate) async fn token(&self, digest: &TokenDigest) -> Result<Option<Found>, StoreError> {
        self.db.find_one(&mut self.db.connect().await?, &Key::Token(digest), Read::Plain).await
    }

    /// Leases letters.
    pub(crate) async fn lease(&self, ask: &Ask<'_>) -> Result<Leased, StoreError> {
        let minter = |delivery, kind: &str| {
            let digest = digest(self.drawn.fetch_add(1, Ordering::SeqCst));
            let minted = Minted { delivery, kind: kind.into(), digest: digest.clone() };
            self.minted.lock().unwrap_or_else(PoisonError::into_inner).push(minted);
            Ok(digest)
        };
        let Ask { kinds, now, owner, limit, after, full, room } = *ask;
        let (owner, lease_until) = (uuid(owner), lease_end(now));
        let request = LeaseRequest { kinds, now, owner, lease_until, limit, after, full, room: &room, minter: &minter };
        self.db.lease(&(), &request).await
    }

    /// What was minted so far, in order.
    pub(crate) fn minted(&self) -> Vec<Minted> {
        self.minted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An open row by its id, and by its token.
pub(crate) fn both_ways<'a>(
    row: &Row,
    token: &'a FoundToken,
) -> [(&'static str, Guard<'a>, Option<&'a FoundToken>); 2] {
    [("by id", by_id(row.record.id), None), ("by token", by_token(&token.digest), Some(token))]
}

/// A worker's request for letters.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) kinds: &'a [&'a str],
    pub(crate) now: DateTime<Utc>,
    pub(crate) owner: u32,
    pub(crate) limit: u32,
    pub(crate) after: Option<&'a Scope>,
    pub(crate) full: &'a [&'a str],
    pub(crate) room: fn(&str) -> bool,
}

impl Default for Ask<'_> {
    /// Worker 900 asks for all there is of the first kind, at noon.
    fn default() -> Self {
        Self { kinds: &[KIND], now: noon(), owner: 900, limit: 100, after: None, full: &[], room: |_| true }
    }
}

/// Until when a worker that asked at this instant has what it got.
pub(crate) fn lease_end(asked: DateTime<Utc>) -> DateTime<Utc> {
    asked + TimeDelta::minutes(10)
}
