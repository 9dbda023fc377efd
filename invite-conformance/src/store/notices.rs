//! Letters to the inviter.

use chrono::TimeDelta;
use invite_core::{
    Actor, DeliveryReport, DeliveryState, EventKind, Letter, NewInvitation, Policy, ReportKind, ReportProof, Reported,
    Status, Token,
    store::{Dispatch, NewEvent, NewLetter, Purpose, Sweep},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::{
        deeds::copy_of,
        world::{Membership, World, ada, committed, new, refused_mail, undone},
    },
    store::{
        direct::{Ask, Direct},
        rows::{KIND, address, by_id, delivery, ended, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    the_inviter_hears_how_it_ended_where_the_policy_says_so:
        "A letter dispatched with `Change::End` is queued in the same transaction; the sweep queues one for each row \
         of a kind in `notify`.",
    the_inviter_hears_that_it_could_not_be_delivered_until_it_is_resent:
        "A letter dispatched with `Change::FailDelivery` is queued, by a settlement and by a report; `lease` removes it when \
         the invitation is of another generation.",
    the_inviter_hears_nothing_where_the_policy_does_not_say_so:
        "The sweep queues nothing for a kind that is not in `notify`.",
    nothing_is_queued_for_an_inviter_without_an_address:
        "A letter without an addressee is not queued: by a change, and by the sweep.",
    a_notice_goes_out_with_the_commit_or_not_at_all:
        "The letter of an end is written on the caller's connection.",
    a_notice_that_is_refused_leaves_the_invitation_alone:
        "No row has the notice as its `delivery_id`: neither summary nor change is written.",
    a_notice_has_no_token_and_is_of_the_state_it_tells_of:
        "`lease` asks `is_current` with the letter's purpose, and stores no digest where the purpose has no link.",
    the_sweep_names_a_notice_by_its_invitation:
        "The delivery of a sweep's letter is the invitation's own id, due at once, of the row's generation.",
    a_notice_that_is_queued_already_stops_no_sweep:
        "A row whose notice is in the queue already, as after it was opened again by hand, expires like any other.",
];

fn telling() -> Policy {
    Policy::default().notify_accepted(true).notify_rejected(true).notify_expired(true).notify_delivery_failed(true)
}

fn by_charles(email: &str) -> NewInvitation<Membership> {
    new(email).inviter_address("Charles@example.com")
}

/// Invites for Charles, mails it, and gives the token.
async fn invited(world: &World, email: &str) -> Result<Token, Stop> {
    committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, by_charles(email)).await?);
    Ok(copy_of(world.one_letter().await?.token()))
}

/// The one letter there is, to Charles.
async fn told(world: &World, purpose: Purpose) -> Verdict {
    let letters = world.mailed().await?;
    ensure!(letters.len() == 1, "one letter to the inviter is due, {} came", letters.len());
    let letter: &Letter = &letters[0];
    ensure!(
        letter.purpose() == purpose
            && letter.addressee().as_given() == "Charles@example.com"
            && Letter::token(letter).is_none(),
        "the letter is {:?} and goes to {}",
        letter.purpose(),
        letter.addressee().as_given()
    );
    ensure!(world.mailed().await?.is_empty(), "the inviter hears it twice");
    Ok(())
}

