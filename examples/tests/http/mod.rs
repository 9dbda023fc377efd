//! The example as its clients see it: the real program, over real HTTP.

mod accounts;
mod answering;
mod bulk;
mod departures;
mod explain;
#[cfg(not(feature = "sqlite"))]
mod failover;
mod hostile;
mod inviting;
mod kill;
mod limits;
mod lists;
mod misdirected;
mod numbers;
mod operations;
mod races;
mod readonly;
mod refusals;
mod renewing;
mod sessions;
mod smtp;
