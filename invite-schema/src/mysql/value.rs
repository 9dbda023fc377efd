//! The values of MySQL and MariaDB.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value as Json;
use uuid::Uuid;

use super::MySql;
use crate::dialect::{Dialect, json_text, words_text};

/// A value as MySQL stores it.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "a driver binds each")]
pub enum Value<'v> {
    /// `BINARY(16)`: the bytes of the UUID.
    Uuid(Option<Uuid>),
    /// `VARCHAR`, `TEXT`, `LONGTEXT`
    Text(Option<Cow<'v, str>>),
    /// `BINARY`, `VARBINARY`
    Bytes(Option<&'v [u8]>),
    /// `INT UNSIGNED`
    UInt(Option<u32>),
    /// `BOOLEAN`
    Bool(bool),
    /// `DATETIME(6)`, in UTC
    Time(Option<NaiveDateTime>),
}

impl Dialect for MySql {
    type Value<'v> = Value<'v>;

    fn uuid<'v>(uuid: Option<Uuid>) -> Value<'v> {
        Value::Uuid(uuid)
    }

    fn text(text: Option<Cow<'_, str>>) -> Value<'_> {
        Value::Text(text)
    }

    fn exact(text: Option<&str>) -> Value<'_> {
        Value::Bytes(text.map(str::as_bytes))
    }

    fn bytes(bytes: Option<&[u8]>) -> Value<'_> {
        Value::Bytes(bytes)
    }

    fn count<'v>(count: Option<u32>) -> Result<Value<'v>, StoreError> {
        Ok(Value::UInt(count))
    }

    fn limit<'v>(limit: u32) -> Value<'v> {
        Value::UInt(Some(limit))
    }

    fn flag<'v>(flag: bool) -> Value<'v> {
        Value::Bool(flag)
    }

    fn time<'v>(time: Option<DateTime<Utc>>) -> Value<'v> {
        Value::Time(time.map(|time| time.naive_utc()))
    }

    fn json(json: Option<&Json>) -> Result<Value<'_>, StoreError> {
        Ok(Value::Text(json.map(json_text).transpose()?.map(Cow::Owned)))
    }

    fn words(words: Vec<&str>) -> Value<'_> {
        Value::Text(Some(Cow::Owned(words_text(words))))
    }
}
