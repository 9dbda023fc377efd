//! When the invited are reminded.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{delivery::DeliveryState, invitation::Record, state::Status};

/// What a look at an invitation's reminders comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether a reminder goes out now.
    pub(crate) due: bool,
    /// When to look again.
    pub(crate) next: Option<DateTime<Utc>>,
    /// The shortest lead that is done with, in seconds.
    pub(crate) done: Option<u32>,
}

/// Considers each lead time that has not been handled yet and that fell due after the current letter was requested; an
/// earlier one is pointless, because that letter already states the deadline. So a reminder moves with an amended end
/// and never comes twice. Of several that have become due, the shortest lead time counts.
pub(crate) fn look(record: &Record, leads: &[TimeDelta], now: DateTime<Utc>) -> Look {
    let nothing = Look { due: false, next: None, done: record.reminded };
    let waits = record.status == Status::Pending && record.delivery_id.is_some() && record.expires_at > now;
    if !waits {
        return nothing;
    }
    let asked_at = record.resent_at.unwrap_or(record.created_at);
    let mut look = nothing;
    for lead in leads {
        let Ok(seconds) = u32::try_from(lead.num_seconds()) else { continue };
        let Some(at) = record.expires_at.checked_sub_signed(TimeDelta::seconds(seconds.into())) else { continue };
        if at <= asked_at || record.reminded.is_some_and(|done| seconds >= done) {
            continue;
        }
        if at <= now {
            look.due = reads(record.delivery.state);
            look.done = Some(look.done.map_or(seconds, |done| done.min(seconds)));
        } else {
            look.next = Some(look.next.map_or(at, |next| next.min(at)));
        }
    }
    look
}

/// Whether a reminder makes sense to somebody whose letter stands so. While it is still in the queue
/// it will itself say when the end is.
fn reads(state: DeliveryState) -> bool {
    match state {
        DeliveryState::Sent | DeliveryState::Unknown | DeliveryState::Deferred | DeliveryState::Delivered => true,
        DeliveryState::NotMailed
        | DeliveryState::Queued
        | DeliveryState::Retrying
        | DeliveryState::Failed
        | DeliveryState::Complained
        | DeliveryState::Suppressed
        | DeliveryState::Bounced => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::{
        actor::{Actor, Scope},
        delivery::Delivery,
        email_address::EmailAddress,
        id::InvitationId,
        store::DeliveryId,
    };

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const DAY: TimeDelta = TimeDelta::days(1);
    const RULES: [TimeDelta; 3] = [TimeDelta::days(3), TimeDelta::days(1), TimeDelta::hours(1)];

    /// Sent at the start, for seven days.
    fn record() -> Record {
        Record {
            id: InvitationId::from_uuid(Uuid::nil()),
            kind: "member".into(),
            scope: Scope::new(7),
            recipient: EmailAddress::from_given("ada@example.com").unwrap(),
            inviter: Actor::System,
            inviter_address: None,
            payload: Value::Null,
            display: Value::Null,
            message: None,
            locale: None,
            status: Status::Pending,
            ended: None,
            generation: 1,
            min_generation: 1,
            grace_until: None,
            revision: 1,
            created_at: START,
            expires_at: START + DAY * 7,
            resent_at: None,
            viewed_at: None,
            delivery: Delivery::new(DeliveryState::Sent),
            delivery_id: Some(DeliveryId::from_uuid(Uuid::nil())),
            remind_at: None,
            reminded: None,
            label: None,
            facet: None,
            import: None,
            idempotency: None,
            renews: None,
        }
    }

    fn seconds(lead: TimeDelta) -> u32 {
        lead.num_seconds().try_into().unwrap()
    }

    #[test]
    fn each_rule_is_due_once_at_its_time() {
        let mut record = record();
        let mut now = START;
        for lead in RULES {
            let at = record.expires_at - lead;
            let before = look(&record, &RULES, now);
            assert_eq!((before.due, before.next), (false, Some(at)));
            now = at;
            let then = look(&record, &RULES, now);
            assert_eq!((then.due, then.done), (true, Some(seconds(lead))));
            record.reminded = then.done;
        }
        assert_eq!(look(&record, &RULES, now), Look { due: false, next: None, done: record.reminded });
    }

    #[test]
    fn of_several_overdue_rules_the_last_is_mailed() {
        let record = record();
        let late = look(&record, &RULES, record.expires_at - TimeDelta::hours(2));
        let last = record.expires_at - TimeDelta::hours(1);
        assert_eq!(late, Look { due: true, next: Some(last), done: Some(seconds(DAY)) });
    }

    #[test]
    fn nobody_is_reminded_of_what_has_ended_or_was_not_mailed() {
        let end = record().expires_at;
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Pending) {
            assert!(!look(&Record { status, ..record() }, &RULES, end - DAY).due);
        }
        assert!(!look(&record(), &RULES, end).due);
        assert_eq!(look(&Record { delivery_id: None, ..record() }, &RULES, START).next, None);
    }

    #[test]
    fn a_rule_that_was_over_when_the_letter_was_asked_for_does_not_count() {
        let short = Record { expires_at: START + DAY, ..record() };
        assert_eq!(look(&short, &RULES, START).next, Some(START + TimeDelta::hours(23)));
        let resent = Record { resent_at: Some(START + DAY * 5), ..record() };
        assert_eq!(look(&resent, &RULES, START + DAY * 5).next, Some(START + DAY * 6));
    }

    #[test]
    fn an_amended_end_moves_what_has_not_come_and_repeats_nothing() {
        let later = Record { expires_at: START + DAY * 20, reminded: Some(seconds(DAY)), ..record() };
        assert_eq!(look(&later, &RULES, START + DAY * 7).next, Some(later.expires_at - TimeDelta::hours(1)));
        // Shortened below a lead: due at once.
        let now = START + DAY * 2;
        let sooner = Record { expires_at: now + TimeDelta::hours(12), ..record() };
        assert!(look(&sooner, &RULES, now).due);
    }

    #[test]
    fn a_letter_still_in_the_queue_says_it_itself() {
        let queued = Record { delivery: Delivery::new(DeliveryState::Queued), ..record() };
        let look = look(&queued, &RULES, queued.expires_at - DAY);
        assert_eq!((look.due, look.done), (false, Some(seconds(DAY))));
    }
}
