//! What every store must do, run on the reference store and on SQLite.

mod invited;
mod inviting;
mod model;
mod support;
mod worker;
