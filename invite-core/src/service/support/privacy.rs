//! What is known of an address: given to the person, and erased.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Support;
use crate::{
    actor::Actor,
    email_address::EmailAddress,
    error::{Error, StoreError},
    invitation::{Record, erased_payload},
    kind::Kind,
    store::{Erasure, InvitationStore, OfAddress, each},
};

/// How many invitations are read or erased at once.
const AT_ONCE: u32 = 200;

/// The address that stands in place of one that was erased. No host can have it: RFC 2606 keeps `.invalid` free.
const NOBODY: &str = "erased@erased.invalid";

impl<S: InvitationStore, K: Kind> Support<'_, S, K> {
    /// Reads the invitations of this kind to an address, in every scope, open or ended, with their history and what became of the current
    /// letter, the oldest first. It is JSON to hand to the person who asks: an array of objects.
    ///
    /// [`Authority::authorize_export`](crate::Authority::authorize_export) is asked, which refuses unless you have written
    /// it. Make sure that whoever asks is that person. Invitations that the person sent are kept by the
    /// [inviter](crate::Record::inviter), an id of yours, and are not among them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let dpo = Actor::new("privacy:1");
    /// let known = members.support().export(&mut memory.connection(), &dpo, "ada@example.com").await?;
    /// assert_eq!(known[0]["address"], "ada@example.com");
    /// assert_eq!(known[0]["history"][0]["what"], "created");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is no address, or for the actor; what the authority says; [`Error::Store`].
    pub async fn export(&self, conn: &mut S::Conn, actor: &Actor, address: &str) -> Result<Value, Error> {
        let address: EmailAddress = address.parse()?;
        actor.check()?;
        self.invitations.authority.authorize_export(conn, actor, &address).await?;
        let now = self.invitations.now();
        let (mut exported, mut after) = (Vec::new(), None);
        loop {
            let address = address.canonical();
            let query = OfAddress { kind: K::NAME, scope: None, address, after, limit: AT_ONCE };
            let page = self.invitations.store.of_address(conn, &query).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            for record in page {
                let events = self.invitations.store.history(conn, K::NAME, &record.scope, record.id).await?;
                let history = events.iter().map(
                    |event| json!({ "what": event.kind.as_str(), "at": instant(event.at), "reason": event.reason }),
                );
                let history: Vec<_> = history.collect();
                exported.push(told(&record.seen_at(now), &history));
            }
        }
        exported.reverse();
        Ok(Value::Array(exported))
    }

    /// Erases an address from the invitations of this kind that are to it, in every scope.
    ///
    /// Open ones are cancelled first, by the actor. Then the address, message, display, label, payload, the reasons that
    /// anybody gave, and what mail servers said of its letters are replaced by nothing, or by a stand-in that reads: the
    /// payload of an erased invitation is [`Error::Erased`]. Letters that are queued are deleted. One that the worker has in hand
    /// is still sent. Where the address is that of an [inviter](crate::NewInvitation::inviter_address), it is removed if it
    /// was given exactly as here, or in its canonical form; removing it reads the whole table.
    ///
    /// Status, times, language, the ids of those who acted, facet, import and the history without its reasons stay, so that counts
    /// stay right, but for those by the state of letters: an erased invitation counts as not mailed. The SHA-256 digests of
    /// [keys](crate::NewInvitation::key), and of what was asked for with them, stay as well; whoever guesses one can check the
    /// guess. An invitation that was [amended](crate::Amendment::email) to another address is that other person's, and is
    /// left alone; so are the words that a mail server said of its earlier letter. Do this for each of your
    /// kinds, and in your own tables, in one transaction. Backups, and what your database has not yet cleaned up, keep what
    /// was there before.
    ///
    /// [`Authority::authorize_erase`](crate::Authority::authorize_erase) is asked, which refuses unless you have written it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// let dpo = Actor::new("privacy:1");
    /// let mut tx = memory.begin().await;
    /// assert_eq!(members.support().erase(&mut tx, &dpo, "ada@example.com").await?, 1);
    /// tx.commit();
    /// let invitation = members.support().get(&mut memory.connection(), &dpo, id).await?;
    /// assert_eq!(invitation.status, Status::Cancelled);
    /// assert!(matches!(invitation.payload(), Err(Error::Erased)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is no address, or for the actor; [`Error::NotInTransaction`]; what the authority
    /// says; [`Error::Store`], retryable where an invitation was amended to another address meanwhile.
    pub async fn erase(&self, conn: &mut S::Conn, actor: &Actor, address: &str) -> Result<u64, Error> {
        let address: EmailAddress = address.parse()?;
        let nobody: EmailAddress = NOBODY.parse()?;
        let payload = erased_payload();
        let invitations = self.invitations;
        invitations.writable(conn)?;
        actor.check()?;
        invitations.store.lock_for_write(conn).await?;
        invitations.authority.authorize_erase(conn, actor, &address).await?;
        let mut erased = 0;
        loop {
            let query =
                OfAddress { kind: K::NAME, scope: None, address: address.canonical(), after: None, limit: AT_ONCE };
            let records = invitations.store.of_address(conn, &query).await?;
            if records.is_empty() || address.canonical() == nobody.canonical() {
                break;
            }
            self.end_all(conn, actor, &records).await?;
            let ids: Vec<_> = records.iter().map(|record| record.id).collect();
            let address = address.canonical();
            let erasure = Erasure { kind: K::NAME, ids: &ids, address, recipient: &nobody, payload: &payload };
            let answers = each(invitations.store.erase(conn, &erasure).await?, ids.len())?;
            // One that was amended since it was read is to somebody else now, and the caller's rollback undoes its end.
            if answers.contains(&false) {
                return Err(StoreError::changed_meanwhile().into());
            }
            erased += answers.len() as u64;
        }
        invitations.store.forget_inviter(conn, K::NAME, &address).await?;
        Ok(erased)
    }

    /// Ends those that are open: cancelled, or expired where their time is over.
    async fn end_all(&self, conn: &mut S::Conn, actor: &Actor, records: &[Record]) -> Result<(), Error> {
        let now = self.invitations.now();
        let open = || records.iter().filter(|record| record.status.is_open());
        let scoped: Vec<_> = open().map(|record| (record, self.invitations.scope(record.scope.as_str()))).collect();
        let ends: Vec<_> = scoped
            .iter()
            .map(|(record, scoped)| match record.expires_at > now {
                true => scoped.cancellation(actor, record.id, None, now),
                false => self.invitations.expiration(record.id, None, now),
            })
            .collect();
        if !ends.is_empty() {
            // One that somebody else ended meanwhile has ended, which is all that is needed.
            each(self.invitations.store.apply(conn, &ends).await?, ends.len())?;
        }
        Ok(())
    }
}

/// An invitation, as it is told to the person it is about.
fn told(record: &Record, history: &[Value]) -> Value {
    json!({
        "id": record.id,
        "kind": record.kind,
        "scope": record.scope.as_str(),
        "address": record.recipient.as_given(),
        "label": record.label,
        "facet": record.facet,
        "payload": record.payload,
        "display": record.display,
        "message": record.message,
        "language": record.locale,
        "status": record.status,
        "created_at": instant(record.created_at),
        "expires_at": instant(record.expires_at),
        "resent_at": record.resent_at.map(instant),
        "viewed_at": record.viewed_at.map(instant),
        "ended_at": record.ended.as_ref().map(|ended| instant(ended.at)),
        "letter": record.delivery.state,
        "letter_error": record.delivery.last_error,
        "history": history,
    })
}

/// An instant as RFC 3339 has it, in UTC.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
