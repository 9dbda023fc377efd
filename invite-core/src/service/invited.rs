//! The invited side: by token, or by id for a verified person.

use chrono::{DateTime, Utc};

use super::{Invitations, ended, ended_by};
use crate::{
    actor::Actor,
    claimant::Claimant,
    error::{Error, Field, StoreError},
    invitation::{Acceptance, Accepted, Invitation, Preview, Record},
    kind::Kind,
    state::{EventKind, Status},
    store::{
        Change, Dispatch, Found, FoundToken, Guard, InvitationStore, Key, NewEvent, Read, RecipientGuard, Target,
        Transition,
    },
    text,
    token::{Channel, Token, TokenDigest},
};

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Reads what the holder of a link may see. Changes nothing, needs no transaction, may be
    /// repeated by any scanner.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// // `token` is out of the letter.
    /// let preview = members.preview(&mut memory.connection(), &token).await?;
    /// assert_eq!(preview.scope().as_str(), "org:7");
    /// assert_eq!(preview.masked_recipient(), "a***@example.com");
    /// assert_eq!(preview.payload()?.role, "admin");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], for a token of the wrong format without any query;
    /// [`Error::AlreadyAccepted`], [`Error::Rejected`], [`Error::Cancelled`], [`Error::Expired`]
    /// when it has ended; [`Error::Superseded`] when a newer letter replaced this link;
    /// [`Error::Store`].
    pub async fn preview(&self, conn: &mut S::Conn, token: &Token) -> Result<Preview<K>, Error> {
        let digest = self.digest(token)?;
        let now = self.now();
        let (record, token) = self.find_by_token(conn, &digest, Read::Plain).await?;
        match refusal_to_holder(&record, &token, now) {
            Some(refusal) => Err(refusal),
            None => Ok(Preview::new(record, token.channel == Channel::Mail)),
        }
    }

    /// Accepts. On [`Accepted::Now`] insert what membership means in the same transaction, or
    /// refuse on grounds only you know and roll back: then the invitation is still open and the
    /// token still works.
    ///
    /// The same person again gets [`Accepted::Before`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let ada = Claimant::new(2).verified("ada@example.com");
    /// let mut tx = memory.begin().await;
    /// match members.accept(&mut tx, &token, &ada).await? {
    ///     Accepted::Now(acceptance) => {
    ///         // Insert the membership here, in `tx`.
    ///         assert_eq!(acceptance.invitation.payload()?.role, "admin");
    ///     }
    ///     Accepted::Before(_) => {} // a second click: she has it already
    /// }
    /// tx.commit();
    /// # let mut tx = memory.begin().await;
    /// # assert!(matches!(members.accept(&mut tx, &token, &ada).await?, Accepted::Before(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`preview`](Self::preview); [`Error::WrongRecipient`],
    /// [`Error::EmailNotVerified`] as the policy's [`Acceptor`](crate::Acceptor) says; [`Error::Invalid`] for a
    /// claimant without an id or with more than eight addresses; [`Error::Random`] where the policy tells the
    /// inviter; [`Error::NotInTransaction`].
    pub async fn accept(&self, conn: &mut S::Conn, token: &Token, claimant: &Claimant) -> Result<Accepted<K>, Error> {
        let digest = self.digest(token)?;
        claimant.check()?;
        self.writable(conn)?;
        let now = self.now();
        let actor = claimant.actor();
        let recipient = RecipientGuard::new(self.policy().acceptor, claimant);
        let guard = Guard { recipient, ..self.guard(Target::Token(&digest), EventKind::Accepted, now) };
        match self.end(conn, guard, EventKind::Accepted, Status::Accepted, &actor, None).await? {
            Some(found) => {
                genuine(&found, &digest)?;
                Ok(Accepted::Now(Acceptance::new(found.record)))
            }
            None => {
                let (record, token) = self.find_by_token(conn, &digest, Read::Latest).await?;
                if ended_by(&record, Status::Accepted, &actor) {
                    return Ok(Accepted::Before(Acceptance::new(record)));
                }
                Err(refusal_to_holder(&record, &token, now)
                    .or_else(|| refusal_to_claimant(&recipient, claimant, &record, Some(&token)))
                    .unwrap_or_else(|| StoreError::changed_meanwhile().into()))
            }
        }
    }

    /// Declines. `by` is [`Actor::Bearer`] where nobody is signed in: holding the link is
    /// enough to say no. The same actor again gets the same answer.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let mut tx = memory.begin().await;
    /// let invitation = members.reject(&mut tx, &token, &Actor::Bearer, Some("no time")).await?;
    /// tx.commit();
    /// assert_eq!(invitation.status, Status::Rejected);
    ///
    /// let afterwards = members.preview(&mut memory.connection(), &token).await;
    /// assert!(matches!(afterwards, Err(Error::Rejected)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`preview`](Self::preview); [`Error::MayNotDecline`] when the policy does not let
    /// people decline; [`Error::Invalid`] for the reason or the actor;
    /// [`Error::Random`] where the policy tells the inviter; [`Error::NotInTransaction`].
    pub async fn reject(
        &self,
        conn: &mut S::Conn,
        token: &Token,
        by: &Actor,
        reason: Option<&str>,
    ) -> Result<Invitation<K>, Error> {
        let digest = self.digest(token)?;
        self.check_rejection(by, reason)?;
        self.writable(conn)?;
        let now = self.now();
        let guard = self.guard(Target::Token(&digest), EventKind::Rejected, now);
        match self.end(conn, guard, EventKind::Rejected, Status::Rejected, by, reason).await? {
            Some(found) => {
                genuine(&found, &digest)?;
                Ok(Invitation::new(found.record))
            }
            None => {
                let (record, token) = self.find_by_token(conn, &digest, Read::Latest).await?;
                if ended_by(&record, Status::Rejected, by) {
                    return Ok(Invitation::new(record));
                }
                Err(refusal_to_holder(&record, &token, now).unwrap_or_else(|| StoreError::changed_meanwhile().into()))
            }
        }
    }

    /// Records that the holder of a link looked at the invitation; once per letter, later calls
    /// do nothing. Never call it from a GET: scanners open every link.
    ///
    /// Returns whether this was the first look.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let mut tx = memory.begin().await;
    /// assert!(members.mark_viewed(&mut tx, &token).await?);
    /// assert!(!members.mark_viewed(&mut tx, &token).await?); // only the first look is new
    /// tx.commit();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`preview`](Self::preview); [`Error::NotInTransaction`].
    pub async fn mark_viewed(&self, conn: &mut S::Conn, token: &Token) -> Result<bool, Error> {
        let digest = self.digest(token)?;
        self.writable(conn)?;
        let now = self.now();
        let transition = Transition {
            guard: self.guard(Target::Token(&digest), EventKind::Viewed, now),
            change: Change::View { at: now },
            event: NewEvent { kind: EventKind::Viewed, actor: &Actor::Bearer, reason: None, at: now },
            dispatch: Dispatch::None,
        };
        if let Some(found) = self.change(conn, &transition).await? {
            genuine(&found, &digest)?;
            return Ok(true);
        }
        let (record, token) = self.find_by_token(conn, &digest, Read::Latest).await?;
        refusal_to_holder(&record, &token, now).map_or(Ok(false), Err)
    }

    /// Makes a mail token known on the caller's connection; for tests of hosts.
    #[cfg(feature = "testing")]
    pub(crate) async fn mint(&self, conn: &mut S::Conn, id: crate::InvitationId) -> Result<Token, Error> {
        self.writable(conn)?;
        let token = Token::generate(&*self.random, self.policy().token_format)?;
        let digest = token.digest(K::NAME);
        let now = self.now();
        let transition = Transition {
            guard: self.guard(Target::Id(id, None), EventKind::LinkCreated, now),
            change: Change::Link,
            event: NewEvent { kind: EventKind::LinkCreated, actor: &Actor::System, reason: None, at: now },
            dispatch: Dispatch::Token(&digest, Channel::Mail),
        };
        match self.change(conn, &transition).await? {
            Some(_) => Ok(token),
            None => Err(self.explain_by_id(conn, &transition.guard, EventKind::LinkCreated).await?),
        }
    }

    /// A token of the other format is as unknown as a forged one.
    pub(super) fn digest(&self, token: &Token) -> Result<TokenDigest, Error> {
        if token.format() == self.policy().token_format { Ok(token.digest(K::NAME)) } else { Err(Error::NotFound) }
    }

    pub(super) async fn find_by_token(
        &self,
        conn: &mut S::Conn,
        digest: &TokenDigest,
        read: Read,
    ) -> Result<(Record, FoundToken), Error> {
        let found = self.find_one(conn, &Key::Token(digest), read).await?.ok_or(Error::NotFound)?;
        let token = genuine(&found, digest)?.clone();
        Ok((found.record, token))
    }

    pub(super) async fn end(
        &self,
        conn: &mut S::Conn,
        guard: Guard<'_>,
        kind: EventKind,
        status: Status,
        actor: &Actor,
        reason: Option<&str>,
    ) -> Result<Option<Found>, Error> {
        let event = NewEvent { kind, actor, reason, at: guard.now };
        let change = Change::End { status };
        let notice = self.notice(kind, event.at)?;
        let dispatch = notice.as_ref().map_or(Dispatch::None, Dispatch::Letter);
        let transition = Transition { guard, change, event, dispatch };
        Ok(self.change(conn, &transition).await?)
    }

    pub(super) fn check_rejection(&self, by: &Actor, reason: Option<&str>) -> Result<(), Error> {
        by.check()?;
        reason.map_or(Ok(()), |reason| text::line(Field::Reason, reason))?;
        if self.policy().may_decline { Ok(()) } else { Err(Error::MayNotDecline) }
    }
}

/// The database found this row by the digest; this compares it once more, in constant time, so
/// that no collation and no driver decides about a secret.
fn genuine<'a>(found: &'a Found, digest: &TokenDigest) -> Result<&'a FoundToken, Error> {
    found.token.as_ref().filter(|token| token.digest.matches(digest)).ok_or(Error::NotFound)
}

/// Why this link does not work, for whoever holds it.
fn refusal_to_holder(record: &Record, token: &FoundToken, now: DateTime<Utc>) -> Option<Error> {
    ended(&record.clone().seen_at(now)).or_else(|| (!token.works_on(record, now)).then_some(Error::Superseded))
}

/// Why this person may not, though the link works.
pub(super) fn refusal_to_claimant(
    recipient: &RecipientGuard<'_>,
    claimant: &Claimant,
    record: &Record,
    token: Option<&FoundToken>,
) -> Option<Error> {
    if recipient.holds(&record.recipient, token) {
        return None;
    }
    let claims_it = claimant.unverified_address().is_some_and(|address| {
        if recipient.by_domain() {
            address.domain() == record.recipient.domain()
        } else {
            address.canonical() == record.recipient.canonical()
        }
    });
    Some(if claims_it { Error::EmailNotVerified } else { Error::WrongRecipient })
}
