//! Writes about several things: one after the other, each answered for.

use std::collections::HashMap;

use invite_core::store::{DeliveryUpdate, Found, Insertion, Removal, StoreError, Target, Transition};

use crate::{catalog::Catalog, driver::Driver, together::alike};

#[doc(hidden)]
pub async fn insert<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    new: &[Insertion<'_>],
) -> Result<Vec<bool>, StoreError> {
    if new.len() > 1
        && let Some(stored) = D::Db::insert_together::<D>(conn, new).await?
    {
        return Ok(new.iter().map(|new| stored.contains(new.record.id.as_uuid())).collect());
    }
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
    if let Some((alike, first)) = alike(transitions).zip(transitions.first())
        && let Some(records) = D::Db::apply_together::<D>(conn, first, &alike).await?
    {
        let mut changed: HashMap<_, _> = records.into_iter().map(|record| (record.id, record)).collect();
        let answer = |transition: &Transition<'_>| match transition.guard.target {
            Target::Id(id, _) => changed.remove(&id).map(|record| Found { record, token: None }),
            Target::Token(_) | Target::Delivery(_) => None,
        };
        return Ok(transitions.iter().map(answer).collect());
    }
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

#[doc(hidden)]
pub async fn remove<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    removal: &Removal<'_>,
) -> Result<Vec<bool>, StoreError> {
    let mut removed = D::Db::remove::<D>(conn, removal).await?;
    Ok(removal.ids.iter().map(|id| removed.remove(id.as_uuid())).collect())
}
