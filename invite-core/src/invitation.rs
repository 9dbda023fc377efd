//! The invitation: what is stored of it, and what a host sees.

use std::{fmt, marker::PhantomData, ops::Deref};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    actor::{Actor, Scope},
    error::{Error, Problem, StoreError},
    kind::Kind,
    policy::OneOpen,
    recipient::Recipient,
    state::Status,
};

/// Names one invitation. Not a secret and not a capability: nothing can be accepted with it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationId(Uuid);

impl InvitationId {
    /// The id behind a UUID, as read from a database or a URL.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID (version 7, so ids sort by creation).
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for InvitationId {
    type Err = Error;

    /// Reads a UUID; anything else is [`Error::NotFound`], like an id nobody has.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::NotFound)
    }
}

/// Everything stored of an invitation: the row that stores and core exchange.
///
/// Hosts read it through [`Invitation`], which derefs to this. It never holds a token or a digest.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// Its name.
    pub id: InvitationId,
    /// [`Kind::NAME`].
    pub kind: String,
    /// What one is invited to.
    pub scope: Scope,
    /// Who is invited.
    pub recipient: Recipient,
    /// Who invited.
    pub inviter: Actor,
    /// The kind's payload, as JSON; [`Invitation::payload`] gives it typed.
    pub payload: Value,
    /// The host's words for letters and pages.
    pub display: Value,
    /// The inviter's own words.
    pub message: Option<String>,
    /// The language of the letters, as a BCP 47 tag.
    pub locale: Option<String>,
    /// Where it stands. On everything the library returns, an open invitation past its time says
    /// [`Status::Expired`], swept or not.
    pub status: Status,
    /// How it ended, when it has.
    pub ended: Option<Ended>,
    /// Counts the resends and address changes that renew its links, from 1.
    pub generation: u32,
    /// The lowest generation whose links work.
    pub min_generation: u32,
    /// Until when links of the generation before `min_generation` work too.
    pub grace_until: Option<DateTime<Utc>>,
    /// Counts changes, from 1.
    pub revision: u32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// From when on it is expired.
    pub expires_at: DateTime<Utc>,
    /// When it was last resent.
    pub resent_at: Option<DateTime<Utc>>,
    /// When a link of the current generation was first looked at.
    pub viewed_at: Option<DateTime<Utc>>,
    /// What became of the current generation's letter.
    pub delivery: Delivery,
}

impl Record {
    /// The same record as seen at `now`: open past its time is expired.
    #[must_use]
    pub(crate) fn seen_at(mut self, now: DateTime<Utc>) -> Self {
        if self.status.is_open() && self.expires_at <= now {
            self.status = Status::Expired;
        }
        self
    }
}

// Addresses, names and messages stay out of logs.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("generation", &self.generation)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// How an invitation reached its terminal state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub by: Actor,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// For an accepted one: whether the token had come by mail, so that the mailbox is proved.
    pub address_proved: bool,
}

/// What became of the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was handed over, or tried.
    pub attempts: u32,
    /// What the last unsuccessful attempt came to, sanitised and cut to 200 characters.
    pub last_error: Option<String>,
}

impl Delivery {
    pub(crate) const fn new(state: DeliveryState) -> Self {
        Self { state, attempts: 0, last_error: None }
    }
}

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryState {
    /// No letter was asked for: a link was handed out instead.
    NotMailed,
    /// In the queue, not yet tried.
    Queued,
    /// Tried without success, to be tried again.
    Retrying,
    /// A mail server took it. Whether a person reads it nobody knows.
    Sent,
    /// Refused, for good or too often; the invitation is [`Status::DeliveryFailed`].
    Failed,
    /// It may or may not have been sent, and no more attempts are made. Its links work.
    Unknown,
}

impl DeliveryState {
    const ALL: [Self; 6] = [Self::NotMailed, Self::Queued, Self::Retrying, Self::Sent, Self::Failed, Self::Unknown];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotMailed => "not_mailed",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// An invitation of kind `K`: its [`Record`], with the payload typed.
pub struct Invitation<K> {
    record: Record,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Invitation<K> {
    pub(crate) fn new(record: Record) -> Self {
        Self { record, kind: PhantomData }
    }

    /// The payload given at creation, or by the last amendment.
    ///
    /// # Errors
    /// [`Error::Store`] when the stored JSON no longer fits `K`: its type changed while
    /// invitations were open.
    pub fn payload(&self) -> Result<K, Error> {
        payload(&self.record)
    }

