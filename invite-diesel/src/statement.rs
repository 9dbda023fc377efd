//! One constant statement with its values.

use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, Binary, Bool, HasSqlType, Nullable, SqlType, Text, Untyped, is_nullable::NotNull},
};
use invite_core::store::StoreError;

use crate::{
    row::{Readable, Row},
    session::{Database, Session},
};

/// A constant statement with its values.
///
/// What `diesel::sql_query` makes is prepared anew for every call. This stays in the connection's
/// cache of prepared statements, under its text.
pub(crate) struct Statement<'q, DB: Backend> {
    sql: &'static str,
    values: Vec<Box<dyn QueryFragment<DB> + Send + 'q>>,
}

impl<'q, DB: Database> Statement<'q, DB> {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, values: Vec::new() }
    }

    /// Gives the next place its value.
    pub(crate) fn bind<T>(mut self, value: T) -> Self
    where
        T: Bind + ToSql<T::Sql, DB> + Send + 'q,
        DB: HasSqlType<T::Sql>,
    {
        self.values.push(Box::new(Value(value)));
        self
    }

    /// Runs it, and says how many rows it found.
    pub(crate) async fn execute(self, conn: &mut impl Session<Database = DB>) -> Result<usize, StoreError> {
        conn.execute(self).await.map_err(DB::store_error)
    }

    pub(crate) async fn fetch_optional<T: Readable>(
        self,
        conn: &mut impl Session<Database = DB>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.fetch_all(conn).await?.into_iter().next())
    }

    pub(crate) async fn fetch_one<T: Readable>(self, conn: &mut impl Session<Database = DB>) -> Result<T, StoreError> {
        self.fetch_optional(conn).await?.ok_or_else(|| DB::store_error(diesel::result::Error::NotFound))
    }

    /// Fails when one of the rows does not read.
    pub(crate) async fn fetch_all<T: Readable>(
        self,
        conn: &mut impl Session<Database = DB>,
    ) -> Result<Vec<T>, StoreError> {
        conn.load::<T>(self).await.map_err(DB::store_error)?.into_iter().map(|Row(read)| read).collect()
    }
}

impl<DB: Backend> QueryFragment<DB> for Statement<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // The text names its places itself, some of them twice. Diesel writes a place of its own
        // for each value: into a comment.
        out.push_sql(self.sql);
        out.push_sql(" /*");
        for value in &self.values {
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(" */");
        Ok(())
    }
}

impl<DB: Backend> QueryId for Statement<'_, DB> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> Query for Statement<'_, DB> {
    type SqlType = Untyped;
}

impl<DB: Backend, C> diesel::RunQueryDsl<C> for Statement<'_, DB> {}

/// What has one SQL type only, in this library.
pub(crate) trait Bind {
    type Sql;
}

struct Value<T>(T);

impl<T, DB> QueryFragment<DB> for Value<T>
where
    T: Bind + ToSql<T::Sql, DB>,
    DB: Backend + HasSqlType<T::Sql>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_bind_param::<T::Sql, T>(&self.0)
    }
}

impl<T: Bind<Sql: SqlType<IsNull = NotNull>>> Bind for Option<T> {
    type Sql = Nullable<T::Sql>;
}

impl Bind for &str {
    type Sql = Text;
}

impl Bind for String {
    type Sql = Text;
}

impl Bind for &[u8] {
    type Sql = Binary;
}

impl Bind for Vec<u8> {
    type Sql = Binary;
}

impl Bind for bool {
    type Sql = Bool;
}

impl Bind for i64 {
    type Sql = BigInt;
}