async fn the_inviter_hears_how_it_ended_where_the_policy_says_so(db: Db) -> Verdict {
    let world = World::new(&db, telling());
    let token = invited(&world, "ada@example.com").await?;
    world.accept(&token, ada()).await?;
    told(&world, Purpose::Accepted).await?;
    let token = invited(&world, "grace@example.com").await?;
    world.reject(&token, &Actor::Bearer).await?;
    told(&world, Purpose::Rejected).await?;
    invited(&world, "joan@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    told(&world, Purpose::Expired).await?;
    // Expired by a creation that finds it in its way.
    invited(&world, "hedy@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, new("hedy@example.com")).await?);
    let mut purposes: Vec<_> = world.mailed().await?.iter().map(|letter| letter.purpose().as_str()).collect();
    purposes.sort_unstable();
    ensure!(purposes == ["expired", "invitation"], "after a creation over an expired one came {purposes:?}");
    Ok(())
}

async fn the_inviter_hears_that_it_could_not_be_delivered_until_it_is_resent(db: Db) -> Verdict {
    let world = World::new(&db, telling());
    world.mailer.answer(refused_mail(true));
    committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, by_charles("ada@example.com")).await?);
    world.worker.tick().await?;
    let _refused = world.mailer.take();
    told(&world, Purpose::DeliveryFailed).await?;

    committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, by_charles("grace@example.com")).await?);
    let letter = world.one_letter().await?;
    let report = DeliveryReport::new(letter.delivery(), ReportKind::Bounced)
        .proved_by(ReportProof::Webhook)
        .code(550)
        .text("no such user");
    for wanted in [Reported::Failed, Reported::Ignored] {
        let seen = committed!(world, tx => world.members.report(&mut tx, &report).await?);
        ensure!(seen == wanted, "the bounce is answered by {seen:?}, should be {wanted:?}");
    }
    world.clock.advance(TimeDelta::minutes(2));
    world.resend(letter.invitation().id).await?;
    let purposes: Vec<_> = world.mailed().await?.iter().map(|letter| letter.purpose()).collect();
    ensure!(purposes == [Purpose::Invitation], "after a resend the inviter is told of the letter before: {purposes:?}");
    Ok(())
}

async fn the_inviter_hears_nothing_where_the_policy_does_not_say_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let token = invited(&world, "ada@example.com").await?;
    world.accept(&token, ada()).await?;
    let token = invited(&world, "grace@example.com").await?;
    world.reject(&token, &Actor::Bearer).await?;
    invited(&world, "joan@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    world.clock.advance(TimeDelta::days(8));
    let letters = world.mailed().await?;
    ensure!(letters.is_empty(), "the inviter hears: {letters:?}");
    world.mailer.answer(refused_mail(true));
    committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, by_charles("hedy@example.com")).await?);
    world.worker.tick().await?;
    let _refused = world.mailer.take();
    let letters = world.mailed().await?;
    ensure!(letters.is_empty(), "the inviter hears of a failed delivery: {letters:?}");
    Ok(())
}

async fn nothing_is_queued_for_an_inviter_without_an_address(db: Db) -> Verdict {
    let world = World::new(&db, telling());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    world.invite_and_mail("grace@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    for _ in 0..2 {
        let tick = world.worker.tick().await?;
        ensure!((tick.discarded, tick.sent) == (0, 0), "a letter to nobody was queued: {tick:?}");
    }
    Ok(())
}

async fn a_notice_goes_out_with_the_commit_or_not_at_all(db: Db) -> Verdict {
    let world = World::new(&db, telling());
    let token = invited(&world, "ada@example.com").await?;
    undone!(world, tx => world.members.accept(&mut tx, &token, &ada()).await?);
    let letters = world.mailed().await?;
    ensure!(letters.is_empty(), "the inviter hears of what was rolled back: {letters:?}");
    world.accept(&token, ada()).await?;
    told(&world, Purpose::Accepted).await
}

async fn a_notice_that_is_refused_leaves_the_invitation_alone(db: Db) -> Verdict {
    let world = World::new(&db, telling());
    let invitation = committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, by_charles("ada@example.com")).await?);
    let letter = world.one_letter().await?;
    world.accept(letter.token(), ada()).await?;
    let before = world.get(invitation.id).await?;
    world.mailer.answer(refused_mail(true));
    world.worker.tick().await?;
    let after = world.get(invitation.id).await?;
    ensure!(
        (after.status, &after.delivery, after.revision) == (Status::Accepted, &before.delivery, before.revision)
            && after.delivery.state == DeliveryState::Sent,
        "after a refused notice it is {} and its letter {:?}",
        after.status,
        after.delivery
    );
    let tick = world.worker.tick().await?;
    ensure!(!tick.found_work(), "a refused notice is tried again: {tick:?}");
    Ok(())
}

