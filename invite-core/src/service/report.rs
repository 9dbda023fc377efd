//! What was heard of a letter after its hand-over, recorded.

use chrono::{DateTime, Utc};

use super::Invitations;
use crate::{
    actor::Actor,
    delivery::report::{DeliveryReport, Reported},
    error::{Error, StoreError},
    id::DeliveryId,
    kind::Kind,
    state::EventKind,
    store::{Change, DeliveryUpdate, Dispatch, Guard, InvitationStore, NewEvent, Target, TimeGuard, Transition, only},
};

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Records what was heard of a letter after its hand-over, in the host's transaction.
    ///
    /// Reports may come in any order and any number of times: the one of highest rank stays, as
    /// [`ReportKind`](crate::ReportKind) lists them. A bounce or suppression makes a pending invitation
    /// `delivery_failed`; one that has ended is left as it is, and so is one that was resent since.
    /// That a reminder came back, was not sent or was called spam is recorded as well, so that no
    /// further one follows; the invitation stays pending, because its own letter may have arrived.
    ///
    /// A host with several kinds asks each until one answers other than
    /// [`Ignored`](Reported::Ignored).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let mailer = CapturingMailer::default();
    /// # let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    /// # let mut tx = memory.begin().await;
    /// # members.scope("org:7").create(&mut tx, &Actor::new(1), new("ada@example.com")).await?;
    /// # tx.commit();
    /// # worker.tick().await?;
    /// # let message_id = format!("<{}@example.com>", mailer.take()[0].delivery().as_uuid());
    /// // `message_id` is out of what the provider posts to the host's webhook.
    /// let delivery = store::DeliveryId::from_message_id(&message_id).ok_or("not one of ours")?;
    /// let report = DeliveryReport::new(delivery, ReportKind::Bounced).code(550).text("no such user");
    ///
    /// let mut tx = memory.begin().await;
    /// assert_eq!(members.report(&mut tx, &report).await?, Reported::Failed);
    /// assert_eq!(members.report(&mut tx, &report).await?, Reported::Ignored); // posted again
    /// tx.commit();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInTransaction`], [`Error::Store`].
    pub async fn report(&self, conn: &mut S::Conn, report: &DeliveryReport) -> Result<Reported, Error> {
        self.writable(conn)?;
        let now = self.now();
        let (reason, state) = (report.reason(), report.kind().state());
        let mut update = DeliveryUpdate {
            delivery: report.delivery(),
            kind: K::NAME,
            state,
            attempts: None,
            error: reason.as_deref(),
            over: state.outranked(),
        };
        // The invitation first, as everywhere: two who hear the same would otherwise each wait for what the other holds.
        let mut failed = false;
        if report.kind().is_failure() {
            let failure = failure(K::NAME, report.delivery(), now, reason.as_deref());
            failed = self.change(conn, &failure).await?.is_some();
        }
        let recorded = self.record_delivery(conn, update).await?;
        if failed {
            return Ok(Reported::Failed);
        }
        if recorded {
            return Ok(Reported::Recorded);
        }
        let leads = if state.turns_away() { self.policy().reminders } else { &[] };
        for lead in leads.iter().filter_map(|lead| u32::try_from(lead.num_seconds()).ok()) {
            update.delivery = report.delivery().of_reminder(lead);
            if self.record_delivery(conn, update).await? {
                return Ok(Reported::Recorded);
            }
        }
        Ok(Reported::Ignored)
    }

    async fn record_delivery(&self, conn: &mut S::Conn, update: DeliveryUpdate<'_>) -> Result<bool, StoreError> {
        only(self.store().record_delivery(conn, &[update]).await?)
    }
}

/// The change of a pending invitation whose letter did not arrive.
pub(crate) fn failure<'a>(
    kind: &'a str,
    delivery: DeliveryId,
    now: DateTime<Utc>,
    reason: Option<&'a str>,
) -> Transition<'a> {
    Transition {
        guard: Guard {
            time: TimeGuard::Any,
            ..Guard::of(Target::Delivery(delivery), kind, EventKind::DeliveryFailed, now)
        },
        change: Change::FailDelivery,
        event: NewEvent { kind: EventKind::DeliveryFailed, actor: &Actor::System, reason, at: now },
        dispatch: Dispatch::None,
    }
}
