//! The checker has teeth: wrong histories, each of which it must object to.

use invite_core::{Delivery, DeliveryState, EmailAddress, Ended, Scope, Status};
use uuid::Uuid;

use super::{check::check, *};

const RULES: Rules =
    Rules { lifetime: TimeDelta::hours(1), cooldown: TimeDelta::seconds(1), ahead: TimeDelta::seconds(30) };

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn id(n: u128) -> InvitationId {
    InvitationId::from_uuid(Uuid::from_u128(n))
}

/// A call at minute `began`, by an actor of its own.
fn call(began: u64, ended: u64, asked: Asked, answer: Answer) -> Call {
    let clock = (at(began.try_into().unwrap()), at(ended.try_into().unwrap()));
    Call { began, ended, clock, actor: Actor::new(began), asked, answer }
}

fn create(place: usize) -> Asked {
    Asked::Create { place, lifetime: RULES.lifetime, mailed: true }
}

fn change(kind: EventKind) -> Asked {
    Asked::Change { kind, id: id(1), token: None }
}

fn done(revision: u32) -> Answer {
    Answer::Done(id(1), revision)
}

fn event(n: u128, revision: u32, kind: EventKind, minute: i64) -> Event {
    let actor = if kind == EventKind::Expired { Actor::System } else { Actor::new(minute) };
    Event::from_stored(id(n), revision, kind, actor, None, at(minute))
}

/// The row as the events would have made it.
fn life(n: u128, place: usize, events: Vec<Event>) -> Life {
    let mut record = Record {
        id: id(n),
        kind: "member".into(),
        scope: Scope::new(7),
        recipient: EmailAddress::from_stored("ada@example.com", "ada@example.com").unwrap(),
        inviter: Actor::System,
        inviter_address: None,
        payload: serde_json::Value::Null,
        display: serde_json::Value::Null,
        message: None,
        locale: None,
        status: Status::Pending,
        ended: None,
        generation: 1,
        min_generation: 1,
        grace_until: None,
        revision: 1,
        created_at: events[0].at,
        expires_at: events[0].at + RULES.lifetime,
        resent_at: None,
        viewed_at: None,
        delivery: Delivery::new(DeliveryState::Queued),
        delivery_id: None,
        remind_at: None,
        reminded: None,
        label: None,
        facet: None,
        import: None,
        idempotency: None,
        renews: None,
    };
    for event in &events[1..] {
        record.status = event.kind.applied_to(record.status).unwrap_or(record.status);
        record.revision = event.revision;
        if event.kind == EventKind::Resent {
            record.generation += 1;
            record.expires_at = record.expires_at.max(event.at + RULES.lifetime);
        }
        if !record.status.is_open() {
            let (at, by) = (event.at, event.actor.clone());
            record.ended = Some(Ended::from_stored(at, by, None, false));
        }
    }
    Life { place, record, events }
}

fn sent(n: u128, generation: u32, attempt: u32, began: u64) -> Mailed {
    Mailed { id: id(n), generation, attempt, began, outcome: Fate::Sent }
}

/// Created at 1, mailed, resent at 3 (answered at 6), mailed, accepted at 8.
fn right() -> History {
    let resend = call(3, 6, change(EventKind::Resent), done(2));
    let accept = Asked::Change { kind: EventKind::Accepted, id: id(1), token: Some(2) };
    let events = vec![
        event(1, 1, EventKind::Created, 1),
        event(1, 2, EventKind::Resent, 3),
        event(1, 3, EventKind::Accepted, 8),
    ];
    History {
        rules: RULES,
        calls: vec![
            call(1, 2, create(0), done(1)),
            resend,
            call(8, 9, accept, done(3)),
            call(4, 5, create(0), Answer::Refused(Error::AlreadyPending(id(1)))),
            call(9, 10, change(EventKind::Cancelled), Answer::Refused(ended(Status::Accepted, EventKind::Cancelled))),
            call(20, 21, change(EventKind::Cancelled), Answer::Refused(ended(Status::Accepted, EventKind::Cancelled))),
        ],
        lives: vec![life(1, 0, events)],
        letters: vec![sent(1, 1, 1, 2), sent(1, 2, 1, 7)],
        end: at(30),
    }
}

