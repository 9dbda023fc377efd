//! What each change does to its row: as returned, as read again in the transaction, and as read elsewhere after it.

use chrono::TimeDelta;
use invite_core::{
    Actor, Channel, Delivery, DeliveryState, EventKind, Fault, Status,
    store::{Change, Dispatch, FoundToken, NewEvent, QueueChange, RenewedLinks, Settlement, Transition},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::{same_token, within},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{
            self, NOTHING, Row, by_id, by_letter, by_token, cancelled, change, delivery_failed, digest, ended, id,
            letter, noon, renewed, row, uuid, viewed,
        },
        settle::update_of,
    },
};

pub(super) const CASES: &[Case] = cases![
    an_end_says_how_when_by_whom_and_why:
        "`Change::End` writes status, instant, actor and reason as given, for every terminal status.",
    a_mailed_token_is_remembered_as_proof_and_nothing_else_is:
        "`address_proved` becomes whether the token the row was found by came by mail: not by link, and not by id.",
    an_end_frees_the_open_key:
        "`Change::End` sets the open key to null: the next insertion with it succeeds, in the same transaction \
         already.",
    every_other_change_keeps_the_open_key:
        "Renewal, link, view, failed delivery and an amendment without an address leave the open key taken.",
    a_renewal_makes_it_pending_again_with_everything_about_the_old_letter_gone:
        "`Change::Renew`: status pending, generation + 1, `resent_at`, no view, delivery queued with 0 attempts \
         and no error.",
    a_renewal_never_shortens_a_life:
        "`Change::Renew` sets `expires_at` to the later of the old and the new; `None` leaves it.",
    a_renewal_retires_earlier_links_or_keeps_them:
        "`Retire` sets `min_generation` to the new generation and `grace_until` as given, null too; `Keep` \
         leaves both.",
    a_link_changes_nothing_but_the_revision:
        "`Change::Link` adds 1 to the revision.",
    a_view_is_written_once_until_the_next_renewal:
        "`Change::View` holds where `viewed_at` is null, and adds nothing to the revision.",
    a_failed_delivery_changes_the_status_alone:
        "`Change::FailDelivery` sets the status; the delivery summary is the settlement's to write.",
    what_goes_out_is_of_the_generation_after_the_change:
        "A letter or token dispatched with a change has the generation the row has after it.",
    every_change_but_a_view_counts_one_revision:
        "The revision is counted by the statement itself, from the row's own: 1, 2, 3 through every kind of change.",
];

/// Makes a change, and looks at the row in the transaction and, after the commit, from elsewhere.
async fn makes(direct: &Direct, row: &mut Row, token: Option<&FoundToken>, transition: &Transition<'_>) -> Verdict {
    committed!(direct, tx => {
        direct.changes(&mut tx, row, token, transition).await?;
        direct.holds(&mut tx, row, "the change, in its transaction").await?;
    });
    direct.keeps(row, "the change and the commit").await
}

async fn an_end_says_how_when_by_whom_and_why(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let at = noon() + TimeDelta::microseconds(123_457);
    let ends = [
        (Status::Accepted, EventKind::Accepted, Actor::new(2), None),
        (Status::Rejected, EventKind::Rejected, Actor::Bearer, Some("'; -- n\u{f6}, danke \u{1F642} ")),
        (Status::Cancelled, EventKind::Cancelled, Actor::new("user:system"), Some("left the project")),
        (Status::Expired, EventKind::Expired, Actor::System, None),
    ];
    for (n, (status, kind, actor, reason)) in (1..).zip(ends) {
        let (mut row, token) = direct.invited(n).await?;
        let event = NewEvent { kind, actor: &actor, reason, at };
        let transition = ended(by_token(&token.digest), status, event);
        within(makes(&direct, &mut row, Some(&token), &transition).await, status.as_str())?;
        let seen = row.record.ended.as_ref().map(|ended| (ended.at, &ended.by, ended.reason.as_deref()));
        ensure!(seen == Some((at, &actor, reason)), "{status}: it ended as {seen:?}");
    }
    Ok(())
}

async fn a_mailed_token_is_remembered_as_proof_and_nothing_else_is(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, channel) in [(1, Some(Channel::Mail)), (2, Some(Channel::Link)), (3, None)] {
        let (mut row, mail) = direct.invited(n).await?;
        let link = direct.hand_out(&mut row, 10 + n, Channel::Link).await?;
        let token = match channel {
            Some(Channel::Mail) => Some(&mail),
            Some(Channel::Link) => Some(&link),
            None => None,
        };
        let guard = token.map_or(by_id(id(n.into())), |token| by_token(&token.digest));
        within(makes(&direct, &mut row, token, &cancelled(guard)).await, &format!("found by {channel:?}"))?;
        let proved = row.record.ended.is_some_and(|ended| ended.address_proved);
        ensure!(proved == (channel == Some(Channel::Mail)), "found by {channel:?}, `address_proved` is {proved}");
    }
    Ok(())
}

