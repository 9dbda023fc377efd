//! A statement of the library as diesel runs it.

use std::marker::PhantomData;

use diesel::{
    QueryResult, QueryableByName,
    backend::Backend,
    deserialize,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    row::NamedRow,
    sql_types::Untyped,
};
use invite_core::store::StoreError;
use invite_schema::{Dialect, FromRow, Statement};

/// One of diesel's backends, and how it binds and reads what the library stores.
pub(crate) trait Database: Backend {
    /// The same database, to the library.
    type Dialect: Dialect;

    /// Binds a value by its own SQL type.
    fn bind<'b>(out: AstPass<'_, 'b, Self>, value: &'b <Self::Dialect as Dialect>::Value<'_>) -> QueryResult<()>;

    /// Reads a row by the types that this database's columns have.
    fn read<'a, T: FromRow>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError>;

    fn store_error(error: diesel::result::Error) -> StoreError;
}

/// A constant statement with its values.
///
/// What `diesel::sql_query` makes is prepared anew for every call. This stays in the connection's cache of
/// prepared statements, under its text.
pub(crate) struct Constant<'v, DB: Database>(pub(crate) Statement<'v, DB::Dialect>);

impl<DB: Database> QueryFragment<DB> for Constant<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // The text has its places already, and some databases use one of them twice. Diesel writes a place of
        // its own for each value, so those go into a comment.
        out.push_sql(self.0.text());
        out.push_sql(" /*");
        for value in self.0.values() {
            DB::bind(out.reborrow(), value)?;
        }
        out.push_sql(" */");
        Ok(())
    }
}

impl<DB: Database> QueryId for Constant<'_, DB> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Database> Query for Constant<'_, DB> {
    type SqlType = Untyped;
}

impl<DB: Database, C> diesel::RunQueryDsl<C> for Constant<'_, DB> {}

/// A row as it reads. To diesel, one that is corrupt is no error.
pub(crate) struct Row<T>(pub(crate) Result<T, StoreError>);

impl<T: FromRow, DB: Database> QueryableByName<DB> for Row<T> {
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        Ok(Self(DB::read(row)))
    }
}

/// A row of diesel's, for one backend.
pub(crate) struct Fields<'r, DB, R>(pub(crate) &'r R, pub(crate) PhantomData<DB>);
