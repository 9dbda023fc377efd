//! What an amendment changes, what it leaves, and whose open key it may take.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Channel, Delivery, DeliveryState, EmailAddress, EventKind, Record, Scope, Status,
    store::{Change, Dispatch, Guard, OpenKey, RenewedLinks, Target, TimeGuard, Transition},
};
use serde_json::{Value, json};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::within,
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{
            self, NOTHING, OTHER_KIND, Row, address, by_id, by_token, cancelled, change, digest, id, letter, noon,
            renewed, viewed,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    what_an_amendment_does_not_name_stays:
        "`Change::Amend` with nothing but `None` adds 1 to the revision and leaves every column.",
    a_message_is_set_and_taken_away_and_left:
        "`message` has three values: `None` leaves it, `Some(None)` makes it null, `Some(Some(..))` sets it.",
    a_payload_is_replaced_as_a_whole:
        "`payload: Some(..)` replaces the JSON, also by JSON's `null`, which is a payload; `None` leaves it.",
    a_life_can_be_shortened_and_prolonged:
        "`expires_at: Some(..)` is written as it is, earlier or later; only a renewal never shortens.",
    everything_can_be_amended_at_once:
        "Each part of an amendment is written, and the row counts one revision.",
    a_new_address_retires_every_link_and_awaits_a_resend:
        "A new recipient: generation + 1, `min_generation` the same, no grace, no view, delivery `not_mailed`, \
         0, null.",
    a_new_address_moves_the_open_key:
        "A new recipient's open key replaces the old: the old one is free, the new one taken.",
    a_new_address_without_an_open_key_holds_none:
        "A new recipient whose open key is `None` leaves the row without one.",
    an_address_whose_open_key_is_taken_is_refused_and_nothing_is_written:
        "An amended open key that another row holds is the answer `None`: no column, event, letter or token is \
         written.",
    a_transaction_goes_on_after_a_taken_open_key:
        "A taken open key is a value, not an error that aborts the caller's transaction.",
    the_key_of_an_address_it_already_has_is_not_taken:
        "A row may be amended to its own address: only another row's open key is in the way.",
    an_amendment_is_guarded_like_everything_else:
        "An amendment to a free address does nothing either where the guard does not hold.",
];

/// An amendment of the first row.
fn amended(change: Change<'_>) -> Transition<'_> {
    rows::change(by_id(id(1)), EventKind::Amended, change)
}

/// To this address, and nothing else.
fn to<'a>(recipient: &'a EmailAddress, open_key: Option<OpenKey>) -> Change<'a> {
    Change::Amend {
        recipient: Some((recipient, open_key)),
        payload: None,
        display: None,
        message: None,
        expires_at: None,
        remind_at: None,
    }
}

/// Amends, and looks at the row in the transaction and, after the commit, from elsewhere.
async fn amends(direct: &Direct, row: &mut Row, change: Change<'_>, when: &str) -> Verdict {
    let amended = amended(change);
    let verdict = committed!(direct, tx => match direct.changes(&mut tx, row, None, &amended).await {
        Ok(()) => direct.holds(&mut tx, row, "the amendment, in its transaction").await,
        Err(stop) => Err(stop),
    });
    within(verdict, when)?;
    within(direct.keeps(row, "the amendment and the commit").await, when)
}

/// A row with something in every column that an amendment may touch.
async fn full(direct: &Direct) -> Result<Row, Stop> {
    let mut row = rows::row(1);
    row.record.message = Some("welcome".into());
    row.record.payload = json!({ "role": "admin", "seats": 3 });
    direct.put(&row, Dispatch::None).await?;
    let links = RenewedLinks::Retire { grace_until: Some(noon() + TimeDelta::hours(1)) };
    direct.happens(&mut row, &renewed(by_id(id(1)), links)).await?;
    let token = direct.hand_out(&mut row, 1, Channel::Mail).await?;
    committed!(direct, tx => direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?);
    Ok(row)
}

async fn what_an_amendment_does_not_name_stays(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let before = row.record.clone();
    amends(&direct, &mut row, NOTHING, "naming nothing").await?;
    row.record.revision -= 1;
    ensure!(row.record == before, "`Transition::apply` itself changed more than the revision");
    Ok(())
}

