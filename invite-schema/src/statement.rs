//! A statement with its values.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{dialect::Dialect, name::Name, template::Sql};

/// A constant statement and a value for each of its places.
#[derive(Debug)]
pub struct Statement<'v, D: Dialect> {
    sql: &'static Sql,
    values: Values<'v, D>,
    is_repeated: bool,
}

impl<'v, D: Dialect> Statement<'v, D> {
    /// The text to prepare.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.sql.text()
    }

    /// The values, in the order of the places.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &D::Value<'v>> {
        self.sql.places().iter().map(|name| self.values.of(*name))
    }

    /// Whether it is worth preparing under a name, for more calls. What `migrate` asks is asked once, and works behind a
    /// pooler that does not know prepared statements, too.
    #[must_use]
    pub const fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    pub(crate) fn once(self) -> Self {
        Self { is_repeated: false, ..self }
    }

    /// The name of the statement, for logs and tests.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.sql.name()
    }
}

/// Values by the names of the places that take them.
#[derive(Debug)]
pub struct Values<'v, D: Dialect> {
    /// Where the value of each name lies in `given`.
    index: [u8; Name::COUNT],
    given: Vec<D::Value<'v>>,
    /// The first value that the database cannot hold.
    failed: Option<StoreError>,
}

const ABSENT: u8 = u8::MAX;

impl<'v, D: Dialect> Values<'v, D> {
    pub(crate) fn new() -> Self {
        Self { index: [ABSENT; Name::COUNT], given: Vec::with_capacity(32), failed: None }
    }

    fn of(&self, name: Name) -> &D::Value<'v> {
        &self.given[usize::from(self.index[name as usize])]
    }

    pub(crate) fn set(mut self, name: Name, value: D::Value<'v>) -> Self {
        let place = &mut self.index[name as usize];
        debug_assert!(*place == ABSENT, "`{}` has two values", name.as_str());
        *place = self.given.len() as u8;
        self.given.push(value);
        self
    }

    fn try_set(mut self, name: Name, value: Result<D::Value<'v>, StoreError>) -> Self {
        match value {
            Ok(value) => self.set(name, value),
            Err(error) => {
                self.failed.get_or_insert(error);
                self
            }
        }
    }

    pub(crate) fn uuid(self, name: Name, uuid: impl Into<Option<Uuid>>) -> Self {
        self.set(name, D::uuid(uuid.into()))
    }

    pub(crate) fn text(self, name: Name, text: impl Into<Option<&'v str>>) -> Self {
        self.set(name, D::text(text.into().map(Cow::Borrowed)))
    }

    pub(crate) fn owned(self, name: Name, text: impl Into<Option<String>>) -> Self {
        self.set(name, D::text(text.into().map(Cow::Owned)))
    }

    /// Text of a column that compares byte by byte, which is a binary one on MySQL.
    pub(crate) fn exact(self, name: Name, text: impl Into<Option<&'v str>>) -> Self {
        self.set(name, D::exact(text.into()))
    }

    pub(crate) fn bytes(self, name: Name, bytes: impl Into<Option<&'v [u8]>>) -> Self {
        self.set(name, D::bytes(bytes.into()))
    }

    pub(crate) fn count(self, name: Name, count: impl Into<Option<u32>>) -> Self {
        let value = D::count(count.into());
        self.try_set(name, value)
    }

    pub(crate) fn limit(self, name: Name, limit: u32) -> Self {
        self.set(name, D::limit(limit))
    }

    pub(crate) fn flag(self, name: Name, flag: bool) -> Self {
        self.set(name, D::flag(flag))
    }

    pub(crate) fn time(self, name: Name, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.set(name, D::time(time.into()))
    }

    pub(crate) fn json(self, name: Name, json: impl Into<Option<&'v Json>>) -> Self {
        let value = D::json(json.into());
        self.try_set(name, value)
    }

    /// A list of words: an array on PostgreSQL, a JSON array elsewhere.
    pub(crate) fn words(self, name: Name, words: impl IntoIterator<Item = &'v str>) -> Self {
        let value = D::words(words.into_iter().collect());
        self.set(name, value)
    }

    /// Joins the values with their statement.
    ///
    /// # Errors
    /// When a value is one that the database cannot hold, or when one is missing.
    pub(crate) fn of_statement(self, sql: &'static Sql) -> Result<Statement<'v, D>, StoreError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if sql.places().iter().any(|name| self.index[*name as usize] == ABSENT) {
            return Err(StoreError::failed("a statement of the library lacks a value"));
        }
        Ok(Statement { sql, values: self, is_repeated: true })
    }
}
