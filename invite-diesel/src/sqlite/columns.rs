//! What SQLite's columns hold.

use chrono::{DateTime, Utc};
use diesel::{
    row::{Field, Row},
    sqlite::{Sqlite, SqliteType},
};
use invite_core::store::StoreError;
use serde_json::Value;
use uuid::Uuid;

use crate::row::Columns;

pub(super) struct SqliteColumns<'r, R>(pub(super) &'r R);

impl<'a, R: Row<'a, Sqlite>> Columns for SqliteColumns<'_, R> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
        let bytes = self.bytes(column, name, SqliteType::Text)?;
        bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes(column, name, SqliteType::Binary)
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        let bytes = self.optional_bytes(column, name)?;
        bytes.as_deref().map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let number = self.optional_number(column, name)?;
        number.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.value(column, name, SqliteType::Long, |value| value.read_long())
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        Ok(self.optional_number(column, name)?.ok_or(StoreError::corrupt(name))? != 0)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let read = |micros| DateTime::from_timestamp_micros(micros).ok_or(StoreError::corrupt(name));
        self.optional_number(column, name)?.map(read).transpose()
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        serde_json::from_str(&self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'a, R: Row<'a, Sqlite>> SqliteColumns<'_, R> {
    /// As bytes, even if they are text: as text, diesel would mend what is no UTF-8.
    fn bytes(&self, column: usize, name: &'static str, of: SqliteType) -> Result<Option<Vec<u8>>, StoreError> {
        self.value(column, name, of, |value| value.read_blob().to_vec())
    }

    /// Only what is of this type: SQLite would convert anything to anything.
    fn value<T>(
        &self,
        column: usize,
        name: &'static str,
        of: SqliteType,
        read: impl FnOnce(&mut diesel::sqlite::SqliteValue<'_, '_, '_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        let Some(mut value) = field.value() else { return Ok(None) };
        if value.value_type() != Some(of) {
            return Err(StoreError::corrupt(name));
        }
        Ok(Some(read(&mut value)))
    }
}
