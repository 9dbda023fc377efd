//! What the worker asks of a store.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    DeliveryId, DeliveryUpdate, InvitationStore, Purpose, ReminderReport, ReminderScan, StoreError, Transition,
};
use crate::{actor::Scope, delivery::DeliveryState, invitation::Record, state::Status, token::TokenDigest};

/// What the worker needs beyond: transactions of its own, begun and committed by the store on
/// connections it takes from `P`, a pool.
///
/// What a method writes it writes in one transaction, at READ COMMITTED or `BEGIN IMMEDIATE`. Any number of workers may
/// call any of them at once.
#[async_trait]
pub trait WorkerStore<P>: InvitationStore {
    /// Leases due letters of these kinds, and stores a digest for each.
    ///
    /// Due: `not_before <= now`, and not leased or the lease ran out. Letters to a domain in
    /// [`LeaseRequest::full`] are passed over. The others are taken, and returned, in this order. Those whose purpose
    /// [comes first](Purpose::comes_first) come before the rest. Among each, the scopes take turns, ordered byte by byte
    /// and beginning behind [`LeaseRequest::after`]: one letter of each scope, then a second one of each, until there
    /// are as many as asked for. Of one scope the oldest come first, by `not_before`, then by delivery id. A store
    /// may take fewer than are due, as long as it takes some. If more are due than asked for, a letter that was queued for
    /// later, or postponed, may have its turn only after the next [`sweep`](Self::sweep).
    ///
    /// For each letter taken, [`LeaseRequest::is_current`] decides whether it is still worth sending; if not, or if its
    /// invitation is gone, it is removed from the queue and counted. Then [`LeaseRequest::admits`] decides whether there
    /// is room for it; if not, it stays in the queue as it is. Otherwise: attempt + 1, owner and lease are set, and, if
    /// its purpose [has a link](Purpose::has_link), the digest that [`LeaseRequest::mint`] gives is stored with channel
    /// mail and the letter's generation. Committed when this returns, so that no link leaves the house before its digest
    /// is durable.
    ///
    /// A letter that does not read, or whose invitation does not, must not stop the others: it is
    /// leased all the same, without a token, so that it is looked at again after the lease.
    async fn lease(&self, pool: &P, request: &LeaseRequest<'_>) -> Result<Leased, StoreError>;

    /// What the database's own clock says. The worker compares it with its own, and does nothing while they differ by
    /// more than [`Clock::tolerance`](crate::Clock::tolerance). No other method may ask the database for the time.
    async fn now(&self, pool: &P) -> Result<DateTime<Utc>, StoreError>;

    /// Records what became of letters, and says of each, in their order, whether it did: `false`, and nothing written
    /// of it, if the lease is no longer this owner's and attempt's.
    ///
    /// The summary is written as by [`InvitationStore::record_delivery`]; if it was, the transition, where
    /// there is one, is made as by [`InvitationStore::apply`].
    async fn settle(&self, pool: &P, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError>;

    /// First, and committed by itself, looks which letters have become due since they were queued for later or postponed.
    /// Then expires up to `limit` open invitations of these kinds that are due at `now`, each with its
    /// event by [`Actor::System`](crate::Actor::System), and returns how many.
    ///
    /// With each of a kind in `notify` that has an address of the inviter's, a letter of purpose
    /// [`Purpose::Expired`] is queued for `now`; its delivery is the invitation's own id, because
    /// an invitation expires once. If that letter is in the queue already, it stays as it is.
    async fn sweep(&self, pool: &P, sweep: &Sweep<'_>) -> Result<u64, StoreError>;

    /// Looks at up to `limit` invitations of these kinds whose `remind_at` is `now` or before,
    /// earliest first. For each one, [`ReminderScan::decide`] says what becomes of `remind_at` and
    /// `reminded`, and which letter is queued, of the row's generation. No revision, no event.
    ///
    /// The rows are locked before they are looked at, so that of any number of workers one decides
    /// about each. One that does not read must not stop the others: its `remind_at` becomes null.
    async fn remind(&self, pool: &P, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError>;

    /// Deletes up to `limit` invitations that ended long enough ago, each as by [`InvitationStore::remove`], and returns how
    /// many. Of any number of workers one deletes each.
    async fn purge(&self, pool: &P, purge: &Purge<'_>) -> Result<u64, StoreError>;
}

/// A request for letters to send.
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct LeaseRequest<'a> {
    /// The kinds this worker serves.
    pub kinds: &'a [&'a str],
    /// The instant by which letters must be due.
    pub now: DateTime<Utc>,
    /// The name of this worker, new for each request.
    pub owner: Uuid,
    /// Until when nobody else may have them.
    pub lease_until: DateTime<Utc>,
    /// The most to lease.
    pub limit: u32,
    /// The scope behind which the turns begin: [`Leased::last`] of the lease before.
    pub after: Option<&'a Scope>,
    /// Domains whose letters are passed over, as [`EmailAddress::domain`](crate::EmailAddress::domain) gives them.
    pub full: &'a [&'a str],
    /// The function that [`admits`](Self::admits) calls, with the domain of a letter's addressee.
    pub room: &'a (dyn Fn(&str) -> bool + Send + Sync),
    /// The function that [`mint`](Self::mint) calls. It takes the delivery and the kind of a letter, and returns the
    /// digest of a new token. Core keeps the token itself. A test of a store may return any digest that it wants to find.
    pub minter: &'a (dyn Fn(DeliveryId, &str) -> Result<TokenDigest, StoreError> + Send + Sync),
}

/// How long it is tried to tell an inviter of an end: an opinion.
const NOTICE_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Whether a letter that seemed not to have left is reported to be on its way, or there.
fn has_arrived(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Deferred | DeliveryState::Delivered)
}

impl LeaseRequest<'_> {
    /// Whether a letter of this purpose and generation is still worth sending.
    #[must_use]
    pub fn is_current(&self, record: &Record, purpose: Purpose, generation: u32) -> bool {
        match purpose.tells_of() {
            None => {
                let state = record.delivery.state;
                let is_answered = state.turns_away() || purpose == Purpose::Invitation && has_arrived(state);
                let is_open = record.status == Status::Pending && record.expires_at > self.now;
                is_open && record.generation == generation && !is_answered
            }
            // It has not ended: a resend, which begins another generation, makes it old news.
            Some(Status::DeliveryFailed) => {
                let is_open = record.status == Status::DeliveryFailed && record.expires_at > self.now;
                is_open && record.generation == generation && record.inviter_address.is_some()
            }
            Some(status) => {
                let is_news = record.ended.as_ref().is_some_and(|ended| self.now - ended.at < NOTICE_LIFETIME);
                record.status == status && record.inviter_address.is_some() && is_news
            }
        }
    }

