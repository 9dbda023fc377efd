//! Renewals that are not what they should be.

use async_trait::async_trait;
use invite_core::store::{Insertion, StoreError};

use super::{
    Mutant, broken,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "which invitation another one renews is not stored",
    ["renewing::what_is_renewed_asks_for_the_same_once_more"]: ForgetsTheOld;
];

struct ForgetsTheOld;

#[async_trait]
impl Spoil for ForgetsTheOld {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let mut record = new.record.clone();
        record.renews = None;
        below.db.insert_one(conn, &Insertion { record: &record, ..*new }).await
    }
}
