//! The drivers, each on each database.

pub mod blocking;
pub mod diesel;
pub mod sqlx;
