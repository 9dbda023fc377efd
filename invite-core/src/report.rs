//! What was heard of a letter after it was handed over.

use chrono::{DateTime, Utc};

use crate::{
    actor::Actor,
    error::Error,
    invitation::DeliveryState,
    kind::Kind,
    mailer::{EnhancedCode, Outcome},
    service::Invitations,
    state::EventKind,
    store::{
        Change, DeliveryId, DeliveryUpdate, Dispatch, Guard, InvitationStore, NewEvent, Target, TimeGuard, Transition,
    },
};

/// What a mail provider's webhook or a bounce says of one letter, for
/// [`Invitations::report`].
///
/// ```
/// use invite_core::{DeliveryReport, EnhancedCode, ReportKind, store::DeliveryId};
///
/// let id = DeliveryId::from_message_id("<01976b7a-0000-7000-8000-000000000001@example.com>").unwrap();
/// let report = DeliveryReport::new(id, ReportKind::Bounced)
///     .code(550)
///     .enhanced(EnhancedCode::parse("5.1.1").unwrap())
///     .text("no such user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct DeliveryReport {
    delivery: DeliveryId,
    kind: ReportKind,
    code: Option<u16>,
    enhanced: Option<EnhancedCode>,
    text: String,
}

/// What became of a letter after its hand-over. A later one in this list outranks those before it,
/// in whatever order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// It has not arrived yet, and is still being tried.
    Deferred,
    /// It is in the mailbox.
    Delivered,
    /// It was reported as spam.
    Complained,
    /// The provider did not send it: the address is on its list.
    Suppressed,
    /// It came back.
    Bounced,
}

impl ReportKind {
    /// All of them, lowest rank first.
    pub const ALL: [Self; 5] = [Self::Deferred, Self::Delivered, Self::Complained, Self::Suppressed, Self::Bounced];

    pub(crate) const fn state(self) -> DeliveryState {
        match self {
            Self::Deferred => DeliveryState::Deferred,
            Self::Delivered => DeliveryState::Delivered,
            Self::Complained => DeliveryState::Complained,
            Self::Suppressed => DeliveryState::Suppressed,
            Self::Bounced => DeliveryState::Bounced,
        }
    }

    /// Whether the letter did not reach the recipient, and will not.
    const fn is_failure(self) -> bool {
        matches!(self, Self::Suppressed | Self::Bounced)
    }
}

/// What a report came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// It stands on the invitation now.
    Recorded,
    /// That, and the pending invitation is `delivery_failed` now.
    Failed,
    /// Ignored: unknown delivery, superseded letter, notice to the inviter, good news about a reminder, or
    /// a higher-ranking report already stored.
    Ignored,
}

impl DeliveryReport {
    /// Says this of that delivery: [`Letter::delivery`](crate::Letter::delivery), or by the mail's
    /// Message-ID [`DeliveryId::from_message_id`].
    pub const fn new(delivery: DeliveryId, kind: ReportKind) -> Self {
        Self { delivery, kind, code: None, enhanced: None, text: String::new() }
    }

    /// The server's code, such as 550.
    pub const fn code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// The enhanced code, such as 5.1.1.
    pub const fn enhanced(mut self, code: EnhancedCode) -> Self {
        self.enhanced = Some(code);
        self
    }

    /// The words, kept as [`Outcome::sanitize`] leaves them.
    pub fn text(mut self, text: &str) -> Self {
        self.text = Outcome::sanitize(text);
        self
    }

    /// Which delivery it is about.
    #[must_use]
    pub const fn delivery(&self) -> DeliveryId {
        self.delivery
    }

    /// What it says.
    #[must_use]
    pub const fn kind(&self) -> ReportKind {
        self.kind
    }

    /// What to show the inviting side; nothing where all is well.
    fn reason(&self) -> Option<String> {
        let reason = Outcome::reason(self.code, self.enhanced, &self.text);
        (self.kind != ReportKind::Delivered && !reason.is_empty()).then_some(reason)
    }
}

impl<S: InvitationStore, K: Kind> Invitations<S, K> {
    /// Records what was heard of a letter after its hand-over, in the host's transaction.
    ///
    /// Reports may come in any order and any number of times: the one of highest rank stays, as
    /// [`ReportKind`] lists them. A bounce or suppression makes a pending invitation
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
        let (reason, state) = (report.reason(), report.kind.state());
        let mut update = DeliveryUpdate {
            delivery: report.delivery,
            kind: K::NAME,
            state,
            attempts: None,
            error: reason.as_deref(),
            over: state.outranked(),
        };
        let recorded = self.store().record_delivery(conn, &update).await?;
        // Also where that of a reminder was there before.
        if report.kind.is_failure() {
            let failure = failure(K::NAME, report.delivery, now, reason.as_deref());
            if self.store().transition(conn, &failure).await?.is_some() {
                return Ok(Reported::Failed);
            }
        }
        if recorded {
            return Ok(Reported::Recorded);
        }
        let leads = if state.turns_away() { self.policy().reminders } else { &[] };
        for lead in leads.iter().filter_map(|lead| u32::try_from(lead.num_seconds()).ok()) {
            update.delivery = report.delivery.of_reminder(lead);
            if self.store().record_delivery(conn, &update).await? {
                return Ok(Reported::Recorded);
            }
        }
        Ok(Reported::Ignored)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_outranks_exactly_those_listed_before_it() {
        for (rank, kind) in ReportKind::ALL.into_iter().enumerate() {
            let over = kind.state().outranked();
            for (other_rank, other) in ReportKind::ALL.into_iter().enumerate() {
                assert_eq!(over.contains(&other.state()), other_rank < rank, "{kind:?} over {other:?}");
            }
            for state in [DeliveryState::Queued, DeliveryState::Retrying, DeliveryState::Sent, DeliveryState::Unknown] {
                assert!(over.contains(&state), "{kind:?} over {state:?}");
            }
        }
    }

    #[test]
    fn a_report_keeps_no_address_and_no_link() {
        let id = DeliveryId::from_uuid(uuid::Uuid::nil());
        let report = DeliveryReport::new(id, ReportKind::Bounced)
            .code(550)
            .text("<ada@example.com> refused https://app.example.com/i?t=inv1_secret");
        assert_eq!(report.reason().as_deref(), Some("550 … refused …"));
        assert!(!format!("{report:?}").contains("ada@"));
        assert_eq!(DeliveryReport::new(id, ReportKind::Delivered).text("250 ok").reason(), None);
    }
}
