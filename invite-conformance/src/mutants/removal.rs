//! Deletions that go too far, or not far enough.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Event, InvitationId, Scope, TokenDigest,
    store::{Found, Key, Read, Removal, StoreError},
};

use super::{
    Mutant, broken,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "what is open is removed",
    ["removal::only_what_has_ended_is_removed"]: Late { by: TimeDelta::days(3650) };
    "what is open is not removed when its time is over",
    ["removal::only_what_has_ended_is_removed"]: Late { by: TimeDelta::days(-3650) };
    "what is open is removed a microsecond before its time is over",
    ["removal::only_what_has_ended_is_removed"]: Late { by: TimeDelta::microseconds(1) };
    "what is of another scope is removed",
    ["removal::only_what_is_of_the_scope_and_the_kind_is_removed"]: AnyScope;
    "what is of another kind is removed",
    ["removal::only_what_is_of_the_scope_and_the_kind_is_removed"]: AnyKind;
    "the answers for what is removed together are in another order",
    ["removal::removals_are_answered_in_their_order"]: Backwards;
    "what is asked for twice is said to be removed twice",
    ["removal::removals_are_answered_in_their_order"]: Twice;
    "one that is not removed keeps those behind it from being removed",
    ["removal::removals_are_answered_in_their_order"]: StopsAtTheFirst;
    "what is beyond the hundredth is said to be removed",
    ["removal::many_are_removed_in_one_call"]: AHundred;
    "what is removed keeps its events",
    ["removal::what_is_removed_leaves_nothing_behind"]: KeepsEvents::default();
    "what is removed keeps its tokens",
    ["removal::what_is_removed_leaves_nothing_behind"]: KeepsTokens::default();
];

struct Late {
    by: TimeDelta,
}

#[async_trait]
impl Spoil for Late {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        below.db.remove(conn, &Removal { now: removal.now + self.by, ..*removal }).await
    }
}

struct AnyScope;

#[async_trait]
impl Spoil for AnyScope {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let mut removed = vec![false; removal.ids.len()];
        for scope in below.scopes() {
            let answers = below.db.remove(conn, &Removal { scope: &scope, ..*removal }).await?;
            removed.iter_mut().zip(answers).for_each(|(removed, answer)| *removed |= answer);
        }
        Ok(removed)
    }
}

struct AnyKind;

#[async_trait]
impl Spoil for AnyKind {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let mut removed = vec![false; removal.ids.len()];
        for kind in below.kinds() {
            let answers = below.db.remove(conn, &Removal { kind: &kind, ..*removal }).await?;
            removed.iter_mut().zip(answers).for_each(|(removed, answer)| *removed |= answer);
        }
        Ok(removed)
    }
}

struct Backwards;

#[async_trait]
impl Spoil for Backwards {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let mut removed = below.db.remove(conn, removal).await?;
        removed.reverse();
        Ok(removed)
    }
}

struct Twice;

#[async_trait]
impl Spoil for Twice {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let removed = below.db.remove(conn, removal).await?;
        let done: Vec<_> =
            removal.ids.iter().zip(&removed).filter(|(_, removed)| **removed).map(|(id, _)| *id).collect();
        Ok(removal.ids.iter().map(|id| done.contains(id)).collect())
    }
}

struct StopsAtTheFirst;

#[async_trait]
impl Spoil for StopsAtTheFirst {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let mut removed = Vec::new();
        for id in removal.ids {
            let answer = below.db.remove(conn, &Removal { ids: &[*id], ..*removal }).await?;
            removed.extend(&answer);
            if answer == [false] {
                break;
            }
        }
        removed.resize(removal.ids.len(), false);
        Ok(removed)
    }
}

struct AHundred;

#[async_trait]
impl Spoil for AHundred {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        let ids = &removal.ids[..removal.ids.len().min(100)];
        let mut removed = below.db.remove(conn, &Removal { ids, ..*removal }).await?;
        removed.resize(removal.ids.len(), true);
        Ok(removed)
    }
}

#[derive(Default)]
struct KeepsEvents(Mutex<Vec<(InvitationId, Vec<Event>)>>);

#[async_trait]
impl Spoil for KeepsEvents {
    async fn remove(&self, below: &Below, conn: &mut Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        for id in removal.ids {
            let events = below.db.history(conn, removal.kind, removal.scope, *id).await?;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((*id, events));
        }
        below.db.remove(conn, removal).await
    }

    async fn history(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, scope, id): (&str, &Scope, InvitationId),
    ) -> Result<Vec<Event>, StoreError> {
        let events = below.db.history(conn, kind, scope, id).await?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.iter().filter(|(of, _)| *of == id && events.is_empty()).flat_map(|(_, kept)| kept.clone());
        Ok(kept.chain(events.clone()).collect())
    }
}

/// It remembers by which tokens something was found.
#[derive(Default)]
struct KeepsTokens(Mutex<Vec<(TokenDigest, Found)>>);

#[async_trait]
impl Spoil for KeepsTokens {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.find_one(conn, key, read).await?;
        let Key::Token(digest) = *key else { return Ok(found) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(found) => {
                known.push((digest.clone(), found.clone()));
                Ok(Some(found))
            }
            None => {
                let is_it = |known: &&(TokenDigest, Found)| known.0.as_bytes() == digest.as_bytes();
                Ok(known.iter().find(is_it).map(|(_, found)| found.clone()))
            }
        }
    }
}
