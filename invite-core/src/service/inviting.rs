//! The inviting side: by scope.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Invitations, drafting::Payload, ended_by, inserting::TRIES, refusal};
use crate::{
    actor::{Actor, Scope},
    authority::{Action, Denial},
    clock::{TOLERANCE, later},
    email_address::EmailAddress,
    error::{Error, Field, Problem, StoreError},
    id::InvitationId,
    invitation::{Amendment, Invitation, NewInvitation, OpenKey, Record},
    kind::Kind,
    policy::EarlierLinks,
    state::{EventKind, Status},
    store::{
        Change, Dispatch, Guard, InvitationStore, Key, NewEvent, NewLetter, Purpose, Read, RenewedLinks, Target,
        Transition,
    },
    text,
};

/// The inviting side's calls, confined to one scope. An id of another scope is
/// [`Error::NotFound`].
///
/// Each call asks the [`Authority`](crate::Authority) first and may fail with what it says:
/// [`Error::NotPermitted`], [`Error::LimitReached`], [`Error::Authority`]. Each may fail with
/// [`Error::Store`] and with [`Error::Invalid`] for the scope or the actor, and the writing ones with
/// [`Error::NotInTransaction`]. What else, each says.
#[derive(Debug)]
#[must_use]
pub struct Scoped<'a, S: InvitationStore, K: Kind> {
    pub(super) invitations: &'a Invitations<S, K>,
    pub(super) scope: Scope,
}

impl<'a, S: InvitationStore, K: Kind> Scoped<'a, S, K> {
    pub(super) fn new(invitations: &'a Invitations<S, K>, scope: Scope) -> Self {
        Self { invitations, scope }
    }

    /// Invites, and queues the letter in the same transaction: it is mailed after the commit, and
    /// never if there is none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() })
    ///     .display(&serde_json::json!({ "organization": "Analytical Engines" })) // your words, for the letter
    ///     .message("We could use your notes.");
    /// let invitation = members.scope(organization).create(&mut tx, &me, new).await?;
    /// tx.commit();
    /// assert_eq!(invitation.status, Status::Pending);
    /// assert_eq!(invitation.delivery.state, DeliveryState::Queued);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::InvalidPayload`] before any statement; [`Error::AlreadyPending`] when there is an
    /// open, unexpired invitation for this address; [`Error::KeyReused`] when the [key](NewInvitation::key) stands for
    /// another one; [`Error::Random`].
    pub async fn create(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        new: NewInvitation<K>,
    ) -> Result<Invitation<K>, Error> {
        let now = self.invitations.now();
        let letter = self.invitations.letter(Purpose::Invitation, now)?;
        self.insert(conn, actor, new, now, Dispatch::Letter(&letter)).await
    }

    /// Has it mailed again, with a new link; what that does to earlier links and to its lifetime
    /// is the policy's. A failed delivery is pending again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me, earlier) = ("org:7", Actor::new(1), token);
    /// let mut tx = memory.begin().await;
    /// let invitation = members.scope(organization).resend(&mut tx, &me, id).await?;
    /// tx.commit();
    /// assert_eq!(invitation.generation, 2);
    ///
    /// // As `Policy::default` has it, the link of the earlier letter is dead.
    /// let preview = members.preview(&mut memory.connection(), &earlier).await;
    /// assert!(matches!(preview, Err(Error::Superseded)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] once it has ended or expired;
    /// [`Error::LimitReached`] within the policy's cool-down; [`Error::Invalid`] (`lifetime`) where it
    /// renews and the policy's lifetime is zero, negative or beyond its maximum; [`Error::Random`].
    pub async fn resend(&self, conn: &mut S::Conn, actor: &Actor, id: InvitationId) -> Result<Invitation<K>, Error> {
        self.authorize_write(conn, actor, &Action::Resend(id)).await?;
        self.resend_permitted(conn, actor, id).await
    }

    /// Has it mailed again; the caller has asked the authority.
    pub(super) async fn resend_permitted(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
    ) -> Result<Invitation<K>, Error> {
        let now = self.invitations.now();
        let letter = self.invitations.letter(Purpose::Invitation, now)?;
        let transition = self.renewal(actor, id, &letter, now)?;
        self.apply(conn, &transition).await
    }

