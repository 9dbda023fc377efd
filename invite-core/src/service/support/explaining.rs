//! Why somebody can or cannot accept.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Support;
use crate::{
    actor::Actor,
    authority::Action,
    delivery::DeliveryState,
    email_address::EmailAddress,
    error::Error,
    id::InvitationId,
    invitation::{Ended, Invitation, Record},
    kind::Kind,
    service::{Invitations, Scoped},
    state::Status,
    store::{Found, FoundToken, InvitationStore, Key, OfAddress, Read},
    token::Token,
};

/// How many invitations to one address are explained, the newest first.
const NEWEST: u32 = 20;

/// What an explanation is asked about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum About<'a> {
    /// The invitation with this id.
    Id(InvitationId),
    /// The invitations to this address, the newest twenty.
    Address(&'a str),
    /// The invitation that the link with this token leads to.
    Token(&'a Token),
}

/// Where an invitation stands, and why it can or cannot be accepted now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation<K> {
    /// The invitation, with everything that the sentence leaves out: the address, who answered, and what became of the
    /// letter.
    pub invitation: Invitation<K>,
    /// Where it stands.
    pub standing: Standing,
}

/// Where an invitation stands, seen from the person who cannot get in.
///
/// [`code`](Self::code) is for a host's own sentences, in its users' language; `Display` is an English one. Neither holds an
/// address or anybody's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It can be accepted, and its letter has left, or none was asked for since its address was last changed.
    Open {
        /// From this instant on it is expired.
        until: DateTime<Utc>,
    },
    /// It can be accepted, but its letter has not left yet.
    LetterWaits {
        /// How often it was tried.
        attempts: u32,
    },
    /// It can be accepted, but its letter was refused, and is not tried again. A resend sends another one.
    LetterRefused,
    /// It can be accepted, but its letter came back.
    LetterBounced,
    /// It can be accepted, but the mail provider did not send its letter, because the address is on the provider's list.
    LetterSuppressed,
    /// It can be accepted, but not with the link that was asked about: a newer one has replaced it, or its address was
    /// changed.
    LinkReplaced,
    /// It was accepted.
    Accepted {
        /// The person or system that accepted it.
        by: Actor,
        /// When that was.
        at: DateTime<Utc>,
    },
    /// It was declined.
    Rejected {
        /// The person or system that declined it.
        by: Actor,
        /// When that was.
        at: DateTime<Utc>,
    },
    /// It was taken back.
    Cancelled {
        /// The person or system that took it back.
        by: Actor,
        /// When that was.
        at: DateTime<Utc>,
    },
    /// Its time was over before anybody answered.
    Expired {
        /// When that was.
        at: DateTime<Utc>,
    },
}

impl Standing {
    /// The standing of an invitation at `now`; of one that was found by a token, whether that still works.
    fn of(record: &Record, link_works: bool) -> Self {
        let end = |ended: Option<&Ended>| match ended {
            Some(ended) => (ended.by.clone(), ended.at),
            None => (Actor::System, record.expires_at),
        };
        let (by, at) = end(record.ended.as_ref());
        match record.status {
            Status::Accepted => Self::Accepted { by, at },
            Status::Rejected => Self::Rejected { by, at },
            Status::Cancelled => Self::Cancelled { by, at },
            Status::Expired => Self::Expired { at: record.expires_at },
            Status::Pending | Status::DeliveryFailed if !link_works => Self::LinkReplaced,
            Status::Pending | Status::DeliveryFailed => match record.delivery.state {
                DeliveryState::Queued | DeliveryState::Retrying => {
                    Self::LetterWaits { attempts: record.delivery.attempts }
                }
                DeliveryState::Failed => Self::LetterRefused,
                DeliveryState::Bounced => Self::LetterBounced,
                DeliveryState::Suppressed => Self::LetterSuppressed,
                DeliveryState::NotMailed
                | DeliveryState::Sent
                | DeliveryState::Unknown
                | DeliveryState::Deferred
                | DeliveryState::Delivered
                | DeliveryState::Complained => Self::Open { until: record.expires_at },
            },
        }
    }

