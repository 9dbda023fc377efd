//! Mutants of what is erased.

use async_trait::async_trait;
use invite_core::{
    EmailAddress, InvitationId,
    store::{Erasure, Key, Read, StoreError},
};
use serde_json::Value;

use super::{
    Mutant, broken,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "nothing is erased",
    ["erasure::what_tells_of_a_person_is_replaced_and_the_rest_stays"]: Altered(|_| Some(&[]));
    "of several only the first is erased",
    ["erasure::what_tells_of_a_person_is_replaced_and_the_rest_stays"]: Altered(|ids| ids.get(..1));
    "invitations of every kind are erased",
    ["erasure::only_what_has_ended_and_is_of_the_kind_is_erased"]: OfEveryKind;
    "what was amended to another address is erased",
    ["erasure::what_is_to_another_address_is_not_erased"]: WhoeverItIsTo;
    "the payload is not erased",
    ["erasure::what_tells_of_a_person_is_replaced_and_the_rest_stays"]: OtherPayload;
    "what is open is said to be erased",
    ["erasure::only_what_has_ended_and_is_of_the_kind_is_erased"]: AlwaysYes;
    "an inviter is forgotten in the canonical spelling only",
    ["erasure::an_inviter_is_forgotten_in_either_spelling"]: InOneSpelling;
    "an inviter is not forgotten",
    ["erasure::an_inviter_is_forgotten_in_either_spelling"]: Remembered;
];

/// Erases other ids than it was told.
struct Altered(fn(&[InvitationId]) -> Option<&[InvitationId]>);

#[async_trait]
impl Spoil for Altered {
    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        let ids = self.0(erasure.ids).unwrap_or_default();
        below.db.erase(conn, &Erasure { ids, ..*erasure }).await?;
        Ok(vec![true; erasure.ids.len()])
    }
}

struct OfEveryKind;

#[async_trait]
impl Spoil for OfEveryKind {
    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        let mut answers = below.db.erase(conn, erasure).await?;
        for kind in below.kinds() {
            let of_kind = below.db.erase(conn, &Erasure { kind: &kind, ..*erasure }).await?;
            answers.iter_mut().zip(of_kind).for_each(|(answer, of_kind)| *answer |= of_kind);
        }
        Ok(answers)
    }
}

struct WhoeverItIsTo;

#[async_trait]
impl Spoil for WhoeverItIsTo {
    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for id in erasure.ids {
            let key = Key::Id { kind: erasure.kind, scope: None, id: *id };
            let found = below.db.find(conn, &[key], Read::Latest).await?.pop().flatten();
            let address = found.map_or_else(String::new, |found| found.record.recipient.canonical().into());
            answers.extend(below.db.erase(conn, &Erasure { address: &address, ids: &[*id], ..*erasure }).await?);
        }
        Ok(answers)
    }
}

struct OtherPayload;

#[async_trait]
impl Spoil for OtherPayload {
    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        below.db.erase(conn, &Erasure { payload: &Value::Null, ..*erasure }).await
    }
}

struct AlwaysYes;

#[async_trait]
impl Spoil for AlwaysYes {
    async fn erase(&self, below: &Below, conn: &mut Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        below.db.erase(conn, erasure).await?;
        Ok(vec![true; erasure.ids.len()])
    }
}

struct InOneSpelling;

#[async_trait]
impl Spoil for InOneSpelling {
    async fn forget_inviter(
        &self,
        below: &Below,
        conn: &mut Conn,
        (kind, address): (&str, &EmailAddress),
    ) -> Result<u64, StoreError> {
        match address.canonical().parse() {
            Ok(canonical) => below.db.forget_inviter(conn, kind, &canonical).await,
            Err(_) => Ok(0),
        }
    }
}

struct Remembered;

#[async_trait]
impl Spoil for Remembered {
    async fn forget_inviter(&self, _: &Below, _: &mut Conn, _: (&str, &EmailAddress)) -> Result<u64, StoreError> {
        Ok(2)
    }
}