    /// Whether there is room for this letter among those that are on their way to its domain. It then counts as one of
    /// them, so ask once, and only of a letter that [is current](Self::is_current).
    #[must_use]
    pub fn admits(&self, record: &Record, purpose: Purpose) -> bool {
        record.addressee(purpose).is_none_or(|address| (self.room)(address.domain()))
    }

    /// Draws a token for this letter and gives its digest; the token itself stays in core.
    ///
    /// # Errors
    /// Fails if the random number generator does; then undo the transaction.
    pub fn mint(&self, delivery: DeliveryId, kind: &str) -> Result<TokenDigest, StoreError> {
        (self.minter)(delivery, kind)
    }
}

impl std::fmt::Debug for LeaseRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeaseRequest").field("owner", &self.owner).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What [`WorkerStore::lease`] leased, and what it did with other letters that were due.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Leased {
    /// The letters to send.
    pub letters: Vec<LeasedLetter>,
    /// How many were removed because their invitation has moved on, or is gone.
    pub discarded: usize,
    /// Why others do not read.
    pub unreadable: Vec<StoreError>,
    /// The scope of the last letter in the order, among those that come first if there were any. The turns of the next
    /// lease begin behind it.
    pub last: Option<Scope>,
}

/// A letter that this worker has leased, with its invitation.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct LeasedLetter {
    /// The delivery that the letter is.
    pub delivery: DeliveryId,
    /// What it is about.
    pub purpose: Purpose,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many attempts were refused for now.
    pub refusals: u32,
    /// How many attempts ended without anybody knowing how.
    pub unknowns: u32,
    /// The invitation as it was when it was leased.
    pub record: Record,
}

