//! Reading one row.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use invite_core::{
    Channel, Record, Status, TokenDigest,
    store::{Dispatch, Found, Insertion, Key, ListQuery, Read, StoreError, Transition},
};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "reading by id does not look at the scope",
    ["find::an_id_is_found_in_its_kind_and_in_the_scope_that_is_named"]: AnyScope(|_, _| true);
    "reading by id compares scopes without case",
    ["insert::scopes_that_look_alike_are_different"]: AnyScope(str::eq_ignore_ascii_case);
    "reading by id compares scopes without trailing blanks",
    ["insert::scopes_that_look_alike_are_different"]: AnyScope(|a, b| a.trim_end() == b.trim_end());
    "reading by id does not look at the kind",
    ["find::an_id_is_found_in_its_kind_and_in_the_scope_that_is_named"]: AnyKind;
    "reading by letter does not look at the kind",
    ["find::a_letter_finds_the_invitation_whose_current_one_it_is"]: AnyKindByLetter;
    "reading by token names no token",
    ["insert::an_insertion_makes_the_token_known_that_it_brings"]: Edit {
        found: |found| found.token = None,
        ..Edit::NONE
    };
    "a token is found by half of its digest",
    ["token_guard::an_unknown_digest_opens_nothing"]: HalfDigest::default();
    "every token is read as handed over",
    ["insert::an_insertion_makes_the_token_known_that_it_brings"]: Edit {
        found: |found| found.token.iter_mut().for_each(|token| token.channel = Channel::Link),
        ..Edit::NONE
    };
    "every token is read as of the first generation",
    ["change::what_goes_out_is_of_the_generation_after_the_change"]: Edit {
        found: |found| found.token.iter_mut().for_each(|token| token.generation = 1),
        ..Edit::NONE
    };
    "an invitation whose letter was refused is read as pending",
    ["change::a_failed_delivery_changes_the_status_alone"]: Edit {
        found: |found| {
            if found.record.status == Status::DeliveryFailed {
                found.record.status = Status::Pending;
            }
        },
        ..Edit::NONE
    };
    "a refusal is explained by what the transaction read before", needs SNAPSHOTS,
    ["meanwhile::what_was_cancelled_since_is_not_explained_by_the_row_before"]: Snapshot;
    "a row that does not parse is read as it was created", needs DAMAGE,
    ["damage::a_damaged_row_is_read_as_corrupt"]: Defaults;
    "a row that does not parse is left out", needs DAMAGE,
    ["damage::a_damaged_row_is_read_as_corrupt"]: LeftOut;
    "a row that does not parse asks for a retry", needs DAMAGE,
    ["damage::a_damaged_row_is_read_as_corrupt"]: Edit {
        error: |error| if is_corrupt(&error) { StoreError::retryable(error) } else { error },
        ..Edit::NONE
    };
];

struct Snapshot;

#[async_trait]
impl Spoil for Snapshot {
    async fn find(&self, below: &Below, conn: &mut Conn, key: &Key<'_>, _: Read) -> Result<Option<Found>, StoreError> {
        below.db.find_one(conn, key, Read::Plain).await
    }
}

struct AnyScope(fn(&str, &str) -> bool);

#[async_trait]
impl Spoil for AnyScope {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let Key::Id { kind, scope: Some(scope), id } = *key else { return below.db.find_one(conn, key, read).await };
        let found = below.db.find_one(conn, &Key::Id { kind, scope: None, id }, read).await?;
        Ok(found.filter(|found| (self.0)(scope.as_str(), found.record.scope.as_str())))
    }
}

struct AnyKind;

#[async_trait]
impl Spoil for AnyKind {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        if let Key::Id { scope, id, .. } = *key {
            for kind in below.kinds() {
                if let Some(found) = below.db.find_one(conn, &Key::Id { kind: &kind, scope, id }, read).await? {
                    return Ok(Some(found));
                }
            }
            return Ok(None);
        }
        below.db.find_one(conn, key, read).await
    }
}

struct AnyKindByLetter;

#[async_trait]
impl Spoil for AnyKindByLetter {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        if let Key::Delivery { id, .. } = *key {
            for kind in below.kinds() {
                if let Some(found) = below.db.find_one(conn, &Key::Delivery { kind: &kind, id }, read).await? {
                    return Ok(Some(found));
                }
            }
            return Ok(None);
        }
        below.db.find_one(conn, key, read).await
    }
}

fn is_corrupt(error: &StoreError) -> bool {
    error.to_string().contains("corrupt")
}

struct Defaults;

#[async_trait]
impl Spoil for Defaults {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        match (below.db.find_one(conn, key, read).await, key) {
            (Err(error), Key::Id { id, .. }) if is_corrupt(&error) => {
                Ok(below.inserted(*id).map(|record| Found { record, token: None }))
            }
            (found, _) => found,
        }
    }
}

struct LeftOut;

#[async_trait]
impl Spoil for LeftOut {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        below.db.apply_one(conn, asked).await.or_else(|error| if is_corrupt(&error) { Ok(None) } else { Err(error) })
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.find_one(conn, key, read).await;
        found.or_else(|error| if is_corrupt(&error) { Ok(None) } else { Err(error) })
    }

    async fn list(&self, below: &Below, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        let rows = below.db.list(conn, query).await;
        rows.or_else(|error| if is_corrupt(&error) { Ok(Vec::new()) } else { Err(error) })
    }
}

/// Takes a digest for another that begins alike, and answers with the one it was asked for.
#[derive(Default)]
struct HalfDigest(Mutex<Vec<TokenDigest>>);

impl HalfDigest {
    fn keep(&self, dispatch: Dispatch<'_>) {
        if let Dispatch::Token(digest, _) = dispatch {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(digest.clone());
        }
    }

    fn like(&self, asked: &TokenDigest) -> Option<TokenDigest> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|digest| digest.as_bytes()[..16] == asked.as_bytes()[..16]).cloned()
    }
}

#[async_trait]
impl Spoil for HalfDigest {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        self.keep(new.dispatch);
        below.db.insert_one(conn, new).await
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        self.keep(asked.dispatch);
        below.db.apply_one(conn, asked).await
    }

    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        if let Key::Token(asked) = *key
            && let Some(known) = self.like(asked)
        {
            let mut found = below.db.find_one(conn, &Key::Token(&known), read).await?;
            found.iter_mut().filter_map(|found| found.token.as_mut()).for_each(|token| token.digest = asked.clone());
            return Ok(found);
        }
        below.db.find_one(conn, key, read).await
    }
}
