//! What every store must do, run on the reference store and on real servers.

mod invited;
mod inviting;
mod model;
mod naive;
mod races;
mod support;
mod worker;
