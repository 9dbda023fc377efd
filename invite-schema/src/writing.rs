//! Writes about several things: one after the other, each answered for.

use std::collections::HashMap;

use invite_core::{
    EmailAddress,
    store::{DeliveryUpdate, Erasure, Found, Insertion, Removal, StoreError, Target, Transition},
};
use serde_json::Value as Json;

use crate::{
    catalog::Catalog,
    dialect::Dialect,
    driver::{Driver, execute},
    name::Name,
    statement::Values,
    together::alike,
};

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

#[doc(hidden)]
pub async fn erase<D: Driver<Db: Catalog>>(conn: &mut D::Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
    let mut erased = D::Db::erase::<D>(conn, erasure).await?;
    Ok(erasure.ids.iter().map(|id| erased.remove(id.as_uuid())).collect())
}

#[doc(hidden)]
pub async fn forget_inviter<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    kind: &str,
    address: &EmailAddress,
) -> Result<u64, StoreError> {
    let mut addresses = [None; 8];
    (addresses[0], addresses[1]) = (Some(address.as_given()), Some(address.canonical()));
    let values = D::Db::addresses(Values::new().text(Name::Kind, kind), addresses);
    execute::<D>(conn, values.of_statement(D::Db::FORGET_INVITER)?).await
}

/// The values that stand in place of what is erased.
impl<'v, D: Dialect> Values<'v, D> {
    pub(crate) fn erasure(self, erasure: &Erasure<'v>) -> Self {
        self.text(Name::Kind, erasure.kind)
            .text(Name::RecipientGiven, erasure.recipient.as_given())
            .exact(Name::Recipient, erasure.recipient.canonical())
            .json(Name::Payload, erasure.payload)
            .json(Name::Display, &Json::Null)
    }
}
