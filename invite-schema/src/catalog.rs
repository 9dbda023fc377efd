//! What differs between the databases in operations that are otherwise the same.

use std::{
    collections::HashSet,
    future::{self, Future},
};

use chrono::{DateTime, Utc};
use invite_core::{
    Record, Sort, Status, TokenDigest,
    store::{
        DeliveryUpdate, Erasure, Found, Insertion, Key, LeaseRequest, Read, Removal, Settlement, StoreError, Transition,
    },
};
use uuid::Uuid;

use crate::{
    dialect::Dialect,
    driver::{Driver, execute},
    row::{Keyed, Queued},
    statement::Values,
    template::Sql,
    together::{Alike, Keys},
};

/// The statements of one database that the shared operations use.
pub trait Catalog: Dialect {
    /// Begins a transaction of the worker's own.
    const BEGIN: &'static str;

    const CREATE_LEDGER: &'static str;
    const LEDGER: &'static Sql;
    const RECORD_MIGRATION: &'static Sql;
    const ADDRESSED_TO: &'static Sql;
    const OF_ADDRESS: &'static Sql;
    const FORGET_INVITER: &'static Sql;
    const HISTORY: &'static Sql;
    const LISTS: Lists;
    const ROWS: Lists;
    const STATS: &'static Sql;
    const STATS_OF_IMPORT: &'static Sql;
    const RECORD_DELIVERY: &'static Sql;
    const REMOVE: &'static Sql;
    const POSTPONE: &'static Sql;
    const DUE_REMINDERS: &'static Sql;
    const REMINDED: &'static Sql;
    const INSERT_LETTER: &'static Sql;
    const WALK: &'static Sql;
    const WALK_ON: &'static Sql;
    const WALK_ON_UNTIL: &'static Sql;
    const NOW: &'static Sql;

    /// Says whether there is anything to remind of, where looking for it would take a lock.
    const ANY_REMINDERS: Option<&'static Sql> = None;

    /// States to compare a column with, at most six.
    fn statuses<'v>(values: Values<'v, Self>, statuses: &[Status]) -> Values<'v, Self>;

    /// Addresses to compare a column with, at most eight.
    fn addresses<'v>(values: Values<'v, Self>, addresses: [Option<&'v str>; 8]) -> Values<'v, Self>;

    fn insert<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        new: &Insertion<'_>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    fn find<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        key: &Key<'_>,
        read: Read,
    ) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;

    /// Stores several, and says which: the ids. `None` where that is no better than one after the other.
    fn insert_together<D: Driver<Db = Self>>(
        _: &mut D::Conn,
        _: &[Insertion<'_>],
    ) -> impl Future<Output = Result<Option<HashSet<Uuid>>, StoreError>> + Send {
        future::ready(Ok(None))
    }

    /// Makes changes that are [`alike`](crate::together::alike), and returns the rows that changed, in any order. `None`
    /// where that is no better than one after the other.
    fn apply_together<D: Driver<Db = Self>>(
        _: &mut D::Conn,
        _: &Transition<'_>,
        _: &Alike,
    ) -> impl Future<Output = Result<Option<Vec<Record>>, StoreError>> + Send {
        future::ready(Ok(None))
    }

    /// Reads what several keys lead to, in any order. `None` where that is no better than one after the other.
    fn find_together<D: Driver<Db = Self>>(
        _: &mut D::Conn,
        _: &Keys<'_>,
        _: Read,
    ) -> impl Future<Output = Result<Option<Vec<Keyed>>, StoreError>> + Send {
        future::ready(Ok(None))
    }

    /// Deletes those of these that have ended, with all that belongs to them, and says which.
    fn remove<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        removal: &Removal<'_>,
    ) -> impl Future<Output = Result<HashSet<Uuid>, StoreError>> + Send;

    /// Replaces what tells of a person in those of these that have ended, and says which.
    fn erase<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        erasure: &Erasure<'_>,
    ) -> impl Future<Output = Result<HashSet<Uuid>, StoreError>> + Send;

    /// Deletes some of a kind that had ended by this instant, with all that belongs to them, and says how many.
    fn purge<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        kind: &str,
        until: DateTime<Utc>,
        limit: u32,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Makes letters ready whose time has come, and says how many.
    fn ripen<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Locks those of these letters that are still due and that nobody else has locked, and reads them, in any order.
    fn take<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        letters: &[Uuid],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<Queued>, StoreError>> + Send;

    /// Writes what becomes of letters that are locked.
    fn give<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        given: &Given,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

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

