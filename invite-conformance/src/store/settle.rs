//! What is recorded of a letter that was leased, and by whom.

use chrono::TimeDelta;
use invite_core::{
    Delivery, DeliveryState, EventKind, Fault, Status,
    store::{DeliveryId, DeliveryUpdate, Dispatch, QueueChange, RenewedLinks, Settlement},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::within,
    erased::Db,
    store::{
        direct::{Ask, Direct, lease_end},
        rows::{
            ANY_STATE, KIND, MICROSECOND, Row, by_id, by_letter, cancelled, delivery, delivery_failed, id, letter,
            noon, renewed, row, uuid,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    a_letter_that_is_done_with_is_gone:
        "`QueueChange::Remove` deletes the letter and answers `true`.",
    a_letter_that_is_postponed_waits_with_what_is_known_of_it:
        "`QueueChange::Postpone` writes `not_before`, refusals and unknowns, keeps the attempt, and clears the lease.",
    what_became_of_a_letter_stands_on_its_invitation:
        "The summary is written whole, every state, with an error and without, and counts no revision and no event.",
    only_who_leased_a_letter_at_this_attempt_settles_it:
        "A settlement is fenced by owner and attempt: `false`, and no summary, transition or change of the queue \
         otherwise.",
    a_letter_taken_over_is_not_settled_by_whoever_had_it:
        "After a takeover the former owner's settlement is `false`; so is the same worker's for its earlier attempt.",
    a_lease_that_ran_out_unnoticed_still_settles:
        "The fence is owner and attempt, not the time: until somebody takes the letter over it is theirs to settle.",
    a_settled_letter_is_not_settled_again:
        "A second settlement finds no lease: `false`, and nothing written, whether the letter was removed or \
         postponed.",
    a_letter_of_an_earlier_generation_says_nothing_about_the_new_one:
        "The summary is written only where the row's `delivery_id` is the letter's; the queue's row is settled all \
         the same.",
    a_failure_is_a_change_with_its_event:
        "The settlement's transition is applied as by `apply`: change, revision and event.",
    a_failure_whose_guard_does_not_hold_changes_nothing_else:
        "A transition whose guard does not hold leaves the settlement `true`: queue and summary are written.",
    other_letters_are_left_alone:
        "A settlement is about one delivery: neither other letters nor other rows change.",
];

/// How a letter of the first row, leased by worker 900 at its first attempt, is settled.
fn settled<'a>(n: u32, summary: &'a Delivery, queue: QueueChange<'a>) -> Settlement<'a> {
    Settlement {
        delivery: delivery(n),
        owner: uuid(900),
        attempt: 1,
        summary: update_of(n, summary),
        queue,
        transition: None,
    }
}

/// What stands on the nth row of its letter from now on, whatever stood there.
pub(crate) fn update_of(n: u32, summary: &Delivery) -> DeliveryUpdate<'_> {
    DeliveryUpdate {
        delivery: delivery(n),
        kind: KIND,
        state: summary.state,
        attempts: Some(summary.attempts),
        error: summary.last_error.as_deref(),
        fault: summary.fault,
        provider_id: None,
        over: ANY_STATE,
    }
}

fn sent() -> Delivery {
    Delivery::from_stored(DeliveryState::Sent, 1, None, None)
}

fn postponed(minutes: i64) -> QueueChange<'static> {
    QueueChange::Postpone {
        not_before: noon() + TimeDelta::minutes(minutes),
        refusals: 2,
        unknowns: 1,
        error: "450 n\u{f6}, later",
    }
}

/// The nth row with its letter, leased by worker 900.
async fn leased(direct: &Direct, n: u32) -> Result<Row, Stop> {
    let row = row(n);
    direct.put(&row, Dispatch::Letter(&letter(n))).await?;
    let leased = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(leased == 1, "one letter is due, {leased} were leased");
    Ok(row)
}

/// Settles, and sees what is answered.
async fn settle(direct: &Direct, settlement: &Settlement<'_>, wanted: bool, when: &str) -> Verdict {
    let settled = direct.db.settle_one(settlement).await?;
    ensure!(settled == wanted, "{when}: the settlement is answered by {settled}");
    Ok(())
}

/// The letters there are when every lease has run out, and how often each was leased before.
async fn queue(direct: &Direct) -> Result<Vec<(DeliveryId, u32)>, Stop> {
    let leased = direct.lease(&Ask { now: noon() + TimeDelta::hours(20), owner: 999, ..Ask::default() }).await?;
    ensure!(leased.discarded == 0, "{} letters are out of date", leased.discarded);
    Ok(leased.letters.iter().map(|letter| (letter.delivery, letter.attempt - 1)).collect())
}

async fn a_letter_that_is_done_with_is_gone(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    leased(&direct, 1).await?;
    settle(&direct, &settled(1, &sent(), QueueChange::Remove), true, "removed by its owner").await?;
    let queue = queue(&direct).await?;
    ensure!(queue.is_empty(), "a letter that was removed is still queued: {queue:?}");
    Ok(())
}