async fn a_notice_has_no_token_and_is_of_the_state_it_tells_of(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let statuses = [Status::Accepted, Status::Rejected, Status::Expired, Status::Cancelled];
    for (n, status) in (1..).zip(statuses) {
        let mut row = row(n);
        row.record.inviter_address = Some(address("charles@example.com"));
        direct.put(&row, Dispatch::None).await?;
        let kind = match status {
            Status::Accepted => EventKind::Accepted,
            Status::Rejected => EventKind::Rejected,
            Status::Expired => EventKind::Expired,
            Status::Pending | Status::Cancelled | Status::DeliveryFailed => EventKind::Cancelled,
        };
        let letter = NewLetter { delivery: delivery(100 + n), purpose: Purpose::Accepted, not_before: noon() };
        let event = NewEvent { kind, actor: &Actor::System, reason: None, at: noon() };
        let mut end = ended(by_id(id(n)), status, event);
        end.dispatch = Dispatch::Letter(&letter);
        direct.happens(&mut row, &end).await?;
    }
    let leased = direct.lease(&Ask::default()).await?;
    let seen: Vec<_> = leased.letters.iter().map(|letter| (letter.delivery, letter.purpose)).collect();
    ensure!(
        seen == [(delivery(101), Purpose::Accepted)] && leased.discarded == 3,
        "of four letters that tell of an acceptance one is true; leased are {seen:?}, {} thrown away",
        leased.discarded
    );
    let minted = direct.minted().len();
    ensure!(minted == 0, "{minted} tokens were drawn for letters without a link");
    Ok(())
}

async fn the_sweep_names_a_notice_by_its_invitation(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, kind, with_address) in [(1, KIND, true), (2, KIND, false), (3, "provider", true)] {
        let mut row = row(n).of_kind(kind).expiring(noon());
        row.record.inviter_address = with_address.then(|| address("Charles@B\u{fc}cher.example"));
        direct.put(&row, Dispatch::None).await?;
        direct.keeps(&row, "the insertion").await?;
    }
    let kinds = [KIND, "provider"];
    let sweep = Sweep { kinds: &kinds, notify: &[KIND], now: noon(), limit: 100 };
    let swept = direct.db.sweep(&(), &sweep).await?;
    ensure!(swept == 3, "three were due, {swept} were swept");
    let leased = direct.lease(&Ask { kinds: &kinds, ..Ask::default() }).await?;
    let seen: Vec<_> =
        leased.letters.iter().map(|letter| (*letter.delivery.as_uuid(), letter.purpose, letter.record.id)).collect();
    ensure!(
        seen == [(*id(1).as_uuid(), Purpose::Expired, id(1))] && leased.discarded == 0,
        "the sweep's letters are {seen:?}"
    );
    let swept = direct.db.sweep(&(), &sweep).await?;
    ensure!(swept == 0, "{swept} were swept twice");
    Ok(())
}

async fn a_notice_that_is_queued_already_stops_no_sweep(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(1), row(2)];
    let notice = NewLetter { delivery: delivery(1), purpose: Purpose::Expired, not_before: noon() };
    for (row, dispatch) in rows.iter_mut().zip([Dispatch::Letter(&notice), Dispatch::None]) {
        row.record.inviter_address = Some(address("charles@example.com"));
        direct.put(row, dispatch).await?;
    }
    let now = rows[0].record.expires_at;
    let sweep = Sweep { kinds: &[KIND], notify: &[KIND], now, limit: 100 };
    let swept = direct.db.sweep(&(), &sweep).await?;
    ensure!(swept == 2, "one of two has its notice already, and {swept} were swept");
    let leased = direct.lease(&Ask { now, ..Ask::default() }).await?.letters.len();
    ensure!(leased == 2, "there should be a notice of each, and there are {leased}");
    Ok(())
}
