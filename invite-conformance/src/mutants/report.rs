//! What is heard of a letter after its hand-over.

use async_trait::async_trait;
use invite_core::store::{DeliveryUpdate, Settlement, StoreError};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
    transaction::commit,
};
use crate::{erased::Conn, store::rows::ANY_STATE};

pub(super) const MUTANTS: &[Mutant] = broken![
    "a report is written over whatever stands there",
    ["reports::a_summary_is_written_over_exactly_what_it_names"]: Edit {
        summary: |summary| summary.over = ANY_STATE,
        ..Edit::NONE
    };
    "a report is written over one state too few",
    ["reports::a_summary_is_written_over_exactly_what_it_names"]: Edit {
        summary: |summary| summary.over = summary.over.get(1..).unwrap_or_default(),
        ..Edit::NONE
    };
    "an outcome is written over what was reported",
    ["reports::what_was_reported_first_is_not_written_over_by_the_outcome"]: Edit {
        settlement: |settlement| settlement.summary.over = ANY_STATE,
        ..Edit::NONE
    };
    "a failure happens though its summary was not written",
    ["reports::what_was_reported_first_is_not_written_over_by_the_outcome"]: Fails;
    "a report forgets why",
    ["reports::a_bounce_fails_a_pending_invitation_and_says_why"]: Edit {
        summary: |summary| summary.error = None,
        ..Edit::NONE
    };
    "a report forgets how often the letter was tried",
    ["reports::a_bounce_fails_a_pending_invitation_and_says_why"]: Edit {
        summary: |summary| summary.attempts = Some(summary.attempts.unwrap_or_default()),
        ..Edit::NONE
    };
    "a report forgets whose fault it is",
    ["reports::only_a_failure_that_may_be_the_recipient_s_fails_an_invitation"]: Edit {
        summary: |summary| summary.fault = None,
        ..Edit::NONE
    };
    "the provider's name for a letter is forgotten",
    ["reports::a_letter_is_found_by_the_name_that_the_provider_gave_it"]: Edit {
        summary: |summary| summary.provider_id = None,
        ..Edit::NONE
    };
    "the provider's name for a letter is kept without case",
    ["reports::a_letter_is_found_by_the_name_that_the_provider_gave_it"]: Edit {
        summary: |summary| summary.provider_id = summary.provider_id.map(|id| if id == "Other" { "other" } else { id }),
        ..Edit::NONE
    };
    "a report that gives no name takes the one that is known",
    ["reports::a_letter_is_found_by_the_name_that_the_provider_gave_it"]: Edit {
        summary: |summary| {
            summary.provider_id.get_or_insert("forgotten");
        },
        ..Edit::NONE
    };
    "a report that changed nothing says that it did",
    ["reports::a_summary_is_written_over_exactly_what_it_names"]: Edit { recorded: |_| true, ..Edit::NONE };
    "a report that was recorded says that it was not",
    ["reports::a_summary_is_written_over_exactly_what_it_names"]: Edit { recorded: |_| false, ..Edit::NONE };
    "a report of an earlier letter is written about the new one",
    ["reports::a_report_of_an_earlier_letter_changes_nothing"]: NewerLetter;
    "a report is of every kind",
    ["reports::a_report_is_of_one_kind"]: EveryKind;
    "a report commits the caller's transaction",
    ["reports::a_report_happens_with_the_transaction_or_not_at_all"]: Commits;
];

struct Fails;

#[async_trait]
impl Spoil for Fails {
    async fn settle(&self, below: &Below, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let settled = below.db.settle_one(settlement).await?;
        if let Some(transition) = settlement.transition.filter(|_| settled) {
            let mut tx = below.db.begin_at(below.db.levels()[0]).await?;
            below.db.apply_one(&mut tx, transition).await?;
            below.db.commit(tx).await?;
        }
        Ok(settled)
    }
}

struct NewerLetter;

#[async_trait]
impl Spoil for NewerLetter {
    async fn record_delivery(
        &self,
        below: &Below,
        conn: &mut Conn,
        update: &DeliveryUpdate<'_>,
    ) -> Result<bool, StoreError> {
        let letters = below.past().letters.clone();
        let queued_for = letters.into_iter().find(|(letter, _)| letter.delivery == update.delivery);
        let Some((_, queued_for)) = queued_for else { return below.db.record_one(conn, update).await };
        let delivery = below.row(conn, queued_for.id).await?.and_then(|record| record.delivery_id);
        let delivery = delivery.unwrap_or(update.delivery);
        below.db.record_one(conn, &DeliveryUpdate { delivery, ..*update }).await
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn record_delivery(
        &self,
        below: &Below,
        conn: &mut Conn,
        update: &DeliveryUpdate<'_>,
    ) -> Result<bool, StoreError> {
        for kind in below.kinds() {
            if below.db.record_one(conn, &DeliveryUpdate { kind: &kind, ..*update }).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct Commits;

#[async_trait]
impl Spoil for Commits {
    async fn record_delivery(
        &self,
        below: &Below,
        conn: &mut Conn,
        update: &DeliveryUpdate<'_>,
    ) -> Result<bool, StoreError> {
        let written = below.db.record_one(conn, update).await?;
        if below.db.in_transaction(conn) {
            commit(below, conn).await?;
        }
        Ok(written)
    }
}