async fn a_letter_that_is_postponed_waits_with_what_is_known_of_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    leased(&direct, 1).await?;
    let summary = Delivery::from_stored(DeliveryState::Retrying, 1, Some("450".into()), Some(Fault::Sender));
    settle(&direct, &settled(1, &summary, postponed(5)), true, "postponed by its owner").await?;
    // The lease would have lasted longer.
    let due = noon() + TimeDelta::minutes(5);
    for (now, wanted) in [(noon(), 0), (due - MICROSECOND, 0), (due, 1)] {
        let leased = direct.lease(&Ask { now, owner: 901, ..Ask::default() }).await?;
        let seen = leased.letters.len();
        ensure!(seen == wanted, "postponed until {due}, leased at {now} are {seen} letters, should be {wanted}");
        for letter in leased.letters {
            let seen = (letter.delivery, letter.attempt, letter.refusals, letter.unknowns);
            ensure!(
                seen == (delivery(1), 2, 2, 1),
                "a letter postponed after attempt 1 with 2 refusals and 1 unknown comes back as {seen:?}"
            );
        }
    }
    Ok(())
}

async fn what_became_of_a_letter_stands_on_its_invitation(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct, 1).await?;
    let summaries = [
        (DeliveryState::Retrying, 1, Some("450 4.2.1 n\u{f6}; \u{1F642} '\"\\"), Some(Fault::Recipient)),
        (DeliveryState::NotMailed, 0, None, None),
        (DeliveryState::Unknown, 3, Some("timed out"), Some(Fault::Provider)),
        (DeliveryState::Queued, 4, None, Some(Fault::Content)),
        (DeliveryState::Failed, 12, Some("550"), Some(Fault::Sender)),
        (DeliveryState::Sent, 13, None, None),
    ];
    let mut now = noon();
    for (attempt, (state, attempts, error, fault)) in (1..).zip(summaries) {
        let summary = Delivery::from_stored(state, attempts, error.map(Into::into), fault);
        let settlement = Settlement { attempt, ..settled(1, &summary, postponed(0)) };
        settle(&direct, &settlement, true, &format!("{state:?}")).await?;
        row.record.delivery = summary;
        within(direct.keeps(&row, "the settlement").await, &format!("{state:?}"))?;
        now += TimeDelta::minutes(1);
        direct.lease(&Ask { now, ..Ask::default() }).await?;
    }
    let events = direct.history(&row).await?.len();
    ensure!(events == 1, "settlements without a change wrote {} events", events.saturating_sub(1));
    Ok(())
}

async fn only_who_leased_a_letter_at_this_attempt_settles_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = leased(&direct, 1).await?;
    let (summary, failed) = (sent(), delivery_failed(by_letter(1)));
    for queue in [QueueChange::Remove, postponed(0)] {
        let settlement = || Settlement { transition: Some(&failed), ..settled(1, &summary, queue) };
        for (when, settlement) in [
            ("by another worker", Settlement { owner: uuid(901), ..settlement() }),
            ("at the attempt before", Settlement { attempt: 0, ..settlement() }),
            ("at the attempt after", Settlement { attempt: 2, ..settlement() }),
            ("of an unknown delivery", Settlement { delivery: delivery(2), ..settlement() }),
        ] {
            settle(&direct, &settlement, false, when).await?;
            direct.keeps(&row, &format!("a settlement {when}")).await?;
        }
    }
    let events = direct.history(&row).await?.len();
    ensure!(events == 1, "settlements that did not happen wrote {} events", events.saturating_sub(1));
    let leased = direct.lease(&Ask { now: lease_end(noon()) - MICROSECOND, ..Ask::default() }).await?;
    ensure!(leased.letters.is_empty(), "a settlement that did not happen ended the lease");
    let queue = queue(&direct).await?;
    ensure!(queue == [(delivery(1), 1)], "after settlements that did not happen the queue holds {queue:?}");
    Ok(())
}

async fn a_letter_taken_over_is_not_settled_by_whoever_had_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct, 1).await?;
    let mut now = noon();
    for owner in [901, 900] {
        now = lease_end(now);
        let leased = direct.lease(&Ask { now, owner, ..Ask::default() }).await?.letters.len();
        ensure!(leased == 1, "a letter whose lease ran out was not leased again");
        for queue in [QueueChange::Remove, postponed(0)] {
            settle(&direct, &settled(1, &sent(), queue), false, "at attempt 1, after a takeover").await?;
        }
        direct.keeps(&row, "a settlement after a takeover").await?;
    }
    let summary = sent();
    let settlement = Settlement { attempt: 3, ..settled(1, &summary, QueueChange::Remove) };
    settle(&direct, &settlement, true, "at attempt 3, which is the worker's own").await?;
    row.record.delivery = sent();
    direct.keeps(&row, "the settlement of the attempt that counts").await
}

