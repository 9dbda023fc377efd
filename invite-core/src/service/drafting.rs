//! From what a host asks for to the row of a new invitation.

use chrono::{DateTime, Utc};

use super::{Scoped, look};
use crate::{
    actor::Actor,
    delivery::Delivery,
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    invitation::{NewInvitation, Record},
    kind::Kind,
    state::Status,
    store::{Dispatch, InvitationStore},
    text,
};

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Checks everything that can be checked without a statement.
    pub(super) fn draft(
        &self,
        actor: &Actor,
        new: &NewInvitation<K>,
        now: DateTime<Utc>,
        dispatch: Dispatch<'_>,
    ) -> Result<Record, Error> {
        let recipient = new.email.parse::<EmailAddress>()?;
        let inviter_address = new.inviter_address.as_deref().map(EmailAddress::parse).transpose();
        let inviter_address = inviter_address.map_err(|problem| Error::invalid(Field::InviterAddress, problem))?;
        let payload = payload_json(&new.payload)?;
        let display = new.display.clone().map_err(|problem| Error::invalid(Field::Display, problem))?;
        text::shown_json(Field::Display, &display)?;
        let message = new.message.as_deref().map_or(Ok(None), |message| text::message(Field::Message, message))?;
        if let Some(locale) = &new.locale {
            check_locale(locale)?;
        }
        let lifetime = new.lifetime.unwrap_or(self.invitations.policy().lifetime);
        let delivery_id = match dispatch {
            Dispatch::Letter(letter) => Some(letter.delivery),
            Dispatch::None | Dispatch::Token(..) => None,
        };
        let mut record = Record {
            id: self.invitations.new_id(now)?,
            kind: K::NAME.into(),
            scope: self.scope.clone(),
            recipient,
            inviter: actor.clone(),
            inviter_address,
            payload,
            display,
            message,
            locale: new.locale.clone(),
            status: Status::Pending,
            ended: None,
            generation: 1,
            min_generation: 1,
            grace_until: None,
            revision: 1,
            created_at: now,
            expires_at: self.invitations.expiry(now, lifetime)?,
            resent_at: None,
            viewed_at: None,
            delivery: Delivery::unheard(delivery_id),
            delivery_id,
            remind_at: None,
            reminded: None,
        };
        record.remind_at = look(&record, self.invitations.policy().reminders, now).next;
        Ok(record)
    }
}

pub(super) fn payload_json<K: Kind>(payload: &K) -> Result<serde_json::Value, Error> {
    let value = serde_json::to_value(payload).map_err(|_| Error::invalid(Field::Payload, Problem::Malformed))?;
    text::json(Field::Payload, &value)?;
    Ok(value)
}

/// The shape of a BCP 47 tag: parts of 1 to 8 ASCII letters and digits, 35 characters in all
/// (RFC 5646, section 4.4.1). Whether such a language exists is the mailer's business.
fn check_locale(locale: &str) -> Result<(), Error> {
    let well_formed = locale.len() <= 35
        && locale
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if well_formed { Ok(()) } else { Err(Error::invalid(Field::Locale, Problem::Malformed)) }
}
