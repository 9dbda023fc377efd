//! Reminders before the end.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Amendment, DeliveryReport, DeliveryState, EventKind, InvitationId, Policy, Record, ReportKind, ReportProof,
    Reported, Status,
    store::{Change, Dispatch, NewLetter, Purpose, ReminderDecision, ReminderScan, RenewedLinks, StoreError},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::{
        deeds::reported,
        world::{World, ada, committed, new, refused_mail},
    },
    store::{
        direct::{Ask, Direct},
        rows::{
            KIND, MICROSECOND, Row, address, by_id, by_letter, cancelled, change, delivery, id, next_delivery, noon,
            row,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    a_reminder_goes_out_once_at_its_time:
        "`remind` finds what has `remind_at <= now`, and writes `remind_at` and `reminded` with the letter.",
    of_several_that_have_become_due_the_last_goes_out:
        "`remind` writes `reminded` as it is told.",
    nobody_is_reminded_of_what_has_ended:
        "`Change::End` and the sweep set `remind_at` to null; `lease` throws away a reminder of what has ended.",
    a_resend_brings_its_reminders_anew:
        "`Change::Renew` writes `remind_at`, and sets `reminded` to null.",
    an_amended_end_moves_a_reminder_and_repeats_none:
        "`Change::Amend` writes `remind_at` where it is given, and leaves `reminded`.",
    nobody_is_reminded_of_what_was_not_mailed_or_complained_of:
        "An insertion writes `remind_at` as it is on the record.",
    a_complaint_about_a_reminder_stops_the_next:
        "`record_delivery` writes over the states it is given, of whatever delivery the row has.",
    a_refused_reminder_leaves_the_invitation_alone:
        "No row has the reminder as its `delivery_id`: neither summary nor change is written.",
    a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first:
        "`remind_at <= now` to the microsecond, kinds byte by byte, at most `limit` rows, earliest first.",
    a_look_writes_what_was_decided_and_nothing_else:
        "`remind_at` and `reminded` become what `decide` says, null too; a letter is of the row's generation; no \
         revision, no event.",
    a_look_that_is_given_up_writes_nothing:
        "An error of `decide` undoes the whole transaction.",
    every_change_says_what_becomes_of_a_reminder:
        "Ends, failed deliveries and amended addresses clear `remind_at`; renewals and amended ends set it; nothing else \
         does.",
];

const DAY: TimeDelta = TimeDelta::days(1);
const RULES: &[TimeDelta] = &[TimeDelta::days(3), DAY, TimeDelta::hours(1)];

/// A week, and a reminder a day before the end.
fn reminding() -> Policy {
    const ONE: &[TimeDelta] = &[DAY];
    Policy::default().reminders(ONE)
}

/// How many reminders go out now, each with a link that works.
async fn reminded(world: &World) -> Result<usize, Stop> {
    let letters = world.mailed().await?;
    for letter in &letters {
        let mailed = (letter.purpose(), letter.addressee() == letter.recipient());
        ensure!(mailed == (Purpose::Reminder, true), "a reminder was due, and {mailed:?} came");
        world.members.preview(&mut world.db.connect().await?, letter.token()).await?;
    }
    Ok(letters.len())
}

async fn reminds(world: &World, wanted: usize, when: &str) -> Verdict {
    let seen = reminded(world).await?;
    ensure!(seen == wanted, "{when}: {wanted} reminders should go out, {seen} do");
    Ok(())
}

async fn a_reminder_goes_out_once_at_its_time(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    world.clock.advance(DAY * 6 - MICROSECOND);
    reminds(&world, 0, "a microsecond before its time").await?;
    world.clock.advance(MICROSECOND);
    reminds(&world, 1, "at its time").await?;
    reminds(&world, 0, "after it went out").await?;
    world.clock.advance(TimeDelta::hours(23));
    reminds(&world, 0, "an hour before the end").await?;
    let after = world.get(id).await?;
    ensure!(
        (after.status, after.revision, &after.delivery, after.delivery_id)
            == (Status::Pending, before.revision, &before.delivery, before.delivery_id),
        "a reminder changed the invitation, or what became of its letter"
    );
    world.clock.advance(DAY);
    reminds(&world, 0, "after the end").await
}

async fn of_several_that_have_become_due_the_last_goes_out(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().reminders(RULES));
    world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(DAY * 6 + TimeDelta::hours(12));
    reminds(&world, 1, "after two of three rules").await?;
    world.clock.advance(TimeDelta::hours(11));
    reminds(&world, 1, "at the third").await?;
    reminds(&world, 0, "after all three").await
}