/// A request to expire what is due.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Sweep<'a> {
    /// The kinds this worker serves.
    pub kinds: &'a [&'a str],
    /// The kinds whose inviter is told of the expiry.
    pub notify: &'a [&'a str],
    /// The instant by which invitations must have expired.
    pub now: DateTime<Utc>,
    /// The most to expire. A store may expire no more than 1,000, whatever is asked.
    pub limit: u32,
}

/// A request to delete what ended long ago.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Purge<'a> {
    /// The kinds of which something is deleted, each with the instant at which, or before which, an invitation must have
    /// ended. Open ones stay, however long their time is over.
    pub kinds: &'a [(&'a str, DateTime<Utc>)],
    /// The most to delete. A store may delete no more than 1,000, whatever is asked.
    pub limit: u32,
}

/// What became of a letter.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Settlement<'a> {
    /// The delivery that the letter is.
    pub delivery: DeliveryId,
    /// Who had leased it.
    pub owner: Uuid,
    /// The attempt that the lease was for.
    pub attempt: u32,
    /// What to show the inviting side.
    pub summary: DeliveryUpdate<'a>,
    /// What to do with the queue's row.
    pub queue: QueueChange<'a>,
    /// The change of status, when the letter was refused permanently.
    pub transition: Option<&'a Transition<'a>>,
}

