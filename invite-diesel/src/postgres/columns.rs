//! What PostgreSQL's columns hold.

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::FromSql,
    pg::Pg,
    row::{Field, Row},
    sql_types::{BigInt, Binary, Bool, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use invite_core::store::StoreError;
use serde_json::Value;
use uuid::Uuid;

use crate::row::Columns;

pub(super) struct PgColumns<'r, R>(pub(super) &'r R);

impl<'a, R: Row<'a, Pg>> Columns for PgColumns<'_, R> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
        self.get::<Nullable<Text>, _>(column, name)
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get::<Nullable<Binary>, _>(column, name)
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        self.get::<Nullable<diesel::sql_types::Uuid>, _>(column, name)
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = self.get::<Nullable<Integer>, Option<i32>>(column, name)?;
        count.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get::<Nullable<BigInt>, _>(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get::<Bool, _>(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get::<Nullable<Timestamptz>, _>(column, name)
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        self.get::<Jsonb, _>(column, name)
    }
}

impl<'a, R: Row<'a, Pg>> PgColumns<'_, R> {
    fn get<ST, T: FromSql<ST, Pg>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        T::from_nullable_sql(field.value()).map_err(|_| StoreError::corrupt(name))
    }
}
