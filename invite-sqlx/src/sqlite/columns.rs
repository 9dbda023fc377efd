//! What SQLite's columns hold.

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value;
use sqlx::{Decode, Row, Sqlite, Type, sqlite::SqliteRow};
use uuid::Uuid;

use crate::row::Columns;

impl Columns for SqliteRow {
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
        let bytes = get::<Option<&[u8]>>(self, column, name)?;
        bytes.map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        get(self, column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        get(self, column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let read = |micros| DateTime::from_timestamp_micros(micros).ok_or(StoreError::corrupt(name));
        get::<Option<i64>>(self, column, name)?.map(read).transpose()
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        serde_json::from_str(get(self, column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}
