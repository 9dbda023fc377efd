#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    expect(
        dead_code,
        unreachable_code,
        unreachable_pub,
        unused_imports,
        unused_macros,
        unused_mut,
        unused_variables,
        reason = "without a database nothing uses it"
    )
)]

#[cfg(any(feature = "mysql", feature = "sqlite"))]
mod apart;
mod catalog;
mod dialect;
mod driver;
mod lists;
mod migration;
#[cfg(feature = "mysql")]
pub mod mysql;
mod name;
#[cfg(feature = "postgres")]
pub mod postgres;
mod queue;
mod reading;
mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod statement;
mod store;
mod template;
#[cfg_attr(
    all(feature = "sqlite", not(any(feature = "mysql", feature = "postgres"))),
    expect(dead_code, reason = "SQLite takes many rows one by one")
)]
mod together;
mod turns;
mod values;
mod writing;

pub use crate::{
    dialect::Dialect,
    driver::{Driver, Fault, Pool},
    migration::Migration,
    name::Name,
    row::{Columns, FromRow},
    statement::Statement,
    template::Sql,
};
#[cfg(feature = "mysql")]
pub use mysql::MySql;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// What the macros name.
#[doc(hidden)]
pub mod exports {
    pub use async_trait::async_trait;
    pub use chrono::{DateTime, Utc};
    pub use invite_core;
}
