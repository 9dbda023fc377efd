//! The transaction is the caller's: what is in it, who sees it, and who ends it.

use chrono::TimeDelta;
use invite_core::{
    Channel, EventKind, Status,
    store::{Change, Dispatch, FoundToken, Guard, Key, Read, RenewedLinks, TimeGuard, Transition},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct},
        rows::{
            KIND, OTHER_KIND, addressed, by_id, by_system, by_token, cancelled, change, digest, ended, everything, id,
            letter, noon, renewed, row, viewed,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    a_plain_connection_is_in_no_transaction:
        "`in_transaction` tells what the driver knows: `false` on a plain connection, before and after a read, \
         `true` in one.",
    no_call_ends_the_caller_s_transaction:
        "A store never begins, commits or rolls back on the caller's connection, whatever it answers.",
    nothing_is_seen_elsewhere_before_the_commit:
        "All of a call is in the caller's transaction: row, event and token are seen by nobody else until it commits.",
    a_rollback_undoes_an_insertion_and_all_it_brought:
        "Row, event, letter, token and open key of an insertion disappear with the caller's rollback.",
    a_rollback_undoes_a_change_and_all_it_brought:
        "Columns, event, letter, token and open key of a change are as before after the caller's rollback.",
    several_calls_are_one_transaction:
        "Each call sees what the calls before it wrote, and all of it is committed together.",
    lock_for_write_changes_nothing_and_may_be_repeated:
        "`lock_for_write` takes a lock and writes nothing, on an empty table too, before and after other calls.",
    the_session_s_time_zone_does_not_matter:
        "Times are written and read in UTC whatever the session's time zone.",
];

async fn a_plain_connection_is_in_no_transaction(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let mut conn = direct.db.connect().await?;
    ensure!(!direct.db.in_transaction(&mut conn), "a plain connection is said to be in a transaction");
    direct.holds(&mut conn, &row(1), "the insertion").await?;
    ensure!(!direct.db.in_transaction(&mut conn), "after a read a plain connection is said to be in a transaction");
    drop(conn);
    for level in direct.db.levels() {
        let mut tx = direct.db.begin_at(level).await?;
        let inside = direct.db.in_transaction(&mut tx);
        direct.rollback(tx).await?;
        ensure!(inside, "a transaction begun as {level:?} is not known to the store");
    }
    Ok(())
}

async fn no_call_ends_the_caller_s_transaction(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (first, _) = direct.invited(1).await?;
    let taken = row(2).to("person1@example.com");
    let (scope, key, unknown) = (&first.record.scope, first.open_key(), digest(99));
    let Some(key) = key else { return Ok(()) };
    undone!(direct, tx => {
        let db = &direct.db;
        macro_rules! after {
            ($call:literal, $answer:expr) => {{
                $answer;
                ensure!(db.in_transaction(&mut tx), "after {} the caller's transaction is over", $call);
            }};
        }
        after!("lock_for_write", db.lock_for_write(&mut tx).await?);
        after!("find", db.find_one(&mut tx, &first.key(), Read::Plain).await?);
        after!("find, of the latest state", db.find_one(&mut tx, &first.key(), Read::Latest).await?);
        after!("find, of what is not there", db.find_one(&mut tx, &Key::Token(&unknown), Read::Latest).await?);
        after!("find, by open key", db.find_one(&mut tx, &Key::Open(&key), Read::Latest).await?);
        after!("list", db.list(&mut tx, &everything(scope)).await?);
        after!("addressed_to", db.addressed_to(&mut tx, &addressed(KIND, &["person1@example.com"])).await?);
        after!("history", db.history(&mut tx, KIND, scope, id(1)).await?);
        after!("insert, which was refused", direct.insert(&mut tx, &taken, Dispatch::None).await?);
        after!("insert", direct.add(&mut tx, &row(3), Dispatch::Letter(&letter(3))).await?);
        let other_kind = Guard { kind: OTHER_KIND, ..by_id(id(1)) };
        after!("transition, which was refused", direct.refuses(&mut tx, &first, &cancelled(other_kind)).await?);
        let third = row(3);
        let to = (&third.record.recipient, third.open_key());
        let amend = Change::Amend { recipient: Some(to), payload: None, display: None, message: None, expires_at: None, remind_at: None };
        let amend = change(by_id(id(1)), EventKind::Amended, amend);
        after!("an amendment to a taken address", direct.refuses(&mut tx, &first, &amend).await?);
        after!("transition", direct.changes(&mut tx, &mut first.clone(), None, &cancelled(by_id(id(1)))).await?);
    });
    direct.keeps(&first, "the caller's rollback").await?;
    let third = direct.db.find_one(&mut direct.db.connect().await?, &row(3).key(), Read::Plain).await?;
    ensure!(third.is_none(), "a row is there though its transaction was rolled back");
    Ok(())
}

