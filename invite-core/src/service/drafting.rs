//! From what a host asks for to the row of a new invitation.

use chrono::{DateTime, Utc};

use super::{Scoped, look};
use crate::{
    actor::Actor,
    delivery::Delivery,
    email_address::EmailAddress,
    error::{Error, Field, Problem, StoreError},
    invitation::{Ended, Idempotency, NewInvitation, Record},
    kind::Kind,
    mailer::Letter,
    state::Status,
    store::{Dispatch, InvitationStore, LeasedLetter, NewPayload, Purpose},
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
        let payload = Payload::read(&new.payload)?;
        let display = new.display.clone().map_err(|problem| Error::invalid(Field::Display, problem))?;
        text::shown_json(Field::Display, &display)?;
        let message = new.message.as_deref().map_or(Ok(None), |message| text::message(Field::Message, message))?;
        new.import.as_deref().map_or(Ok(()), |import| text::word(Field::Import, import))?;
        new.key.as_deref().map_or(Ok(()), |key| text::line(Field::Key, key))?;
        let idempotency =
            new.key.as_deref().map(|key| Idempotency::new(K::NAME, &self.scope, key, &recipient, &payload.json));
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
            payload: payload.json,
            display,
            message,
            locale: new.locale.as_deref().and_then(read_locale),
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
            label: payload.label,
            facet: payload.facet,
            import: new.import.clone(),
            idempotency,
            renews: None,
        };
        record.remind_at = look(&record, self.invitations.policy().reminders, now).next;
        Ok(record)
    }

    /// A letter about an invitation that does not exist: to look at a design, or to send a test mail
    /// through a [`Mailer`](crate::Mailer). Nothing is stored, nobody is asked for permission, and
    /// its token opens nothing.
    ///
    /// A letter to the inviter goes to the recipient's address if the invitation names no
    /// [`inviter_address`](NewInvitation::inviter_address), and says that the invitation ended just
    /// now. The reason of a rejection is the invitation's message.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// use invite_core::store::Purpose;
    ///
    /// # fn main() -> Result<(), invite_core::Error> {
    /// let members = members();
    /// let new = new("ada@example.com").message("We could use your notes.").locale("de");
    /// let letter = members.scope("org:7").sample(Purpose::Reminder, &new)?;
    /// assert_eq!(letter.addressee().as_given(), "ada@example.com");
    /// assert!(letter.token().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`create`](Self::create), and [`Error::Store`] if the source of
    /// randomness fails.
    pub fn sample(&self, purpose: Purpose, new: &NewInvitation<K>) -> Result<Letter, Error> {
        let now = self.invitations.now();
        let mut record = self.draft(&Actor::System, new, now, Dispatch::None)?;
        record.inviter_address.get_or_insert_with(|| record.recipient.clone());
        if let Some(status) = purpose.tells_of() {
            record.status = status;
            let reason = record.message.take().filter(|_| status == Status::Rejected);
            record.ended = Some(Ended { at: now, by: Actor::System, reason, address_proved: false });
        }
        if purpose == Purpose::Expired {
            record.expires_at = now;
        }
        let delivery = self.invitations.letter(purpose, now)?.delivery;
        let leased = LeasedLetter { delivery, purpose, attempt: 1, refusals: 0, unknowns: 0, record };
        let token = if purpose.has_link() { Some(SAMPLE_TOKEN.parse()?) } else { None };
        Letter::new(leased, self.invitations.policy(), token).ok_or(Error::Store(StoreError::corrupt("letter")))
    }
}

/// Made of counted bytes. No random source draws it, so its digest is in no table.
const SAMPLE_TOKEN: &str = "inv1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K";

/// A payload as it is stored, with what lists need of it.
pub(super) struct Payload {
    json: serde_json::Value,
    label: Option<String>,
    facet: Option<String>,
}

impl Payload {
    pub(super) fn read<K: Kind>(payload: &K) -> Result<Self, Error> {
        payload.check().map_err(Error::InvalidPayload)?;
        let json = serde_json::to_value(payload).map_err(|_| Error::invalid(Field::Payload, Problem::Malformed))?;
        text::json(Field::Payload, &json)?;
        let (label, facet) = (payload.label(), payload.facet());
        label.as_deref().map_or(Ok(()), |label| text::line(Field::Label, label))?;
        facet.as_deref().map_or(Ok(()), |facet| text::word(Field::Facet, facet))?;
        Ok(Self { json, label, facet })
    }

    pub(super) fn as_new(&self) -> NewPayload<'_> {
        let Self { json, label, facet } = self;
        NewPayload { json, label: label.as_deref(), facet: facet.as_deref() }
    }
}

/// As much of a tag as has the shape of BCP 47: a language of 2 to 8 letters, then parts of 1 to 8 ASCII letters and
/// digits, 35 characters in all (RFC 5646, section 4.4.1).
///
/// The names of POSIX are read too: `pt_BR`, `de_DE.UTF-8`, `sr_RS@latin`. A locale often comes from a browser or an old
/// column, and a letter in the default language is better than none, so what cannot be read is dropped rather than
/// refused. Whether such a language exists is the mailer's business.
fn read_locale(locale: &str) -> Option<String> {
    let locale = locale.trim().split(['.', '@']).next().unwrap_or_default();
    let mut parts = locale.split(['-', '_']);
    let language = parts.next()?;
    if !(2..=8).contains(&language.len()) || !language.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let mut tag = language.to_owned();
    for part in parts {
        let is_part = (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_part || tag.len() + 1 + part.len() > 35 {
            break;
        }
        tag.push('-');
        tag.push_str(part);
    }
    // A single letter only introduces the part that was dropped.
    match tag.rsplit_once('-') {
        Some((rest, last)) if last.len() == 1 => Some(rest.to_owned()),
        Some(_) | None => Some(tag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_read_as_far_as_it_can_be() {
        for (given, read) in [
            ("en", "en"),
            ("pt-BR", "pt-BR"),
            ("pt_BR", "pt-BR"),
            ("de_DE", "de-DE"),
            (" de_DE.UTF-8 ", "de-DE"),
            ("sr_RS@latin", "sr-RS"),
            ("zh_Hant_TW", "zh-Hant-TW"),
            ("de-CH-1996", "de-CH-1996"),
            ("de-DE-muchtoolong", "de-DE"),
            ("de-DE-", "de-DE"),
            ("de-x-muchtoolong", "de"),
            ("en-US/../..", "en"),
            ("en-\u{202e}", "en"),
            ("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd", "aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"),
            ("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-e", "aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"),
        ] {
            assert_eq!(read_locale(given).as_deref(), Some(read), "{given:?}");
        }
        for given in
            ["", " ", "C", "*", "-", "_", "12", "en/../..", "muchtoolong", "d\u{e9}", "en\r\nBcc: eve@example.com"]
        {
            assert_eq!(read_locale(given), None, "{given:?}");
        }
    }
}
