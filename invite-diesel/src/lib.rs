#![cfg_attr(all(feature = "deadpool", feature = "sqlite"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "deadpool", feature = "sqlite")),
    doc = "Invitations through diesel: choose a database by a feature."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(
        feature = "blocking-mysql",
        feature = "blocking-postgres",
        feature = "blocking-sqlite",
        feature = "mysql",
        feature = "postgres",
        feature = "sqlite"
    )),
    expect(dead_code, reason = "without a database there is nothing to use it")
)]

#[cfg(any(feature = "blocking-mysql", feature = "blocking-postgres", feature = "blocking-sqlite"))]
pub mod blocking;
mod connections;
mod driver;
mod error;
#[cfg(any(feature = "blocking-mysql", feature = "mysql"))]
pub mod mysql;
#[cfg(any(feature = "blocking-postgres", feature = "postgres"))]
pub mod postgres;
pub mod schema;
mod session;
#[cfg(any(feature = "blocking-sqlite", feature = "sqlite"))]
pub mod sqlite;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod standby;
mod statement;

pub use connections::Connections;
pub use diesel;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub use diesel_async;
pub use invite_schema::Migration;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PgStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
