//! Requests of all kinds, at once and about the same invitations.

use std::{
    error::Error as _,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use invite_core::{Actor, Claimant, Error, InvitationId, Linked, NewInvitation, Token, store::InvitationStore};
use rand::{RngExt, rngs::StdRng};

use super::{
    journal::{Answer, Deed, Entry, Journal},
    post::REFUSING,
    reachable::Reachable,
    world::{Members, Membership},
};

/// Few enough for everybody to meet somebody else's open invitation.
const ADDRESSES: u32 = 40;
/// Those of them that refuse their letters.
const REFUSING_ADDRESSES: u32 = 4;
/// How far back somebody looks for an invitation to act on.
const RECENT: usize = 30;
/// How long the rest of a transaction takes.
const HOSTS_OWN: Duration = Duration::from_millis(1);
/// How often a lost race is run again.
const TRIES: usize = 20;

/// What requests can be about: the invitations that were promised, and the links that were seen.
#[derive(Default)]
pub(super) struct Known {
    ids: Mutex<Vec<InvitationId>>,
    tokens: Mutex<Vec<(String, String)>>,
}

impl Known {
    pub(super) fn token(&self, token: &str, email: &str) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).push((token.into(), email.into()));
    }

    fn id(&self, id: InvitationId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    fn some_token(&self, random: &mut StdRng) -> Option<(String, String)> {
        recent(&self.tokens.lock().unwrap_or_else(PoisonError::into_inner), random)
    }

    fn some_id(&self, random: &mut StdRng) -> Option<InvitationId> {
        recent(&self.ids.lock().unwrap_or_else(PoisonError::into_inner), random)
    }
}

fn recent<T: Clone>(all: &[T], random: &mut StdRng) -> Option<T> {
    let recent = &all[all.len().saturating_sub(RECENT)..];
    (!recent.is_empty()).then(|| recent[random.random_range(0..recent.len())].clone())
}

/// One who makes requests, one after the other.
pub(super) struct Caller<H: Reachable> {
    pub(super) harness: Arc<H>,
    pub(super) pool: Arc<H::Pool>,
    pub(super) members: Members<H>,
    pub(super) scope: String,
    pub(super) journal: Arc<Journal>,
    pub(super) known: Arc<Known>,
    pub(super) random: StdRng,
    /// How many requests were served.
    pub(super) served: Arc<AtomicUsize>,
}

impl<H: Reachable> Caller<H> {
    pub(super) async fn call_until(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::SeqCst) {
            let deed = self.choose();
            let operation = self.journal.begin(&deed);
            let answer = self.attempt(&operation, &deed).await;
            if let Answer::Done { id, token } = &answer {
                self.served.fetch_add(1, Ordering::SeqCst);
                self.known.id(*id);
                if let (Some(token), Deed::CreateWithLink { email }) = (token, &deed) {
                    self.known.token(token, email);
                }
            }
            self.journal.write(&Entry::Ended { operation, answer });
        }
    }

    fn choose(&mut self) -> Deed {
        let random = &mut self.random;
        let chosen = match random.random_range(0..10) {
            0 | 1 => self.known.some_token(random).map(|(token, email)| Deed::Accept { token, email }),
            2 => self.known.some_token(random).map(|(token, _)| Deed::Reject { token }),
            3 => self.known.some_id(random).map(|id| Deed::Cancel { id }),
            4 | 5 => self.known.some_id(random).map(|id| Deed::Resend { id }),
            6 => Some(Deed::CreateWithLink { email: address(random) }),
            _ => None,
        };
        chosen.unwrap_or_else(|| Deed::Create { email: address(random) })
    }

    /// Does it in a transaction, again after a lost race, but never again after an unanswered commit.
    async fn attempt(&self, operation: &str, deed: &Deed) -> Answer {
        let mut why = String::new();
        for _ in 0..TRIES {
            let begun = self.harness.begin(&self.pool, self.harness.levels()[0]).await.map_err(Error::from);
            let error = match begun {
                Ok(mut tx) => match self.perform(&mut tx, operation, deed).await {
                    Ok((id, token)) => {
                        // A host has more to do in its transaction, and kills are to fall into it.
                        tokio::time::sleep(HOSTS_OWN).await;
                        let committed = self.harness.commit(tx).await;
                        return committed.map_or(Answer::Unknown, |()| Answer::Done { id, token });
                    }
                    Err(error) => {
                        // Of a broken connection there is nothing to roll back.
                        let _ = self.harness.rollback(tx).await;
                        error
                    }
                },
                Err(error) => error,
            };
            why = error.to_string();
            if !error.is_retryable() {
                if let Error::Store(error) = error {
                    let beneath = error.source().map(ToString::to_string).unwrap_or_default();
                    self.journal.write(&Entry::Trouble { what: format!("a request: {why}: {beneath}") });
                }
                break;
            }
        }
        Answer::Refused { why }
    }

    fn perform<'a>(
        &'a self,
        conn: &'a mut <H::Store as InvitationStore>::Conn,
        operation: &'a str,
        deed: &'a Deed,
    ) -> impl Future<Output = Result<(InvitationId, Option<String>), Error>> + Send + 'a {
        let (scoped, actor) = (self.members.scope(&self.scope), Actor::new(operation));
        async move {
            let parse = |token: &str| token.parse::<Token>();
            let invitation = match deed {
                Deed::Create { email } => scoped.create(conn, &actor, NewInvitation::new(email, Membership)).await?,
                Deed::CreateWithLink { email } => {
                    let new = NewInvitation::new(email, Membership);
                    let Linked { invitation, token, .. } = scoped.create_with_link(conn, &actor, new).await?;
                    return Ok((invitation.id, Some(token.expose_secret().to_owned())));
                }
                Deed::Accept { token, email } => {
                    let claimant = Claimant::new(operation).verified(email);
                    let accepted = self.members.accept(conn, &parse(token)?, &claimant).await?;
                    accepted.into_acceptance().invitation
                }
                Deed::Reject { token } => self.members.reject(conn, &parse(token)?, &actor, None).await?,
                Deed::Cancel { id } => scoped.cancel(conn, &actor, *id, None).await?,
                Deed::Resend { id } => scoped.resend(conn, &actor, *id).await?,
            };
            Ok((invitation.id, None))
        }
    }
}

fn address(random: &mut StdRng) -> String {
    let number = random.random_range(0..ADDRESSES);
    let name = if number < REFUSING_ADDRESSES { REFUSING } else { "person" };
    format!("{name}{number}@example.com")
}
