//! What is put in place of what tells of a person.

use chrono::TimeDelta;
use invite_core::{
    Actor, DeliveryState, EventKind, Fault, InvitationId, Record, Status,
    store::{DeliveryUpdate, Dispatch, Erasure, Key, NewEvent, Read},
};
use serde_json::{Value, json};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    host::world::committed,
    store::{
        direct::{Ask, Direct},
        rows::{ANY_STATE, KIND, OTHER_KIND, Row, address, by_id, delivery, ended, id, key, letter, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    what_tells_of_a_person_is_replaced_and_the_rest_stays:
        "`erase` writes what `Erasure::apply` does, deletes the reasons of the events, and leaves the neighbours alone.",
    only_what_has_ended_and_is_of_the_kind_is_erased:
        "`erase` has `ended_at IS NOT NULL` and the kind in the WHERE, and answers for each id.",
    what_is_to_another_address_is_not_erased:
        "`erase` compares the canonical address, byte by byte.",
    nothing_finds_an_erased_invitation_by_its_letters:
        "`erase` deletes what is queued, and clears the delivery and the provider's name for it.",
    an_inviter_is_forgotten_in_either_spelling:
        "`forget_inviter` compares both spellings and the kind, byte by byte, and says how many there were.",
    an_erasure_that_is_rolled_back_has_not_happened:
        "`erase` and `forget_inviter` are on the caller's connection.",
];

const ADA: &str = "ada@example.com";

/// The nth, which has something in every place, and has ended.
async fn ended_with_everything(direct: &Direct, n: u32) -> Result<Row, Stop> {
    let mut row = row(n).to("ada@example.com").within(&format!("org:{n}"));
    row.record.inviter_address = Some(address("boss@example.com"));
    row.record.message = Some("Dear Ada".into());
    row.record.display = json!({ "inviter": "Charles" });
    row.record.label = Some("Ada Lovelace".into());
    row.record.facet = Some("admin".into());
    row.record.import = Some("import-1".into());
    row.record.idempotency = Some(key(n, Some(1)));
    direct.put(&row, Dispatch::Letter(&letter(n))).await?;
    let name = format!("queue-{n}");
    let update = DeliveryUpdate {
        delivery: delivery(n),
        kind: KIND,
        state: DeliveryState::Bounced,
        attempts: Some(2),
        error: Some("550 no such user ada@example.com"),
        fault: Some(Fault::Recipient),
        provider_id: Some(&name),
        over: ANY_STATE,
    };
    committed!(direct, tx => direct.db.record_delivery(&mut tx, &[update]).await?);
    let reason = Some("Ada has left");
    let event = NewEvent { kind: EventKind::Rejected, actor: &Actor::new(2), reason, at: noon() };
    committed!(direct, tx => direct.db.apply(&mut tx, &[ended(by_id(row.record.id), Status::Rejected, event)]).await?);
    row.record = record(direct, n).await?;
    Ok(row)
}

async fn record(direct: &Direct, n: u32) -> Result<Record, Stop> {
    let mut conn = direct.db.connect().await?;
    let key = Key::Id { kind: KIND, scope: None, id: id(n) };
    let found = direct.db.find(&mut conn, &[key], Read::Plain).await?.pop().flatten();
    found.map(|found| found.record).ok_or_else(|| Stop::Failed(format!("{n} is gone")))
}

async fn reasons(direct: &Direct, row: &Row) -> Result<Vec<Option<String>>, Stop> {
    let mut conn = direct.db.connect().await?;
    let events = direct.db.history(&mut conn, KIND, &row.record.scope, row.record.id).await?;
    Ok(events.into_iter().map(|event| event.reason).collect())
}

/// Erases what is to Ada.
async fn erase(direct: &Direct, kind: &str, ids: &[InvitationId]) -> Result<Vec<bool>, Stop> {
    erase_of(direct, ADA, kind, ids).await
}

async fn erase_of(direct: &Direct, of: &str, kind: &str, ids: &[InvitationId]) -> Result<Vec<bool>, Stop> {
    let (nobody, payload) = (address("nobody@erased.invalid"), json!({ "gone": true }));
    let erasure = Erasure { kind, ids, address: of, recipient: &nobody, payload: &payload };
    Ok(committed!(direct, tx => direct.db.erase(&mut tx, &erasure).await?))
}

fn wanted(row: &Row) -> Record {
    let (nobody, payload) = (address("nobody@erased.invalid"), json!({ "gone": true }));
    let mut wanted = row.record.clone();
    Erasure { kind: KIND, ids: &[], address: "", recipient: &nobody, payload: &payload }.apply(&mut wanted);
    wanted
}

async fn what_tells_of_a_person_is_replaced_and_the_rest_stays(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let erased = [ended_with_everything(&direct, 1).await?, ended_with_everything(&direct, 2).await?];
    let neighbour = ended_with_everything(&direct, 3).await?;
    ensure!(erase(&direct, KIND, &[id(2), id(1)]).await? == [true, true], "two that have ended are not erased");
    for (n, row) in (1..).zip(&erased) {
        same(&record(&direct, n).await?, &wanted(row), "what was erased")?;
        let reasons = reasons(&direct, row).await?;
        ensure!(reasons == [None, None], "the events of {n} have the reasons {reasons:?}");
    }
    same(&record(&direct, 3).await?, &neighbour.record, "the neighbour of what was erased")?;
    let reasons = reasons(&direct, &neighbour).await?;
    ensure!(reasons.last().is_some_and(Option::is_some), "the neighbour's event has lost its reason");
    // Again.
    ensure!(erase(&direct, KIND, &[id(1)]).await? == [false], "what was erased is erased again");
    same(&record(&direct, 1).await?, &wanted(&erased[0]), "what was to be erased twice")
}

async fn only_what_has_ended_and_is_of_the_kind_is_erased(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = Vec::new();
    for (n, status) in (1..).zip(Status::ALL) {
        let row = row(n).to("Ada@example.com").within(&n.to_string());
        let mut row = row.expiring(noon() - TimeDelta::hours(n.into()));
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
        rows.push(row);
    }
    let ids: Vec<_> = rows.iter().map(|row| row.record.id).chain([id(99)]).collect();
    ensure!(!erase(&direct, OTHER_KIND, &ids).await?.contains(&true), "invitations of another kind are erased");
    let answers = erase(&direct, KIND, &ids).await?;
    let open = |row: &Row| row.record.status.is_open();
    let right: Vec<_> = rows.iter().map(|row| !open(row)).chain([false]).collect();
    ensure!(answers == right, "of one of each status, and of one that is not there: {answers:?}, should be {right:?}");
    for (n, row) in (1..).zip(&rows) {
        let wanted = if open(row) { row.record.clone() } else { wanted(row) };
        same(&record(&direct, n).await?, &wanted, "one of each status")?;
    }
    Ok(())
}

async fn what_is_to_another_address_is_not_erased(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let row = ended_with_everything(&direct, 1).await?;
    for other in ["grace@example.com", "xada@example.com", "ada@example.co", "ADA@example.com"] {
        let answers = erase_of(&direct, other, KIND, &[id(1)]).await?;
        ensure!(answers == [false], "what is to {ADA} is erased with {other}");
    }
    same(&record(&direct, 1).await?, &row.record, "what is to another address")
}

async fn nothing_finds_an_erased_invitation_by_its_letters(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in [1, 2] {
        ended_with_everything(&direct, n).await?;
    }
    erase(&direct, KIND, &[id(1)]).await?;
    // What is about an invitation that has ended is discarded, and counted.
    let discarded = direct.lease(&Ask::default()).await?.discarded;
    ensure!(
        discarded == 1,
        "of two letters, one of which is about what was erased, {discarded} were left in the queue"
    );
    let mut conn = direct.db.connect().await?;
    let keys = [Key::Delivery { kind: KIND, id: delivery(1) }, Key::Provider { kind: KIND, id: "queue-1" }];
    for key in keys {
        let found = direct.db.find(&mut conn, &[key], Read::Plain).await?;
        ensure!(matches!(found.as_slice(), [None]), "what was erased is found by {key:?}");
    }
    Ok(())
}

async fn an_inviter_is_forgotten_in_either_spelling(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let addresses =
        ["Boss@Example.com", "boss@example.com", "bosses@example.com", "boss@example.com", "BOSS@example.com"];
    for (n, inviter) in (1..).zip(addresses) {
        let mut row = row(n).of_kind(if n == 4 { OTHER_KIND } else { KIND });
        row.record.inviter_address = Some(address(inviter));
        direct.put(&row, Dispatch::None).await?;
    }
    let forgotten = committed!(direct, tx => {
        direct.db.forget_inviter(&mut tx, KIND, &address("Boss@Example.com")).await?
    });
    ensure!(forgotten == 2, "{forgotten} inviters are forgotten, should be 2");
    let mut conn = direct.db.connect().await?;
    for (n, left) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        let kind = if n == 4 { OTHER_KIND } else { KIND };
        let found = direct.db.find(&mut conn, &[Key::Id { kind, scope: None, id: id(n) }], Read::Plain).await?;
        let seen = found.into_iter().flatten().any(|found| found.record.inviter_address.is_some());
        ensure!(seen == left, "{n} {} an address of the inviter", if seen { "has" } else { "has lost" });
    }
    Ok(())
}

async fn an_erasure_that_is_rolled_back_has_not_happened(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let before = ended_with_everything(&direct, 1).await?;
    let (nobody, payload) = (address("nobody@erased.invalid"), Value::Null);
    let erasure = Erasure { kind: KIND, ids: &[id(1)], address: ADA, recipient: &nobody, payload: &payload };
    let mut tx = direct.begin().await?;
    direct.db.erase(&mut tx, &erasure).await?;
    direct.db.forget_inviter(&mut tx, KIND, &address("boss@example.com")).await?;
    direct.rollback(tx).await?;
    same(&record(&direct, 1).await?, &before.record, "after the rollback")?;
    let reasons = reasons(&direct, &before).await?;
    ensure!(reasons.last().is_some_and(Option::is_some), "after the rollback the event has no reason");
    let discarded = direct.lease(&Ask::default()).await?.discarded;
    ensure!(discarded == 1, "after the rollback {discarded} letters are in the queue");
    Ok(())
}
