//! What is particular to diesel. What every store must do is tested elsewhere.

mod blocking;
mod errors;
mod hosts;
mod pools;
mod rows;
mod shared;
#[cfg(feature = "postgres")]
mod standby;
mod statements;
mod support;
mod tables;
