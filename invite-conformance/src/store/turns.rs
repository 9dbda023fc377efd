//! In which order letters of several scopes, purposes and domains are leased.

use std::collections::HashSet;

use invite_core::{
    Clock, Scope, SystemClock,
    store::{DeliveryId, Dispatch, NewLetter, Purpose},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    erased::Db,
    store::{
        direct::{Ask, Direct, lease_end},
        lease::{deliveries, due},
        rows::{Row, delivery, letter, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    every_scope_has_a_turn_before_any_has_two:
        "`lease` takes one letter of each scope, in the order of their bytes, then a second one of each.",
    many_letters_of_one_scope_keep_no_other_waiting:
        "However many letters of a scope are due, a scope with one letter has its turn in the same round.",
    turns_go_on_behind_the_scope_of_the_last_one:
        "Turns begin behind `LeaseRequest::after`; `Leased::last` says where the next lease goes on.",
    invitations_are_leased_before_everything_else:
        "Letters whose purpose comes first come before all others, whichever scope they are of and however old.",
    letters_to_full_domains_are_passed_over:
        "A letter to a domain in `LeaseRequest::full` stays in the queue as it is, and takes no place from others.",
    a_letter_without_room_stays_in_the_queue_as_it_is:
        "Where `LeaseRequest::admits` says no, there is no lease, no attempt and no token, and the letter stays due.",
    the_database_tells_the_time:
        "`now` is what the database's clock says, in UTC.",
];

/// The nth letter, of this scope, due so many microseconds after noon.
async fn put(direct: &Direct, n: u32, scope: &str, micros: i64) -> Verdict {
    direct.put(&row(n).within(scope), Dispatch::Letter(&due(n, micros))).await
}

async fn every_scope_has_a_turn_before_any_has_two(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let scopes = ["org:b", "org:a", "org:a", "org:\u{e9}", "org:B", "org:b", "org:a"];
    for (n, scope) in (1..).zip(scopes) {
        put(&direct, n, scope, -i64::from(n)).await?;
    }
    let seen = deliveries(&direct.lease(&Ask::default()).await?);
    // Of `org:a` the seventh is the oldest.
    let wanted = [5, 7, 6, 4, 3, 1, 2].map(delivery);
    ensure!(seen == wanted, "leased are {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn many_letters_of_one_scope_keep_no_other_waiting(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in 1..=12 {
        put(&direct, n, "org:flood", -100).await?;
    }
    put(&direct, 13, "org:other", 0).await?;
    put(&direct, 14, "org:some", -1).await?;
    let seen = deliveries(&direct.lease(&Ask { limit: 3, ..Ask::default() }).await?);
    let wanted = [1, 13, 14].map(delivery);
    ensure!(seen == wanted, "leased are {seen:?}, should be one of each scope: {wanted:?}");
    Ok(())
}

async fn turns_go_on_behind_the_scope_of_the_last_one(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, scope) in (1..).zip(["org:a", "org:a", "org:b", "org:b", "org:c", "org:c"]) {
        put(&direct, n, scope, i64::from(n) - 9).await?;
    }
    let mut after: Option<Scope> = None;
    for (wanted, last) in [([1, 3], "org:b"), ([5, 2], "org:a"), ([4, 6], "org:c")] {
        let leased = direct.lease(&Ask { limit: 2, after: after.as_ref(), ..Ask::default() }).await?;
        let (seen, wanted) = (deliveries(&leased), wanted.map(delivery));
        ensure!(seen == wanted, "behind {after:?} leased are {seen:?}, should be {wanted:?}");
        let named = leased.last.as_ref().map(Scope::as_str);
        ensure!(named == Some(last), "the last turn was that of {last}, not of {named:?}");
        after = leased.last;
    }
    Ok(())
}

async fn invitations_are_leased_before_everything_else(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let other = |n, purpose| NewLetter { purpose, ..due(n, -1_000) };
    let told = |n: u32| {
        let mut row = row(n).within("org:a");
        row.record.inviter_address = Some(row.record.recipient.clone());
        row
    };
    for n in 1..=4 {
        direct.put(&told(n), Dispatch::Letter(&other(n, Purpose::Reminder))).await?;
    }
    put(&direct, 5, "org:z", 0).await?;
    put(&direct, 6, "org:a", 0).await?;
    let ask = Ask { limit: 3, ..Ask::default() };
    for wanted in [[6, 5, 1].map(delivery).to_vec(), [2, 3, 4].map(delivery).to_vec()] {
        let seen = deliveries(&direct.lease(&ask).await?);
        ensure!(seen == wanted, "reminders waited for longer; leased are {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn letters_to_full_domains_are_passed_over(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let addresses = ["a@full.example", "b@full.example", "c@also.full.example", "d@FULL.example", "e@free.example"];
    for (n, address) in (1..).zip(addresses) {
        direct.put(&row(n).to(address), Dispatch::Letter(&due(n, i64::from(n) - 9))).await?;
    }
    let mut notice: Row = row(6).to("f@full.example");
    notice.record.inviter_address = Some(notice.record.recipient.clone());
    direct.put(&notice, Dispatch::Letter(&NewLetter { purpose: Purpose::Expired, ..letter(6) })).await?;
    let passed = Ask { full: &["full.example", "unheard.of"], limit: 2, ..Ask::default() };
    let leased = direct.lease(&passed).await?;
    let (seen, wanted) = (deliveries(&leased), [3, 5].map(delivery));
    ensure!(seen == wanted && leased.discarded == 0, "leased are {seen:?}, should be {wanted:?}");
    let seen = deliveries(&direct.lease(&passed).await?);
    ensure!(seen.is_empty(), "all others go to the full domain, and leased are {seen:?}");
    let leased = direct.lease(&Ask::default()).await?;
    let attempts: Vec<_> = leased.letters.iter().map(|letter| (letter.delivery, letter.attempt)).collect();
    let wanted = [1, 2, 4].map(|n| (delivery(n), 1));
    ensure!(attempts == wanted, "with room again leased are {attempts:?}, should be {wanted:?}");
    Ok(())
}

async fn a_letter_without_room_stays_in_the_queue_as_it_is(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, address) in (1..).zip(["a@narrow.example", "b@wide.example", "c@narrow.example"]) {
        direct.put(&row(n).to(address), Dispatch::Letter(&letter(n))).await?;
    }
    let narrow = Ask { room: |domain| domain != "narrow.example", ..Ask::default() };
    let leased = direct.lease(&narrow).await?;
    let seen = (deliveries(&leased), leased.discarded);
    ensure!(seen == (vec![delivery(2)], 0), "leased and discarded are {seen:?}, should be the second and none");
    let minted = direct.minted().len();
    ensure!(minted == 1, "one letter is to be sent, and {minted} tokens were asked for");
    let leased = direct.lease(&Ask { owner: 901, ..Ask::default() }).await?;
    let attempts: Vec<_> = leased.letters.iter().map(|letter| (letter.delivery, letter.attempt)).collect();
    let wanted = [1, 3].map(|n| (delivery(n), 1));
    ensure!(attempts == wanted, "with room for them leased are {attempts:?}, should be {wanted:?}");
    let again = direct.lease(&Ask { now: lease_end(noon()), ..Ask::default() }).await?;
    let all: HashSet<DeliveryId> = deliveries(&again).into_iter().collect();
    ensure!(all == [1, 2, 3].map(delivery).into(), "after all leases {all:?} are due, should be all three");
    Ok(())
}

async fn the_database_tells_the_time(db: Db) -> Verdict {
    let before = SystemClock.now();
    let now = db.now(&()).await?;
    let after = SystemClock.now();
    // On the same machine, cut to whatever the database counts in.
    let second = chrono::TimeDelta::seconds(1);
    ensure!(
        now > before - second && now < after + second,
        "between {before} and {after} the database says that it is {now}"
    );
    Ok(())
}
