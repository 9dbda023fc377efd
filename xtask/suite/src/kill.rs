//! Killed at any moment, a process or a database loses nothing that was promised, and does nothing by half.
//!
//! A load of requests and workers writes a journal of what it begins and of what it was answered, in files that outlive
//! a kill. After the kill another worker takes over, on a clock that is one lease ahead, and then all that the database
//! says is held against the journal. Every operation acts under a name of its own, so that each event in the database
//! belongs to one line of the journal. An operation whose answer was lost may have happened or not, but not by half.
//!
//! Three kills ordinarily; `INVITE_TEST_KILLS` for more. Where a kill falls is random: a failure names the
//! `INVITE_TEST_KILL_SEED` that plays it again, as far as the machine's timing allows.

mod check;
mod figures;
mod first;
mod journal;
mod life;
mod load;
mod post;
mod process;
mod reachable;
mod server;
mod world;

pub use figures::Figures;
pub use first::{FIRST, first, kill_first_migrations};
pub use process::{CHILD, child, kill_processes, name_in};
pub use reachable::Reachable;
pub use server::kill_servers;
