//! What is heard of a letter after its hand-over.

use chrono::TimeDelta;
use invite_core::{
    Actor, Amendment, Delivery, DeliveryReport, DeliveryState, EnhancedCode, Error, EventKind, Fault, InvitationId,
    Outcome, Policy, ReportKind, ReportProof, Reported, Status,
    store::{DeliveryId, DeliveryUpdate, Dispatch, Guard, Key, QueueChange, Read, RenewedLinks, Settlement},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::within,
    erased::Db,
    host::{
        deeds::reported,
        world::{World, ada, committed, undone},
    },
    store::{
        direct::{Ask, Direct},
        rows::{ANY_STATE, KIND, Row, by_id, by_letter, delivery, delivery_failed, id, letter, renewed, row, uuid},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_bounce_fails_a_pending_invitation_and_says_why:
        "`record_delivery` writes state and error; `Change::FailDelivery` by `Target::Delivery`, with its event.",
    the_report_of_highest_rank_stays_in_whatever_order_they_come:
        "`record_delivery` writes only over the states it is given, in the WHERE.",
    a_report_of_an_earlier_letter_changes_nothing:
        "`record_delivery` and `Target::Delivery` find a row by its `delivery_id` alone: a resend gives it another, an \
         amended address none.",
    a_late_bounce_leaves_what_has_ended:
        "`Target::Delivery` keeps the rest of the guard: a terminal status is never left. The summary is written.",
    a_report_is_of_one_kind:
        "`record_delivery` compares the kind.",
    a_report_happens_with_the_transaction_or_not_at_all:
        "`record_delivery` writes on the caller's connection.",
    what_was_reported_first_is_not_written_over_by_the_outcome:
        "A settlement's summary is written only over the states it names, and its transition only if the summary was.",
    a_summary_is_written_over_exactly_what_it_names:
        "`over` decides, for every state; attempts of `None` stay, an error of `None` becomes null.",
    a_failed_delivery_is_found_by_its_letter:
        "`Target::Delivery` is the row whose `delivery_id` it is, with kind and statuses as in every guard.",
    a_letter_is_found_by_the_name_that_the_provider_gave_it:
        "`provider_id` is kept until another is given, compared byte by byte, and of several letters the one with the greatest \
         id is found.",
    only_a_failure_that_may_be_the_recipient_s_fails_an_invitation:
        "`record_delivery` writes the fault; core leaves the status.",
    a_report_of_another_s_address_is_ignored:
        "`Key::Delivery` finds the row whose `delivery_id` it is, of its kind.",
];

async fn hear(world: &World, report: &DeliveryReport, wanted: Reported) -> Verdict {
    let seen = committed!(world, tx => world.members.report(&mut tx, report).await?);
    ensure!(seen == wanted, "{:?}: answered by {seen:?}, should be {wanted:?}", report.kind());
    Ok(())
}

fn bounced(delivery: DeliveryId) -> DeliveryReport {
    let report = DeliveryReport::new(delivery, ReportKind::Bounced)
        .proved_by(ReportProof::Webhook)
        .code(550)
        .text("no such user");
    EnhancedCode::new(5, 1, 1).map_or_else(|| report.clone(), |code| report.clone().enhanced(code))
}

async fn stands(world: &World, id: InvitationId, status: Status, state: DeliveryState) -> Verdict {
    let seen = world.get(id).await?;
    let seen = (seen.status, seen.delivery.state);
    ensure!(seen == (status, state), "it stands {seen:?}, should be {:?}", (status, state));
    Ok(())
}

async fn a_bounce_fails_a_pending_invitation_and_says_why(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    hear(&world, &bounced(letter.delivery()), Reported::Failed).await?;
    stands(&world, id, Status::DeliveryFailed, DeliveryState::Bounced).await?;
    let delivery = world.get(id).await?.delivery.clone();
    ensure!(
        (delivery.attempts, delivery.last_error.as_deref()) == (1, Some("550 5.1.1 no such user")),
        "what became of it says {delivery:?}"
    );
    world.happened(id, &[(1, "created"), (2, "delivery_failed")]).await?;
    let events = world.members.scope(7).history(&mut db.connect().await?, &world.admin, id).await?;
    let last = events.last().map(|event| (event.actor.clone(), event.reason.clone()));
    ensure!(last == Some((Actor::System, Some("550 5.1.1 no such user".into()))), "the event says {last:?}");

    hear(&world, &bounced(letter.delivery()), Reported::Ignored).await?;
    world.happened(id, &[(1, "created"), (2, "delivery_failed")]).await?;
    // Its link lives, and a resend makes it pending.
    undone!(world, tx => world.members.accept(&mut tx, letter.token(), &ada()).await?);
    world.resend_and_mail(id).await?;
    stands(&world, id, Status::Pending, DeliveryState::Sent).await
}

async fn the_report_of_highest_rank_stays_in_whatever_order_they_come(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for (one, first) in ReportKind::ALL.into_iter().enumerate() {
        for (other, second) in ReportKind::ALL.into_iter().enumerate() {
            let (id, letter) = world.invite_and_mail(&format!("p{one}{other}@example.com")).await?;
            for kind in [first, second] {
                let report = DeliveryReport::new(letter.delivery(), kind).proved_by(ReportProof::Webhook);
                committed!(world, tx => world.members.report(&mut tx, &report).await?);
            }
            let state = reported(ReportKind::ALL[one.max(other)]);
            let failed = matches!(state, DeliveryState::Suppressed | DeliveryState::Bounced);
            let status = if failed { Status::DeliveryFailed } else { Status::Pending };
            within(stands(&world, id, status, state).await, &format!("{first:?}, then {second:?}"))?;
            let events = world.history(id).await?.len();
            ensure!(events == 1 + usize::from(failed), "{first:?}, then {second:?} left {events} events");
        }
    }
    Ok(())
}

async fn a_report_of_an_earlier_letter_changes_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let second = world.resend_and_mail(id).await?;
    hear(&world, &bounced(first.delivery()), Reported::Ignored).await?;
    stands(&world, id, Status::Pending, DeliveryState::Sent).await?;
    let amendment = Amendment::new().email("grace@example.com");
    committed!(world, tx => world.members.scope(7).amend(&mut tx, &world.admin, id, &amendment).await?);
    hear(&world, &bounced(second.delivery()), Reported::Ignored).await?;
    stands(&world, id, Status::Pending, DeliveryState::NotMailed).await?;
    hear(&world, &bounced(delivery(9)), Reported::Ignored).await
}

