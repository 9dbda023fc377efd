//! What the two example backends say and show, whichever framework and database they use: the bodies
//! of the API, what is on the pages, the configuration. How each of them answers a request, begins a
//! transaction and calls the library stands in itself.

#![expect(missing_docs, reason = "only the examples use it, and most names say it all")]
#![expect(clippy::exhaustive_enums, clippy::exhaustive_structs, reason = "only the examples use it")]

pub mod accounts;
pub mod answers;
pub mod bulk;
mod config;
mod cookies;
mod database;
mod explain;
mod invitations;
pub mod json;
mod mailbox;
mod minute;
#[cfg(feature = "pages")]
pub mod pages;
mod people;
mod problem;
mod query;
mod refusal;
pub mod security;
pub mod selection;
mod shutdown;

pub use self::{
    answers::{Inviter, Joined, Preview, Received},
    config::{Config, Mail},
    cookies::Cookies,
    database::{DatabaseUrl, Engine},
    explain::{Explained, Facts, explained_address},
    invitations::{
        Amend, By, Created, DeliveryView, EventView, InvitationPage, InvitationView, Invite, InvitedBy, NewLink,
    },
    mailbox::{Letter, Mailbox},
    minute::Minute,
    people::{Member, MemberOf, MemberUser, Membership, Organization, Role, User},
    problem::{Body, Problem, causes, check_line, forbidden},
    query::{ImportProgress, list_query, stats_query},
    refusal::Refusal,
    shutdown::shutdown_signal,
};
