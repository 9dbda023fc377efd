//! Many rows in one statement: as one document of JSON.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use invite_core::{
    EmailAddress, Record, Scope,
    store::{Change, Dispatch, Insertion, Key, NewEvent, NewLetter, StoreError, Target, Transition},
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::values::priority;

/// How a database reads from JSON what is no text and no number there.
#[derive(Clone, Copy)]
pub(crate) struct Spelling {
    pub(crate) id: fn(&Uuid) -> String,
    pub(crate) time: fn(DateTime<Utc>) -> String,
}

/// How many bytes of JSON go into one statement. A server may refuse more than 16 MiB, and payloads may be long.
const MOST_BYTES: usize = 1 << 20;

/// Splits rows so that no part is too long for a statement. Each part is an array of JSON.
pub(crate) fn parts(rows: impl Iterator<Item = Result<Json, StoreError>>) -> Result<Vec<String>, StoreError> {
    let mut parts: Vec<String> = Vec::new();
    for row in rows {
        let row = row?.to_string();
        match parts.last_mut().filter(|part| part.len() + row.len() < MOST_BYTES) {
            Some(part) => {
                part.push(',');
                part.push_str(&row);
            }
            None => parts.push(format!("[{row}")),
        }
    }
    parts.iter_mut().for_each(|part| part.push(']'));
    Ok(parts)
}

/// An object of JSON. What is null is left out.
struct Object {
    fields: Map<String, Json>,
    spelling: Spelling,
}

impl Object {
    fn new(spelling: Spelling) -> Self {
        Self { fields: Map::new(), spelling }
    }

    fn set(&mut self, name: &str, value: impl Into<Json>) -> &mut Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    fn some(&mut self, name: &str, value: Option<impl Into<Json>>) -> &mut Self {
        if let Some(value) = value {
            self.set(name, value);
        }
        self
    }

    fn id(&mut self, name: &str, id: Option<&Uuid>) -> &mut Self {
        let id = id.map(self.spelling.id);
        self.some(name, id)
    }

    fn time(&mut self, name: &str, time: Option<DateTime<Utc>>) -> &mut Self {
        let time = time.map(self.spelling.time);
        self.some(name, time)
    }

    /// As hexadecimal digits, which both `decode` and `UNHEX` read.
    fn bytes(&mut self, name: &str, bytes: Option<&[u8]>) -> &mut Self {
        self.some(name, bytes.map(|bytes| HEXLOWER.encode(bytes)))
    }

    /// As text: a JSON null in the document would be a null of SQL.
    fn json(&mut self, name: &str, json: &Json) -> Result<&mut Self, StoreError> {
        let text = serde_json::to_string(json).map_err(StoreError::failed)?;
        Ok(self.set(name, text))
    }

    fn event(&mut self, event: &NewEvent<'_>) -> &mut Self {
        let NewEvent { kind, actor, reason, at } = event;
        self.set("event", kind.as_str()).set("actor", actor.to_stored()).some("reason", *reason).time("at", Some(*at))
    }

    fn dispatch(&mut self, dispatch: Dispatch<'_>, record: &Record, at: DateTime<Utc>) -> &mut Self {
        match dispatch {
            Dispatch::None => self,
            Dispatch::Letter(letter) => self.letter(letter, record, at),
            Dispatch::Token(digest, channel) => {
                self.bytes("token", Some(digest.as_bytes().as_slice())).set("channel", channel.as_str())
            }
        }
    }

    fn letter(&mut self, letter: &NewLetter, record: &Record, at: DateTime<Utc>) -> &mut Self {
        let NewLetter { delivery, purpose, not_before } = letter;
        let Some(addressee) = record.addressee(*purpose) else { return self };
        self.id("letter", Some(delivery.as_uuid()))
            .set("purpose", purpose.as_str())
            .set("priority", priority(*purpose))
            .set("domain", addressee.domain())
            .time("not_before", Some(*not_before))
            .set("ready", u8::from(*not_before <= at))
    }
}

/// A new invitation with its event and what it dispatches.
pub(crate) fn insertion(new: &Insertion<'_>, spelling: Spelling) -> Result<Json, StoreError> {
    let Insertion { record, open_key, event, dispatch } = new;
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
    let mut row = Object::new(spelling);
    row.id("id", Some(id.as_uuid()))
        .set("kind", kind.as_str())
        .set("scope", scope.as_str())
        .set("recipient_given", recipient.as_given())
        .set("recipient", recipient.canonical())
        .set("inviter", inviter.to_stored())
        .some("inviter_address", inviter_address.as_ref().map(EmailAddress::as_given))
        .json("payload", payload)?
        .json("display", display)?
        .some("message", message.as_deref())
        .some("locale", locale.as_deref())
        .set("status", status.as_str())
        .set("generation", *generation)
        .set("min_generation", *min_generation)
        .set("revision", *revision)
        .bytes("open_key", open_key.map(|key| key.as_bytes().as_slice()))
        .time("created_at", Some(*created_at))
        .time("expires_at", Some(*expires_at))
        .id("delivery_id", delivery_id.as_ref().map(|delivery| delivery.as_uuid()))
        .time("remind_at", *remind_at)
        .some("label", label.as_deref())
        .some("facet", facet.as_deref())
        .some("import", import.as_deref())
        .bytes("idempotency_key", idempotency.as_ref().map(|known| known.key().as_slice()))
        .bytes("request_digest", idempotency.as_ref().and_then(|known| known.request()).map(<[u8; 32]>::as_slice))
        .id("renews", renews.as_ref().map(|id| id.as_uuid()))
        .event(event)
        .dispatch(*dispatch, record, event.at);
    Ok(Json::Object(row.fields))
}