fn ended(status: Status, kind: EventKind) -> Error {
    Error::IllegalTransition { status, event: kind }
}

/// Without the acceptance, so that it is still pending.
fn pending() -> History {
    let mut history = right();
    history.calls.truncate(2);
    let events = history.lives[0].events.clone();
    history.lives[0] = life(1, 0, events[..2].to_vec());
    history
}

#[track_caller]
fn objects(history: &History, to: &str) {
    let objection = check(history).expect_err("a wrong history was found right");
    assert!(objection.contains(to), "{objection}");
}

#[test]
fn what_happened_in_some_order_is_right() {
    check(&right()).unwrap();
    check(&pending()).unwrap();
}

#[test]
fn two_acceptances() {
    let mut history = right();
    history.calls.push(call(8, 9, change(EventKind::Accepted), done(3)));
    objects(&history, "two calls were told");

    let mut history = right();
    history.lives[0].events.push(event(1, 4, EventKind::Accepted, 9));
    history.lives[0].record.revision = 4;
    history.calls.push(call(9, 10, change(EventKind::Accepted), done(4)));
    objects(&history, "accepted follows in revision 4 though the invitation was accepted");
}

#[test]
fn an_event_that_is_lost() {
    let mut history = right();
    let events = history.lives[0].events[..2].to_vec();
    history.lives[0] = life(1, 0, events);
    objects(&history, "has no event");
}

#[test]
fn a_gap_between_revisions() {
    let mut history = right();
    history.lives[0].events.remove(1);
    objects(&history, "are not 1, 2, 3");
}

#[test]
fn a_row_that_is_not_as_its_last_event_made_it() {
    let mut history = right();
    history.lives[0].record.status = Status::Rejected;
    objects(&history, "its last event made it accepted");

    let mut history = right();
    history.lives[0].record.generation = 1;
    objects(&history, "of generation 1 after 1 resends");
}

#[test]
fn an_event_that_nobody_asked_for_or_by_another_actor() {
    let mut history = right();
    history.calls.remove(1);
    objects(&history, "nobody asked for");

    let mut history = right();
    history.lives[0].events[1].actor = Actor::new("somebody else");
    objects(&history, "is not what was asked for");
}

#[test]
fn a_change_that_was_ordered_before_one_that_had_ended() {
    // Resent from 3 to 6, and a link made from 8 to 9, which comes before it.
    let mut history = pending();
    history.calls[1].answer = done(3);
    history.calls.push(call(8, 9, change(EventKind::LinkCreated), done(2)));
    let events =
        [event(1, 1, EventKind::Created, 1), event(1, 2, EventKind::LinkCreated, 8), event(1, 3, EventKind::Resent, 3)];
    history.lives[0] = life(1, 0, events.to_vec());
    objects(&history, "came after a change that began after");
}

#[test]
fn an_acceptance_after_a_cancellation_that_had_ended() {
    let mut history = right();
    history.calls[1] = call(3, 6, change(EventKind::Cancelled), done(2));
    history.lives[0].events[1] = event(1, 2, EventKind::Cancelled, 3);
    objects(&history, "accepted follows in revision 3 though the invitation was cancelled");
}

#[test]
fn an_acceptance_by_a_retired_link() {
    let mut history = right();
    history.calls[2].asked = Asked::Change { kind: EventKind::Accepted, id: id(1), token: Some(1) };
    objects(&history, "a link that had been retired");
}

#[test]
fn an_acceptance_after_the_end_and_an_end_before_it() {
    let mut history = right();
    history.lives[0].events[2].at = at(64);
    history.calls[2].clock.1 = at(64);
    objects(&history, "came too late");

    let mut history = pending();
    let mut events = history.lives[0].events.clone();
    events.push(event(1, 3, EventKind::Expired, 62));
    history.lives[0] = life(1, 0, events);
    objects(&history, "came too early");
}

