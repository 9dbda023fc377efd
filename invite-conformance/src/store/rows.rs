//! Rows, guards and changes made by hand, for cases that call the store itself.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Delivery, DeliveryState, EmailAddress, EventKind, Idempotency, InvitationId, Record, Scope, Sort, Status,
    TokenDigest, Uniqueness,
    store::{
        AddressedQuery, Change, DeliveryId, Dispatch, Guard, Key, ListQuery, NewEvent, NewLetter, NewPayload, OpenKey,
        Purpose, RecipientGuard, RenewedLinks, Target, TimeGuard, Transition,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const KIND: &str = "member";
pub(crate) const OTHER_KIND: &str = "provider";
pub(crate) const OPEN: [Status; 2] = [Status::Pending, Status::DeliveryFailed];
pub(crate) const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// Every state of a letter.
pub(crate) const ANY_STATE: &[DeliveryState] = &[
    DeliveryState::NotMailed,
    DeliveryState::Queued,
    DeliveryState::Retrying,
    DeliveryState::Sent,
    DeliveryState::Unknown,
    DeliveryState::Failed,
    DeliveryState::Deferred,
    DeliveryState::Delivered,
    DeliveryState::Complained,
    DeliveryState::Suppressed,
    DeliveryState::Bounced,
];

/// Noon of 1 June 2030, UTC: when everything happens unless a case says otherwise.
pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::microseconds(1_906_545_600_000_000)
}

pub(crate) fn id(n: u32) -> InvitationId {
    InvitationId::from_uuid(uuid(n))
}

pub(crate) fn uuid(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(n))
}

pub(crate) fn digest(n: u8) -> TokenDigest {
    TokenDigest::from_bytes([n; 32])
}

pub(crate) fn delivery(n: u32) -> DeliveryId {
    DeliveryId::from_uuid(uuid(n))
}

/// The nth letter, due at noon.
pub(crate) fn letter(n: u32) -> NewLetter {
    NewLetter { delivery: delivery(n), purpose: Purpose::Invitation, not_before: noon() }
}

/// A case's own address: one that does not parse is a mistake of the suite.
pub(crate) fn address(text: &str) -> EmailAddress {
    text.parse().expect("an address")
}

/// An invitation as the store should hold it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) record: Record,
    pub(crate) uniqueness: Uniqueness,
}

/// The nth: a member of scope 7, open from an hour before noon to a day after it.
pub(crate) fn row(n: u32) -> Row {
    let record = Record {
        id: id(n),
        kind: KIND.into(),
        scope: Scope::new(7),
        recipient: address(&format!("person{n}@example.com")),
        inviter: Actor::new(1),
        inviter_address: None,
        payload: json!({ "role": "admin" }),
        display: Value::Null,
        message: None,
        locale: None,
        status: Status::Pending,
        ended: None,
        generation: 1,
        min_generation: 1,
        grace_until: None,
        revision: 1,
        created_at: noon() - TimeDelta::hours(1),
        expires_at: noon() + TimeDelta::days(1),
        resent_at: None,
        viewed_at: None,
        delivery: Delivery::new(DeliveryState::Queued),
        delivery_id: Some(delivery(n)),
        remind_at: None,
        reminded: None,
        label: None,
        facet: None,
        import: None,
        idempotency: None,
        renews: None,
    };
    Row { record, uniqueness: Uniqueness::PerScopeAndRecipient }
}

impl Row {
    pub(crate) fn to(mut self, email: &str) -> Self {
        self.record.recipient = address(email);
        self
    }

    pub(crate) fn within(mut self, scope: &str) -> Self {
        self.record.scope = Scope::new(scope);
        self
    }

    pub(crate) fn of_kind(mut self, kind: &str) -> Self {
        self.record.kind = kind.into();
        self
    }

    pub(crate) fn created(mut self, at: DateTime<Utc>) -> Self {
        self.record.created_at = at;
        self
    }

    pub(crate) fn expiring(mut self, at: DateTime<Utc>) -> Self {
        self.record.expires_at = at;
        self
    }

    /// One of many to the same address.
    pub(crate) fn unlimited(mut self) -> Self {
        self.uniqueness = Uniqueness::None;
        self
    }

    /// The key it holds while it is open.
    pub(crate) fn open_key(&self) -> Option<OpenKey> {
        OpenKey::new(self.uniqueness, &self.record.kind, &self.record.scope, &self.record.recipient)
    }