async fn a_late_bounce_leaves_what_has_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    hear(&world, &bounced(letter.delivery()), Reported::Recorded).await?;
    stands(&world, id, Status::Accepted, DeliveryState::Bounced).await?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

async fn a_report_is_of_one_kind(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let report = bounced(letter.delivery());
    let answer = committed!(world, tx => world.providers().report(&mut tx, &report).await?);
    ensure!(answer == Reported::Ignored, "another kind's report is answered by {answer:?}");
    stands(&world, id, Status::Pending, DeliveryState::Sent).await
}

async fn a_report_happens_with_the_transaction_or_not_at_all(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let report = bounced(letter.delivery());
    undone!(world, tx => world.members.report(&mut tx, &report).await?);
    stands(&world, id, Status::Pending, DeliveryState::Sent).await?;
    let refused = world.members.report(&mut db.connect().await?, &report).await;
    ensure!(matches!(refused, Err(Error::NotInTransaction)), "outside a transaction the answer is {refused:?}");
    stands(&world, id, Status::Pending, DeliveryState::Sent).await
}

/// The first row, whose letter worker 900 has in hand.
async fn leased(direct: &Direct) -> Result<Row, Stop> {
    let row = row(1);
    direct.put(&row, Dispatch::Letter(&letter(1))).await?;
    direct.lease(&Ask::default()).await?;
    Ok(row)
}

