//! From the contract's data to named values, for every database alike.

use chrono::{DateTime, Utc};
use invite_core::{
    EmailAddress, Fault, Record,
    store::{
        Change, DeliveryUpdate, Guard, NewEvent, NewLetter, OpenKey, Purpose, QueueChange, RenewedLinks, Settlement,
    },
};

use crate::{dialect::Dialect, name::Name, statement::Values};

/// The numbers that the queue sorts letters by. The statements that expire invitations have the second one in them.
pub(crate) const PRIORITIES: [u32; 2] = [0, 1];

pub(crate) const fn priority(purpose: Purpose) -> u32 {
    if purpose.comes_first() { PRIORITIES[0] } else { PRIORITIES[1] }
}

impl<'v, D: Dialect> Values<'v, D> {
    /// Every column of a new invitation.
    pub(crate) fn record(self, record: &'v Record, open_key: Option<&'v OpenKey>) -> Self {
        let Record {
            id,
            kind,
            scope,
            recipient,
            inviter,
            inviter_address,
            payload,
            display,
            message,
            locale,
            status,
            ended: _,
            generation,
            min_generation,
            grace_until: _,
            revision,
            created_at,
            expires_at,
            resent_at: _,
            viewed_at: _,
            delivery: _,
            delivery_id,
            remind_at,
            reminded: _,
            label,
            facet,
            import,
            idempotency,
            renews,
        } = record;
        self.uuid(Name::Id, *id.as_uuid())
            .text(Name::Kind, kind.as_str())
            .exact(Name::Scope, scope.as_str())
            .text(Name::RecipientGiven, recipient.as_given())
            .exact(Name::Recipient, recipient.canonical())
            .owned(Name::Inviter, inviter.to_stored())
            .text(Name::InviterAddress, inviter_address.as_ref().map(EmailAddress::as_given))
            .json(Name::Payload, payload)
            .json(Name::Display, display)
            .text(Name::Message, message.as_deref())
            .text(Name::Locale, locale.as_deref())
            .text(Name::Status, status.as_str())
            .count(Name::Generation, *generation)
            .count(Name::MinGeneration, *min_generation)
            .count(Name::Revision, *revision)
            .bytes(Name::OpenKey, open_key.map(|key| key.as_bytes().as_slice()))
            .time(Name::CreatedAt, *created_at)
            .time(Name::ExpiresAt, *expires_at)
            .uuid(Name::Delivery, delivery_id.map(|delivery| *delivery.as_uuid()))
            .time(Name::RemindAt, *remind_at)
            .text(Name::Label, label.as_deref())
            .exact(Name::Facet, facet.as_deref())
            .exact(Name::Import, import.as_deref())
            .bytes(Name::IdempotencyKey, idempotency.as_ref().map(|known| known.key().as_slice()))
            .bytes(
                Name::RequestDigest,
                idempotency.as_ref().and_then(|known| known.request()).map(<[u8; 32]>::as_slice),
            )
            .uuid(Name::Renews, renews.map(|id| *id.as_uuid()))
    }

    /// What happened, why and when, without who did it.
    pub(crate) fn event(self, event: &NewEvent<'v>) -> Self {
        self.text(Name::Event, event.kind.as_str()).text(Name::Reason, event.reason).time(Name::At, event.at)
    }

    /// Who did it.
    pub(crate) fn actor(self, event: &NewEvent<'v>) -> Self {
        self.owned(Name::Actor, event.actor.to_stored())
    }

    /// The letter and the token that go with a change, each null where there is none.
    #[cfg(feature = "postgres")]
    pub(crate) fn dispatch(self, dispatch: invite_core::store::Dispatch<'v>) -> Self {
        use invite_core::store::Dispatch;

        let (letter, token) = match dispatch {
            Dispatch::None => (None, None),
            Dispatch::Letter(letter) => (Some(letter), None),
            Dispatch::Token(digest, channel) => (None, Some((digest, channel))),
        };
        self.uuid(Name::Letter, letter.map(|letter| *letter.delivery.as_uuid()))
            .text(Name::Purpose, letter.map(|letter| letter.purpose.as_str()))
            .count(Name::Priority, letter.map(|letter| priority(letter.purpose)))
            .time(Name::NotBefore, letter.map(|letter| letter.not_before))
            .bytes(Name::Token, token.map(|(digest, _)| digest.as_bytes().as_slice()))
            .text(Name::Channel, token.map(|(_, channel)| channel.as_str()))
    }

    /// A row of the queue, as it is at this instant.
    pub(crate) fn letter(self, letter: &'v NewLetter, record: &'v Record, at: DateTime<Utc>) -> Self {
        self.uuid(Name::Letter, *letter.delivery.as_uuid())
            .text(Name::Kind, record.kind.as_str())
            .uuid(Name::Id, *record.id.as_uuid())
            .count(Name::Generation, record.generation)
            .text(Name::Purpose, letter.purpose.as_str())
            .count(Name::Priority, priority(letter.purpose))
            .exact(Name::Scope, record.scope.as_str())
            .exact(Name::Domain, record.addressee(letter.purpose).map_or("", EmailAddress::domain))
            .time(Name::NotBefore, letter.not_before)
            .flag(Name::Ready, letter.not_before <= at)
    }