    /// The code of this standing, for a JSON body and a host's table of sentences. The codes never change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::LetterWaits { .. } => "letter_waits",
            Self::LetterRefused => "letter_refused",
            Self::LetterBounced => "letter_bounced",
            Self::LetterSuppressed => "letter_suppressed",
            Self::LinkReplaced => "superseded",
            Self::Accepted { .. } => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::Cancelled { .. } => "cancelled",
            Self::Expired { .. } => "expired",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::Open { until } => write!(f, "It can be accepted until {}.", time(until)),
            Self::LetterWaits { attempts: 0 } => {
                f.write_str("It can be accepted, but its letter has not been sent yet.")
            }
            Self::LetterWaits { attempts } => {
                write!(f, "It can be accepted, but its letter has not been taken yet (attempts: {attempts}).")
            }
            Self::LetterRefused => f.write_str("It can be accepted, but its letter was refused."),
            Self::LetterBounced => f.write_str("It can be accepted, but its letter came back."),
            Self::LetterSuppressed => {
                f.write_str("It can be accepted, but the mail provider does not send to this address.")
            }
            Self::LinkReplaced => f.write_str("This link does not work any more. That of the newest letter does."),
            Self::Accepted { at, .. } => write!(f, "It was accepted at {}.", time(at)),
            Self::Rejected { at, .. } => write!(f, "It was declined at {}.", time(at)),
            Self::Cancelled { at, .. } => write!(f, "It was taken back at {}.", time(at)),
            Self::Expired { at } => write!(f, "It expired at {}.", time(at)),
        }
    }
}

impl<S: InvitationStore, K: Kind> Support<'_, S, K> {
    /// Says of invitations of any scope where they stand, and why they can or cannot be accepted now. None at all is an
    /// answer, too: nobody was invited in this way.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// use invite_core::About;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (id, token) = invited(&memory, &members).await;
    /// # let (operator, me) = (Actor::new("support:9"), Actor::new(1));
    /// let mut tx = memory.begin().await;
    /// members.scope("org:7").cancel(&mut tx, &me, id, None).await?;
    /// tx.commit();
    /// let about = About::Address("ada@example.com");
    /// let found = members.support().explain(&mut memory.connection(), &operator, about).await?;
    /// assert_eq!(found[0].standing.code(), "cancelled");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is no address.
    pub async fn explain(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        about: About<'_>,
    ) -> Result<Vec<Explanation<K>>, Error> {
        let address = about.address()?;
        self.ask(conn, actor, &Action::Read).await?;
        self.invitations.explain(conn, None, about, address.as_ref()).await
    }
}

impl<S: InvitationStore, K: Kind> Scoped<'_, S, K> {
    /// Says of invitations of this scope where they stand, and why they can or cannot be accepted now. None at all is an
    /// answer, too: nobody was invited in this way.
    ///
    /// [`Authority`](crate::Authority) is asked with [`Action::Read`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is no address.
    pub async fn explain(
        &self,
        conn: &mut S::Conn,
        actor: &Actor,
        about: About<'_>,
    ) -> Result<Vec<Explanation<K>>, Error> {
        let address = about.address()?;
        self.authorize(conn, actor, &Action::Read).await?;
        self.invitations.explain(conn, Some(&self.scope), about, address.as_ref()).await
    }
}

impl About<'_> {
    fn address(self) -> Result<Option<EmailAddress>, Error> {
        match self {
            Self::Address(address) => Ok(Some(address.parse()?)),
            Self::Id(_) | Self::Token(_) => Ok(None),
        }
    }
}

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    async fn found_by_token(&self, conn: &mut S::Conn, token: &Token) -> Result<(Record, FoundToken), Error> {
        let digest = self.digest(token)?;
        self.find_by_token(conn, &digest, Read::Plain).await
    }

    async fn explain(
        &self,
        conn: &mut S::Conn,
        scope: Option<&crate::Scope>,
        about: About<'_>,
        address: Option<&EmailAddress>,
    ) -> Result<Vec<Explanation<K>>, Error> {
        let found = match (about, address) {
            (About::Id(id), _) => {
                let key = Key::Id { kind: K::NAME, scope, id };
                self.find_one(conn, &key, Read::Plain).await?.into_iter().collect()
            }
            (About::Token(token), _) => match self.found_by_token(conn, token).await {
                Ok((record, token)) => vec![Found { record, token: Some(token) }],
                Err(Error::NotFound) => Vec::new(),
                Err(error) => return Err(error),
            },
            (About::Address(_), Some(address)) => {
                let address = address.canonical();
                let query = OfAddress { kind: K::NAME, scope, address, after: None, limit: NEWEST };
                let records = self.store().of_address(conn, &query).await?;
                records.into_iter().map(|record| Found { record, token: None }).collect()
            }
            (About::Address(_), None) => Vec::new(),
        };
        let now = self.now();
        let concerned =
            |found: &Found| found.record.kind == K::NAME && scope.is_none_or(|scope| found.record.scope == *scope);
        let explained = |found: Found| {
            let link_works = found.token.as_ref().is_none_or(|token| token.works_on(&found.record, now));
            let invitation = self.seen(found.record, now);
            Explanation { standing: Standing::of(&invitation, link_works), invitation }
        };
        Ok(found.into_iter().filter(concerned).map(explained).collect())
    }
}