/// What happens to a letter's row in the queue.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum QueueChange<'a> {
    /// It is done with: delete it.
    Remove,
    /// It is tried again: lease cleared.
    Postpone {
        /// The instant before which it is not leased again.
        not_before: DateTime<Utc>,
        /// How many attempts were refused for now.
        refusals: u32,
        /// How many attempts ended without anybody knowing how.
        unknowns: u32,
        /// What the last attempt came to.
        error: &'a str,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{actor::Actor, delivery::Delivery, email_address::EmailAddress, id::InvitationId, invitation::Ended};

    fn record(now: DateTime<Utc>) -> Record {
        Record {
            id: InvitationId::from_uuid(Uuid::nil()),
            kind: "member".into(),
            scope: Scope::new(7),
            recipient: EmailAddress::from_stored("ada@example.com", "ada@example.com").unwrap(),
            inviter: Actor::System,
            inviter_address: None,
            payload: Value::Null,
            display: Value::Null,
            message: None,
            locale: None,
            status: Status::Pending,
            ended: None,
            generation: 2,
            min_generation: 2,
            grace_until: None,
            revision: 1,
            created_at: now,
            expires_at: now + chrono::TimeDelta::microseconds(1),
            resent_at: None,
            viewed_at: None,
            delivery: Delivery::new(DeliveryState::Queued),
            delivery_id: None,
            remind_at: None,
            reminded: None,
            label: None,
            facet: None,
            import: None,
            idempotency: None,
            renews: None,
        }
    }

    type Minter = dyn Fn(DeliveryId, &str) -> Result<TokenDigest, StoreError> + Send + Sync;

    fn request(now: DateTime<Utc>, minter: &Minter) -> LeaseRequest<'_> {
        LeaseRequest {
            kinds: &[],
            now,
            owner: Uuid::nil(),
            lease_until: now,
            limit: 1,
            after: None,
            full: &[],
            room: &|_| true,
            minter,
        }
    }

    fn ended_at(at: DateTime<Utc>) -> Ended {
        Ended { at, by: Actor::System, reason: None, address_proved: false }
    }

    #[test]
    fn only_letters_about_what_is_pending_unexpired_and_of_this_generation_are_sent() {
        let now = DateTime::UNIX_EPOCH;
        let minter = |_, _: &str| Err(StoreError::corrupt("nothing"));
        let request = request(now, &minter);
        for purpose in [Purpose::Invitation, Purpose::Reminder] {
            assert!(request.is_current(&record(now), purpose, 2));
            assert!(!request.is_current(&record(now), purpose, 1));
            assert!(!request.is_current(&Record { expires_at: now, ..record(now) }, purpose, 2));
            for status in Status::ALL.into_iter().filter(|status| *status != Status::Pending) {
                assert!(!request.is_current(&Record { status, ..record(now) }, purpose, 2));
            }
        }
    }

    #[test]
    fn a_letter_that_is_reported_is_not_sent_again_and_nobody_is_reminded_who_wants_no_more() {
        let now = DateTime::UNIX_EPOCH;
        let minter = |_, _: &str| Err(StoreError::corrupt("nothing"));
        let request = request(now, &minter);
        for (state, again, reminded) in [
            (DeliveryState::Retrying, true, true),
            (DeliveryState::Unknown, true, true),
            (DeliveryState::Deferred, false, true),
            (DeliveryState::Delivered, false, true),
            (DeliveryState::Complained, false, false),
            (DeliveryState::Suppressed, false, false),
            (DeliveryState::Bounced, false, false),
        ] {
            let record = Record { delivery: Delivery::new(state), ..record(now) };
            assert_eq!(request.is_current(&record, Purpose::Invitation, 2), again, "{state:?}");
            assert_eq!(request.is_current(&record, Purpose::Reminder, 2), reminded, "{state:?}");
        }
    }

    #[test]
    fn a_notice_is_sent_of_the_state_it_tells_of_to_an_inviter_with_an_address() {
        let now = DateTime::UNIX_EPOCH;
        let minter = |_, _: &str| Err(StoreError::corrupt("nothing"));
        let request = request(now, &minter);
        let address = EmailAddress::from_given("charles@example.com");
        for purpose in [Purpose::Accepted, Purpose::Rejected, Purpose::Expired] {
            for status in Status::ALL {
                let ended = (!status.is_open()).then(|| ended_at(now - NOTICE_LIFETIME + TimeDelta::microseconds(1)));
                let record = Record { status, ended, inviter_address: address.clone(), ..record(now) };
                assert_eq!(request.is_current(&record, purpose, 2), purpose.tells_of() == Some(status));
                let stale = Record { ended: Some(ended_at(now - NOTICE_LIFETIME)), ..record.clone() };
                assert!(!request.is_current(&stale, purpose, 2));
                assert!(!request.is_current(&Record { inviter_address: None, ..record }, purpose, 2));
            }
        }
    }

    #[test]
    fn an_inviter_is_told_of_a_failed_delivery_until_it_is_resent_or_over() {
        let now = DateTime::UNIX_EPOCH;
        let minter = |_, _: &str| Err(StoreError::corrupt("nothing"));
        let request = request(now, &minter);
        let inviter_address = EmailAddress::from_given("charles@example.com");
        let failed =
            || Record { status: Status::DeliveryFailed, inviter_address: inviter_address.clone(), ..record(now) };
        assert!(request.is_current(&failed(), Purpose::DeliveryFailed, 2));
        assert!(!request.is_current(&failed(), Purpose::DeliveryFailed, 1), "resent");
        assert!(!request.is_current(&Record { expires_at: now, ..failed() }, Purpose::DeliveryFailed, 2));
        assert!(!request.is_current(&Record { inviter_address: None, ..failed() }, Purpose::DeliveryFailed, 2));
        for status in Status::ALL.into_iter().filter(|status| *status != Status::DeliveryFailed) {
            assert!(!request.is_current(&Record { status, ..failed() }, Purpose::DeliveryFailed, 2), "{status}");
        }
    }
}
