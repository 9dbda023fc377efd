//! What a database's driver is given: one small enum of values per database.

use std::{borrow::Cow, fmt::Debug};

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value as Json;
use uuid::Uuid;

/// How the values of the contract become values of one database.
///
/// The library implements it for [`Postgres`](crate::Postgres), [`MySql`](crate::MySql) and
/// [`Sqlite`](crate::Sqlite). A driver only binds the variants of [`Dialect::Value`].
pub trait Dialect: Debug + Send + Sync + Sized + 'static {
    /// A value as this database stores it. Each variant has one SQL type, also when it is null.
    type Value<'v>: Clone + Debug + Send + Sync;

    /// The id of an invitation, a letter or a worker.
    fn uuid<'v>(uuid: Option<Uuid>) -> Self::Value<'v>;

    /// Text of a character column.
    fn text(text: Option<Cow<'_, str>>) -> Self::Value<'_>;

    /// Text that compares byte by byte, whatever the collation.
    fn exact(text: Option<&str>) -> Self::Value<'_>;

    /// A digest or an open key.
    fn bytes(bytes: Option<&[u8]>) -> Self::Value<'_>;

    /// A counter.
    ///
    /// # Errors
    /// When the database's integers are too small for it.
    fn count<'v>(count: Option<u32>) -> Result<Self::Value<'v>, StoreError>;

    /// The most rows to return.
    fn limit<'v>(limit: u32) -> Self::Value<'v>;

    /// A truth value.
    fn flag<'v>(flag: bool) -> Self::Value<'v>;

    /// An instant. Microseconds survive exactly.
    fn time<'v>(time: Option<DateTime<Utc>>) -> Self::Value<'v>;

    /// A payload or the words shown to people.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    fn json(json: Option<&Json>) -> Result<Self::Value<'_>, StoreError>;

    /// A list of words that a column is compared with.
    fn words(words: Vec<&str>) -> Self::Value<'_>;
}

/// Writes JSON for the databases that keep it as text.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(crate) fn json_text(json: &Json) -> Result<String, StoreError> {
    serde_json::to_string(json).map_err(StoreError::failed)
}

/// A JSON array of words.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(crate) fn words_text(words: Vec<&str>) -> String {
    Json::from(words).to_string()
}