/// The statements that list, each in the order of [`Lists::place`].
pub struct Lists {
    /// The rows of a scope.
    pub(crate) scope: [&'static Sql; 4],
    /// Those whose letters stand in a certain way.
    pub(crate) letters: [&'static Sql; 4],
    /// The rows of an import.
    pub(crate) import: [&'static Sql; 4],
    /// The rows of all scopes. There are only the first two orders.
    pub(crate) everywhere: [&'static Sql; 2],
}

impl Lists {
    pub(crate) const fn place(sort: Sort) -> usize {
        match sort {
            Sort::NewestFirst => 0,
            Sort::OldestFirst => 1,
            Sort::ExpiresFirst => 2,
            Sort::Address => 3,
        }
    }
}

/// The statements that have the same name in every database. Where lists by the letter need statements of their own, name
/// them: those of whole rows, and those of narrow ones.
macro_rules! statements_by_name {
    () => {
        $crate::catalog::statements_by_name!(
            [&sql::LIST_NEWEST_FIRST, &sql::LIST_OLDEST_FIRST, &sql::LIST_EXPIRES_FIRST, &sql::LIST_BY_ADDRESS],
            [
                &sql::ROWS_LIST_NEWEST_FIRST,
                &sql::ROWS_LIST_OLDEST_FIRST,
                &sql::ROWS_LIST_EXPIRES_FIRST,
                &sql::ROWS_LIST_BY_ADDRESS
            ]
        );
    };
    ($letters:expr, $rows_of_letters:expr) => {
        const BEGIN: &'static str = BEGIN;
        const CREATE_LEDGER: &'static str = sql::CREATE_LEDGER;
        const ADDRESSED_TO: &'static Sql = &sql::ADDRESSED_TO;
        const OF_ADDRESS: &'static Sql = &sql::OF_ADDRESS;
        const FORGET_INVITER: &'static Sql = &sql::FORGET_INVITER;
        const HISTORY: &'static Sql = &sql::HISTORY;
        const STATS: &'static Sql = &sql::STATS;
        const STATS_OF_IMPORT: &'static Sql = &sql::STATS_OF_IMPORT;
        const RECORD_DELIVERY: &'static Sql = &sql::RECORD_DELIVERY;
        const REMOVE: &'static Sql = &sql::REMOVE;
        const POSTPONE: &'static Sql = &sql::POSTPONE;
        const DUE_REMINDERS: &'static Sql = &sql::DUE_REMINDERS;
        const REMINDED: &'static Sql = &sql::REMINDED;
        const INSERT_LETTER: &'static Sql = &sql::INSERT_LETTER;
        const WALK: &'static Sql = &sql::WALK;
        const WALK_ON: &'static Sql = &sql::WALK_ON;
        const WALK_ON_UNTIL: &'static Sql = &sql::WALK_ON_UNTIL;
        const NOW: &'static Sql = &sql::NOW;
        const LEDGER: &'static Sql = &sql::LEDGER;
        const RECORD_MIGRATION: &'static Sql = &sql::RECORD_MIGRATION;
        const LISTS: Lists = Lists {
            scope: [&sql::LIST_NEWEST_FIRST, &sql::LIST_OLDEST_FIRST, &sql::LIST_EXPIRES_FIRST, &sql::LIST_BY_ADDRESS],
            letters: $letters,
            import: [
                &sql::IMPORT_NEWEST_FIRST,
                &sql::IMPORT_OLDEST_FIRST,
                &sql::IMPORT_EXPIRES_FIRST,
                &sql::IMPORT_BY_ADDRESS,
            ],
            everywhere: [&sql::EVERYWHERE_NEWEST_FIRST, &sql::EVERYWHERE_OLDEST_FIRST],
        };
        const ROWS: Lists = Lists {
            scope: [
                &sql::ROWS_LIST_NEWEST_FIRST,
                &sql::ROWS_LIST_OLDEST_FIRST,
                &sql::ROWS_LIST_EXPIRES_FIRST,
                &sql::ROWS_LIST_BY_ADDRESS,
            ],
            letters: $rows_of_letters,
            import: [
                &sql::ROWS_IMPORT_NEWEST_FIRST,
                &sql::ROWS_IMPORT_OLDEST_FIRST,
                &sql::ROWS_IMPORT_EXPIRES_FIRST,
                &sql::ROWS_IMPORT_BY_ADDRESS,
            ],
            everywhere: [&sql::ROWS_EVERYWHERE_NEWEST_FIRST, &sql::ROWS_EVERYWHERE_OLDEST_FIRST],
        };
    };
}

pub(crate) use statements_by_name;

/// What becomes of letters that a worker has locked.
#[derive(Default)]
pub struct Given {
    pub(crate) leased: Vec<Uuid>,
    pub(crate) discarded: Vec<Uuid>,
    pub(crate) tokens: Vec<Minted>,
}

/// A token of a leased letter.
pub(crate) struct Minted {
    pub(crate) digest: TokenDigest,
    pub(crate) invitation: Uuid,
    pub(crate) generation: u32,
}