async fn a_message_is_set_and_taken_away_and_left(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    for (message, wanted) in [
        (None, Some("welcome")),
        (Some(Some("n\u{f6}; \u{1F642}\n\tsecond line ")), Some("n\u{f6}; \u{1F642}\n\tsecond line ")),
        (Some(None), None),
        (None, None),
        (Some(Some("again")), Some("again")),
    ] {
        let change =
            Change::Amend { recipient: None, payload: None, display: None, message, expires_at: None, remind_at: None };
        amends(&direct, &mut row, change, &format!("message {message:?}")).await?;
        let seen = row.record.message.as_deref();
        ensure!(seen == wanted, "amended with {message:?} the message is {seen:?}");
    }
    Ok(())
}

async fn a_payload_is_replaced_as_a_whole(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    for payload in [json!({ "role": "member" }), json!({}), Value::Null, json!(["a", null]), json!("null"), json!(0)] {
        let change = Change::Amend {
            recipient: None,
            payload: Some(rows::new_payload(&payload)),
            display: None,
            message: None,
            expires_at: None,
            remind_at: None,
        };
        amends(&direct, &mut row, change, &format!("payload {payload}")).await?;
        ensure!(row.record.payload == payload, "amended with {payload} the payload is {}", row.record.payload);
        amends(&direct, &mut row, NOTHING, &format!("nothing, after payload {payload}")).await?;
    }
    Ok(())
}

async fn a_life_can_be_shortened_and_prolonged(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    for (days, micros) in [(3, 1), (2, 999_999), (0, 1), (30, 0)] {
        let end = noon() + TimeDelta::days(days) + TimeDelta::microseconds(micros);
        let change = Change::Amend {
            recipient: None,
            payload: None,
            display: None,
            message: None,
            expires_at: Some(end),
            remind_at: None,
        };
        amends(&direct, &mut row, change, &format!("until {end}")).await?;
        ensure!(row.record.expires_at == end, "amended until {end} it expires at {}", row.record.expires_at);
    }
    Ok(())
}

async fn everything_can_be_amended_at_once(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let (recipient, payload) = (address("Grace@B\u{fc}cher.example"), json!({ "role": "guest" }));
    let end: DateTime<Utc> = noon() + TimeDelta::days(9);
    let change = Change::Amend {
        recipient: Some((&recipient, key_of(&recipient))),
        payload: Some(rows::new_payload(&payload)),
        display: None,
        message: Some(None),
        expires_at: Some(end),
        remind_at: None,
    };
    let revision = row.record.revision + 1;
    amends(&direct, &mut row, change, "everything").await?;
    let record = &row.record;
    ensure!(
        (record.recipient.as_given(), record.recipient.canonical(), &record.payload, &record.message)
            == ("Grace@B\u{fc}cher.example", "grace@xn--bcher-kva.example", &payload, &None)
            && (record.expires_at, record.revision) == (end, revision),
        "`Transition::apply` itself did not write everything"
    );
    Ok(())
}

/// What is held for this address, of the kind and scope of every case here.
fn key_of(recipient: &EmailAddress) -> Option<OpenKey> {
    Row { record: Record { recipient: recipient.clone(), ..rows::row(1).record }, ..rows::row(1) }.open_key()
}

async fn a_new_address_retires_every_link_and_awaits_a_resend(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let recipient = address("grace@example.com");
    amends(&direct, &mut row, to(&recipient, key_of(&recipient)), "to another address").await?;
    let record = &row.record;
    ensure!(
        (record.generation, record.min_generation, record.grace_until, record.viewed_at, &record.delivery)
            == (3, 3, None, None, &Delivery::new(DeliveryState::NotMailed)),
        "`Transition::apply` itself left something of the old address"
    );
    undone!(direct, tx => direct.refuses(&mut tx, &row, &cancelled(by_token(&digest(1)))).await?);
    Ok(())
}

async fn a_new_address_moves_the_open_key(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let (old, recipient) = (row.open_key(), address("grace@example.com"));
    let new = key_of(&recipient);
    amends(&direct, &mut row, to(&recipient, new), "to another address").await?;
    let (Some(old), Some(new)) = (old, new) else { return Ok(()) };
    undone!(direct, tx => {
        let holders = (direct.holder(&mut tx, &old).await?, direct.holder(&mut tx, &new).await?);
        ensure!(holders == (None, Some(id(1))), "the old and the new open key are held by {holders:?}");
        let taken = direct.insert(&mut tx, &rows::row(2).to("grace@example.com"), Dispatch::None).await?;
        ensure!(!taken, "another with the new address's open key was inserted");
        direct.add(&mut tx, &rows::row(3).to("person1@example.com"), Dispatch::None).await?;
    });
    Ok(())
}

