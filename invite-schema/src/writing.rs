//! Writes about several things: one after the other, each answered for.

use invite_core::store::{DeliveryUpdate, Found, Insertion, StoreError, Transition};

use crate::{catalog::Catalog, driver::Driver};

#[doc(hidden)]
pub async fn insert<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    new: &[Insertion<'_>],
) -> Result<Vec<bool>, StoreError> {
    let mut answers = Vec::with_capacity(new.len());
    for new in new {
        answers.push(D::Db::insert::<D>(conn, new).await?);
    }
    Ok(answers)
}

#[doc(hidden)]
pub async fn apply<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    transitions: &[Transition<'_>],
) -> Result<Vec<Option<Found>>, StoreError> {
    let mut answers = Vec::with_capacity(transitions.len());
    for transition in transitions {
        answers.push(D::Db::transition::<D>(conn, transition).await?);
    }
    Ok(answers)
}

#[doc(hidden)]
pub async fn record_delivery<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    updates: &[DeliveryUpdate<'_>],
) -> Result<Vec<bool>, StoreError> {
    let mut answers = Vec::with_capacity(updates.len());
    for update in updates {
        answers.push(D::Db::record::<D>(conn, update).await?);
    }
    Ok(answers)
}
