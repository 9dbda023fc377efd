#![doc = include_str!("../README.md")]
//!
//! # Where to begin reading
//!
//! | to | read |
//! |---|---|
//! | define what one is invited to | [`Kind`], [`NewInvitation`], [`Policy`] |
//! | invite | [`Invitations::scope`], [`Scoped`], [`Authority`], [`Query`] |
//! | preview, accept, decline | [`Invitations`], [`Token`], [`Claimant`], [`Accepted`] |
//! | know what may happen when | [`Status`], [`Verb::from`] |
//! | answer a refusal | [`Error`] |
//! | mail | [`Worker`], [`Mailer`], [`Letter`], [`Outcome`] |
//! | keep invitations elsewhere | [`store`], [`memory`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod actor;
mod authority;
mod claimant;
mod clock;
mod error;
mod event;
mod invitation;
mod kind;
mod mailer;
pub mod memory;
mod policy;
mod query;
mod random;
mod recipient;
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
    error::{Error, Problem},
    event::Event,
    invitation::{
        Acceptance, Accepted, Amendment, Delivery, DeliveryState, Ended, Invitation, InvitationId, NewInvitation,
        Preview, Record,
    },
    kind::Kind,
    mailer::{EnhancedCode, Letter, Mailer, Outcome},
    policy::{Acceptor, EarlierLinks, OneOpen, Policy},
    query::{Cursor, Page, Query, Sort},
    random::{RandomError, SecureRandom, SystemRandom},
    recipient::Recipient,
    report::{DeliveryReport, ReportKind, Reported},
    service::{Invitations, Scoped},
    state::{Status, Verb},
    text::check_line,
    token::{Channel, MalformedToken, Token, TokenDigest, TokenFormat},
    worker::{Tick, Worker},
};