    /// The change that has it mailed again with this letter.
    pub(super) fn renewal<'t>(
        &'t self,
        actor: &'t Actor,
        id: InvitationId,
        letter: &'t NewLetter,
        now: DateTime<Utc>,
    ) -> Result<Transition<'t>, Error> {
        let policy = self.invitations.policy();
        let expires_at = match policy.resend_extends {
            true => Some(self.invitations.expiry(now, policy.lifetime)?),
            false => None,
        };
        let links = match policy.earlier_links {
            EarlierLinks::Retire => RenewedLinks::Retire { grace_until: None },
            EarlierLinks::Keep => RenewedLinks::Keep,
            EarlierLinks::KeepFor(time) => RenewedLinks::Retire { grace_until: Some(later(now, time)) },
        };
        // The end may be the old one: what is due when is for the worker to see.
        let remind_at = (!policy.reminders.is_empty()).then_some(now);
        let mut guard = self.guard(id, EventKind::Resent, now);
        let cooldown = policy.resend_cooldown;
        let ahead = self.invitations.shared_clock().tolerance().unwrap_or(TOLERANCE).max(cooldown);
        if cooldown > TimeDelta::zero() {
            guard.not_resent_between = Some((later(now, -cooldown), later(now, ahead)));
        }
        Ok(Transition {
            guard,
            change: Change::Renew { at: now, expires_at, links, delivery: letter.delivery, remind_at },
            event: NewEvent { kind: EventKind::Resent, actor, reason: None, at: now },
            dispatch: Dispatch::Letter(letter),
        })
    }

    /// Changes an open invitation; what the amendment does not name stays. A new address kills
    /// every link and mails nothing: [`resend`](Self::resend) mails the new one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// let amendment = Amendment::new()
    ///     .payload(Membership { role: "member".into() })
    ///     .message(""); // removes the message
    /// let invitation = members.scope(organization).amend(&mut tx, &me, id, &amendment).await?;
    /// tx.commit();
    /// assert_eq!(invitation.payload()?.role, "member"); // what links sent before grant now, too
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::InvalidPayload`] before any statement, also for an amendment that names nothing;
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] once it has ended or expired;
    /// [`Error::AlreadyPending`] when there is another open invitation for the new address;
    /// [`Error::Random`] where an expired one is in its way and the policy tells the inviter of its end.
    pub async fn amend(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
        amendment: &Amendment<K>,
    ) -> Result<Invitation<K>, Error> {
        if amendment.is_empty() {
            return Err(Error::invalid(Field::Amendment, Problem::Empty));
        }
        let now = self.invitations.now();
        let policy = self.invitations.policy();
        let recipient = amendment.email.as_deref().map(str::parse::<EmailAddress>).transpose()?;
        let payload = amendment.payload.as_ref().map(Payload::read).transpose()?;
        let display = amendment.display.clone().transpose();
        let display = display.map_err(|problem| Error::invalid(Field::Display, problem))?;
        display.as_ref().map_or(Ok(()), |display| text::shown_json(Field::Display, display))?;
        let message = amendment.message.as_deref().map(|message| text::message(Field::Message, message)).transpose()?;
        let expires_at = amendment.lifetime.map(|lifetime| self.invitations.expiry(now, lifetime)).transpose()?;
        self.authorize_write(conn, actor, &Action::Amend(id, amendment)).await?;

        let readdressed = recipient
            .as_ref()
            .map(|recipient| (recipient, OpenKey::new(policy.uniqueness, K::NAME, &self.scope, recipient)));
        let transition = Transition {
            guard: self.guard(id, EventKind::Amended, now),
            change: Change::Amend {
                recipient: readdressed,
                payload: payload.as_ref().map(Payload::as_new),
                display: display.as_ref(),
                message: message.as_ref().map(Option::as_deref),
                expires_at,
                remind_at: expires_at.filter(|_| !policy.reminders.is_empty()).map(|_| now),
            },
            event: NewEvent { kind: EventKind::Amended, actor, reason: None, at: now },
            dispatch: Dispatch::None,
        };
        let key = readdressed.and_then(|(_, key)| key);
        for _ in 0..TRIES {
            if let Some(found) = self.invitations.change(conn, &transition).await? {
                return Ok(Invitation::new(found.record));
            }
            // What is wrong with this one comes before what is in its way.
            let refusal = self.invitations.explain_by_id(conn, &transition.guard, EventKind::Amended).await?;
            match &key {
                Some(key) if refusal.is_retryable() => self.clear_the_way(conn, key, now).await?,
                Some(_) | None => return Err(refusal),
            }
        }
        Err(StoreError::changed_meanwhile().into())
    }

    /// Takes it back: its links are dead the moment this transaction commits, even those that
    /// arrive later. The same actor cancelling again gets the same answer.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (organization, me) = ("org:7", Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// members.scope(organization).cancel(&mut tx, &me, id, Some("left the project")).await?;
    /// tx.commit();
    /// let preview = members.preview(&mut memory.connection(), &token).await;
    /// assert!(matches!(preview, Err(Error::Cancelled)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for the reason; [`Error::NotFound`]; [`Error::IllegalTransition`] once
    /// it has ended otherwise or expired.
    pub async fn cancel(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
        reason: Option<&str>,
    ) -> Result<Invitation<K>, Error> {
        reason.map_or(Ok(()), |reason| text::line(Field::Reason, reason))?;
        self.authorize_write(conn, actor, &Action::Cancel(id)).await?;
        self.cancel_permitted(conn, actor, id, reason).await
    }

    /// Takes it back; the caller has asked the authority.
    pub(super) async fn cancel_permitted(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        id: InvitationId,
        reason: Option<&str>,
    ) -> Result<Invitation<K>, Error> {
        let transition = self.cancellation(actor, id, reason, self.invitations.now());
        if let Some(found) = self.invitations.change(conn, &transition).await? {
            return Ok(Invitation::new(found.record));
        }
        let record = self.find(conn, id, Read::Latest).await?;
        if ended_by(&record, Status::Cancelled, actor) {
            return Ok(Invitation::new(record));
        }
        Err(refusal(&record, &transition.guard, EventKind::Cancelled))
    }

    /// The change that takes it back.
    pub(super) fn cancellation<'t>(
        &'t self,
        actor: &'t Actor,
        id: InvitationId,
        reason: Option<&'t str>,
        now: DateTime<Utc>,
    ) -> Transition<'t> {
        Transition {
            guard: self.guard(id, EventKind::Cancelled, now),
            change: Change::End { status: Status::Cancelled },
            event: NewEvent { kind: EventKind::Cancelled, actor, reason, at: now },
            dispatch: Dispatch::None,
        }
    }

    pub(super) fn guard(&self, id: InvitationId, event: EventKind, now: DateTime<Utc>) -> Guard<'_> {
        self.invitations.guard(Target::Id(id, Some(&self.scope)), event, now)
    }

    pub(super) async fn apply(&self, conn: &mut S::Conn, transition: &Transition<'_>) -> Result<Invitation<K>, Error> {
        match self.invitations.change(conn, transition).await? {
            Some(found) => Ok(Invitation::new(found.record)),
            None => Err(self.invitations.explain_by_id(conn, &transition.guard, transition.event.kind).await?),
        }
    }

    pub(super) async fn find(&self, conn: &mut S::Conn, id: InvitationId, read: Read) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope: Some(&self.scope), id };
        let found = self.invitations.find_one(conn, &key, read).await?;
        found.map(|found| found.record).ok_or(Error::NotFound)
    }

    pub(super) async fn authorize_write(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        action: &Action<'_, K>,
    ) -> Result<(), Error> {
        self.before_asking(conn, actor).await?;
        self.ask(conn, actor, action).await
    }

    /// What comes before the authority is asked about a write.
    pub(super) async fn before_asking(&self, conn: &mut S::Conn, actor: &Actor) -> Result<(), Error> {
        self.invitations.writable(conn)?;
        self.check(actor)?;
        // Without a read before it, the write that follows takes the lock itself.
        if self.invitations.authority.uses_connection() {
            self.invitations.store.lock_for_write(conn).await?;
        }
        Ok(())
    }

    /// The same for a call that reads before it writes, whether or not the authority does.
    pub(super) async fn begin_write(&self, conn: &mut S::Conn, actor: &Actor) -> Result<(), Error> {
        self.invitations.writable(conn)?;
        self.check(actor)?;
        Ok(self.invitations.store.lock_for_write(conn).await?)
    }

    /// What the authority says of each. Fails when it could not find out.
    pub(super) async fn ask_all(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        actions: &[Action<'_, K>],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let answers = self.invitations.authority.authorize_many(conn, actor, &self.scope, actions).await;
        let mut permitted = Vec::with_capacity(actions.len());
        for answer in answers {
            match answer {
                Err(Denial::Failed(source)) => return Err(Error::Authority(source)),
                answer => permitted.push(answer.map_err(Error::from)),
            }
        }
        match permitted.len() == actions.len() {
            true => Ok(permitted),
            false => Err(Error::Authority(StoreError::failed("the authority did not answer for each action"))),
        }
    }

    pub(super) async fn authorize(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        action: &Action<'_, K>,
    ) -> Result<(), Error> {
        self.check(actor)?;
        self.ask(conn, actor, action).await
    }

    pub(super) fn check(&self, actor: &Actor) -> Result<(), Error> {
        self.scope.check()?;
        actor.check()
    }

    pub(super) async fn ask(&self, conn: &mut S::Conn, actor: &Actor, action: &Action<'_, K>) -> Result<(), Error> {
        Ok(self.invitations.authority.authorize(conn, actor, &self.scope, action).await?)
    }
}
