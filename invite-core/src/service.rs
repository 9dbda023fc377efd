//! What a host calls.

mod addressed;
mod deleting;
mod drafting;
mod inserting;
mod invited;
mod inviting;
mod links;
mod listing;
mod many;
mod reading;
mod reminding;
mod renewing;
mod report;
mod support;

use std::{slice, sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    actor::{Actor, Scope},
    authority::{AnyAuthority, Authority},
    clock::{Clock, SystemClock, instant, is_storable},
    error::{Error, Field, Problem, StoreError},
    id::{DeliveryId, InvitationId},
    invitation::{Invitation, Record},
    kind::{Kind, is_valid_name},
    policy::Policy,
    random::{SecureRandom, SystemRandom, uuid_v7},
    state::{EventKind, Status},
    store::{
        Change, Dispatch, Found, Guard, InvitationStore, Key, NewEvent, NewLetter, Purpose, Read, Target, TimeGuard,
        Transition, each, only,
    },
};

pub use inviting::Scoped;
pub use many::{Done, Many, Paging, Selection, Verdict};
pub(crate) use reminding::look;
pub(crate) use report::{failure, notice_of_failure, record as record_report};
pub use support::{About, Explanation, Standing, Support};

/// The invitations of one kind in one store: make it once, share it, clone it freely.
///
/// The calls here are the invited side's: they find an invitation by its token, or by id for a
/// person whose address is verified. The inviting side's are on [`scope`](Self::scope), so that
/// nobody can forget which organization an id belongs to.
///
/// Every call borrows the host's connection. Every *writing* call needs a transaction begun
/// through the driver, and neither commits nor rolls it back: what it did happens together with
/// what else the host does there, or not at all.
///
/// The examples of the methods go on from this one: `memory` is the database and `members` are
/// the invitations to it, `token` is out of Ada's letter, `me` is who invited her.
///
/// ```
/// use invite_core::{
///     Accepted, Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Unchecked,
///     memory::{Memory, MemoryStore},
///     testing,
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Membership {
///     role: String,
/// }
/// impl Kind for Membership {
///     const NAME: &'static str = "member";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), invite_core::Error> {
/// let memory = Memory::default();
/// let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
///
/// let mut tx = memory.begin().await;
/// let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() });
/// let invitation = members.scope("org:7").create(&mut tx, &Actor::new(1), new).await?;
/// // In production the worker mails the token; a test can ask for it.
/// let token = testing::deliver(&members, &mut tx, invitation.id).await?;
///
/// let ada = Claimant::new(2).verified("ada@example.com");
/// match members.accept(&mut tx, &token, &ada).await? {
///     Accepted::Now(acceptance) => assert_eq!(acceptance.invitation.payload()?.role, "admin"),
///     Accepted::Before(_) => unreachable!("the first click"),
/// }
/// tx.commit();
/// # Ok(())
/// # }
/// ```
pub struct Invitations<S: InvitationStore, K: Kind> {
    store: Arc<S>,
    policy: Arc<Policy>,
    authority: Arc<dyn AnyAuthority<S::Conn, K>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
}

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Invitations of kind `K` kept in `store`, under `policy`; `authority` says who may invite.
    pub fn new(store: S, policy: Policy, authority: impl Authority<S::Conn, K>) -> Self {
        const { assert!(is_valid_name(K::NAME), "Kind::NAME must be 1 to 64 of a-z 0-9 _ - .") }
        Self {
            store: Arc::new(store),
            policy: Arc::new(policy),
            authority: Arc::new(authority),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }

    /// Takes the time from another clock.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// let clock = ManualClock::default();
    /// let members = members.clock(clock.clone());
    /// # let (_, token) = invited(&memory, &members).await;
    /// clock.advance(chrono::TimeDelta::days(8)); // one more than the policy's lifetime
    /// let preview = members.preview(&mut memory.connection(), &token).await;
    /// assert!(matches!(preview, Err(Error::Expired { .. })));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes randomness from another source.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let me = Actor::new(1);
    /// // In tests only: whoever knows the seed knows every token.
    /// let seeded = || members.clone().clock(ManualClock::default()).random(SeededRandom::new(7));
    /// let mut tx = memory.begin().await;
    /// let first = seeded().scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?;
    /// tx.rollback();
    ///
    /// let mut tx = memory.begin().await;
    /// let second = seeded().scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?;
    /// assert_eq!(first.id, second.id);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn random(mut self, random: impl SecureRandom) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// The inviting side's calls, confined to one scope.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let me = Actor::new(1);
    /// let mut conn = memory.connection();
    /// assert!(members.scope("org:7").get(&mut conn, &me, id).await.is_ok());
    /// // The same id, looked for in another organization:
    /// assert!(matches!(members.scope("org:8").get(&mut conn, &me, id).await, Err(Error::NotFound)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn scope(&self, id: impl std::fmt::Display) -> Scoped<'_, S, K> {
        Scoped::new(self, Scope::new(id))
    }

    pub(crate) fn store(&self) -> &S {
        &self.store
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn shared_random(&self) -> Arc<dyn SecureRandom> {
        Arc::clone(&self.random)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(&*self.clock)
    }

    pub(crate) fn writable(&self, conn: &mut S::Conn) -> Result<(), Error> {
        if self.store.in_transaction(conn) { Ok(()) } else { Err(Error::NotInTransaction) }
    }

    /// Makes one change, if its guard holds.
    pub(crate) async fn change(
        &self,
        conn: &mut S::Conn,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        only(self.store.apply(conn, slice::from_ref(transition)).await?)
    }

    /// Reads one invitation.
    async fn find_one(&self, conn: &mut S::Conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        only(self.store.find(conn, slice::from_ref(key), read).await?)
    }

    /// Reads several invitations.
    async fn find_all(
        &self,
        conn: &mut S::Conn,
        keys: &[Key<'_>],
        read: Read,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        match keys.is_empty() {
            true => Ok(Vec::new()),
            false => each(self.store.find(conn, keys, read).await?, keys.len()),
        }
    }

    fn guard<'a>(&self, target: Target<'a>, event: EventKind, now: DateTime<Utc>) -> Guard<'a> {
        Guard::of(target, K::NAME, event, now)
    }

    /// The change that ends one whose time is over, in whichever scope, with this notice to the inviter.
    fn expiration<'a>(&self, id: InvitationId, notice: Option<&'a NewLetter>, now: DateTime<Utc>) -> Transition<'a> {
        Transition {
            guard: Guard { time: TimeGuard::Due, ..self.guard(Target::Id(id, None), EventKind::Expired, now) },
            change: Change::End { status: Status::Expired },
            event: NewEvent { kind: EventKind::Expired, actor: &Actor::System, reason: None, at: now },
            dispatch: notice.map_or(Dispatch::None, Dispatch::Letter),
        }
    }

    fn letter(&self, purpose: Purpose, now: DateTime<Utc>) -> Result<NewLetter, Error> {
        let delivery = DeliveryId::from_uuid(uuid_v7(&*self.random, now)?);
        Ok(NewLetter { delivery, purpose, not_before: now })
    }

    /// The letter that tells the inviter of this end, where the policy has one.
    fn notice(&self, kind: EventKind, now: DateTime<Utc>) -> Result<Option<NewLetter>, Error> {
        let notices = [
            (EventKind::Accepted, self.policy.notify_accepted, Purpose::Accepted),
            (EventKind::Rejected, self.policy.notify_rejected, Purpose::Rejected),
            (EventKind::Expired, self.policy.notify_expired, Purpose::Expired),
        ];
        let wanted = notices.into_iter().find(|(of, notify, _)| *of == kind && *notify);
        wanted.map(|(_, _, purpose)| self.letter(purpose, now)).transpose()
    }

    fn new_id(&self, now: DateTime<Utc>) -> Result<InvitationId, Error> {
        Ok(InvitationId::from_uuid(uuid_v7(&*self.random, now)?))
    }

    /// When an invitation given this lifetime now will expire.
    fn expiry(&self, now: DateTime<Utc>, lifetime: TimeDelta) -> Result<DateTime<Utc>, Error> {
        let out_of_range = Error::invalid(Field::Lifetime, Problem::OutOfRange);
        if lifetime <= TimeDelta::zero() || lifetime > self.policy.max_lifetime {
            return Err(out_of_range);
        }
        let at = now.checked_add_signed(lifetime).filter(|at| is_storable(*at)).ok_or(out_of_range)?;
        // A lifetime may be finer than any database keeps.
        Ok(at.trunc_subsecs(6))
    }

    /// Why the inviting side's guard did not hold, from a fresh read. Never decides anything.
    async fn explain_by_id(
        &self,
        conn: &mut S::Conn,
        guard: &Guard<'_>,
        event: EventKind,
    ) -> Result<Error, StoreError> {
        let Target::Id(id, scope) = guard.target else {
            return Ok(Error::NotFound);
        };
        let key = Key::Id { kind: K::NAME, scope, id };
        let found = self.find_one(conn, &key, Read::Latest).await?;
        Ok(found.map_or(Error::NotFound, |found| refusal(&found.record, guard, event)))
    }

    fn seen(&self, record: Record, now: DateTime<Utc>) -> Invitation<K> {
        Invitation::new(record.seen_at(now))
    }
}

