//! What a letter goes through: it is leased, handed over, and its outcome recorded.

use std::{
    collections::HashMap,
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
    clock::instant,
    delivery::{Delivery, DeliveryState},
    error::{Error, StoreError},
    id::DeliveryId,
    mailer::{Letter, Outcome, fit_id},
    service::failure,
    store::{DeliveryUpdate, LeaseRequest, Leased, LeasedLetter, Settlement, WorkerStore},
    token::Token,
};

/// How often outcomes are written again when the database asks for a retry.
const SETTLE_TRIES: usize = 8;

/// A letter that is out of hand, and what is to be recorded of it.
pub(super) struct Attempted {
    pub(super) owner: Uuid,
    pub(super) delivery: DeliveryId,
    pub(super) attempt: u32,
    pub(super) kind: String,
    pub(super) at: DateTime<Utc>,
    pub(super) verdict: Verdict,
    pub(super) heard: Heard,
}

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// Draws the tokens here, so that the store sees only digests.
    pub(super) async fn lease_letters(
        &self,
        owner: Uuid,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<(Leased, HashMap<DeliveryId, Token>), Error> {
        let drawn = Mutex::new(HashMap::<DeliveryId, Token>::new());
        let minter = |delivery, kind: &str| {
            let format = self.kinds.get(kind).map_or_else(Default::default, |policy| policy.token_format);
            let token = Token::generate(&*self.random, format).map_err(StoreError::failed)?;
            let digest = token.digest(kind);
            drawn.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery, token);
            Ok(digest)
        };
        let kinds = self.kinds_where(|_| true);
        let lease_until = now + self.effective_lease();
        let request = LeaseRequest { kinds: &kinds, now, owner, lease_until, limit, minter: &minter };
        let leased = self.store.lease(&self.pool, &request).await?;
        Ok((leased, drawn.into_inner().unwrap_or_else(PoisonError::into_inner)))
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
        let reply_to_inviter = self.kinds.get(kind.as_str()).is_some_and(|policy| policy.reply_to_inviter);
        let letter = Letter::new(leased, reply_to_inviter, token).ok_or(Error::Store(StoreError::corrupt("letter")))?;
        let (domain, since) = (letter.addressee().domain().to_owned(), instant(&*self.clock));
        // A mailer that panics must not take the letters beside it along.
        let outcome = AssertUnwindSafe(self.mailer.deliver(&letter)).catch_unwind().await;
        let (sign, outcome) = match outcome {
            Ok(outcome) => (Sign::of(&outcome), outcome),
            Err(_) => (Sign::Nothing, Outcome::Unknown { text: "the mailer panicked".into() }),
        };
        if let Outcome::Accepted { id } = &outcome {
            let id = id.as_deref().and_then(fit_id);
            tracing::debug!(delivery = %delivery.as_uuid(), id, "a mail server took a letter");
        }
        let at = instant(&*self.clock);
        let verdict = retry::judge(&outcome, History { attempt, refusals, unknowns }, at, self.jitter());
        let heard = Heard { delivery, domain, scope, since, sign };
        Ok(Attempted { owner, delivery, attempt, kind, at, verdict, heard })
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

    async fn try_to_settle(&self, letters: &[Attempted]) -> Result<Vec<bool>, StoreError> {
        let failures: Vec<_> = (letters.iter())
            .map(|letter| {
                failure(&letter.kind, letter.delivery, letter.at, letter.verdict.summary.last_error.as_deref())
            })
            .collect();
        let settlements: Vec<_> = (letters.iter().zip(&failures))
            .map(|(letter, failure)| {
                let Delivery { state, attempts, last_error } = &letter.verdict.summary;
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
                        over: DeliveryState::in_queue(),
                    },
                    queue: letter.verdict.queue(),
                    transition: (*state == DeliveryState::Failed).then_some(failure),
                }
            })
            .collect();
        let mut tries = 1;
        loop {
            match self.store.settle(&self.pool, &settlements).await {
                Err(error) if error.is_retryable() && tries < SETTLE_TRIES => tries += 1,
                settled => return settled,
            }
        }
    }
}
