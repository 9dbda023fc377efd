//! The example as its clients see it: the real program, over real HTTP.

mod accounts;
mod answering;
mod hostile;
mod inviting;
mod kill;
mod lists;
mod operations;
mod readonly;
mod refusals;
mod smtp;
mod support;