fn summary(state: DeliveryState, over: &'static [DeliveryState]) -> DeliveryUpdate<'static> {
    DeliveryUpdate {
        delivery: delivery(1),
        kind: KIND,
        state,
        attempts: None,
        error: None,
        fault: None,
        provider_id: None,
        over,
    }
}

async fn what_was_reported_first_is_not_written_over_by_the_outcome(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = leased(&direct).await?;
    let reported = summary(DeliveryState::Delivered, &[DeliveryState::Queued]);
    let written = committed!(direct, tx => direct.db.record_one(&mut tx, &reported).await?);
    ensure!(written, "a report over what stands there was not written");
    row.record.delivery.state = DeliveryState::Delivered;
    let failed = delivery_failed(by_letter(1));
    let settlement = Settlement {
        delivery: delivery(1),
        owner: uuid(900),
        attempt: 1,
        summary: DeliveryUpdate { attempts: Some(1), ..summary(DeliveryState::Failed, &[DeliveryState::Queued]) },
        queue: QueueChange::Remove,
        transition: Some(&failed),
    };
    let settled = direct.db.settle_one(&settlement).await?;
    ensure!(settled, "the settlement was refused");
    direct.keeps(&row, "a settlement after a report").await?;
    let events = direct.history(&row).await?.len();
    ensure!(events == 1, "a change without a summary wrote {} events", events.saturating_sub(1));
    Ok(())
}

async fn a_summary_is_written_over_exactly_what_it_names(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, state) in (1..).zip(ANY_STATE) {
        let mut row = row(n);
        direct.put(&row, Dispatch::None).await?;
        if *state != DeliveryState::Queued {
            let standing = DeliveryUpdate { delivery: delivery(n), ..summary(*state, &[DeliveryState::Queued]) };
            committed!(direct, tx => direct.db.record_one(&mut tx, &standing).await?);
            row.record.delivery.state = *state;
        }
        let others: Vec<_> = ANY_STATE.iter().copied().filter(|other| other != state).collect();
        let bounced = |over| DeliveryUpdate {
            delivery: delivery(n),
            kind: KIND,
            state: DeliveryState::Bounced,
            attempts: None,
            error: Some("n\u{f6} such user"),
            fault: Some(Fault::Content),
            provider_id: None,
            over,
        };
        let itself = [*state];
        for (over, wanted) in [(&others[..], false), (&[], false), (&itself[..], true)] {
            let written = committed!(direct, tx => direct.db.record_one(&mut tx, &bounced(over)).await?);
            ensure!(written == wanted, "over {over:?}, where {state:?} stands, the answer is {written}");
            if wanted {
                row.record.delivery.state = DeliveryState::Bounced;
                row.record.delivery.last_error = Some("n\u{f6} such user".into());
                row.record.delivery.fault = Some(Fault::Content);
            }
            within(direct.keeps(&row, "a summary").await, &format!("{state:?} over {over:?}"))?;
        }
        let whole = DeliveryUpdate { attempts: Some(7), error: None, fault: None, ..bounced(ANY_STATE) };
        committed!(direct, tx => direct.db.record_one(&mut tx, &whole).await?);
        row.record.delivery = Delivery::from_stored(DeliveryState::Bounced, 7, None, None);
        direct.keeps(&row, "a summary with attempts and without an error").await?;
    }
    Ok(())
}

async fn a_failed_delivery_is_found_by_its_letter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, other) = (row(1), row(2));
    for row in [&row, &other] {
        direct.put(row, Dispatch::None).await?;
    }
    let by = by_letter;
    for guard in [by(3), Guard { kind: "provider", ..by(1) }, Guard { statuses: [Status::Accepted; 2], ..by(1) }] {
        committed!(direct, tx => direct.refuses(&mut tx, &row, &delivery_failed(guard)).await?);
    }
    direct.happens(&mut row, &delivery_failed(by(1))).await?;
    direct.keeps(&row, "a failure by its letter").await?;
    direct.keeps(&other, "the failure of another letter").await?;
    let last = direct.history(&row).await?.last().map(|event| (event.revision, event.kind));
    ensure!(last == Some((2, EventKind::DeliveryFailed)), "the last event is {last:?}");
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    committed!(direct, tx => direct.refuses(&mut tx, &row, &delivery_failed(by(1))).await?);
    direct.keeps(&row, "a failure by an earlier letter").await?;
    let soon = Guard { now: row.record.expires_at + TimeDelta::days(1), ..by(2) };
    let mut other = other;
    direct.happens(&mut other, &delivery_failed(soon)).await
}

/// The invitation found by a provider's name for its letter, read in a transaction that is rolled back.
async fn named(direct: &Direct, kind: &str, name: &str) -> Result<Option<InvitationId>, Stop> {
    let key = Key::Provider { kind, id: name };
    let found = undone!(direct, tx => direct.db.find_one(&mut tx, &key, Read::Plain).await?);
    Ok(found.map(|found| found.record.id))
}