async fn nothing_is_seen_elsewhere_before_the_commit(db: Db) -> Verdict {
    if !db.overlaps() {
        return Err(Stop::NotApplicable("one transaction at a time"));
    }
    let direct = Direct::on(&db);
    let (first, _) = direct.invited(1).await?;
    let second = row(2);
    let (inserted, linked) = (digest(77), digest(78));
    let mut tx = direct.begin().await?;
    direct.add(&mut tx, &second, Dispatch::Token(&inserted, Channel::Link)).await?;
    let link = change(by_id(id(1)), EventKind::LinkCreated, Change::Link);
    let link = Transition { dispatch: Dispatch::Token(&linked, Channel::Link), ..link };
    let mut changed = first.clone();
    direct.changes(&mut tx, &mut changed, None, &link).await?;
    direct.changes(&mut tx, &mut changed, None, &cancelled(by_id(id(1)))).await?;

    let mut elsewhere = direct.db.connect().await?;
    direct.holds(&mut elsewhere, &first, "changes that are not committed").await?;
    let found = direct.db.find_one(&mut elsewhere, &second.key(), Read::Plain).await?;
    ensure!(found.is_none(), "a row is found elsewhere before its insertion is committed");
    for token in [&inserted, &linked] {
        let found = direct.db.find_one(&mut elsewhere, &Key::Token(token), Read::Plain).await?;
        ensure!(found.is_none(), "a token is known elsewhere before it is committed");
    }
    let scope = &first.record.scope;
    let events = direct.db.history(&mut elsewhere, KIND, scope, id(1)).await?.len();
    ensure!(events == 2, "before the commit {events} events are seen elsewhere, should be 2");
    let listed = direct.db.list(&mut elsewhere, &everything(scope)).await?.len();
    ensure!(listed == 1, "before the commit {listed} rows are listed elsewhere, should be 1");
    let query = addressed(KIND, &["person1@example.com", "person2@example.com"]);
    let open = direct.db.addressed_to(&mut elsewhere, &query).await?.len();
    ensure!(open == 1, "before the commit {open} open rows are seen elsewhere, should be 1");
    drop(elsewhere);

    direct.commit(tx).await?;
    direct.keeps(&changed, "the commit").await?;
    direct.keeps(&second, "the commit").await
}

async fn a_rollback_undoes_an_insertion_and_all_it_brought(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (first, second) = (row(1), row(2));
    let (queued, known) = (letter(1), digest(77));
    undone!(direct, tx => {
        direct.add(&mut tx, &first, Dispatch::Letter(&queued)).await?;
        direct.add(&mut tx, &second, Dispatch::Token(&known, Channel::Link)).await?;
    });
    for row in [&first, &second] {
        let found = direct.db.find_one(&mut direct.db.connect().await?, &row.key(), Read::Plain).await?;
        ensure!(found.is_none(), "a row is found though its insertion was rolled back");
    }
    ensure!(direct.token(&known).await?.is_none(), "a token is known though its insertion was rolled back");
    let leased = direct.lease(&Ask::default()).await?;
    let letters = leased.letters.len() + leased.discarded + leased.unreadable.len();
    ensure!(letters == 0, "a letter is queued though its insertion was rolled back");
    // What was rolled back is in nobody's way, neither its id nor its key, delivery or digest.
    direct.put(&first, Dispatch::Letter(&queued)).await?;
    direct.put(&second, Dispatch::Token(&known, Channel::Link)).await?;
    for row in [&first, &second] {
        direct.keeps(row, "a rollback and another insertion").await?;
        let events = direct.history(row).await?.len();
        ensure!(events == 1, "rolled back once and inserted once, a row has {events} events");
    }
    Ok(())
}

async fn a_rollback_undoes_a_change_and_all_it_brought(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (before, token) = direct.invited(1).await?;
    let (queued, known) = (letter(1), digest(77));
    let Some(key) = before.open_key() else { return Ok(()) };
    undone!(direct, tx => {
        let mut row = before.clone();
        direct.changes(&mut tx, &mut row, Some(&token), &viewed(by_token(&token.digest))).await?;
        let renew = || renewed(by_id(id(1)), RenewedLinks::Retire { grace_until: None });
        let with_letter = Transition { dispatch: Dispatch::Letter(&queued), ..renew() };
        direct.changes(&mut tx, &mut row, None, &with_letter).await?;
        let with_token = Transition { dispatch: Dispatch::Token(&known, Channel::Link), ..renew() };
        direct.changes(&mut tx, &mut row, None, &with_token).await?;
        direct.changes(&mut tx, &mut row, None, &cancelled(by_id(id(1)))).await?;
    });
    direct.keeps(&before, "the caller's rollback").await?;
    let events = direct.history(&before).await?.len();
    ensure!(events == 2, "before the changes that were rolled back there were 2 events, now {events}");
    ensure!(direct.token(&known).await?.is_none(), "a token is known though its change was rolled back");
    let leased = direct.lease(&Ask::default()).await?;
    let letters = leased.letters.len() + leased.discarded + leased.unreadable.len();
    ensure!(letters == 0, "a letter is queued though its change was rolled back");
    undone!(direct, tx => {
        let holder = direct.holder(&mut tx, &key).await?;
        ensure!(holder == Some(id(1)), "after the rollback the open key is held by {holder:?}");
    });
    Ok(())
}

