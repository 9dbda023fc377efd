//! One guarded change: how a row changes. The exceptions are `sweep`, which expires many under the same
//! guard, and `record_delivery` and `remind`, which concern letters only.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{DeliveryId, Dispatch, FoundToken, NewEvent};
use crate::{
    actor::Scope,
    claimant::{Claimant, MAX_ADDRESSES},
    delivery::{Delivery, DeliveryState},
    email_address::EmailAddress,
    id::InvitationId,
    invitation::{Ended, OpenKey, Record},
    policy::Acceptor,
    state::{EventKind, Status},
    token::{Channel, TokenDigest},
};

/// One guarded change with its event.
///
/// Rows that are not [removed](super::InvitationStore::remove) change in no other way but three: [`sweep`](super::WorkerStore::sweep) expires many at once, under the
/// same guard, and [`record_delivery`](super::InvitationStore::record_delivery) and
/// [`remind`](super::WorkerStore::remind) write what concerns letters only.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Transition<'a> {
    /// Which row, and in what condition.
    pub guard: Guard<'a>,
    /// The new values of the row.
    pub change: Change<'a>,
    /// The event that is written with the change.
    pub event: NewEvent<'a>,
    /// The letter or the token that goes with it.
    pub dispatch: Dispatch<'a>,
}

/// The condition under which a change happens; all of it belongs into the `WHERE`.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct Guard<'a> {
    /// The row that the change is about.
    pub target: Target<'a>,
    /// The kind that the row must be of.
    pub kind: &'a str,
    /// It stands in one of these (repeated when there is only one).
    pub statuses: [Status; 2],
    /// The instant of the decision.
    pub now: DateTime<Utc>,
    /// What that instant means for it.
    pub time: TimeGuard,
    /// Who may do this.
    pub recipient: RecipientGuard<'a>,
    /// Not resent after the first of these instants and up to the second. What is dated later was resent by somebody
    /// whose clock is wrong, and must not count for as long as that clock was ahead.
    pub not_resent_between: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Which row a guard is about.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum Target<'a> {
    /// The invitation this token belongs to, if the token's generation still works:
    /// `min_generation` and later, and during grace the one before.
    Token(&'a TokenDigest),
    /// The invitation of this id, in this scope if one is named.
    Id(InvitationId, Option<&'a Scope>),
    /// The invitation whose current letter is this delivery. It comes with [`Change::FailDelivery`], and with no
    /// other change.
    Delivery(DeliveryId),
}

/// What the time must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum TimeGuard {
    /// The invitation has not expired: `expires_at > now`.
    Unexpired,
    /// The invitation has expired: `expires_at <= now`.
    Due,
    /// The time does not matter.
    Any,
}

/// Whose address must be the invited one.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum RecipientGuard<'a> {
    /// Any address will do.
    Anyone,
    /// One of this claimant's.
    Claimant {
        /// The person who accepts or declines.
        claimant: &'a Claimant,
        /// Whether a shared domain is enough.
        same_domain: bool,
    },
}

impl<'a> RecipientGuard<'a> {
    pub(crate) fn new(acceptor: Acceptor, claimant: &'a Claimant) -> Self {
        match acceptor {
            Acceptor::Recipient => Self::Claimant { claimant, same_domain: false },
            Acceptor::SameDomain => Self::Claimant { claimant, same_domain: true },
            Acceptor::Bearer => Self::Anyone,
        }
    }

    /// Up to eight values. The canonical address must equal one of them (or its domain, when
    /// [`by_domain`](Self::by_domain)). `None` if anybody may.
    #[must_use]
    pub fn verified(&self) -> Option<[Option<&'a str>; MAX_ADDRESSES]> {
        match *self {
            Self::Anyone => None,
            Self::Claimant { claimant, same_domain } => {
                let mut values = claimant.verified_addresses().iter().map(|address| part(address, same_domain));
                Some(std::array::from_fn(|_| values.next()))
            }
        }
    }

