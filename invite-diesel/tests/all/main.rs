//! What is particular to diesel. What every store must do is tested elsewhere.

#![expect(clippy::future_not_send, reason = "each test runs on one thread")]

mod hosts;
mod migrations;
mod support;
