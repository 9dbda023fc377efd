//! What the event log says of an invitation.

use chrono::TimeDelta;
use invite_core::{
    Actor, Event, EventKind, Scope, Status,
    store::{Change, Dispatch, NewEvent, RenewedLinks, Transition},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{
            KIND, NOTHING, OTHER_KIND, by_id, by_letter, by_system, by_token, change, delivery_failed, ended, id, noon,
            renewed, row, viewed,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    events_stand_in_the_order_they_were_written:
        "`history` is oldest first in the order of writing, which instants that are equal do not tell.",
    every_word_of_the_log_is_read_as_it_was_written:
        "Each kind of event is written by its word and read back as itself.",
    an_event_holds_whom_why_and_when_as_given:
        "Actor, reason and instant are the event's own: a person named like the system is a person.",
    an_event_carries_the_revision_its_change_made:
        "An event's revision is the row's after the change; a view's is the one that was looked at.",
    another_invitation_s_events_are_not_in_it:
        "`history` is of one invitation, however the events of several came in between.",
    a_history_is_looked_for_in_its_kind_and_scope:
        "Kind and scope of the invitation are compared; where they differ the history is empty, as for an unknown id.",
    an_event_is_in_the_transaction_of_its_change:
        "Event and change are written together: rolled back, neither is there; committed, both are.",
];

async fn events_stand_in_the_order_they_were_written(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    committed!(direct, tx => {
        direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?;
        for _ in 0..3 {
            direct.changes(&mut tx, &mut row, None, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
            direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?;
            direct.changes(&mut tx, &mut row, None, &change(by_id(id(1)), EventKind::Amended, NOTHING)).await?;
        }
    });
    let seen: Vec<_> = direct.history(&row).await?.iter().map(|event| (event.revision, event.kind.as_str())).collect();
    let wanted = [
        (1, "created"),
        (2, "link_created"),
        (2, "viewed"),
        (3, "resent"),
        (3, "viewed"),
        (4, "amended"),
        (5, "resent"),
        (5, "viewed"),
        (6, "amended"),
        (7, "resent"),
        (7, "viewed"),
        (8, "amended"),
    ];
    ensure!(seen == wanted, "events of one instant are {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn every_word_of_the_log_is_read_as_it_was_written(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    direct.put(&row, Dispatch::None).await?;
    for kind in EventKind::ALL {
        direct.happens(&mut row, &change(by_id(id(1)), kind, Change::Link)).await?;
    }
    let seen: Vec<_> = direct.history(&row).await?.iter().skip(1).map(|event| event.kind).collect();
    ensure!(seen == EventKind::ALL, "all kinds of events were written, read are {seen:?}");
    Ok(())
}

async fn an_event_holds_whom_why_and_when_as_given(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    direct.put(&row, Dispatch::None).await?;
    let long = "\u{1F642}".repeat(200);
    let told = [
        (Actor::new(7), None),
        (Actor::System, Some("'; DROP TABLE invite_events; --")),
        (Actor::Bearer, Some(" n\u{f6}, danke \\ \" % ")),
        (Actor::new("system"), Some("null")),
        (Actor::new("user:bearer"), None),
        (Actor::new(&long), Some(&*long)),
    ];
    let mut wanted = direct.history(&row).await?;
    for (n, (actor, reason)) in (1..).zip(&told) {
        let at = noon() + TimeDelta::microseconds(n * 1_000_001);
        let event = NewEvent { kind: EventKind::LinkCreated, actor, reason: *reason, at };
        let link = Transition { event, ..change(by_id(id(1)), EventKind::LinkCreated, Change::Link) };
        direct.happens(&mut row, &link).await?;
        let (actor, reason) = (actor.clone(), reason.map(Into::into));
        wanted.push(Event::from_stored(id(1), row.record.revision, EventKind::LinkCreated, actor, reason, at));
    }
    let seen = direct.history(&row).await?;
    ensure!(seen == wanted, "the history is {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn an_event_carries_the_revision_its_change_made(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let message = || Change::Amend {
        recipient: None,
        payload: None,
        display: None,
        message: Some(Some("hello")),
        expires_at: None,
        remind_at: None,
    };
    let changes = [
        (None, change(by_id(id(1)), EventKind::Amended, message())),
        (Some(&token), viewed(by_token(&token.digest))),
        (None, delivery_failed(by_letter(1))),
        (None, renewed(by_id(id(1)), RenewedLinks::Keep)),
        (Some(&token), ended(by_token(&token.digest), Status::Accepted, by_system(EventKind::Accepted))),
    ];
    for (token, transition) in changes {
        committed!(direct, tx => direct.changes(&mut tx, &mut row, token, &transition).await?);
        let seen = direct.history(&row).await?.last().map(|event| (event.kind, event.revision));
        let wanted = Some((transition.event.kind, row.record.revision));
        ensure!(seen == wanted, "the last event is {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn another_invitation_s_events_are_not_in_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, mut second) = (row(1), row(2));
    committed!(direct, tx => {
        direct.add(&mut tx, &first, Dispatch::None).await?;
        direct.add(&mut tx, &second, Dispatch::None).await?;
        for _ in 0..2 {
            direct.changes(&mut tx, &mut first, None, &change(by_id(id(1)), EventKind::LinkCreated, Change::Link)).await?;
            direct.changes(&mut tx, &mut second, None, &change(by_id(id(2)), EventKind::Amended, NOTHING)).await?;
        }
    });
    for (row, kind) in [(&first, EventKind::LinkCreated), (&second, EventKind::Amended)] {
        let events = direct.history(row).await?;
        let seen: Vec<_> = events.iter().map(|event| (event.revision, event.kind)).collect();
        let wanted = [(1, EventKind::Created), (2, kind), (3, kind)];
        ensure!(seen == wanted, "the history is {seen:?}, should be {wanted:?}");
        let owned = events.iter().all(|event| event.invitation == row.record.id);
        ensure!(owned, "an event says that it belongs to another invitation than the one asked for");
    }
    Ok(())
}

async fn a_history_is_looked_for_in_its_kind_and_scope(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1).within("org:mike"), Dispatch::None).await?;
    let mut conn = direct.db.connect().await?;
    for (kind, scope, n, wanted) in [
        (KIND, "org:mike", 1, 1),
        (KIND, "org:m\u{131}ke", 1, 0),
        (KIND, "org:mike ", 1, 0),
        (KIND, "org:Mike", 1, 0),
        (OTHER_KIND, "org:mike", 1, 0),
        (KIND, "org:mike", 2, 0),
    ] {
        let seen = direct.db.history(&mut conn, kind, &Scope::new(scope), id(n)).await?.len();
        ensure!(seen == wanted, "of row {n} as {kind} in scope {scope:?} there are {seen} events, should be {wanted}");
    }
    Ok(())
}

async fn an_event_is_in_the_transaction_of_its_change(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = row(1);
    direct.put(&row, Dispatch::None).await?;
    let link = change(by_id(id(1)), EventKind::LinkCreated, Change::Link);
    let within = undone!(direct, tx => {
        direct.changes(&mut tx, &mut row.clone(), None, &link).await?;
        direct.db.history(&mut tx, KIND, &row.record.scope, id(1)).await?.len()
    });
    ensure!(within == 2, "in the transaction of a second change there are {within} events");
    let after = direct.history(&row).await?.len();
    ensure!(after == 1, "after it was rolled back there are {after} events, should be 1");
    direct.keeps(&row, "the change was rolled back").await
}