    /// The value that suffices as well when the token came by mail.
    #[must_use]
    pub fn proved_by_mail(&self) -> Option<&'a str> {
        match *self {
            Self::Anyone => None,
            Self::Claimant { claimant, .. } => claimant.provable_address().map(EmailAddress::canonical),
        }
    }

    /// Whether domains are compared instead of addresses. A mailed token proves an address only.
    #[must_use]
    pub fn by_domain(&self) -> bool {
        matches!(self, Self::Claimant { same_domain: true, .. })
    }

    /// What the statement must decide, in Rust.
    #[must_use]
    pub fn holds(&self, recipient: &EmailAddress, token: Option<&FoundToken>) -> bool {
        let Some(verified) = self.verified() else {
            return true;
        };
        verified.contains(&Some(part(recipient, self.by_domain())))
            || (self.proved_by_mail() == Some(recipient.canonical())
                && token.is_some_and(|token| token.channel == Channel::Mail))
    }
}

fn part(address: &EmailAddress, domain: bool) -> &str {
    if domain { address.domain() } else { address.canonical() }
}

impl<'a> Guard<'a> {
    /// An unexpired one of this kind, where this event is legal; the rest is open.
    pub(crate) fn of(target: Target<'a>, kind: &'a str, event: EventKind, now: DateTime<Utc>) -> Self {
        Self {
            target,
            kind,
            statuses: event.allowed_in(),
            now,
            time: TimeGuard::Unexpired,
            recipient: RecipientGuard::Anyone,
            not_resent_between: None,
        }
    }
}

impl Guard<'_> {
    /// What the statement must decide, in Rust: the reference, and how core explains a refusal
    /// afterwards. A store on a database must not decide with it.
    #[must_use]
    pub fn holds(&self, record: &Record, token: Option<&FoundToken>) -> bool {
        let target = match self.target {
            Target::Token(_) => token.is_some_and(|token| token.works_on(record, self.now)),
            Target::Id(id, scope) => record.id == id && scope.is_none_or(|scope| record.scope == *scope),
            Target::Delivery(delivery) => record.delivery_id == Some(delivery),
        };
        let time = match self.time {
            TimeGuard::Unexpired => record.expires_at > self.now,
            TimeGuard::Due => record.expires_at <= self.now,
            TimeGuard::Any => true,
        };
        target
            && time
            && record.kind == self.kind
            && self.statuses.contains(&record.status)
            && self.recipient.holds(&record.recipient, token)
            && !self.is_too_soon(record)
    }

    fn is_too_soon(&self, record: &Record) -> bool {
        let Some(((since, until), at)) = self.not_resent_between.zip(record.resent_at) else { return false };
        at > since && at <= until
    }
}

/// New values for a row. Whatever a variant does not name stays; every change but a view adds 1
/// to the revision. `Debug` names the variant, and nothing that people wrote.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a store has a statement for each")]
pub enum Change<'a> {
    /// Ends it. The row keeps the status and, from the event, when, by whom and why; open key and `remind_at`
    /// become null. `address_proved` becomes whether the token it was found by came by mail.
    End {
        /// The terminal status that it ends in.
        status: Status,
    },
    /// Renews it: pending again, generation + 1, letter queued.
    Renew {
        /// The instant of the resend; becomes `resent_at`.
        at: DateTime<Utc>,
        /// The new end of its life if later than the old; `None` leaves it.
        expires_at: Option<DateTime<Utc>>,
        /// What happens to earlier links.
        links: RenewedLinks,
        /// The delivery of its letter; becomes `delivery_id`.
        delivery: DeliveryId,
        /// Becomes `remind_at`; `reminded` becomes null.
        remind_at: Option<DateTime<Utc>>,
    },
    /// Changes what it says.
    Amend {
        /// A new address with its open key: retires all earlier links (generation + 1). No letter
        /// is under way to it: `delivery_id`, `remind_at` and `reminded` become null.
        recipient: Option<(&'a EmailAddress, Option<OpenKey>)>,
        /// The new payload.
        payload: Option<NewPayload<'a>>,
        /// The host's new words, as JSON.
        display: Option<&'a serde_json::Value>,
        /// A new message, or none from now on.
        message: Option<Option<&'a str>>,
        /// A new end of its life.
        expires_at: Option<DateTime<Utc>>,
        /// The new `remind_at`, unless there is a new address; `None` leaves it.
        remind_at: Option<DateTime<Utc>>,
    },
    /// Nothing but the revision: a link was handed out.
    Link,
    /// It was looked at: `viewed_at`, if it is null. No revision. Where it is not null the guard
    /// does not hold.
    View {
        /// The instant of the look; becomes `viewed_at`.
        at: DateTime<Utc>,
    },
    /// The letter was refused permanently: status `delivery_failed`, `remind_at` null. It comes with
    /// [`Target::Delivery`], and with no other target, so that a letter fails no invitation that was sent another
    /// since.
    FailDelivery,
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End { .. } => "End",
            Self::Renew { .. } => "Renew",
            Self::Amend { .. } => "Amend",
            Self::Link => "Link",
            Self::View { .. } => "View",
            Self::FailDelivery => "FailDelivery",
        })
    }
}

