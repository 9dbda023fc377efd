//! What the columns of MySQL and MariaDB hold.

use chrono::{DateTime, NaiveDateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value;
use sqlx::{Decode, MySql, Row, Type, mysql::MySqlRow};
use uuid::Uuid;

use crate::row::Columns;

impl Columns for MySqlRow {
    // Text, whether the column holds characters or bytes.
    fn text(&self, column: usize, name: &'static str) -> Result<&str, StoreError> {
        let bytes: &[u8] = self.try_get_unchecked(column).map_err(|_| StoreError::corrupt(name))?;
        str::from_utf8(bytes).map_err(|_| StoreError::corrupt(name))
    }

    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
        let bytes: Option<Vec<u8>> = self.try_get_unchecked(column).map_err(|_| StoreError::corrupt(name))?;
        bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))
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
        Ok(get::<Option<NaiveDateTime>>(self, column, name)?.map(|time| time.and_utc()))
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        serde_json::from_str(self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

fn get<'r, T: Decode<'r, MySql> + Type<MySql>>(
    row: &'r MySqlRow,
    column: usize,
    name: &'static str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| StoreError::corrupt(name))
}
