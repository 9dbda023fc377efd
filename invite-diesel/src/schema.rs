//! The tables, for queries of your own: to join yours with them, to count, to report.
//!
//! ```
//! use diesel::prelude::*;
//! use invite_diesel::schema::sqlite::{invite_events, invite_invitations};
//!
//! // Who accepted what, and when.
//! let accepted = invite_events::table
//!     .inner_join(invite_invitations::table)
//!     .filter(invite_events::action.eq("accepted"))
//!     .select((invite_invitations::scope, invite_events::actor, invite_events::at));
//! # let _ = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&accepted);
//! ```
//!
//! Read them only. What is written here past the library, its rules do not see.

#[cfg(any(feature = "blocking-mysql", feature = "mysql"))]
pub mod mysql;
#[cfg(any(feature = "blocking-postgres", feature = "postgres"))]
pub mod postgres;
#[cfg(any(feature = "blocking-sqlite", feature = "sqlite"))]
pub mod sqlite;
