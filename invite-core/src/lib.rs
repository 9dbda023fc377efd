#![doc = include_str!("../README.md")]
//!
//! # Where to begin reading
//!
//! | to | read |
//! |---|---|
//! | define what one is invited to | [`Kind`], [`NewInvitation`], [`Policy`] |
//! | invite | [`Invitations::scope`], [`Scoped`], [`Authority`], [`InvitationQuery`] |
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
mod email_address;
mod error;
mod event;
mod invitation;
mod kind;
mod list;
mod mailer;
pub mod memory;
mod policy;
mod random;
mod report;
mod service;
mod state;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod token;
mod worker;

#[cfg(feature = "tokio")]
pub use crate::worker::Notifier;
pub use crate::{
    actor::{Actor, Scope},
    authority::{Action, Authority, Denial, Unchecked},
    claimant::Claimant,
    clock::{Clock, SystemClock},
    email_address::EmailAddress,
    error::{Error, Field, Problem},
    event::Event,
    invitation::{
        Acceptance, Accepted, Amendment, Delivery, DeliveryState, Ended, Invitation, InvitationId, Linked,
        NewInvitation, Preview, Record,
    },
    kind::Kind,
    list::{Cursor, InvitationQuery, Page, Sort},
    mailer::{EnhancedCode, Letter, Mailer, Outcome, Refusal},
    policy::{Acceptor, EarlierLinks, Policy, Uniqueness},
    random::{RandomError, SecureRandom, SystemRandom},
    report::{DeliveryReport, ReportKind, Reported},
    service::{Invitations, Scoped},
    state::{EventKind, Status},
    text::check_line,
    token::{Channel, MalformedToken, Token, TokenDigest, TokenFormat},
    worker::{Tick, Worker},
};