/// What follows a new invitation where it cannot ride along.
#[cfg(feature = "mysql")]
pub(crate) fn following(new: &Insertion<'_>, spelling: Spelling) -> Json {
    let Insertion { record, open_key: _, event, dispatch } = new;
    let mut row = Object::new(spelling);
    row.id("id", Some(record.id.as_uuid()))
        .set("kind", record.kind.as_str())
        .set("scope", record.scope.as_str())
        .set("generation", record.generation)
        .set("revision", record.revision)
        .event(event)
        .dispatch(*dispatch, record, event.at);
    Json::Object(row.fields)
}

/// Changes that differ only in whose row they change and in the names of their letters.
pub struct Alike {
    /// Sorted, and each once. All of one call then lock their rows in one order.
    pub(crate) rows: Vec<(Uuid, Option<Uuid>)>,
}

/// Whether these changes can be one statement: each another row, found by its id, with the same guard, the same change,
/// the same event and letters of one purpose.
pub(crate) fn alike(transitions: &[Transition<'_>]) -> Option<Alike> {
    let (first, rest) = transitions.split_first()?;
    if rest.is_empty() || !rest.iter().all(|other| is_alike(first, other)) {
        return None;
    }
    let mut rows = transitions.iter().map(row).collect::<Option<Vec<_>>>()?;
    rows.sort_unstable();
    let count = rows.len();
    rows.dedup_by_key(|(id, _)| *id);
    (rows.len() == count).then_some(Alike { rows })
}

fn row(transition: &Transition<'_>) -> Option<(Uuid, Option<Uuid>)> {
    let Target::Id(id, _) = transition.guard.target else { return None };
    let letter = letter(transition).map(|letter| *letter.delivery.as_uuid());
    match &transition.change {
        Change::End { .. } => {}
        Change::Renew { delivery, .. } if letter == Some(*delivery.as_uuid()) => {}
        Change::Renew { .. } | Change::Amend { .. } | Change::Link | Change::View { .. } | Change::FailDelivery => {
            return None;
        }
    }
    (!matches!(transition.dispatch, Dispatch::Token(..))).then_some((*id.as_uuid(), letter))
}

fn letter<'t>(transition: &Transition<'t>) -> Option<&'t NewLetter> {
    match transition.dispatch {
        Dispatch::Letter(letter) => Some(letter),
        Dispatch::None | Dispatch::Token(..) => None,
    }
}

fn is_alike(one: &Transition<'_>, other: &Transition<'_>) -> bool {
    let guard = |of: &Transition<'_>| (of.guard.statuses, of.guard.now, of.guard.time, of.guard.not_resent_between);
    let sent = |of: &Transition<'_>| letter(of).map(|letter| (letter.purpose, letter.not_before));
    let event = |of: &Transition<'_>| (of.event.kind, of.event.at);
    let changes = match (&one.change, &other.change) {
        (Change::End { status }, Change::End { status: too }) => status == too,
        (
            Change::Renew { at, expires_at, links, delivery: _, remind_at },
            Change::Renew { at: at2, expires_at: expires2, links: links2, delivery: _, remind_at: remind2 },
        ) => (at, expires_at, links, remind_at) == (at2, expires2, links2, remind2),
        _ => false,
    };
    changes
        && one.guard.kind == other.guard.kind
        && scope(one) == scope(other)
        && one.guard.recipient.verified().is_none()
        && other.guard.recipient.verified().is_none()
        && guard(one) == guard(other)
        && sent(one) == sent(other)
        && event(one) == event(other)
        && (one.event.actor, one.event.reason) == (other.event.actor, other.event.reason)
}

fn scope<'t>(transition: &Transition<'t>) -> Option<Option<&'t Scope>> {
    match transition.guard.target {
        Target::Id(_, scope) => Some(scope),
        Target::Token(_) | Target::Delivery(_) => None,
    }
}

/// What several keys that are of one sort look for.
pub enum Keys<'k> {
    Ids { kind: &'k str, scope: Option<&'k Scope>, ids: Vec<Uuid> },
    Open(Vec<&'k [u8]>),
    Idempotency(Vec<&'k [u8]>),
}

/// The keys, if they are of one sort and more than one.
pub(crate) fn keys<'k>(keys: &[Key<'k>]) -> Option<Keys<'k>> {
    let (first, rest) = keys.split_first()?;
    if rest.is_empty() {
        return None;
    }
    match *first {
        Key::Id { kind, scope, .. } => {
            let same = |key: &Key<'k>| match *key {
                Key::Id { kind: other, scope: elsewhere, id } => {
                    (other == kind && elsewhere == scope).then_some(*id.as_uuid())
                }
                Key::Token(_) | Key::Open(_) | Key::Idempotency(_) | Key::Delivery { .. } | Key::Provider { .. } => {
                    None
                }
            };
            Some(Keys::Ids { kind, scope, ids: keys.iter().map(same).collect::<Option<_>>()? })
        }
        Key::Open(_) => {
            let open = |key: &Key<'k>| if let Key::Open(key) = *key { Some(key.as_bytes().as_slice()) } else { None };
            Some(Keys::Open(keys.iter().map(open).collect::<Option<_>>()?))
        }
        Key::Idempotency(_) => {
            let known =
                |key: &Key<'k>| if let Key::Idempotency(key) = *key { Some(key.key().as_slice()) } else { None };
            Some(Keys::Idempotency(keys.iter().map(known).collect::<Option<_>>()?))
        }
        Key::Token(_) | Key::Delivery { .. } | Key::Provider { .. } => None,
    }
}
