//! What was heard of a letter after its hand-over, recorded.

use chrono::{DateTime, Utc};

use super::Invitations;
use crate::{
    actor::Actor,
    delivery::report::{DeliveryReport, Reported},
    error::{Error, StoreError},
    id::DeliveryId,
    kind::Kind,
    mailer::Fault,
    policy::Policy,
    random::{SecureRandom, uuid_v7},
    state::EventKind,
    store::{
        Change, DeliveryUpdate, Dispatch, Guard, InvitationStore, Key, NewEvent, NewLetter, Purpose, Read, Target,
        TimeGuard, Transition, only,
    },
};

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Records what was heard of a letter after its hand-over, in the host's transaction.
    ///
    /// Reports may come in any order and any number of times: the one of highest rank stays, as
    /// [`ReportKind`](crate::ReportKind) lists them. A bounce or suppression makes a pending invitation
    /// `delivery_failed`; one that has ended is left as it is, and so is one that was resent since.
    /// A report that neither has a proof nor names the invited address is ignored: see [`DeliveryReport`].
    ///
    /// That a reminder came back, was not sent or was called spam is recorded as well, so that no
    /// further one follows; the invitation stays pending, because its own letter may have arrived.
    ///
    /// What is not the [recipient's fault](crate::Fault), such as a domain of ours that is not authenticated, is recorded too,
    /// and the invitation stays pending. A failure of which nobody knows whose fault it is counts as the recipient's: the
    /// letter came back.
    ///
    /// A host with several kinds asks [`Worker::report`](crate::Worker::report), which knows them all.
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
    /// // The webhook's signature was verified before.
    /// let report = DeliveryReport::new(delivery, ReportKind::Bounced).proved_by(ReportProof::Webhook);
    /// let report = report.code(550).text("no such user");
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
    /// [`Error::NotInTransaction`], [`Error::Store`]; [`Error::Random`] where the policy tells the inviter.
    pub async fn report(&self, conn: &mut S::Conn, report: &DeliveryReport) -> Result<Reported, Error> {
        self.writable(conn)?;
        record(self.store(), conn, K::NAME, self.policy(), &*self.random, self.now(), report).await
    }
}

/// Records it if it is about an invitation of this kind.
pub(crate) async fn record<S: InvitationStore>(
    store: &S,
    conn: &mut S::Conn,
    kind: &str,
    policy: &Policy,
    random: &dyn SecureRandom,
    now: DateTime<Utc>,
    report: &DeliveryReport,
) -> Result<Reported, Error> {
    let leads = policy.reminders.iter().filter_map(|lead| u32::try_from(lead.num_seconds()).ok());
    let Some(delivery) = find(store, conn, kind, leads.clone(), report).await? else {
        return Ok(Reported::Ignored);
    };
    let (reason, state, fault) = (report.reason(), report.kind().state(), report.whose_fault());
    let mut update = DeliveryUpdate {
        delivery,
        kind,
        state,
        attempts: None,
        error: reason.as_deref(),
        fault,
        provider_id: None,
        over: state.outranked(),
    };
    // The invitation first, as everywhere: two who hear the same would otherwise each wait for what the other holds.
    let mut failed = false;
    if report.kind().is_failure() && matches!(fault, Some(Fault::Recipient) | None) {
        let notice = notice_of_failure(policy, random, now)?;
        let failure = failure(kind, delivery, now, reason.as_deref(), notice.as_ref());
        failed = only(store.apply(conn, &[failure]).await?)?.is_some();
    }
    let recorded = only(store.record_delivery(conn, &[update]).await?)?;
    if failed {
        return Ok(Reported::Failed);
    }
    if recorded {
        return Ok(Reported::Recorded);
    }
    if state.turns_away() {
        for lead in leads {
            update.delivery = delivery.of_reminder(lead);
            if only(store.record_delivery(conn, &[update]).await?)? {
                return Ok(Reported::Recorded);
            }
        }
    }
    Ok(Reported::Ignored)
}

/// The delivery that a report is about. Nothing is looked up where it is proved, names the delivery, and nothing that could
/// be compared; nor where it has neither a proof nor a recipient. Which address a delivery went to never changes.
async fn find<S: InvitationStore>(
    store: &S,
    conn: &mut S::Conn,
    kind: &str,
    leads: impl Iterator<Item = u32>,
    report: &DeliveryReport,
) -> Result<Option<DeliveryId>, StoreError> {
    if report.recipients().is_empty() && !report.is_proved() {
        return Ok(None);
    }
    if let Some(delivery) = report.delivery() {
        if report.recipients().is_empty() && report.provider_name().is_none() {
            return Ok(Some(delivery));
        }
        for other in std::iter::once(delivery).chain(leads.map(|lead| delivery.of_reminder(lead))) {
            if let Some(found) = only(store.find(conn, &[Key::Delivery { kind, id: other }], Read::Plain).await?)? {
                return Ok(report.is_about(&found.record).then_some(delivery));
            }
        }
    }
    let Some(id) = report.provider_name() else { return Ok(None) };
    let found = only(store.find(conn, &[Key::Provider { kind, id }], Read::Plain).await?)?;
    Ok(found.filter(|found| report.is_about(&found.record)).and_then(|found| found.record.delivery_id))
}

/// The letter that tells the inviter of a failed delivery, where the policy has one.
pub(crate) fn notice_of_failure(
    policy: &Policy,
    random: &dyn SecureRandom,
    now: DateTime<Utc>,
) -> Result<Option<NewLetter>, Error> {
    let letter = || {
        let delivery = DeliveryId::from_uuid(uuid_v7(random, now)?);
        Ok(NewLetter { delivery, purpose: Purpose::DeliveryFailed, not_before: now })
    };
    policy.notify_delivery_failed.then(letter).transpose()
}

/// The change of a pending invitation whose letter did not arrive.
pub(crate) fn failure<'a>(
    kind: &'a str,
    delivery: DeliveryId,
    now: DateTime<Utc>,
    reason: Option<&'a str>,
    notice: Option<&'a NewLetter>,
) -> Transition<'a> {
    Transition {
        guard: Guard {
            time: TimeGuard::Any,
            ..Guard::of(Target::Delivery(delivery), kind, EventKind::DeliveryFailed, now)
        },
        change: Change::FailDelivery,
        event: NewEvent { kind: EventKind::DeliveryFailed, actor: &Actor::System, reason, at: now },
        dispatch: notice.map_or(Dispatch::None, Dispatch::Letter),
    }
}
