//! What PostgreSQL's columns hold.

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value;
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};
use uuid::Uuid;

use crate::row::Columns;

impl Columns for PgRow {
    fn text(&self, column: usize, name: &'static str) -> Result<&str, StoreError> {
        get(self, column, name)
    }

    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
        get(self, column, name)
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<&[u8]>, StoreError> {
        get(self, column, name)
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        get(self, column, name)
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = get::<Option<i32>>(self, column, name)?;
        count.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        get(self, column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        get(self, column, name)
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        get(self, column, name)
    }
}

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}
