//! Answers for several things, mixed up.

use async_trait::async_trait;
use invite_core::store::{DeliveryUpdate, Found, Insertion, Settlement, StoreError, Transition};

use super::{
    Mutant, broken,
    spoil::{Below, Spoil},
};
use crate::erased::Conn;

pub(super) const MUTANTS: &[Mutant] = broken![
    "the answers for rows inserted together are in another order",
    ["several::rows_inserted_together_are_answered_in_their_order"]: Backwards { call: Call::Insert };
    "the answers for changes made together are in another order",
    ["several::changes_made_together_are_answered_in_their_order"]: Backwards { call: Call::Apply };
    "the answers for summaries written together are in another order",
    ["several::summaries_written_together_are_answered_in_their_order"]: Backwards { call: Call::Record };
    "the answers for letters settled together are in another order",
    ["several::letters_settled_together_are_answered_in_their_order"]: Backwards { call: Call::Settle };
    "a row that is refused keeps those behind it out",
    ["several::rows_inserted_together_are_answered_in_their_order"]: StopsAtTheFirst { call: Call::Insert };
    "a change that is refused keeps those behind it from happening",
    ["several::changes_made_together_are_answered_in_their_order"]: StopsAtTheFirst { call: Call::Apply };
    "a summary that is refused keeps those behind it from being written",
    ["several::summaries_written_together_are_answered_in_their_order"]: StopsAtTheFirst { call: Call::Record };
    "a letter that is another worker's keeps those behind it from being settled",
    ["several::letters_settled_together_are_answered_in_their_order"]: StopsAtTheFirst { call: Call::Settle };
];

#[derive(PartialEq)]
enum Call {
    Insert,
    Apply,
    Record,
    Settle,
}

/// Whose answers to one call come backwards.
struct Backwards {
    call: Call,
}

impl Backwards {
    fn answer<T>(&self, call: &Call, mut answers: Vec<T>) -> Vec<T> {
        if self.call == *call {
            answers.reverse();
        }
        answers
    }
}

#[async_trait]
impl Spoil for Backwards {
    async fn insert_all(&self, below: &Below, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        Ok(self.answer(&Call::Insert, below.db.insert(conn, new).await?))
    }

    async fn apply_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        Ok(self.answer(&Call::Apply, below.db.apply(conn, asked).await?))
    }

    async fn record_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        Ok(self.answer(&Call::Record, below.db.record_delivery(conn, updates).await?))
    }

    async fn settle_all(&self, below: &Below, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        Ok(self.answer(&Call::Settle, below.db.settle(&(), settlements).await?))
    }
}

/// Who asks for no more of one call once something is refused.
struct StopsAtTheFirst {
    call: Call,
}

impl StopsAtTheFirst {
    fn stops(&self, call: &Call, refused: bool) -> bool {
        refused && self.call == *call
    }
}

#[async_trait]
impl Spoil for StopsAtTheFirst {
    async fn insert_all(&self, below: &Below, conn: &mut Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for one in new {
            answers.push(self.insert(below, conn, one).await?);
            if self.stops(&Call::Insert, answers.contains(&false)) {
                answers.resize(new.len(), false);
                break;
            }
        }
        Ok(answers)
    }

    async fn apply_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        asked: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        let mut answers = Vec::new();
        for one in asked {
            answers.push(self.transition(below, conn, one).await?);
            if self.stops(&Call::Apply, answers.iter().any(Option::is_none)) {
                answers.resize_with(asked.len(), || None);
                break;
            }
        }
        Ok(answers)
    }

    async fn record_all(
        &self,
        below: &Below,
        conn: &mut Conn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for one in updates {
            answers.push(self.record_delivery(below, conn, one).await?);
            if self.stops(&Call::Record, answers.contains(&false)) {
                answers.resize(updates.len(), false);
                break;
            }
        }
        Ok(answers)
    }

    async fn settle_all(&self, below: &Below, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        let mut answers = Vec::new();
        for one in settlements {
            answers.push(self.settle(below, one).await?);
            if self.stops(&Call::Settle, answers.contains(&false)) {
                answers.resize(settlements.len(), false);
                break;
            }
        }
        Ok(answers)
    }
}