async fn a_new_address_without_an_open_key_holds_none(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let (Some(old), recipient) = (row.open_key(), address("grace@example.com")) else { return Ok(()) };
    amends(&direct, &mut row, to(&recipient, None), "to an address without an open key").await?;
    undone!(direct, tx => {
        let holder = direct.holder(&mut tx, &old).await?;
        ensure!(holder.is_none(), "the old open key is still held by {holder:?}");
        direct.add(&mut tx, &rows::row(2).to("grace@example.com"), Dispatch::None).await?;
        direct.add(&mut tx, &rows::row(3).to("person1@example.com"), Dispatch::None).await?;
    });
    Ok(())
}

async fn an_address_whose_open_key_is_taken_is_refused_and_nothing_is_written(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = full(&direct).await?;
    let other = rows::row(2).to("grace@example.com");
    direct.put(&other, Dispatch::None).await?;
    let events = direct.history(&row).await?;
    let (queued, known) = (letter(1), digest(77));
    let payload = json!({ "role": "guest" });
    for dispatch in [Dispatch::Letter(&queued), Dispatch::Token(&known, Channel::Link)] {
        let change = Change::Amend {
            recipient: Some((&other.record.recipient, other.open_key())),
            payload: Some(rows::new_payload(&payload)),
            display: None,
            message: Some(None),
            expires_at: Some(noon() + TimeDelta::days(9)),
            remind_at: None,
        };
        committed!(direct, tx => direct.refuses(&mut tx, &row, &Transition { dispatch, ..amended(change) }).await?);
    }
    direct.keeps(&row, "an amendment to a taken address and the commit").await?;
    direct.keeps(&other, "somebody's amendment to its address").await?;
    ensure!(direct.history(&row).await? == events, "an amendment that did not happen stands in the history");
    ensure!(direct.token(&known).await?.is_none(), "the token of an amendment that did not happen is known");
    let leased = direct.lease(&Default::default()).await?;
    let letters = leased.letters.len() + leased.discarded;
    ensure!(letters == 0, "the letter of an amendment that did not happen is queued");
    Ok(())
}

async fn a_transaction_goes_on_after_a_taken_open_key(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let (other, third) = (rows::row(2).to("grace@example.com"), rows::row(3));
    let free = address("edith@example.com");
    committed!(direct, tx => {
        direct.add(&mut tx, &other, Dispatch::None).await?;
        let taken = amended(to(&other.record.recipient, other.open_key()));
        direct.refuses(&mut tx, &row, &taken).await?;
        direct.add(&mut tx, &third, Dispatch::None).await?;
        direct.changes(&mut tx, &mut row, None, &amended(to(&free, key_of(&free)))).await?;
    });
    for row in [&row, &other, &third] {
        direct.keeps(row, "a taken open key, more changes and the commit").await?;
    }
    Ok(())
}

async fn the_key_of_an_address_it_already_has_is_not_taken(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = full(&direct).await?;
    let recipient = address("Person1@Example.com");
    amends(&direct, &mut row, to(&recipient, key_of(&recipient)), "to its own address in other letters").await
}

async fn an_amendment_is_guarded_like_everything_else(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = full(&direct).await?;
    let recipient = address("grace@example.com");
    let (elsewhere, end) = (Scope::new(8), row.record.expires_at);
    let guard = by_id(id(1));
    for (when, guard, wanted) in [
        ("everything holds", guard.clone(), true),
        ("another scope", Guard { target: Target::Id(id(1), Some(&elsewhere)), ..guard.clone() }, false),
        ("another kind", Guard { kind: OTHER_KIND, ..guard.clone() }, false),
        ("another status", Guard { statuses: [Status::DeliveryFailed; 2], ..guard.clone() }, false),
        ("at its end", Guard { time: TimeGuard::Unexpired, now: end, ..guard.clone() }, false),
    ] {
        for amend in [NOTHING, to(&recipient, key_of(&recipient))] {
            direct.decides(&row, None, &change(guard.clone(), EventKind::Amended, amend), wanted, when).await?;
        }
    }
    Ok(())
}