async fn nobody_is_reminded_of_what_has_ended(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    let (_, letter) = world.invite_and_mail("grace@example.com").await?;
    world.reject(letter.token(), &Actor::Bearer).await?;
    let (id, _) = world.invite_and_mail("joan@example.com").await?;
    committed!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await?);
    world.mailer.answer(refused_mail(true));
    world.invite_and_mail("hedy@example.com").await?;
    world.clock.advance(DAY * 6);
    reminds(&world, 0, "of what was accepted, rejected, cancelled, and could not be delivered").await?;
    world.invite_and_mail("radia@example.com").await?;
    world.clock.advance(DAY * 7);
    reminds(&world, 0, "at the end").await
}

async fn a_resend_brings_its_reminders_anew(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(DAY * 6);
    reminds(&world, 1, "a day before the end").await?;
    world.resend_and_mail(id).await?;
    reminds(&world, 0, "after a resend").await?;
    world.clock.advance(DAY * 6);
    reminds(&world, 1, "a day before the new end").await?;
    reminds(&world, 0, "after that").await
}

async fn amend(world: &World, id: InvitationId, lifetime: TimeDelta) -> Verdict {
    let amendment = Amendment::new().expires_in(lifetime);
    committed!(world, tx => world.members.scope(7).amend(&mut tx, &world.admin, id, &amendment).await?);
    Ok(())
}

async fn an_amended_end_moves_a_reminder_and_repeats_none(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    amend(&world, id, DAY * 10).await?;
    world.clock.advance(DAY * 6);
    reminds(&world, 0, "a day before the old end").await?;
    world.clock.advance(DAY * 3);
    reminds(&world, 1, "a day before the new end").await?;
    amend(&world, id, DAY * 5).await?;
    world.clock.advance(DAY * 4);
    reminds(&world, 0, "a day before a third end").await?;
    let (id, _) = world.invite_and_mail("grace@example.com").await?;
    world.clock.advance(DAY);
    amend(&world, id, TimeDelta::hours(12)).await?;
    reminds(&world, 1, "when an amended end is nearer than the rule").await
}

async fn nobody_is_reminded_of_what_was_not_mailed_or_complained_of(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    committed!(world, tx => {
        world.members.scope(7).create_with_link(&mut tx, &world.admin, new("ada@example.com")).await?
    });
    let (_, letter) = world.invite_and_mail("grace@example.com").await?;
    let report = DeliveryReport::new(letter.delivery(), ReportKind::Complained).proved_by(ReportProof::Webhook);
    committed!(world, tx => world.members.report(&mut tx, &report).await?);
    world.clock.advance(DAY * 6);
    reminds(&world, 0, "of a link handed over, and of what was called spam").await
}

async fn a_complaint_about_a_reminder_stops_the_next(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().reminders(RULES));
    for (person, kind) in ["ada", "grace", "mary"].iter().zip(&ReportKind::ALL[2..]) {
        let (id, invitation) = world.invite_and_mail(&format!("{person}@example.com")).await?;
        world.clock.advance(DAY * 4);
        let reminder = world.one_letter().await?;
        ensure!(reminder.delivery() != invitation.delivery(), "a reminder is a delivery of its own");
        for good_news in [ReportKind::Deferred, ReportKind::Delivered] {
            let report = DeliveryReport::new(reminder.delivery(), good_news).proved_by(ReportProof::Webhook);
            let heard = committed!(world, tx => world.members.report(&mut tx, &report).await?);
            ensure!(heard == Reported::Ignored, "of a reminder, {good_news:?} is {heard:?}");
        }
        let report = DeliveryReport::new(reminder.delivery(), *kind).proved_by(ReportProof::Webhook);
        for wanted in [Reported::Recorded, Reported::Ignored] {
            let heard = committed!(world, tx => world.members.report(&mut tx, &report).await?);
            ensure!(heard == wanted, "of a reminder, {kind:?} is {heard:?}, should be {wanted:?}");
        }
        let after = world.get(id).await?;
        ensure!(after.status == Status::Pending, "after {kind:?} of a reminder it is {}", after.status);
        ensure!(
            after.delivery.state == reported(*kind),
            "after {kind:?} of a reminder its letter is {:?}",
            after.delivery
        );
        if *kind == ReportKind::Bounced {
            // The letter itself comes back later than its reminder.
            let late = DeliveryReport::new(invitation.delivery(), *kind).proved_by(ReportProof::Webhook);
            let heard = committed!(world, tx => world.members.report(&mut tx, &late).await?);
            ensure!(heard == Reported::Failed, "a letter that came back after its reminder is {heard:?}");
        }
        world.clock.advance(DAY * 2);
        reminds(&world, 0, "after the last reminder was turned away").await?;
        world.clock.advance(DAY);
        reminds(&world, 0, "at the end").await?;
    }
    Ok(())
}