async fn a_lease_that_ran_out_unnoticed_still_settles(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct, 1).await?;
    // Somebody asks, and gets nothing: it does not serve this kind.
    direct
        .lease(&Ask { now: lease_end(noon()) + MICROSECOND, owner: 901, kinds: &["provider"], ..Ask::default() })
        .await?;
    settle(&direct, &settled(1, &sent(), QueueChange::Remove), true, "after the lease, taken over by nobody").await?;
    row.record.delivery = sent();
    direct.keeps(&row, "a settlement after the lease").await
}

async fn a_settled_letter_is_not_settled_again(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, queue) in [(1, QueueChange::Remove), (2, postponed(60))] {
        let mut row = leased(&direct, n).await?;
        settle(&direct, &settled(n, &sent(), queue), true, "for the first time").await?;
        row.record.delivery = sent();
        let summary = Delivery::from_stored(DeliveryState::Failed, 9, None, Some(Fault::Recipient));
        settle(&direct, &settled(n, &summary, QueueChange::Remove), false, "for the second time").await?;
        direct.keeps(&row, "a second settlement").await?;
    }
    let queue = queue(&direct).await?;
    ensure!(queue == [(delivery(2), 1)], "one was removed, one postponed: the queue holds {queue:?}");
    Ok(())
}

async fn a_letter_of_an_earlier_generation_says_nothing_about_the_new_one(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, queue) in [(1, QueueChange::Remove), (2, postponed(60))] {
        let mut row = leased(&direct, n).await?;
        direct.happens(&mut row, &renewed(by_id(id(n)), RenewedLinks::Keep)).await?;
        settle(&direct, &settled(n, &sent(), queue), true, "after a resend, by its owner").await?;
        direct.keeps(&row, "the settlement of an earlier generation's letter").await?;
    }
    let leased = direct.lease(&Ask { now: noon() + TimeDelta::hours(20), ..Ask::default() }).await?;
    let seen = (leased.letters.len(), leased.discarded);
    ensure!(seen == (0, 1), "one was removed, one postponed: to send and out of date are {seen:?}");
    Ok(())
}

async fn a_failure_is_a_change_with_its_event(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct, 1).await?;
    let failed = delivery_failed(by_letter(1));
    let summary = Delivery::from_stored(DeliveryState::Failed, 1, Some("550".into()), None);
    let settlement = Settlement { transition: Some(&failed), ..settled(1, &summary, QueueChange::Remove) };
    settle(&direct, &settlement, true, "refused for good").await?;
    row.record.delivery = summary.clone();
    failed.apply(&mut row.record, None);
    direct.keeps(&row, "a settlement with a change").await?;
    let seen: Vec<_> = direct.history(&row).await?.iter().map(|event| (event.revision, event.kind, event.at)).collect();
    let wanted = [(1, EventKind::Created, row.record.created_at), (2, EventKind::DeliveryFailed, noon())];
    ensure!(seen == wanted, "the history is {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn a_failure_whose_guard_does_not_hold_changes_nothing_else(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct, 1).await?;
    direct.happens(&mut row, &cancelled(by_id(id(1)))).await?;
    let failed = delivery_failed(by_letter(1));
    let summary = Delivery::from_stored(DeliveryState::Failed, 1, Some("550".into()), None);
    let settlement = Settlement { transition: Some(&failed), ..settled(1, &summary, QueueChange::Remove) };
    settle(&direct, &settlement, true, "refused for good, after a cancellation").await?;
    row.record.delivery = summary.clone();
    ensure!(row.record.status == Status::Cancelled, "`Transition::apply` itself left it {}", row.record.status);
    direct.keeps(&row, "a settlement whose change did not happen").await?;
    let events = direct.history(&row).await?.len();
    ensure!(events == 2, "created and cancelled made {events} events");
    let queue = queue(&direct).await?;
    ensure!(queue.is_empty(), "the letter is still queued: {queue:?}");
    Ok(())
}

async fn other_letters_are_left_alone(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = [row(1), row(2), row(3)];
    for (n, row) in (1..).zip(&rows) {
        direct.put(row, Dispatch::Letter(&letter(n))).await?;
    }
    let leased = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(leased == 3, "three letters are due, {leased} were leased");
    settle(&direct, &settled(1, &sent(), QueueChange::Remove), true, "the first removed").await?;
    settle(&direct, &settled(2, &sent(), postponed(60)), true, "the second postponed").await?;
    direct.keeps(&rows[2], "other letters were settled").await?;
    settle(&direct, &settled(3, &sent(), QueueChange::Remove), true, "the third removed").await?;
    let queue = queue(&direct).await?;
    ensure!(queue == [(delivery(2), 1)], "the queue holds {queue:?}, should be the second");
    Ok(())
}