/// A payload, with what lists need of it.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a new field must stop a store's build")]
pub struct NewPayload<'a> {
    /// The payload, as JSON.
    pub json: &'a serde_json::Value,
    /// The new label; `None` removes it.
    pub label: Option<&'a str>,
    /// The new facet; `None` removes it.
    pub facet: Option<&'a str>,
}

// What a host says of somebody.
impl fmt::Debug for NewPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPayload").finish_non_exhaustive()
    }
}

/// What a renewal does to the links sent before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store handles each")]
pub enum RenewedLinks {
    /// `min_generation` becomes the new generation, `grace_until` this.
    Retire {
        /// Until when those of the generation before work.
        grace_until: Option<DateTime<Utc>>,
    },
    /// Neither changes.
    Keep,
}

impl Transition<'_> {
    /// What the statement must do to the row, in Rust: the reference.
    pub fn apply(&self, record: &mut Record, token: Option<&FoundToken>) {
        let event = &self.event;
        if !matches!(self.change, Change::View { .. }) {
            record.revision += 1;
        }
        match &self.change {
            Change::End { status } => {
                record.status = *status;
                record.remind_at = None;
                record.ended = Some(Ended {
                    at: event.at,
                    by: event.actor.clone(),
                    reason: event.reason.map(Into::into),
                    address_proved: token.is_some_and(|token| token.channel == Channel::Mail),
                });
            }
            Change::Renew { at, expires_at, links, delivery, remind_at } => {
                record.status = Status::Pending;
                record.generation += 1;
                record.resent_at = Some(*at);
                record.viewed_at = None;
                record.expires_at = expires_at.map_or(record.expires_at, |new| new.max(record.expires_at));
                record.delivery = Delivery::new(DeliveryState::Queued);
                record.delivery_id = Some(*delivery);
                record.remind_at = *remind_at;
                record.reminded = None;
                if let RenewedLinks::Retire { grace_until } = links {
                    record.min_generation = record.generation;
                    record.grace_until = *grace_until;
                }
            }
            Change::Amend { recipient, payload, display, message, expires_at, remind_at } => {
                record.remind_at = remind_at.or(record.remind_at);
                if let Some((recipient, _)) = recipient {
                    record.recipient = (*recipient).clone();
                    record.generation += 1;
                    record.min_generation = record.generation;
                    record.grace_until = None;
                    record.viewed_at = None;
                    record.delivery = Delivery::new(DeliveryState::NotMailed);
                    record.delivery_id = None;
                    record.remind_at = None;
                    record.reminded = None;
                }
                if let Some(payload) = payload {
                    record.payload = payload.json.clone();
                    record.label = payload.label.map(Into::into);
                    record.facet = payload.facet.map(Into::into);
                }
                if let Some(display) = display {
                    record.display = (*display).clone();
                }
                if let Some(message) = message {
                    record.message = message.map(Into::into);
                }
                record.expires_at = expires_at.unwrap_or(record.expires_at);
            }
            Change::Link => {}
            Change::View { at } => record.viewed_at = Some(*at),
            Change::FailDelivery => {
                record.status = Status::DeliveryFailed;
                record.remind_at = None;
            }
        }
    }
}