    /// By its id, in its kind and scope.
    pub(crate) fn key(&self) -> Key<'_> {
        Key::Id { kind: &self.record.kind, scope: Some(&self.record.scope), id: self.record.id }
    }
}

/// Whatever is open of the first kind, now or later, by id.
pub(crate) fn by_id(id: InvitationId) -> Guard<'static> {
    guard(Target::Id(id, None))
}

/// The same by its letter, the nth.
pub(crate) fn by_letter(n: u32) -> Guard<'static> {
    by_delivery(delivery(n))
}

pub(crate) fn by_delivery(delivery: DeliveryId) -> Guard<'static> {
    guard(Target::Delivery(delivery))
}

/// The same by token.
pub(crate) fn by_token(digest: &TokenDigest) -> Guard<'_> {
    guard(Target::Token(digest))
}

fn guard(target: Target<'_>) -> Guard<'_> {
    Guard {
        target,
        kind: KIND,
        statuses: OPEN,
        now: noon(),
        time: TimeGuard::Any,
        recipient: RecipientGuard::Anyone,
        not_resent_between: None,
    }
}

/// A change by the system at noon, without a reason, that sends nothing.
pub(crate) fn change<'a>(guard: Guard<'a>, kind: EventKind, change: Change<'a>) -> Transition<'a> {
    Transition { guard, change, event: by_system(kind), dispatch: Dispatch::None }
}

pub(crate) fn by_system(kind: EventKind) -> NewEvent<'static> {
    NewEvent { kind, actor: &Actor::System, reason: None, at: noon() }
}

/// One that no other renewal has: there is a unique index.
pub(crate) fn next_delivery() -> DeliveryId {
    static RENEWALS: AtomicU32 = AtomicU32::new(1_000_000);
    delivery(RENEWALS.fetch_add(1, Ordering::Relaxed))
}

/// It is cancelled.
pub(crate) fn cancelled(guard: Guard<'_>) -> Transition<'_> {
    ended(guard, Status::Cancelled, by_system(EventKind::Cancelled))
}

pub(crate) fn ended<'a>(guard: Guard<'a>, status: Status, event: NewEvent<'a>) -> Transition<'a> {
    Transition { guard, change: Change::End { status }, event, dispatch: Dispatch::None }
}

pub(crate) fn renewed(guard: Guard<'_>, links: RenewedLinks) -> Transition<'_> {
    let delivery = next_delivery();
    change(guard, EventKind::Resent, Change::Renew { at: noon(), expires_at: None, links, delivery, remind_at: None })
}

pub(crate) fn viewed(guard: Guard<'_>) -> Transition<'_> {
    change(guard, EventKind::Viewed, Change::View { at: noon() })
}

pub(crate) fn delivery_failed(guard: Guard<'_>) -> Transition<'_> {
    change(guard, EventKind::DeliveryFailed, Change::FailDelivery)
}

/// An amendment of nothing.
pub(crate) const NOTHING: Change<'static> =
    Change::Amend { recipient: None, payload: None, display: None, message: None, expires_at: None, remind_at: None };

/// What a repeated creation is recognised by: the nth key, with this request.
pub(crate) fn key(n: u32, request: Option<u8>) -> Idempotency {
    Idempotency::from_stored([n as u8; 32], request.map(|request| [request; 32]))
}

/// A payload with its label and its facet.
pub(crate) fn new_payload(json: &Value) -> NewPayload<'_> {
    NewPayload { json, label: Some("Analytical Engines"), facet: Some("member") }
}

/// All of a scope's members, newest first.
pub(crate) fn everything(scope: &Scope) -> ListQuery<'_> {
    ListQuery {
        kind: KIND,
        scope: Some(scope),
        now: noon(),
        statuses: &[],
        search: None,
        facet: None,
        inviter: None,
        deliveries: &[],
        fault: None,
        import: None,
        created_from: None,
        created_until: None,
        expiring_until: None,
        sort: Sort::NewestFirst,
        after: None,
        limit: 100,
    }
}

/// All that is addressed to these.
pub(crate) fn addressed<'a>(kind: &'a str, addresses: &[&'a str]) -> AddressedQuery<'a> {
    let addresses = std::array::from_fn(|place| addresses.get(place).copied());
    AddressedQuery { kind, addresses, now: noon(), as_of: noon(), few: 100, after: None, limit: 100 }
}
