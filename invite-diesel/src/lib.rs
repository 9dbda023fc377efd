#![cfg_attr(all(feature = "deadpool", feature = "sqlite"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "deadpool", feature = "sqlite")),
    doc = "Invitations through diesel: choose a database by a feature."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connections;
mod error;
mod migration;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
mod row;
pub mod schema;
mod session;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod statement;
mod store;

pub use connections::Connections;
pub use diesel;
pub use diesel_async;
pub use migration::Migration;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PgStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
