//! What the columns of MySQL and MariaDB hold.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    deserialize::FromSql,
    mysql::Mysql,
    row::{Field, Row},
    sql_types::{BigInt, Binary, Bool, Datetime, Integer, Nullable, Unsigned},
};
use invite_core::store::StoreError;
use serde_json::Value;
use uuid::Uuid;

use crate::row::Columns;

pub(super) struct MysqlColumns<'r, R>(pub(super) &'r R);

impl<'a, R: Row<'a, Mysql>> Columns for MysqlColumns<'_, R> {
    // Text, whether the column holds characters or bytes.
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<String>, StoreError> {
        let bytes = self.optional_bytes(column, name)?;
        bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get::<Nullable<Binary>, _>(column, name)
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        let bytes = self.optional_bytes(column, name)?;
        bytes.as_deref().map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        self.get::<Nullable<Unsigned<Integer>>, _>(column, name)
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get::<Nullable<BigInt>, _>(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get::<Bool, _>(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.get::<Nullable<Datetime>, Option<NaiveDateTime>>(column, name)?.map(|time| time.and_utc()))
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Value, StoreError> {
        serde_json::from_str(&self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'a, R: Row<'a, Mysql>> MysqlColumns<'_, R> {
    fn get<ST, T: FromSql<ST, Mysql>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        T::from_nullable_sql(field.value()).map_err(|_| StoreError::corrupt(name))
    }
}
