//! The work that the benches measure, as `Comparison` wants it.

use crate::{Page, measure::Work};

/// Invites one person, in a transaction.
pub const CREATE: Work = |subject, side, n, _, _| Box::pin(async move { subject.create(side, n).await });

/// Reads what a landing page shows of one invitation.
pub const PREVIEW: Work =
    |subject, side, _, tokens, place| Box::pin(async move { subject.preview(side, &tokens[place]).await });

/// Accepts one invitation, with the host's own insert.
pub const ACCEPT: Work =
    |subject, side, n, tokens, place| Box::pin(async move { subject.accept(side, &tokens[place], n).await });

/// Reads the first page of the long list.
pub const LIST: Work = |subject, side, _, _, _| Box::pin(async move { subject.list(side, Page::First).await });

/// Expires everything that is due.
pub const SWEEP: Work = |subject, side, _, _, _| Box::pin(async move { subject.sweep(side).await });

/// Sends every letter there is, to nobody.
pub const MAIL: Work = |subject, side, _, _, _| Box::pin(async move { subject.mail(side).await });

/// How long the long list is: what `INVITE_BENCH_ROWS` says, or else this.
#[must_use]
pub fn rows(otherwise: u64) -> u64 {
    std::env::var("INVITE_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(otherwise)
}
