//! One open invitation, and no more.

use async_trait::async_trait;
use invite_core::{
    InvitationId,
    store::{Change, Found, Insertion, Key, OpenKey, Read, StoreError, Target, Transition},
};

use super::{
    Mutant, broken,
    edit::{Edit, again},
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "two invitations are open at once",
    ["again::creating_again_names_the_first_and_mails_once"]: Edit { open_key: |_| None, ..Edit::NONE };
    "an ended invitation stays in the way of the next",
    ["sweep::a_swept_row_gives_its_open_key_back"]: NeverFreed;
    "an amended address does not take its open key",
    ["amend::a_new_address_moves_the_open_key"]: Edit {
        transition: |asked| {
            if let Change::Amend { recipient: Some((_, key)), .. } = &mut asked.change {
                *key = None;
            }
        },
        ..Edit::NONE
    };
    "an amended address keeps the open key of the former",
    ["amend::a_new_address_moves_the_open_key"]: KeepsKey;
    "a collision is an error",
    ["open_key::one_open_over_all_scopes_collides_over_all_scopes"]: CollisionIsError;
    "a collision of an amendment is an error",
    ["amend::an_address_whose_open_key_is_taken_is_refused_and_nothing_is_written"]: AmendmentCollides;
    "a collision is answered as if the invitation had been stored",
    ["open_key::one_open_over_all_scopes_collides_over_all_scopes"]: CollisionIsSilent;
    "what holds an open key is not found by it",
    ["find::an_open_key_finds_the_row_that_holds_it"]: NotFoundByKey;
];

/// Where the key of what has ended is taken for ever.
struct NeverFreed;

#[async_trait]
impl Spoil for NeverFreed {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let holders: Vec<_> = {
            let past = below.past();
            let same = past.inserted.iter().filter(|(_, key)| key.is_some() && key.as_ref() == new.open_key);
            same.map(|(record, _)| record.id).collect()
        };
        for id in holders {
            if below.row(conn, id).await?.is_some_and(|record| !record.status.is_open()) {
                return Ok(false);
            }
        }
        below.db.insert_one(conn, new).await
    }
}

struct KeepsKey;

#[async_trait]
impl Spoil for KeepsKey {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let mut edited = again(asked);
        if let (Change::Amend { recipient: Some((_, key)), .. }, Target::Id(id, _)) =
            (&mut edited.change, asked.guard.target)
        {
            *key = key_of(below, id);
        }
        below.db.apply_one(conn, &edited).await
    }
}

fn key_of(below: &Below, id: InvitationId) -> Option<OpenKey> {
    below.past().inserted.iter().find(|(record, _)| record.id == id).and_then(|(_, key)| *key)
}

struct CollisionIsError;

#[async_trait]
impl Spoil for CollisionIsError {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        if below.db.insert_one(conn, new).await? { Ok(true) } else { Err(StoreError::failed("unique constraint")) }
    }
}

struct AmendmentCollides;

#[async_trait]
impl Spoil for AmendmentCollides {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if let (None, Change::Amend { recipient: Some((_, Some(key))), .. }) = (&found, &asked.change)
            && below.db.find_one(conn, &Key::Open(key), Read::Latest).await?.is_some()
        {
            return Err(StoreError::failed("unique constraint"));
        }
        Ok(found)
    }
}

struct CollisionIsSilent;

#[async_trait]
impl Spoil for CollisionIsSilent {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        below.db.insert_one(conn, new).await.map(|_| true)
    }
}

struct NotFoundByKey;

#[async_trait]
impl Spoil for NotFoundByKey {
    async fn find(
        &self,
        below: &Below,
        conn: &mut Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        if matches!(key, Key::Open(_)) { Ok(None) } else { below.db.find_one(conn, key, read).await }
    }
}
