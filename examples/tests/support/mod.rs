//! The program under test, and the people who use it.

mod look;
mod mail;
mod people;
mod server;
mod sink;

pub(crate) use mail::Mail;
pub(crate) use people::{ACCEPT_PAGES, Answer, Browser, Office, PASSWORD, token_of};
pub(crate) use server::{Server, eventually, eventually_within, fails_to_start};
pub(crate) use sink::Sink;
