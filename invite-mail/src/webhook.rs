//! Delivery reports that mail providers send over HTTP.
//!
//! Each provider has a reader that turns the body of one request into [`DeliveryReport`]s. Give each of them to
//! `Worker::report`. Readers are pure functions: they open no connection, and the current time is an argument.
//!
//! [`SesWebhook`] reads Amazon SES, whose events arrive through Amazon SNS.

mod answer;
mod error;
mod ses;
mod sns;

use invite_core::{DeliveryReport, ReportKind, ReportProof, store::DeliveryId};
use serde_json::Value;

pub use self::{
    error::WebhookError,
    sns::{SesWebhook, SnsMessage, Verified},
};

/// The string at this place, if it is one.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The value of the first header of this name, in a list of objects with `name` and `value`.
fn header<'v>(headers: Option<&'v Value>, name: &str) -> Option<&'v str> {
    let is_named = |header: &&Value| text(header, "/name").is_some_and(|other| other.eq_ignore_ascii_case(name));
    text(headers?.as_array()?.iter().find(is_named)?, "/value")
}

/// A report that names the letter in every way that the provider does. `None` if that is no way at all.
fn report(delivery: Option<DeliveryId>, provider_id: Option<&str>, kind: ReportKind) -> Option<DeliveryReport> {
    let provider_id = provider_id.unwrap_or_default();
    let report = match delivery {
        Some(delivery) => DeliveryReport::new(delivery, kind).provider_id(provider_id),
        None => DeliveryReport::by_provider_id(provider_id, kind),
    };
    let is_named = report.delivery().is_some() || report.provider_name().is_some();
    is_named.then(|| report.proved_by(ReportProof::Webhook))
}
