//! What a letter goes through: it is leased, handed over, and its outcome recorded.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use uuid::Uuid;

use super::{
    Worker,
    outage::{Heard, Sign},
    retry::{self, History, Verdict},
};
use crate::{
    clock::{instant, later},
    delivery::{Delivery, DeliveryState},
    error::{Error, StoreError},
    id::DeliveryId,
    mailer::{Letter, Outcome},
    policy::Policy,
    service::{failure, notice_of_failure},
    store::{DeliveryUpdate, LeaseRequest, Leased, LeasedLetter, NewLetter, Settlement, WorkerStore},
    token::Token,
};

/// How often outcomes are written again when the database asks for a retry.
const SETTLE_TRIES: usize = 8;

/// Letters with their tokens.
pub(super) struct LeasedLetters {
    pub(super) leased: Leased,
    pub(super) tokens: HashMap<DeliveryId, Token>,
    /// The domains of letters that are due and for which there was no room.
    pub(super) declined: HashSet<String>,
    /// Why no more were looked for.
    pub(super) problem: Option<Error>,
}

/// A letter that is out of hand, and what is to be recorded of it.
#[derive(Clone)]
pub(super) struct Attempted {
    pub(super) owner: Uuid,
    pub(super) delivery: DeliveryId,
    pub(super) attempt: u32,
    pub(super) kind: String,
    pub(super) at: DateTime<Utc>,
    pub(super) verdict: Verdict,
    pub(super) heard: Heard,
    /// Whether it could not be recorded before.
    pub(super) was_kept: bool,
}

