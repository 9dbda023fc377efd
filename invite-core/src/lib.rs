#![doc = include_str!("../README.md")]
//!
//! # Where to begin reading
//!
//! | to | read |
//! |---|---|
//! | define what one is invited to | [`Kind`], [`NewInvitation`], [`Policy`] |
//! | invite | [`Invitations::scope`], [`Scoped`], [`Authority`] |
//! | find and count | [`InvitationQuery`], [`StatsQuery`], [`Stats`] |
//! | preview, accept, decline | [`Invitations`], [`Token`], [`Claimant`], [`Accepted`] |
//! | know what may happen when | [`Status`], [`EventKind::applied_to`] |
//! | answer a refusal | [`Error`] |
//! | mail | [`Worker`], [`Mailer`], [`Letter`], [`Outcome`] |
//! | keep invitations elsewhere | [`store`], [`memory`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod actor;
mod authority;
mod claimant;
mod clock;
mod delivery;
mod email_address;
mod error;
mod event;
mod id;
mod invitation;
mod kind;
mod list;
mod mailer;
pub mod memory;
mod policy;
mod random;
#[cfg(feature = "tokio")]
mod retry;
mod service;
mod state;
mod stats;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod token;
mod worker;

pub use crate::{
    actor::{Actor, Scope},
    authority::{Action, Authority, Denial, Unchecked},
    claimant::Claimant,
    clock::{Clock, SystemClock},
    delivery::{
        Delivery, DeliveryState,
        report::{DeliveryReport, ReportKind, ReportProof, Reported},
    },
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    event::Event,
    id::{InvitationId, MalformedId},
    invitation::{
        Acceptance, Accepted, Amendment, Ended, Idempotency, Invitation, Linked, NewInvitation, Preview, Received,
        Record,
    },
    kind::{InvalidPayload, Kind},
    list::{Cursor, InvitationQuery, Listed, Page, Sort},
    mailer::{EnhancedCode, Fault, Letter, Mailer, Outcome, Refusal},
    policy::{Acceptor, EarlierLinks, Policy, Uniqueness},
    random::{RandomError, SecureRandom, SystemRandom},
    service::{About, Done, Explanation, Invitations, Many, Paging, Scoped, Selection, Standing, Support, Verdict},
    state::{EventKind, Status},
    stats::{Bar, FacetCount, Point, Stats, StatsQuery, Step, TimeToAccept},
    text::check_line,
    token::{Channel, MalformedToken, Token, TokenDigest, TokenFormat},
    worker::{Health, Tick, Worker},
};
#[cfg(feature = "tokio")]
pub use crate::{retry::retry, worker::Notifier};
