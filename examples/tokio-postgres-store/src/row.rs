//! Rows of tokio-postgres, column by column.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use invite_schema::Columns;
use serde_json::Value as Json;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

pub(crate) struct Row<'r>(pub(crate) &'r tokio_postgres::Row);

impl<'r> Row<'r> {
    fn get<T: FromSql<'r>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        self.0.try_get(column).map_err(|_| StoreError::corrupt(name))
    }
}

impl Columns for Row<'_> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        Ok(self.get::<Option<&str>>(column, name)?.map(Cow::Borrowed))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.get::<Option<&[u8]>>(column, name)?.map(Cow::Borrowed))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        self.get(column, name)
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = self.get::<Option<i32>>(column, name)?;
        count.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get(column, name)
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        self.get(column, name)
    }
}