async fn a_refused_reminder_leaves_the_invitation_alone(db: Db) -> Verdict {
    let world = World::new(&db, reminding());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(DAY * 6);
    world.mailer.answer(refused_mail(true));
    reminds(&world, 1, "a day before the end").await?;
    let after = world.get(id).await?;
    let seen = (after.status, after.delivery.state, after.revision);
    ensure!(seen == (Status::Pending, DeliveryState::Sent, 1), "after a refused reminder it is {seen:?}");
    reminds(&world, 0, "after it was refused").await
}

/// The nth row, to be looked at then.
fn waiting(n: u32, remind_at: Option<DateTime<Utc>>) -> Row {
    let mut row = row(n);
    row.record.remind_at = remind_at;
    row
}

/// Which rows are looked at, in this order; each is put off by a day.
async fn looked_at(direct: &Direct, kinds: &[&str], limit: u32) -> Result<Vec<InvitationId>, Stop> {
    let seen = Mutex::new(Vec::new());
    let decide = |record: &Record| {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(record.id);
        Ok(ReminderDecision { letter: None, remind_at: Some(noon() + DAY), reminded: record.reminded })
    };
    direct.db.remind(&(), &ReminderScan { kinds, now: noon(), limit, decide: &decide }).await?;
    Ok(seen.into_inner().unwrap_or_else(PoisonError::into_inner))
}

async fn a_look_is_at_what_is_due_of_the_kinds_asked_for_earliest_first(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = [
        waiting(1, Some(noon())),
        waiting(2, Some(noon() + MICROSECOND)),
        waiting(3, Some(noon() - MICROSECOND)),
        waiting(4, None),
        waiting(5, Some(noon() - DAY)).of_kind("provider"),
        waiting(6, Some(noon() - DAY)).of_kind("membe"),
        waiting(7, Some(noon() - DAY)),
    ];
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    for (kinds, limit, wanted) in [
        (&[][..], 100, &[][..]),
        (&["unheard-of"], 100, &[]),
        (&[KIND], 2, &[7, 3]),
        (&[KIND], 2, &[1]),
        (&[KIND], 2, &[]),
        (&["provider", "membe"], 100, &[5, 6]),
    ] {
        let seen = looked_at(&direct, kinds, limit).await?;
        let wanted: Vec<_> = wanted.iter().map(|n| id(*n)).collect();
        ensure!(seen == wanted, "of {kinds:?}, {limit} at most, are looked at {seen:?}, should be {wanted:?}");
    }
    direct.keeps(&rows[1], "looks at others").await?;
    direct.keeps(&rows[3], "looks at others").await
}