async fn a_letter_is_found_by_the_name_that_the_provider_gave_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let name = "0102018f0a1b2c3d-4e5f6a7b-8c9d-4e0f-a1b2-c3d4e5f6a7b8-000000";
    let update =
        |n, state, provider_id| DeliveryUpdate { delivery: delivery(n), provider_id, ..summary(state, ANY_STATE) };
    for n in [1, 2, 3] {
        direct.put(&row(n), Dispatch::None).await?;
        committed!(direct, tx => direct.db.record_one(&mut tx, &update(n, DeliveryState::Sent, None)).await?);
    }
    for (n, provider_id) in [(2, Some("Other")), (1, Some(name)), (1, None)] {
        let update = update(n, DeliveryState::Delivered, provider_id);
        committed!(direct, tx => direct.db.record_one(&mut tx, &update).await?);
    }
    for (kind, asked, wanted) in [
        (KIND, name, Some(id(1))),
        (KIND, "Other", Some(id(2))),
        (KIND, "other", None),
        (KIND, "Other ", None),
        (KIND, "", None),
        ("provider", name, None),
    ] {
        let seen = named(&direct, kind, asked).await?;
        ensure!(seen == wanted, "of kind {kind}, the letter named {asked:?} is of {seen:?}, should be {wanted:?}");
    }
    let again = update(3, DeliveryState::Sent, Some(name));
    committed!(direct, tx => direct.db.record_one(&mut tx, &again).await?);
    let seen = named(&direct, KIND, name).await?;
    ensure!(seen == Some(id(3)), "of two letters of one name that of {seen:?} is found, should be the later one");
    let moved = update(1, DeliveryState::Sent, Some("Moved"));
    committed!(direct, tx => direct.db.record_one(&mut tx, &moved).await?);
    let seen = named(&direct, KIND, "Moved").await?;
    ensure!(seen == Some(id(1)), "the letter that was given another name is of {seen:?}");
    Ok(())
}

async fn only_a_failure_that_may_be_the_recipient_s_fails_an_invitation(db: Db) -> Verdict {
    for (code, fault, status) in [
        ("5.1.1", Some(Fault::Recipient), Status::DeliveryFailed),
        ("5.7.26", Some(Fault::Sender), Status::Pending),
        ("5.6.0", Some(Fault::Content), Status::Pending),
        ("5.3.5", Some(Fault::Provider), Status::Pending),
        ("5.7.1", None, Status::DeliveryFailed),
    ] {
        let world = World::new(&db, Policy::default());
        world.mailer.answer(Outcome::accepted_as(&format!("q-{code}")));
        let (id, letter) = world.invite_and_mail("ada@example.com").await?;
        let report = DeliveryReport::by_provider_id(&format!("q-{code}"), ReportKind::Bounced)
            .proved_by(ReportProof::Webhook)
            .code(550)
            .text("refused");
        let report = EnhancedCode::parse(code).map_or_else(|| report.clone(), |code| report.clone().enhanced(code));
        let answer = if status == Status::Pending { Reported::Recorded } else { Reported::Failed };
        hear(&world, &report, answer).await?;
        within(stands(&world, id, status, DeliveryState::Bounced).await, code)?;
        let seen = world.get(id).await?.delivery.fault;
        ensure!(seen == fault, "{code}: the fault is {seen:?}, should be {fault:?}");
        ensure!(letter.attempt() == 1, "it was sent more than once");
        world.cancel(id).await?;
    }
    Ok(())
}

async fn a_report_of_another_s_address_is_ignored(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    for forged in ["grace@example.com", "ada@example.org"] {
        hear(&world, &bounced(letter.delivery()).recipient(forged), Reported::Ignored).await?;
    }
    // Without a proof, a report that names nobody, or nobody who could be invited, may be anybody's.
    let unproved = DeliveryReport::new(letter.delivery(), ReportKind::Bounced).code(550).text("call 0800 5550100");
    hear(&world, &unproved, Reported::Ignored).await?;
    for forged in ["nobody@-", "x@!", "x@[1.2.3.4]", "", "grace@example.com"] {
        hear(&world, &unproved.clone().recipient(forged), Reported::Ignored).await?;
    }
    for kind in ReportKind::ALL {
        hear(&world, &DeliveryReport::new(letter.delivery(), kind), Reported::Ignored).await?;
    }
    stands(&world, id, Status::Pending, DeliveryState::Sent).await?;
    let report = unproved.recipient("grace@example.com").recipient("Ada@EXAMPLE.com");
    hear(&world, &report, Reported::Failed).await?;
    stands(&world, id, Status::DeliveryFailed, DeliveryState::Bounced).await?;
    let error = world.get(id).await?.delivery.last_error.clone();
    ensure!(error.as_deref() == Some("550"), "of a report that anybody may have written {error:?} is shown");
    Ok(())
}