/// The second is dated so long after the first, or before it.
fn resent_twice(after: TimeDelta) -> History {
    let mut history = pending();
    let mut again = event(1, 3, EventKind::Resent, 3);
    (again.actor, again.at) = (Actor::new(4), again.at + after);
    let mut resend = call(4, 5, change(EventKind::Resent), done(3));
    resend.clock.0 = again.at;
    history.calls.push(resend);
    let mut events = history.lives[0].events.clone();
    events.push(again);
    history.lives[0] = life(1, 0, events);
    // The letter of the first resend is discarded, and that of the second sent.
    history.letters.truncate(1);
    history.letters.push(sent(1, 3, 1, 7));
    history
}

#[test]
fn two_resends_within_the_cool_down() {
    for after in [0, -30] {
        objects(&resent_twice(TimeDelta::seconds(after)), "too soon after another");
    }
}

#[test]
fn no_resend_after_one_that_is_dated_far_ahead() {
    let history = resent_twice(TimeDelta::seconds(-31));
    assert!(check(&history).is_ok(), "{:?}", check(&history));
}

#[test]
fn a_refusal_before_its_reason_and_one_after_it() {
    let mut history = right();
    let refused =
        |began, ended| call(began, ended, change(EventKind::Accepted), Answer::Refused(Error::AlreadyAccepted));
    history.calls.push(refused(7, 8));
    objects(&history, "no state between");

    let mut history = right();
    history.calls.push(call(20, 21, create(0), Answer::Refused(Error::AlreadyPending(id(1)))));
    objects(&history, "no state between");

    let mut history = right();
    let asked = Asked::Change { kind: EventKind::Accepted, id: id(1), token: Some(1) };
    history.calls.push(call(2, 3, asked, Answer::Refused(Error::Superseded)));
    objects(&history, "no state between");
}

#[test]
fn a_refusal_that_nothing_explains() {
    for refusal in [Error::NotFound, Error::Rejected, Error::LimitReached { retry_after: std::time::Duration::ZERO }] {
        let mut history = right();
        history.calls.push(call(20, 21, change(EventKind::Resent), Answer::Refused(refusal)));
        objects(&history, "no state between");
    }
    let mut history = right();
    history.calls.push(call(20, 21, change(EventKind::Accepted), Answer::Before));
    objects(&history, "no state between");
}

#[test]
fn an_answer_that_was_lost_may_have_happened_and_what_was_rolled_back_may_not() {
    let mut history = right();
    history.calls[2].answer = Answer::Unknown;
    check(&history).unwrap();
    history.calls[2].answer = Answer::Undone;
    objects(&history, "rolled back");

    let mut history = pending();
    history.calls.push(call(8, 9, change(EventKind::Accepted), Answer::Unknown));
    check(&history).unwrap();
}

#[test]
fn two_open_invitations_for_one_address() {
    let mut history = right();
    history.calls.push(call(4, 5, create(0), Answer::Done(id(2), 1)));
    history.lives.push(life(2, 0, vec![event(2, 1, EventKind::Created, 4)]));
    history.letters.push(sent(2, 1, 1, 6));
    objects(&history, "two invitations were open");
    // After the acceptance there is room for another.
    let later = call(8, 12, create(0), Answer::Done(id(2), 1));
    *history.calls.last_mut().unwrap() = later;
    history.lives[1] = life(2, 0, vec![event(2, 1, EventKind::Created, 8)]);
    check(&history).unwrap();
}

#[test]
fn a_letter_that_is_lost_or_mailed_twice_or_too_late() {
    let mut history = pending();
    history.letters.pop();
    objects(&history, "is lost");

    let mut history = right();
    history.letters.push(sent(1, 2, 2, 8));
    objects(&history, "the attempts at a letter");

    let mut history = right();
    history.letters.push(sent(1, 2, 1, 8));
    objects(&history, "the attempts at a letter");

    let mut history = right();
    history.letters[1].began = 10;
    objects(&history, "after it was of no use");

    let mut history = right();
    history.letters[0].began = 7;
    objects(&history, "after it was of no use");
}
