//! Purges that go too far, or not far enough.

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::store::{Purge, StoreError};

use super::{
    Mutant, broken,
    spoil::{Below, Spoil},
};

pub(super) const MUTANTS: &[Mutant] = broken![
    "the purge takes what ended a microsecond later",
    ["purge::the_purge_takes_what_ended_long_enough_ago_to_the_microsecond"]: Shifted { by: 1 };
    "the purge leaves what ended at this very instant",
    ["purge::the_purge_takes_what_ended_long_enough_ago_to_the_microsecond"]: Shifted { by: -1 };
    "the purge takes more than its limit",
    ["purge::the_purge_takes_no_more_than_asked_for_and_counts_them"]: Limited { to: |_| 1_000 };
    "the purge takes one fewer than its limit",
    ["purge::the_purge_takes_no_more_than_asked_for_and_counts_them"]: Limited { to: |limit| limit - 1 };
    "the purge takes every kind",
    ["purge::each_kind_is_purged_by_its_own_instant"]: EveryKind;
    "the purge takes one kind only",
    ["purge::each_kind_is_purged_by_its_own_instant"]: OneKind;
    "the purge goes by the instant of the first kind",
    ["purge::each_kind_is_purged_by_its_own_instant"]: OneInstant;
    "the purge does not say how many it took",
    ["purge::the_purge_takes_no_more_than_asked_for_and_counts_them"]: Silent;
];

struct Shifted {
    by: i64,
}

#[async_trait]
impl Spoil for Shifted {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        let by = TimeDelta::microseconds(self.by);
        let kinds: Vec<_> = purge.kinds.iter().map(|(kind, until)| (*kind, *until + by)).collect();
        below.db.purge(&(), &Purge { kinds: &kinds, ..*purge }).await
    }
}

struct Limited {
    to: fn(u32) -> u32,
}

#[async_trait]
impl Spoil for Limited {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        below.db.purge(&(), &Purge { limit: (self.to)(purge.limit), ..*purge }).await
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        let Some((_, until)) = purge.kinds.first() else { return Ok(0) };
        let kinds = below.kinds();
        let kinds: Vec<_> = kinds.iter().map(|kind| (kind.as_str(), *until)).collect();
        below.db.purge(&(), &Purge { kinds: &kinds, ..*purge }).await
    }
}

struct OneKind;

#[async_trait]
impl Spoil for OneKind {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        below.db.purge(&(), &Purge { kinds: &purge.kinds[..purge.kinds.len().min(1)], ..*purge }).await
    }
}

struct OneInstant;

#[async_trait]
impl Spoil for OneInstant {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        let Some((_, first)) = purge.kinds.first() else { return Ok(0) };
        let kinds: Vec<_> = purge.kinds.iter().map(|(kind, _)| (*kind, *first)).collect();
        below.db.purge(&(), &Purge { kinds: &kinds, ..*purge }).await
    }
}

struct Silent;

#[async_trait]
impl Spoil for Silent {
    async fn purge(&self, below: &Below, purge: &Purge<'_>) -> Result<u64, StoreError> {
        below.db.purge(&(), purge).await?;
        Ok(0)
    }
}