impl Attempted {
    /// Whether its invitation is to fail.
    pub(super) fn fails(&self) -> bool {
        self.verdict.fails()
    }
}

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// Draws the tokens here, so that the store sees only digests. `by_domain` says how many letters are in hand to which
    /// domain. A worker that looks once looks past letters without room too.
    pub(super) async fn lease_letters(
        &self,
        owner: Uuid,
        limit: u32,
        now: DateTime<Utc>,
        by_domain: HashMap<String, u32>,
        looks_once: bool,
    ) -> Result<LeasedLetters, Error> {
        let (mut full, tried) = self.full(&by_domain, now);
        let by_domain = Mutex::new((by_domain, HashSet::new()));
        let room = |domain: &str| {
            let most = self.outage().allowance_of(domain, self.most_per_domain(), now);
            let mut guard = by_domain.lock().unwrap_or_else(PoisonError::into_inner);
            let (by_domain, declined) = &mut *guard;
            let letters = by_domain.entry(domain.to_owned()).or_default();
            let has_room = *letters < most;
            *letters += u32::from(has_room);
            if !has_room {
                declined.insert(domain.to_owned());
            }
            has_room
        };
        let drawn = Mutex::new(HashMap::<DeliveryId, Token>::new());
        let minter = |delivery, kind: &str| {
            let format = self.kinds.get(kind).map_or_else(Default::default, |policy| policy.token_format);
            let token = Token::generate(&*self.random, format).map_err(StoreError::failed)?;
            let digest = token.digest(kind);
            drawn.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery, token);
            Ok(digest)
        };
        let kinds = self.kinds_where(|_| true);
        // Leases begin and end by the database's clock, so that workers whose own differ a little agree on them.
        let now = later(now, -self.skew());
        let lease_until = now + self.effective_lease();
        let lease = async |limit, full: &[String]| {
            let after = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let after = after.as_ref();
            let full: Vec<_> = full.iter().map(String::as_str).collect();
            let full = full.as_slice();
            let request = LeaseRequest {
                kinds: &kinds,
                now,
                owner,
                lease_until,
                limit,
                after,
                full,
                room: &room,
                minter: &minter,
            };
            let leased = self.store.lease(&self.pool, &request).await?;
            if let Some(last) = &leased.last {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last.clone());
            }
            Ok::<_, StoreError>(leased)
        };
        let spared: Vec<_> = full.iter().chain(&tried).cloned().collect();
        let mut leased = lease(limit, &spared).await?;
        let is_empty = leased.letters.is_empty() && leased.discarded == 0 && leased.unreadable.is_empty();
        if is_empty && !tried.is_empty() {
            // There is no letter to another domain than those that were tried.
            leased = lease(limit, &full).await?;
        }
        let mut problem = None;
        let declined = || by_domain.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let rest = limit.saturating_sub(leased.letters.len().try_into().unwrap_or(u32::MAX));
        if looks_once && rest > 0 && !declined().is_empty() {
            full.extend(declined());
            match lease(rest, &full).await {
                Ok(Leased { letters, discarded, unreadable, last: _ }) => {
                    leased.letters.extend(letters);
                    leased.discarded += discarded;
                    leased.unreadable.extend(unreadable);
                }
                // Those that are leased already are to be sent all the same.
                Err(error) => problem = Some(error.into()),
            }
        }
        let declined = declined();
        let tokens = drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(LeasedLetters { leased, tokens, declined, problem })
    }

    /// The domains that no letter may go to now, and those that it should not go to if there are others.
    fn full(&self, by_domain: &HashMap<String, u32>, now: DateTime<Utc>) -> (Vec<String>, Vec<String>) {
        let outage = self.outage();
        let most = self.most_per_domain();
        let is_full = |(domain, letters): &(&String, &u32)| **letters >= outage.allowance_of(domain, most, now);
        let full = by_domain.iter().filter(is_full).map(|(domain, _)| domain.clone());
        (full.chain(outage.paused(now).map(str::to_owned)).collect(), outage.tried().to_vec())
    }

    /// Hands one letter over.
    pub(super) async fn hand_over(
        &self,
        owner: Uuid,
        leased: LeasedLetter,
        token: Option<Token>,
    ) -> Result<Attempted, Error> {
        let LeasedLetter { delivery, attempt, refusals, unknowns, .. } = leased;
        let (kind, scope) = (leased.record.kind.clone(), leased.record.scope.clone());
        let default = Policy::default();
        let policy = self.kinds.get(kind.as_str()).unwrap_or(&default);
        let letter = Letter::new(leased, policy, token).ok_or(Error::Store(StoreError::corrupt("letter")))?;
        let (domain, since) = (letter.addressee().domain().to_owned(), instant(&*self.clock));
        // A mailer that panics must not take the letters beside it along.
        let outcome = AssertUnwindSafe(self.mailer.deliver(&letter)).catch_unwind().await;
        let (sign, outcome) = match outcome {
            Ok(outcome) => (Sign::of(&outcome), outcome),
            Err(_) => (Sign::Nothing, Outcome::Unknown { text: "the mailer panicked".into() }),
        };
        let at = instant(&*self.clock);
        let run = self.outage().run(delivery);
        let verdict = retry::judge(&outcome, History { attempt, refusals, unknowns }, run, at, self.jitter());
        if verdict.summary.state == DeliveryState::Sent {
            let id = verdict.provider_id.as_deref();
            tracing::debug!(delivery = %delivery.as_uuid(), id, "a mail server took a letter");
        }
        let Delivery { fault, last_error, .. } = &verdict.summary;
        let refused = matches!(outcome, Outcome::Refused { .. } | Outcome::Misconfigured { .. });
        let heard = Heard { delivery, domain, scope, since, sign, refused, fault: *fault, reason: last_error.clone() };
        Ok(Attempted { owner, delivery, attempt, kind, at, verdict, heard, was_kept: false })
    }

    /// Records what became of letters: all together, or one by one where the store cannot, so that none keeps the others
    /// from being recorded. `None` for a letter whose lease was lost.
    pub(super) async fn settle(&self, letters: &[Attempted]) -> Vec<Result<Option<DeliveryState>, Error>> {
        let recorded = |letter: &Attempted, settled: bool| settled.then_some(letter.verdict.summary.state);
        match self.try_to_settle(letters).await {
            Ok(settled) if settled.len() == letters.len() => {
                letters.iter().zip(settled).map(|(letter, settled)| Ok(recorded(letter, settled))).collect()
            }
            // A database that is away is away for each of them.
            Err(error) if letters.len() == 1 || error.is_retryable() => {
                let others = letters
                    .iter()
                    .skip(1)
                    .map(|_| Err(StoreError::retryable("another outcome could not be recorded").into()));
                std::iter::once(Err(error.into())).chain(others).collect()
            }
            Ok(_) | Err(_) => {
                let mut results = Vec::with_capacity(letters.len());
                for letter in letters {
                    let settled = self.try_to_settle(std::slice::from_ref(letter)).await;
                    let settled = settled.map(|settled| recorded(letter, settled.first().copied().unwrap_or_default()));
                    results.push(settled.map_err(Error::from));
                }
                results
            }
        }
    }

    /// What tells the inviter that this letter has failed. An outcome must be recorded even if the random number
    /// generator fails.
    fn notice_of(&self, letter: &Attempted) -> Option<NewLetter> {
        let policy = self.kinds.get(letter.kind.as_str()).filter(|_| letter.fails())?;
        notice_of_failure(policy, &*self.random, letter.at).unwrap_or_else(|error| {
            tracing::warn!(%error, "an inviter is not told of a failed delivery");
            None
        })
    }

    async fn try_to_settle(&self, letters: &[Attempted]) -> Result<Vec<bool>, StoreError> {
        let notices: Vec<_> = letters.iter().map(|letter| self.notice_of(letter)).collect();
        let failures: Vec<_> = (letters.iter().zip(&notices))
            .map(|(letter, notice)| {
                let reason = letter.verdict.summary.last_error.as_deref();
                failure(&letter.kind, letter.delivery, letter.at, reason, notice.as_ref())
            })
            .collect();
        let settlements: Vec<_> = (letters.iter().zip(&failures))
            .map(|(letter, failure)| {
                let Delivery { state, attempts, last_error, fault } = &letter.verdict.summary;
                Settlement {
                    delivery: letter.delivery,
                    owner: letter.owner,
                    attempt: letter.attempt,
                    summary: DeliveryUpdate {
                        delivery: letter.delivery,
                        kind: &letter.kind,
                        state: *state,
                        attempts: Some(*attempts),
                        error: last_error.as_deref(),
                        fault: *fault,
                        provider_id: letter.verdict.provider_id.as_deref(),
                        over: DeliveryState::in_queue(),
                    },
                    queue: letter.verdict.queue(),
                    transition: letter.fails().then_some(failure),
                }
            })
            .collect();
        // What is kept will be tried again in any case.
        let most = if letters.iter().any(|letter| letter.was_kept) { 1 } else { SETTLE_TRIES };
        let mut tries = 1;
        loop {
            match self.store.settle(&self.pool, &settlements).await {
                Err(error) if error.is_retryable() && tries < most => tries += 1,
                settled => return settled,
            }
        }
    }
}
