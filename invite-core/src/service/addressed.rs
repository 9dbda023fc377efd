//! The invited side without a link: by id, for a verified person.

use chrono::{DateTime, Utc};

use super::{Invitations, ended, ended_by, invited::refusal_to_claimant};
use crate::{
    actor::Actor,
    claimant::Claimant,
    error::{Error, Field, Problem, StoreError},
    id::InvitationId,
    invitation::{Acceptance, Accepted, Invitation, Received, Record},
    kind::Kind,
    list::{Cursor, Page},
    policy::Acceptor,
    state::{EventKind, Status},
    store::{AddressedQuery, Guard, InvitationStore, Key, Read, RecipientGuard, Target},
};

/// How many invitations are on a page of [`Invitations::addressed_to`].
const PAGE: u32 = 100;

/// How many of each inviter come before all others, so that nobody can bury another's invitation under their own.
const FEW: u32 = 3;

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Reads a page of the open invitations to this person's verified addresses, in all scopes: 100 at most, and a cursor
    /// where there are more. At first come the three newest of each inviter, then the others, both newest first, so that
    /// whoever sends many hides nobody else's.
    ///
    /// The pages after the first go on in what waited when the first was read. What came since is on the first page of the
    /// next reading.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let ada = Claimant::new(2).verified("ada@example.com").verified("ada@work.example");
    /// let page = members.addressed_to(&mut memory.connection(), &ada, None).await?;
    /// assert_eq!(page.items.len(), 1);
    /// assert_eq!(page.items[0].scope().as_str(), "org:7");
    /// assert!(page.next.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::EmailNotVerified`] for a claimant without a verified address; [`Error::Invalid`] for one
    /// without an id or with more than eight addresses, and for a cursor of another call; [`Error::Store`].
    pub async fn addressed_to(
        &self,
        conn: &mut S::Conn,
        claimant: &Claimant,
        after: Option<Cursor>,
    ) -> Result<Page<Received<K>>, Error> {
        claimant.check()?;
        if claimant.verified_addresses().is_empty() {
            return Err(Error::EmailNotVerified);
        }
        let now = self.now();
        let (as_of, after) = match after.map(Cursor::waited) {
            None => (now, None),
            Some(Some((as_of, after))) => (as_of, Some(after)),
            Some(None) => return Err(Error::invalid(Field::Cursor, Problem::Malformed)),
        };
        let addresses = RecipientGuard::new(Acceptor::Recipient, claimant).verified().unwrap_or_default();
        // One row more than the page holds tells whether there is another page.
        let query = AddressedQuery { kind: K::NAME, addresses, now, as_of, few: FEW, after, limit: PAGE + 1 };
        let mut rows = self.store.addressed_to(conn, &query).await?;
        let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|last| Cursor::waiting(as_of, last));
        Ok(Page::new(rows.into_iter().map(|row| Received::new(row.record)).collect(), next))
    }

    /// Accepts without a token: for a person who found it with
    /// [`addressed_to`](Self::addressed_to). The invited address must be among the verified ones,
    /// whatever the policy says of links.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let mut tx = memory.begin().await;
    /// // An id is no capability.
    /// let eve = Claimant::new(3).verified("eve@example.com");
    /// assert!(matches!(members.accept_by_id(&mut tx, id, &eve).await, Err(Error::NotFound)));
    ///
    /// let ada = Claimant::new(2).verified("ada@example.com");
    /// assert!(matches!(members.accept_by_id(&mut tx, id, &ada).await?, Accepted::Now(_)));
    /// tx.commit();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is addressed to somebody else; otherwise as
    /// [`accept`](Self::accept).
    pub async fn accept_by_id(
        &self,
        conn: &mut S::Conn,
        id: InvitationId,
        claimant: &Claimant,
    ) -> Result<Accepted<K>, Error> {
        claimant.check()?;
        self.writable(conn)?;
        let now = self.now();
        let actor = claimant.actor();
        let guard = self.addressed_guard(id, EventKind::Accepted, claimant, now);
        if let Some(found) = self.end(conn, guard, EventKind::Accepted, Status::Accepted, &actor, None).await? {
            return Ok(Accepted::Now(Acceptance::new(found.record)));
        }
        let record = self.find_addressed(conn, id, claimant, &actor).await?;
        if ended_by(&record, Status::Accepted, &actor) {
            return Ok(Accepted::Before(Acceptance::new(record)));
        }
        Err(ended(&record.seen_at(now)).unwrap_or_else(|| StoreError::changed_meanwhile().into()))
    }

    /// Declines without a token; see [`accept_by_id`](Self::accept_by_id).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let mut tx = memory.begin().await;
    /// let ada = Claimant::new(2).verified("ada@example.com");
    /// let invitation = members.reject_by_id(&mut tx, id, &ada, None).await?;
    /// tx.commit();
    /// assert_eq!(invitation.ended.as_ref().map(|ended| &ended.by), Some(&Actor::new(2)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is addressed to somebody else; [`Error::EmailNotVerified`] when
    /// the invited address is theirs but not verified; [`Error::Invalid`] for the claimant; otherwise as
    /// [`reject`](Self::reject).
    pub async fn reject_by_id(
        &self,
        conn: &mut S::Conn,
        id: InvitationId,
        claimant: &Claimant,
        reason: Option<&str>,
    ) -> Result<Invitation<K>, Error> {
        claimant.check()?;
        let actor = claimant.actor();
        self.check_rejection(&actor, reason)?;
        self.writable(conn)?;
        let now = self.now();
        let guard = self.addressed_guard(id, EventKind::Rejected, claimant, now);
        if let Some(found) = self.end(conn, guard, EventKind::Rejected, Status::Rejected, &actor, reason).await? {
            return Ok(Invitation::new(found.record));
        }
        let record = self.find_addressed(conn, id, claimant, &actor).await?;
        if ended_by(&record, Status::Rejected, &actor) {
            return Ok(Invitation::new(record));
        }
        Err(ended(&record.seen_at(now)).unwrap_or_else(|| StoreError::changed_meanwhile().into()))
    }

    fn addressed_guard<'a>(
        &self,
        id: InvitationId,
        event: EventKind,
        claimant: &'a Claimant,
        now: DateTime<Utc>,
    ) -> Guard<'a> {
        Guard {
            recipient: RecipientGuard::new(Acceptor::Recipient, claimant),
            ..self.guard(Target::Id(id, None), event, now)
        }
    }

    /// The invitation, if it concerns this person: addressed to them, or once answered by them.
    async fn find_addressed(
        &self,
        conn: &mut S::Conn,
        id: InvitationId,
        claimant: &Claimant,
        actor: &Actor,
    ) -> Result<Record, Error> {
        let key = Key::Id { kind: K::NAME, scope: None, id };
        let record = self.find_one(conn, &key, Read::Latest).await?.ok_or(Error::NotFound)?.record;
        let recipient = RecipientGuard::new(Acceptor::Recipient, claimant);
        let answered = [Status::Accepted, Status::Rejected].into_iter().any(|status| ended_by(&record, status, actor));
        if answered || recipient.holds(&record.recipient, None) {
            return Ok(record);
        }
        // Their own address, only not verified: they may know.
        Err(match refusal_to_claimant(&recipient, claimant, &record, None) {
            Some(Error::EmailNotVerified) => Error::EmailNotVerified,
            _ => Error::NotFound,
        })
    }
}
