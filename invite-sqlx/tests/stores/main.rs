//! What every store must do, run on the reference store and on real servers.

#![expect(
    clippy::future_not_send,
    clippy::wildcard_enum_match_arm,
    reason = "each test runs on one thread, and an answer nobody foresaw is to be shown"
)]

mod backends;
mod invited;
mod inviting;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod naive;
mod support;
mod values;
mod worker;
