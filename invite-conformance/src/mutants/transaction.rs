//! The caller's transaction.

use async_trait::async_trait;
use invite_core::store::{Found, Insertion, StoreError, Transition};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "writing is allowed outside a transaction",
    ["transactions::a_plain_connection_is_in_no_transaction"]: Anywhere;
    "writing is refused inside a transaction",
    ["asking::a_refusal_repeated_stays_one"]: Nowhere;
    "a creation commits the caller's transaction",
    ["transactions::no_call_ends_the_caller_s_transaction"]: Commits { insert: true };
    "a change commits the caller's transaction",
    ["transactions::no_call_ends_the_caller_s_transaction"]: Commits { insert: false };
    "a change that does not happen rolls the caller's transaction back",
    ["transactions::no_call_ends_the_caller_s_transaction"]: RollsBack;
    "what asks for a retry is called a failure", needs RETRY,
    ["races::of_many_acceptances_of_one_invitation_exactly_one_happens"]: Edit {
        error: |error| if error.is_retryable() { StoreError::failed(error) } else { error },
        ..Edit::NONE
    };
];

struct Anywhere;

impl Spoil for Anywhere {
    fn in_transaction(&self, _: &Below, _: &mut Conn) -> bool {
        true
    }
}

struct Nowhere;

impl Spoil for Nowhere {
    fn in_transaction(&self, _: &Below, _: &mut Conn) -> bool {
        false
    }
}

struct Commits {
    insert: bool,
}

#[async_trait]
impl Spoil for Commits {
    async fn insert(&self, below: &Below, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let inserted = below.db.insert_one(conn, new).await?;
        if self.insert && below.db.in_transaction(conn) {
            commit(below, conn).await?;
        }
        Ok(inserted)
    }

    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if !self.insert && below.db.in_transaction(conn) {
            commit(below, conn).await?;
        }
        Ok(found)
    }
}

pub(super) async fn commit(below: &Below, conn: &mut Conn) -> Result<(), StoreError> {
    let tx = std::mem::replace(conn, below.db.connect().await?);
    below.db.commit(tx).await?;
    begin(below, conn).await
}

struct RollsBack;

#[async_trait]
impl Spoil for RollsBack {
    async fn transition(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let found = below.db.apply_one(conn, asked).await?;
        if found.is_none() && below.db.in_transaction(conn) {
            let tx = std::mem::replace(conn, below.db.connect().await?);
            below.db.rollback(tx).await?;
            begin(below, conn).await?;
        }
        Ok(found)
    }
}

/// The caller goes on in another transaction, and does not notice.
async fn begin(below: &Below, conn: &mut Conn) -> Result<(), StoreError> {
    let level = below.db.levels().first().copied().unwrap_or_default();
    *conn = below.db.begin_at(level).await?;
    Ok(())
}
