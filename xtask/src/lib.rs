//! The repository's own commands, and the database servers that tests throw away.
//!
//! `cargo xtask test` runs every test, `cargo xtask ci` what CI checks besides, and
//! `cargo xtask release-check` what a release needs: [`run`]. A test that has to kill its
//! server, because it is about that, starts one of its own: [`Server`].

mod account;
mod command;
mod crates;
mod databases;
mod engine;
mod folder;
mod keeper;
mod length;
mod locate;
mod mariadb;
mod package;
mod pgbouncer;
mod postgres;
mod process;
mod processes;
mod programs;
mod release;
mod selection;
mod server;
mod tally;
mod test;

pub use crate::{
    command::run,
    engine::{Durability, Engine},
    folder::Folder,
    mariadb::ENGINE as MARIADB,
    pgbouncer::{pgbouncer, remembers_statements},
    postgres::{ENGINE as POSTGRES, standby},
    server::Server,
};