async fn several_calls_are_one_transaction(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, mut second) = (row(1), row(2));
    let token = FoundToken { digest: digest(77), generation: 1, channel: Channel::Mail };
    committed!(direct, tx => {
        direct.db.lock_for_write(&mut tx).await?;
        direct.add(&mut tx, &first, Dispatch::Token(&token.digest, token.channel)).await?;
        direct.add(&mut tx, &second, Dispatch::Letter(&letter(2))).await?;
        direct.changes(&mut tx, &mut first, Some(&token), &viewed(by_token(&token.digest))).await?;
        let accept = ended(by_token(&token.digest), Status::Accepted, by_system(EventKind::Accepted));
        direct.changes(&mut tx, &mut first, Some(&token), &accept).await?;
        direct.changes(&mut tx, &mut second, None, &change(by_id(id(2)), EventKind::LinkCreated, Change::Link)).await?;
        direct.holds(&mut tx, &first, "three calls about it").await?;
        let scope = &first.record.scope;
        let listed = direct.db.list(&mut tx, &everything(scope)).await?.len();
        ensure!(listed == 2, "two rows were inserted in this transaction, {listed} are listed in it");
        let events = direct.db.history(&mut tx, KIND, scope, id(1)).await?.len();
        ensure!(events == 3, "created, viewed and accepted in this transaction made {events} events in it");
    });
    direct.keeps(&first, "the commit").await?;
    direct.keeps(&second, "the commit").await?;
    let leased = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(leased == 1, "one letter was queued and committed, {leased} are leased");
    Ok(())
}

async fn lock_for_write_changes_nothing_and_may_be_repeated(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    committed!(direct, tx => {
        direct.db.lock_for_write(&mut tx).await?;
        direct.db.lock_for_write(&mut tx).await?;
    });
    direct.put(&row, Dispatch::None).await?;
    committed!(direct, tx => {
        direct.holds(&mut tx, &row, "the insertion").await?;
        direct.db.lock_for_write(&mut tx).await?;
        direct.holds(&mut tx, &row, "lock_for_write").await?;
        direct.changes(&mut tx, &mut row, None, &change(by_id(id(1)), EventKind::LinkCreated, Change::Link)).await?;
        direct.db.lock_for_write(&mut tx).await?;
    });
    direct.keeps(&row, "lock_for_write, a change, lock_for_write and the commit").await?;
    let events = direct.history(&row).await?.len();
    ensure!(events == 2, "created and a link made {events} events");
    Ok(())
}

async fn the_session_s_time_zone_does_not_matter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut before, token) = direct.invited(1).await?;
    let mut inside = row(2).created(noon() + TimeDelta::microseconds(1));
    let moved = committed!(direct, tx => {
        let moved = direct.db.move_time_zone(&mut tx).await?;
        if moved {
            direct.holds(&mut tx, &before, "the time zone was moved").await?;
            direct.add(&mut tx, &inside, Dispatch::Letter(&letter(2))).await?;
            direct.changes(&mut tx, &mut inside, None, &renewed(by_id(id(2)), RenewedLinks::Keep)).await?;
            let guard = by_token(&token.digest);
            direct.changes(&mut tx, &mut before, Some(&token), &viewed(guard.clone())).await?;
            let time = TimeGuard::Unexpired;
            let late = Guard { time, now: before.record.expires_at, ..guard.clone() };
            direct.refuses(&mut tx, &before, &cancelled(late)).await?;
            let in_time = Guard { time, now: before.record.expires_at - TimeDelta::microseconds(1), ..guard };
            direct.changes(&mut tx, &mut before, Some(&token), &cancelled(in_time)).await?;
        }
        moved
    });
    if !moved {
        return Err(Stop::NotApplicable("there is no time zone to move"));
    }
    direct.keeps(&before, "changes in another time zone").await?;
    direct.keeps(&inside, "an insertion in another time zone").await?;
    let seen: Vec<_> = direct.history(&inside).await?.iter().map(|event| event.at).collect();
    let wanted = [inside.record.created_at, noon()];
    ensure!(seen == wanted, "events of another time zone happened at {seen:?}, should be {wanted:?}");
    Ok(())
}
