//! What differs between the databases in operations that are otherwise the same.

use std::{
    collections::HashSet,
    future::{self, Future},
};

use invite_core::store::{DeliveryUpdate, Found, Insertion, Settlement, StoreError, Transition};
use uuid::Uuid;

use crate::{
    dialect::Dialect,
    driver::{Driver, execute},
    statement::Values,
    template::Sql,
};

/// The statements of one database that the shared operations use.
pub trait Catalog: Dialect {
    /// Begins a transaction of the worker's own.
    const BEGIN: &'static str;

    const CREATE_LEDGER: &'static str;
    const LEDGER: &'static Sql;
    const RECORD_MIGRATION: &'static Sql;
    const ADDRESSED_TO: &'static Sql;
    const HISTORY: &'static Sql;
    const RECORD_DELIVERY: &'static Sql;
    const REMOVE: &'static Sql;
    const POSTPONE: &'static Sql;
    const DUE_REMINDERS: &'static Sql;
    const REMINDED: &'static Sql;
    const INSERT_LETTER: &'static Sql;

    /// Says whether there is anything to remind of, where looking for it would take a lock.
    const ANY_REMINDERS: Option<&'static Sql> = None;

    /// Addresses to compare a column with, at most eight.
    fn addresses<'v>(values: Values<'v, Self>, addresses: [Option<&'v str>; 8]) -> Values<'v, Self>;

    fn insert<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        new: &Insertion<'_>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes what became of one letter.
    fn record<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        update: &DeliveryUpdate<'_>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            let statement = Values::new().summary(update).of_statement(Self::RECORD_DELIVERY)?;
            Ok(execute::<D>(conn, statement).await? > 0)
        }
    }

    /// Settles letters that change no invitation, each another one, and tells which were this worker's. `None` where
    /// that is no better than one after the other.
    fn settle_together<D: Driver<Db = Self>>(
        _: &mut D::Conn,
        _: &[Settlement<'_>],
    ) -> impl Future<Output = Result<Option<HashSet<Uuid>>, StoreError>> + Send {
        future::ready(Ok(None))
    }

    fn transition<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        transition: &Transition<'_>,
    ) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;
}