async fn a_look_writes_what_was_decided_and_nothing_else(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = waiting(1, Some(noon()));
    direct.put(&row, Dispatch::None).await?;
    direct.happens(&mut row, &change(by_id(id(1)), EventKind::Resent, renewal(Some(noon())))).await?;
    let events = direct.history(&row).await?;
    let decisions = [(Some(noon() + MICROSECOND), Some(86_400)), (Some(noon()), Some(u32::MAX / 4)), (None, None)];
    for (n, (remind_at, reminded)) in (1..).zip(decisions) {
        let letter = NewLetter { delivery: delivery(200 + n), purpose: Purpose::Reminder, not_before: noon() };
        let decide = |_: &Record| Ok(ReminderDecision { letter: Some(letter.clone()), remind_at, reminded });
        let now = noon() + TimeDelta::minutes(i64::from(n));
        let scan = ReminderScan { kinds: &[KIND], now, limit: 100, decide: &decide };
        let report = direct.db.remind(&(), &scan).await?;
        ensure!((report.queued, report.unreadable.len()) == (1, 0), "the answer is {report:?}");
        (row.record.remind_at, row.record.reminded) = (remind_at, reminded);
        direct.keeps(&row, "a look").await?;
    }
    ensure!(direct.history(&row).await? == events, "a look wrote an event");
    let leased = direct.lease(&Ask { now: noon() + TimeDelta::hours(1), ..Ask::default() }).await?;
    let seen: Vec<_> = leased.letters.iter().map(|letter| (letter.delivery, letter.purpose)).collect();
    let wanted = [201, 202, 203].map(|n| (delivery(n), Purpose::Reminder));
    ensure!(seen == wanted && leased.discarded == 0, "reminders of the row's generation are leased: {seen:?}");
    ensure!(direct.minted().len() == 3, "a reminder has a link, and {} tokens were drawn", direct.minted().len());

    direct.happens(&mut row, &cancelled(by_id(id(1)))).await?;
    let leased = direct.lease(&Ask { now: noon() + TimeDelta::hours(20), owner: 901, ..Ask::default() }).await?;
    let seen = (leased.letters.len(), leased.discarded);
    ensure!(seen == (0, 3), "of what has ended reminders are leased and thrown away: {seen:?}");
    Ok(())
}

async fn a_look_that_is_given_up_writes_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = [waiting(1, Some(noon() - DAY)), waiting(2, Some(noon()))];
    for row in &rows {
        direct.put(row, Dispatch::None).await?;
    }
    let letter = NewLetter { delivery: delivery(201), purpose: Purpose::Reminder, not_before: noon() };
    let decide = |record: &Record| {
        let decided = ReminderDecision { letter: Some(letter.clone()), remind_at: None, reminded: Some(1) };
        if record.id == id(1) { Ok(decided) } else { Err(StoreError::failed("on purpose")) }
    };
    let scan = ReminderScan { kinds: &[KIND], now: noon(), limit: 100, decide: &decide };
    ensure!(direct.db.remind(&(), &scan).await.is_err(), "a look that was given up is answered as done");
    for row in &rows {
        direct.keeps(row, "a look that was given up").await?;
    }
    let letters = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(letters == 0, "a look that was given up queued {letters} letters");
    Ok(())
}

fn renewal(remind_at: Option<DateTime<Utc>>) -> Change<'static> {
    Change::Renew { at: noon(), expires_at: None, links: RenewedLinks::Keep, delivery: next_delivery(), remind_at }
}

async fn every_change_says_what_becomes_of_a_reminder(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let grace = address("grace@example.com");
    let amended = |recipient, expires_at, remind_at| Change::Amend {
        recipient,
        payload: None,
        display: None,
        message: None,
        expires_at,
        remind_at,
    };
    let soon = noon() + TimeDelta::minutes(1);
    let changes = [
        (EventKind::Resent, renewal(Some(soon))),
        (EventKind::Resent, renewal(None)),
        (EventKind::Amended, amended(None, Some(noon() + DAY), Some(soon))),
        (EventKind::Amended, amended(None, Some(noon() + DAY), None)),
        (EventKind::Amended, amended(Some((&grace, None)), None, None)),
        (EventKind::LinkCreated, Change::Link),
        (EventKind::DeliveryFailed, Change::FailDelivery),
        (EventKind::Cancelled, cancelled(by_id(id(1))).change),
    ];
    for (n, (kind, asked)) in (1..).zip(changes) {
        let mut row = waiting(n, Some(noon() - DAY)).unlimited();
        direct.put(&row, Dispatch::None).await?;
        let decide =
            |_: &Record| Ok(ReminderDecision { letter: None, remind_at: Some(noon() + DAY), reminded: Some(7_200) });
        let scan = ReminderScan { kinds: &[KIND], now: noon(), limit: 100, decide: &decide };
        direct.db.remind(&(), &scan).await?;
        (row.record.remind_at, row.record.reminded) = (Some(noon() + DAY), Some(7_200));
        let guard = if matches!(asked, Change::FailDelivery) { by_letter(n) } else { by_id(id(n)) };
        direct.happens(&mut row, &change(guard, kind, asked)).await?;
        direct.keeps(&row, kind.as_str()).await?;
    }
    Ok(())
}
