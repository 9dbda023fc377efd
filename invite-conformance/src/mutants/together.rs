//! Many alike, not treated alike.

use async_trait::async_trait;
use invite_core::{
    Idempotency,
    store::{Dispatch, Found, Guard, Insertion, Key, Read, StoreError, Target, Transition},
};

use super::{
    Mutant, broken,
    edit::again,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "what is found for several keys is in another order",
    ["together::keys_looked_for_together_are_answered_in_their_order"]: FindsBackwards;
    "of many renewals all but the first queue nothing",
    ["together::many_are_renewed_together_each_with_a_letter_of_its_own"]: OneLetter;
    "of many changes only the first meets its cool-down",
    ["together::a_cool_down_holds_for_each_of_many"]: OneCoolDown;
    "of many changes only the first is confined to its scope",
    ["together::many_are_ended_together_where_the_guard_holds"]: OneScope;
    "many changes are all made as the first one says",
    ["together::changes_that_differ_are_made_one_by_one"]: AsTheFirst;
    "rows beyond the hundredth are said to be stored",
    ["together::rows_inserted_together_that_are_too_long_for_one_statement_are_all_stored"]: AHundred;
    "the key of a creation is not unique",
    ["insert::a_creation_with_a_key_that_was_used_is_in_the_way_of_nothing_and_stores_nothing"]: NoKeys;
    "the key of a creation is forgotten when the invitation ends",
    ["insert::a_creation_with_a_key_that_was_used_is_in_the_way_of_nothing_and_stores_nothing"]: ForgetsKeys;
    "what a creation asked for is not stored with its key",
    ["insert::a_row_with_everything_comes_back_to_the_letter"]: ForgetsRequests;
];

struct FindsBackwards;

#[async_trait]
impl Spoil for FindsBackwards {
    async fn find_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        keys: &[Key<'_>],
        read: Read,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let mut found = below.db.find(conn, keys, read).await?;
        found.reverse();
        Ok(found)
    }
}

/// Changes of one call, of which all but the first are made otherwise.
macro_rules! all_but_the_first {
    ($spoil:ident, |$edited:ident, $first:ident| $edit:expr) => {
        struct $spoil;

        #[async_trait]
        impl Spoil for $spoil {
            async fn apply_all(
                &self,
                below: &Below,
                conn: &mut Conn,
                asked: &[Transition<'_>],
            ) -> Result<Vec<Option<Found>>, StoreError> {
                let mut edited: Vec<_> = asked.iter().map(again).collect();
                if let (Some($first), [_, rest @ ..]) = (asked.first(), edited.as_mut_slice()) {
                    rest.iter_mut().for_each(|$edited| $edit);
                }
                below.db.apply(conn, &edited).await
            }
        }
    };
}

all_but_the_first!(OneLetter, |edited, _first| edited.dispatch = Dispatch::None);

all_but_the_first!(OneCoolDown, |edited, _first| edited.guard.not_resent_between = None);

all_but_the_first!(OneScope, |edited, _first| {
    if let Target::Id(id, _) = edited.guard.target {
        edited.guard.target = Target::Id(id, None);
    }
});

all_but_the_first!(AsTheFirst, |edited, first| {
    edited.guard = Guard { target: edited.guard.target, ..first.guard.clone() };
    edited.change = first.change.clone();
    edited.event = first.event.clone();
});

struct AHundred;

#[async_trait]
impl Spoil for AHundred {
    async fn insert_all(&self, below: &Below, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut answers = below.db.insert(conn, &new[..new.len().min(100)]).await?;
        answers.resize(new.len(), true);
        Ok(answers)
    }
}

struct NoKeys;

#[async_trait]
impl Spoil for NoKeys {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let mut record = new.record.clone();
        record.idempotency = None;
        below.db.insert_one(conn, &Insertion { record: &record, ..*new }).await
    }
}

struct ForgetsKeys;

#[async_trait]
impl Spoil for ForgetsKeys {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.find_one(conn, key, read).await?;
        Ok(found.filter(|found| !matches!(key, Key::Idempotency(_)) || found.record.status.is_open()))
    }
}

struct ForgetsRequests;

#[async_trait]
impl Spoil for ForgetsRequests {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let mut record = new.record.clone();
        record.idempotency = record.idempotency.map(|known| Idempotency::from_stored(*known.key(), None));
        below.db.insert_one(conn, &Insertion { record: &record, ..*new }).await
    }
}