async fn an_end_frees_the_open_key(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let statuses = [Status::Accepted, Status::Rejected, Status::Cancelled, Status::Expired];
    for (n, status) in (1..).zip(statuses) {
        let mut old = row(n);
        let new = row(10 + n).to(old.record.recipient.as_given());
        direct.put(&old, Dispatch::None).await?;
        direct.bring(&mut old, status).await?;
        direct.put(&new, Dispatch::None).await?;
        direct.keeps(&old, "another took its open key").await?;
    }
    let (mut old, new) = (row(5), row(15).to("person5@example.com"));
    direct.put(&old, Dispatch::None).await?;
    committed!(direct, tx => {
        direct.changes(&mut tx, &mut old, None, &cancelled(by_id(id(5)))).await?;
        direct.add(&mut tx, &new, Dispatch::None).await?;
    });
    direct.keeps(&new, "an end and an insertion in one transaction").await
}

async fn every_other_change_keeps_the_open_key(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let (Some(key), rival) = (row.open_key(), rows::row(2).to("person1@example.com")) else {
        return Ok(());
    };
    let message = Change::Amend {
        recipient: None,
        payload: None,
        display: None,
        message: Some(Some("hello")),
        expires_at: None,
        remind_at: None,
    };
    let changes = [
        (Some(&token), viewed(by_token(&token.digest))),
        (None, change(by_id(id(1)), EventKind::LinkCreated, Change::Link)),
        (None, change(by_id(id(1)), EventKind::Amended, message)),
        (None, delivery_failed(by_letter(1))),
        (None, renewed(by_id(id(1)), RenewedLinks::Keep)),
    ];
    for (token, transition) in changes {
        let kind = transition.event.kind.as_str();
        committed!(direct, tx => direct.changes(&mut tx, &mut row, token, &transition).await?);
        undone!(direct, tx => {
            let holder = direct.holder(&mut tx, &key).await?;
            ensure!(holder == Some(id(1)), "after it was {kind} its open key is held by {holder:?}");
            let inserted = direct.insert(&mut tx, &rival, Dispatch::None).await?;
            ensure!(!inserted, "after it was {kind} another with the same open key was inserted");
        });
    }
    Ok(())
}