impl<S: InvitationStore, K: Kind> Clone for Invitations<S, K> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            policy: Arc::clone(&self.policy),
            authority: Arc::clone(&self.authority),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        }
    }
}

impl<S: InvitationStore, K: Kind> std::fmt::Debug for Invitations<S, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitations").field("kind", &K::NAME).finish_non_exhaustive()
    }
}

/// Why the inviting side's guard does not hold for this row.
fn refusal(record: &Record, guard: &Guard<'_>, event: EventKind) -> Error {
    let record = record.clone().seen_at(guard.now);
    if event.applied_to(record.status).is_none() {
        return Error::IllegalTransition { status: record.status, event };
    }
    match (guard.not_resent_between, record.resent_at) {
        (Some((since, until)), Some(at)) if at > since && at <= until => {
            Error::LimitReached { retry_after: (at - since).to_std().unwrap_or(Duration::ZERO) }
        }
        _ => StoreError::changed_meanwhile().into(),
    }
}

/// Whether it ended so, by this actor: then the same call again gets the same answer.
fn ended_by(record: &Record, status: Status, actor: &Actor) -> bool {
    record.status == status && record.ended.as_ref().is_some_and(|ended| ended.by == *actor)
}

/// The answer to a terminal state, for the holder of a genuine token.
fn ended(record: &Record) -> Option<Error> {
    match record.status {
        Status::Pending | Status::DeliveryFailed => None,
        Status::Accepted => Some(Error::AlreadyAccepted),
        Status::Rejected => Some(Error::Rejected),
        Status::Cancelled => Some(Error::Cancelled),
        Status::Expired => Some(Error::Expired { at: record.expires_at }),
    }
}