    /// The bare record.
    #[must_use]
    pub fn into_record(self) -> Record {
        self.record
    }
}

impl<K> Deref for Invitation<K> {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl<K> Clone for Invitation<K> {
    fn clone(&self) -> Self {
        Self { record: self.record.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Invitation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

/// What the holder of a link may see before deciding.
///
/// It leaves out what concerns only the inviting side: delivery, history, the inviter's id, and
/// shows the address masked unless it is asked for.
pub struct Preview<K> {
    record: Record,
    mailed: bool,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Preview<K> {
    pub(crate) fn new(record: Record, mailed: bool) -> Self {
        Self { record, mailed, kind: PhantomData }
    }

    /// What one is invited to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.record.scope
    }

    /// The payload, typed.
    ///
    /// # Errors
    /// As [`Invitation::payload`].
    pub fn payload(&self) -> Result<K, Error> {
        payload(&self.record)
    }

    /// The host's words, as given at creation.
    #[must_use]
    pub fn display(&self) -> &Value {
        &self.record.display
    }

    /// The inviter's own words. Text, not HTML.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.record.message.as_deref()
    }

    /// The invited address, masked: `a***@example.com`.
    #[must_use]
    pub fn masked_recipient(&self) -> String {
        self.record.recipient.masked()
    }

    /// The invited address, to fill a sign-up form with; only when this link came by mail, so
    /// that its holder knows the address already.
    #[must_use]
    pub fn proved_recipient(&self) -> Option<&Recipient> {
        self.mailed.then_some(&self.record.recipient)
    }

    /// From when on it is expired.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.record.expires_at
    }
}

impl<K> fmt::Debug for Preview<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview").field("id", &self.record.id).finish_non_exhaustive()
    }
}

fn payload<K: Kind>(record: &Record) -> Result<K, Error> {
    K::deserialize(&record.payload).map_err(|_| StoreError::corrupt("payload").into())
}

/// An answer to an invitation that was accepted.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "both answers must be handled")]
pub enum Accepted<K> {
    /// This call did it: insert the membership now, in the same transaction.
    Now(Acceptance<K>),
    /// This person had accepted it before; the same answer again, nothing was written.
    Before(Acceptance<K>),
}

impl<K> Accepted<K> {
    /// The acceptance, whenever it happened.
    pub fn into_acceptance(self) -> Acceptance<K> {
        match self {
            Self::Now(acceptance) | Self::Before(acceptance) => acceptance,
        }
    }
}

/// An acceptance, with all the host needs to act on it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Acceptance<K> {
    /// The accepted invitation.
    pub invitation: Invitation<K>,
    /// Whether the token had come by mail to the invited address, so that whoever presented it
    /// can read that mailbox. A copied link proves nothing.
    pub address_proved: bool,
}

impl<K: Kind> Acceptance<K> {
    pub(crate) fn new(record: Record) -> Self {
        let address_proved = record.ended.as_ref().is_some_and(|ended| ended.address_proved);
        Self { invitation: Invitation::new(record), address_proved }
    }
}

/// An invitation about to be created.
///
/// ```
/// # use invite_core::{Kind, NewInvitation};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Membership { role: String }
/// # impl Kind for Membership { const NAME: &'static str = "member"; }
/// use serde_json::json;
///
/// let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() })
///     .display(&json!({ "organization": "Analytical Engines", "inviter": "Charles" }))
///     .message("We could use your notes.")
///     .locale("en");
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewInvitation<K> {
    pub(crate) email: String,
    pub(crate) payload: K,
    pub(crate) display: Result<Value, Problem>,
    pub(crate) message: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) lifetime: Option<TimeDelta>,
}

impl<K: Kind> NewInvitation<K> {
    /// Invites one address with one payload. The address is checked by `create`.
    pub fn new(email: impl Into<String>, payload: K) -> Self {
        Self {
            email: email.into(),
            payload,
            display: Ok(Value::Object(serde_json::Map::new())),
            message: None,
            locale: None,
            lifetime: None,
        }
    }

    /// The host's words for letters and pages, such as the names of the organization and the
    /// inviter as they are now. Strings of at most 200 characters, 16 KiB in all.
    pub fn display(mut self, display: &(impl Serialize + ?Sized)) -> Self {
        self.display = serde_json::to_value(display).map_err(|_| Problem::Malformed);
        self
    }

    /// The inviter's own words, at most 5,000 characters. Shown as text.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The language of the letters, as a BCP 47 tag.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Another lifetime than the policy's, within its maximum.
    pub fn expires_in(mut self, lifetime: TimeDelta) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The address, unchecked: for an [`Authority`](crate::Authority) that looks at it.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// What the invitation would grant: for an [`Authority`](crate::Authority) that compares ranks.
    #[must_use]
    pub fn payload(&self) -> &K {
        &self.payload
    }
}

impl<K> fmt::Debug for NewInvitation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInvitation").finish_non_exhaustive()
    }
}

/// Changes to an open invitation; what is not named stays.
#[derive(Clone)]
#[must_use]
pub struct Amendment<K> {
    pub(crate) email: Option<String>,
    pub(crate) payload: Option<K>,
    pub(crate) message: Option<String>,
    pub(crate) lifetime: Option<TimeDelta>,
}

impl<K> Default for Amendment<K> {
    fn default() -> Self {
        Self { email: None, payload: None, message: None, lifetime: None }
    }
}

impl<K: Kind> Amendment<K> {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another address. All earlier links die at once; resend to mail the new one.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Another payload. Links sent before will grant it.
    pub fn payload(mut self, payload: K) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Another message; a blank one removes it.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// A new lifetime, counted from now; unlike a resend it may shorten.
    pub fn expires_in(mut self, lifetime: TimeDelta) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self { email, payload, message, lifetime } = self;
        email.is_none() && payload.is_none() && message.is_none() && lifetime.is_none()
    }

    /// The payload it would set, for an [`Authority`](crate::Authority) that compares ranks.
    #[must_use]
    pub fn new_payload(&self) -> Option<&K> {
        self.payload.as_ref()
    }
}

impl<K> fmt::Debug for Amendment<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Amendment").finish_non_exhaustive()
    }
}

/// What there may be only one of: stored, under a unique index, while the invitation is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenKey([u8; 32]);

impl OpenKey {
    /// The bytes to store, in a column that compares bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn new(one: OneOpen, kind: &str, scope: &Scope, recipient: &Recipient) -> Option<Self> {
        let scope = match one {
            OneOpen::PerScopeAndRecipient => scope.as_str(),
            OneOpen::PerRecipient => "",
            OneOpen::Unlimited => return None,
        };
        let mut hash = Sha256::new();
        // No part can hold a NUL, so no two sets of parts run together.
        for part in ["invite/open/v1", kind, scope, recipient.canonical()] {
            hash.update(part);
            hash.update([0]);
        }
        Some(Self(hash.finalize().into()))
    }
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenKey(..)")
    }
}
