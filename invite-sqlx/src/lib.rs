#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "sqlite"), doc = "Invitations through sqlx: choose a database by a feature.")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "sqlite")]
mod error;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use sqlx;

/// The examples of these documents run as this crate's.
#[cfg(all(doctest, feature = "sqlite"))]
mod documents {
    #[doc = include_str!("../../docs/GUIDE.md")]
    mod guide {}
    #[doc = include_str!("../../README.md")]
    mod readme {}
}
