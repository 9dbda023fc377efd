//! An open key is held once, and a taken one is an answer.

use chrono::TimeDelta;
use invite_core::{
    Channel, Uniqueness,
    store::{Dispatch, Read},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct},
        rows::{Row, by_id, cancelled, digest, id, letter, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_taken_open_key_is_answered_and_nothing_is_written:
        "`insert` answers `false` where the open key is taken, and writes no row, event, letter or token.",
    a_taken_open_key_leaves_the_transaction_usable:
        "A collision is a value: not an error that aborts the transaction, and not a statement that replaces the \
         other row.",
    an_open_key_is_held_by_an_invitation_past_its_time:
        "The store does not judge by time: an open row holds its key until core ends it.",
    an_open_key_taken_in_the_same_transaction_is_taken:
        "The open key of a row inserted a moment ago, not yet committed, is taken.",
    without_an_open_key_there_may_be_many:
        "Open keys that are null never collide.",
    one_open_over_all_scopes_collides_over_all_scopes:
        "The open key alone decides, not the columns it is made of: here rows of different scopes share one.",
];

async fn a_taken_open_key_is_answered_and_nothing_is_written(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, second) = (row(1), row(2).to("person1@example.com"));
    let (queued, known) = (letter(1), digest(77));
    direct.put(&first, Dispatch::None).await?;
    for dispatch in [Dispatch::Letter(&queued), Dispatch::Token(&known, Channel::Link)] {
        let inserted = committed!(direct, tx => direct.insert(&mut tx, &second, dispatch).await?);
        ensure!(!inserted, "a second row with the same open key was inserted");
    }
    direct.keeps(&first, "another insertion with its open key").await?;
    let found = direct.db.find_one(&mut direct.db.connect().await?, &second.key(), Read::Plain).await?;
    ensure!(found.is_none(), "the row that was refused is there");
    let events = direct.history(&first).await?.len();
    ensure!(events == 1, "the row in the way has {events} events");

    // What was left of it, if anything, would be found once the row is there after all.
    direct.happens(&mut first, &cancelled(by_id(id(1)))).await?;
    direct.put(&second, Dispatch::None).await?;
    let events = direct.history(&second).await?.len();
    ensure!(events == 1, "refused twice and inserted once, the row has {events} events");
    ensure!(direct.token(&known).await?.is_none(), "the token of the row that was refused is known");
    let leased = direct.lease(&Ask::default()).await?;
    let letters = leased.letters.len() + leased.discarded + leased.unreadable.len();
    ensure!(letters == 0, "the letter of the row that was refused is queued");
    Ok(())
}

async fn a_taken_open_key_leaves_the_transaction_usable(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (first, second, third) = (row(1), row(2).to("person1@example.com"), row(3));
    direct.put(&first, Dispatch::None).await?;
    committed!(direct, tx => {
        let inserted = direct.insert(&mut tx, &second, Dispatch::None).await?;
        ensure!(!inserted, "a second row with the same open key was inserted");
        direct.holds(&mut tx, &first, "an insertion with its open key").await?;
        direct.add(&mut tx, &third, Dispatch::None).await?;
    });
    direct.keeps(&third, "a taken open key, an insertion and the commit").await?;
    let events = direct.history(&third).await?.len();
    ensure!(events == 1, "inserted after a taken open key, a row has {events} events");
    Ok(())
}

async fn an_open_key_is_held_by_an_invitation_past_its_time(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let old = row(1).created(noon() - TimeDelta::days(9)).expiring(noon() - TimeDelta::days(8));
    direct.put(&old, Dispatch::None).await?;
    let new = row(2).to("person1@example.com");
    undone!(direct, tx => {
        let inserted = direct.insert(&mut tx, &new, Dispatch::None).await?;
        ensure!(!inserted, "an invitation past its time, not yet expired, let another take its open key");
    });
    direct.keeps(&old, "an insertion with its open key").await
}

async fn an_open_key_taken_in_the_same_transaction_is_taken(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (first, second) = (row(1), row(2).to("person1@example.com"));
    committed!(direct, tx => {
        direct.add(&mut tx, &first, Dispatch::None).await?;
        let inserted = direct.insert(&mut tx, &second, Dispatch::None).await?;
        ensure!(!inserted, "two rows with the same open key were inserted in one transaction");
    });
    direct.keeps(&first, "two insertions with one open key").await
}

async fn without_an_open_key_there_may_be_many(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in 1..4 {
        direct.put(&row(n).to("ada@example.com").unlimited(), Dispatch::None).await?;
    }
    direct.put(&row(4).to("ada@example.com"), Dispatch::None).await?;
    for n in 1..4 {
        direct.keeps(&row(n).to("ada@example.com").unlimited(), "others to the same address").await?;
    }
    Ok(())
}

async fn one_open_over_all_scopes_collides_over_all_scopes(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let over_all =
        |n, scope| Row { uniqueness: Uniqueness::PerRecipient, ..row(n).to("ada@example.com").within(scope) };
    let (first, second) = (over_all(1, "7"), over_all(2, "8"));
    direct.put(&first, Dispatch::None).await?;
    undone!(direct, tx => {
        let inserted = direct.insert(&mut tx, &second, Dispatch::None).await?;
        ensure!(!inserted, "rows of two scopes hold one open key");
        direct.add(&mut tx, &over_all(3, "8").of_kind("provider"), Dispatch::None).await?;
    });
    Ok(())
}