    /// A guard, except which row it is about, what the time must say, and the addresses.
    pub(crate) fn guard(self, guard: &Guard<'v>) -> Self {
        let compare = match (guard.recipient.verified(), guard.recipient.by_domain()) {
            (None, _) => "anyone",
            (Some(_), false) => "address",
            (Some(_), true) => "domain",
        };
        self.text(Name::Kind, guard.kind)
            .text(Name::Status, guard.statuses[0].as_str())
            .text(Name::OrStatus, guard.statuses[1].as_str())
            .time(Name::Now, guard.now)
            .text(Name::Compare, compare)
            .exact(Name::ProvedAddress, guard.recipient.proved_by_mail())
    }

    /// The new values of a change.
    pub(crate) fn change(self, change: &'v Change<'v>) -> Self {
        match change {
            Change::End { status } => self.text(Name::EndedStatus, status.as_str()),
            Change::Renew { at, expires_at, links, delivery, remind_at } => {
                let (retire, grace_until) = match links {
                    RenewedLinks::Retire { grace_until } => (true, *grace_until),
                    RenewedLinks::Keep => (false, None),
                };
                self.time(Name::ResentAt, *at)
                    .time(Name::NewExpiresAt, *expires_at)
                    .flag(Name::Retire, retire)
                    .time(Name::GraceUntil, grace_until)
                    .uuid(Name::NewDelivery, *delivery.as_uuid())
                    .time(Name::RemindAt, *remind_at)
            }
            Change::Amend { recipient, payload, display, message, expires_at, remind_at } => {
                let (address, key) = recipient.as_ref().map(|(address, key)| (*address, key.as_ref())).unzip();
                self.text(Name::RecipientGiven, address.map(EmailAddress::as_given))
                    .exact(Name::Recipient, address.map(EmailAddress::canonical))
                    .bytes(Name::OpenKey, key.flatten().map(|key| key.as_bytes().as_slice()))
                    .json(Name::Payload, payload.map(|payload| payload.json))
                    .text(Name::Label, payload.and_then(|payload| payload.label))
                    .exact(Name::Facet, payload.and_then(|payload| payload.facet))
                    .json(Name::Display, *display)
                    .flag(Name::SetsMessage, message.is_some())
                    .text(Name::Message, message.flatten())
                    .time(Name::NewExpiresAt, *expires_at)
                    .time(Name::RemindAt, *remind_at)
            }
            Change::View { at } => self.time(Name::ViewedAt, *at),
            Change::Link | Change::FailDelivery => self,
        }
    }

    /// What became of a letter.
    pub(crate) fn summary(self, update: &DeliveryUpdate<'v>) -> Self {
        self.uuid(Name::Delivery, *update.delivery.as_uuid())
            .text(Name::Kind, update.kind)
            .text(Name::DeliveryState, update.state.as_str())
            .count(Name::Attempts, update.attempts)
            .text(Name::Error, update.error)
            .text(Name::Fault, update.fault.map(Fault::as_str))
            .exact(Name::ProviderId, update.provider_id)
            .words(Name::Over, update.over.iter().map(|state| state.as_str()))
    }

    /// What becomes of the queue's row, and whose lease it must be.
    pub(crate) fn settlement(self, settlement: &Settlement<'v>) -> Self {
        let fenced = self
            .uuid(Name::Letter, *settlement.delivery.as_uuid())
            .uuid(Name::Owner, settlement.owner)
            .count(Name::Attempt, settlement.attempt);
        match settlement.queue {
            QueueChange::Remove => fenced,
            QueueChange::Postpone { not_before, refusals, unknowns, error } => fenced
                .time(Name::NotBefore, not_before)
                .count(Name::Refusals, refusals)
                .count(Name::Unknowns, unknowns)
                .text(Name::Error, error),
        }
    }

    /// The states of a list where there are no arrays: one place for each.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(crate) fn statuses(self, statuses: &[invite_core::Status]) -> Self {
        use invite_core::Status;

        const PLACES: [Name; Status::ALL.len()] =
            [Name::Status1, Name::Status2, Name::Status3, Name::Status4, Name::Status5, Name::Status6];
        let mut statuses = statuses.iter();
        PLACES.into_iter().fold(self.flag(Name::AnyStatus, statuses.len() == 0), |values, place| {
            values.text(place, statuses.next().map(|status| status.as_str()))
        })
    }

    /// Addresses or domains where there are no arrays: one place for each.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(crate) fn eight(self, addresses: [Option<&'v str>; 8]) -> Self {
        const PLACES: [Name; 8] = [
            Name::Address1,
            Name::Address2,
            Name::Address3,
            Name::Address4,
            Name::Address5,
            Name::Address6,
            Name::Address7,
            Name::Address8,
        ];
        PLACES.into_iter().zip(addresses).fold(self, |values, (place, address)| values.exact(place, address))
    }
}