async fn a_renewal_makes_it_pending_again_with_everything_about_the_old_letter_gone(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let queued = letter(1);
    let mut row = row(1);
    direct.put(&row, Dispatch::Letter(&queued)).await?;
    let token = direct.hand_out(&mut row, 1, Channel::Mail).await?;
    committed!(direct, tx => direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?);
    direct.lease(&Default::default()).await?;
    let summary = Delivery::from_stored(DeliveryState::Failed, 3, Some("no such user".into()), Some(Fault::Recipient));
    let failed = delivery_failed(by_letter(1));
    let settlement = Settlement {
        delivery: queued.delivery,
        owner: uuid(900),
        attempt: 1,
        summary: update_of(1, &summary),
        queue: QueueChange::Remove,
        transition: Some(&failed),
    };
    ensure!(direct.db.settle_one(&settlement).await?, "the settlement of a leased letter was refused");
    row.record.delivery = summary.clone();
    failed.apply(&mut row.record, None);
    direct.keeps(&row, "a settlement that fails the delivery").await?;

    makes(&direct, &mut row, None, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    let record = &row.record;
    ensure!(
        (record.status, record.generation, record.resent_at, record.viewed_at, &record.delivery)
            == (Status::Pending, 2, Some(noon()), None, &Delivery::new(DeliveryState::Queued)),
        "`Transition::apply` itself left something of the old letter"
    );
    Ok(())
}

async fn a_renewal_never_shortens_a_life(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    direct.put(&row, Dispatch::None).await?;
    let end = row.record.expires_at;
    let (earlier, later) = (end - TimeDelta::microseconds(1), end + TimeDelta::microseconds(1));
    for (new, wanted) in [(None, end), (Some(earlier), end), (Some(end), end), (Some(later), later)] {
        let renew = Change::Renew {
            at: noon(),
            expires_at: new,
            links: RenewedLinks::Keep,
            delivery: rows::next_delivery(),
            remind_at: None,
        };
        within(
            makes(&direct, &mut row, None, &change(by_id(id(1)), EventKind::Resent, renew)).await,
            &format!("until {new:?}"),
        )?;
        ensure!(row.record.expires_at == wanted, "renewed until {new:?} it expires at {}", row.record.expires_at);
    }
    Ok(())
}

async fn a_renewal_retires_earlier_links_or_keeps_them(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    direct.put(&row, Dispatch::None).await?;
    let grace = Some(noon() + TimeDelta::hours(1));
    let retire = |grace_until| RenewedLinks::Retire { grace_until };
    for (links, min_generation, grace_until) in [
        (RenewedLinks::Keep, 1, None),
        (retire(grace), 3, grace),
        (RenewedLinks::Keep, 3, grace),
        (retire(None), 5, None),
        (retire(grace), 6, grace),
    ] {
        within(makes(&direct, &mut row, None, &renewed(by_id(id(1)), links)).await, &format!("{links:?}"))?;
        let seen = (row.record.min_generation, row.record.grace_until);
        ensure!(seen == (min_generation, grace_until), "{links:?}: lowest generation and grace are {seen:?}");
    }
    Ok(())
}

async fn a_link_changes_nothing_but_the_revision(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    committed!(direct, tx => direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?);
    let before = row.clone();
    makes(&direct, &mut row, None, &change(by_id(id(1)), EventKind::LinkCreated, Change::Link)).await?;
    row.record.revision -= 1;
    ensure!(row.record == before.record, "`Transition::apply` itself changed more than the revision");
    Ok(())
}

async fn a_view_is_written_once_until_the_next_renewal(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let at = |minutes| {
        change(by_token(&token.digest), EventKind::Viewed, Change::View { at: noon() + TimeDelta::minutes(minutes) })
    };
    makes(&direct, &mut row, Some(&token), &at(1)).await?;
    ensure!(row.record.revision == 2, "a view made revision {} of revision 2", row.record.revision);
    committed!(direct, tx => direct.refuses(&mut tx, &row, &at(2)).await?);
    direct.keeps(&row, "a second view").await?;
    let events = direct.history(&row).await?.len();
    ensure!(events == 3, "created, link, viewed and viewed again made {events} events, not 3");
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    makes(&direct, &mut row, Some(&token), &at(3)).await
}

async fn a_failed_delivery_changes_the_status_alone(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    committed!(direct, tx => direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?);
    let before = row.record.clone();
    makes(&direct, &mut row, None, &delivery_failed(by_letter(1))).await?;
    ensure!(row.record.status == Status::DeliveryFailed, "its status is {}", row.record.status);
    row.record.status = Status::Pending;
    row.record.revision -= 1;
    ensure!(row.record == before, "`Transition::apply` itself changed more than the status");
    Ok(())
}

async fn what_goes_out_is_of_the_generation_after_the_change(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, _) = direct.invited(1).await?;
    let handed_out = FoundToken { digest: digest(2), generation: 2, channel: Channel::Link };
    let queued = letter(1);
    let renew = || renewed(by_id(id(1)), RenewedLinks::Retire { grace_until: None });
    let with_token = Transition { dispatch: Dispatch::Token(&handed_out.digest, Channel::Link), ..renew() };
    direct.happens(&mut row, &with_token).await?;
    let found = direct.token(&handed_out.digest).await?.and_then(|found| found.token);
    same_token(found.as_ref(), Some(&handed_out), "sent out with the change to generation 2")?;
    direct.happens(&mut row, &Transition { dispatch: Dispatch::Letter(&queued), ..renew() }).await?;
    let leased = direct.lease(&Default::default()).await?;
    ensure!(
        (leased.letters.len(), leased.discarded) == (1, 0),
        "a letter queued with the change to generation 3 is not of that generation: {} to send, {} out of date",
        leased.letters.len(),
        leased.discarded
    );
    Ok(())
}

async fn every_change_but_a_view_counts_one_revision(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let changes = [
        (3, None, change(by_id(id(1)), EventKind::LinkCreated, Change::Link)),
        (3, Some(&token), viewed(by_token(&token.digest))),
        (4, None, change(by_id(id(1)), EventKind::Amended, NOTHING)),
        (5, None, delivery_failed(by_letter(1))),
        (6, None, renewed(by_id(id(1)), RenewedLinks::Keep)),
        (7, None, cancelled(by_id(id(1)))),
    ];
    for (revision, token, transition) in changes {
        makes(&direct, &mut row, token, &transition).await?;
        let (kind, seen) = (transition.event.kind.as_str(), row.record.revision);
        ensure!(seen == revision, "{kind} made revision {seen}, not {revision}");
    }
    let seen: Vec<_> = direct.history(&row).await?.iter().map(|event| event.revision).collect();
    ensure!(seen == [1, 2, 3, 3, 4, 5, 6, 7], "the events carry the revisions {seen:?}");
    Ok(())
}
