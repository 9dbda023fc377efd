//! Which letters a worker gets, and what is written when it gets them.

use chrono::TimeDelta;
use invite_core::{
    Channel, EventKind, Status,
    store::{
        Change, DeliveryId, Dispatch, FoundToken, LeaseRequest, Leased, NewLetter, RenewedLinks, StoreError, Transition,
    },
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::{same, same_token},
    erased::Db,
    host::world::committed,
    store::{
        direct::{Ask, Direct, lease_end},
        rows::{
            self, KIND, MICROSECOND, NOTHING, OTHER_KIND, by_id, change, delivery, id, letter, noon, renewed, row, uuid,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    letters_are_leased_oldest_first:
        "Of one scope `lease` takes the oldest by `not_before`, then by delivery id, and returns them in that order.",
    no_more_letters_are_leased_than_asked_for:
        "`limit` is the most that is leased; the others stay for the next call, with no attempt counted.",
    a_letter_is_leased_from_its_instant_on:
        "A letter is due when `not_before <= now`, to the microsecond.",
    only_letters_of_the_kinds_asked_for_are_leased:
        "`kinds` are compared byte by byte; one worker may serve several, and none gets nothing.",
    a_leased_letter_is_nobody_else_s_until_the_lease_has_run_out:
        "A leased letter is due again when `lease_until <= now`, to the microsecond, for whichever worker asks.",
    every_lease_counts_an_attempt:
        "Each lease adds 1 to the attempt, from 1, whether or not anything became of the one before.",
    a_leased_letter_comes_with_its_invitation_as_it_is:
        "`LeasedLetter::record` is the row as it is when it is leased, with every column.",
    the_digest_of_each_letter_is_stored_for_its_invitation:
        "What `LeaseRequest::mint` gives for a letter is stored for that letter's invitation, once, with channel mail.",
    the_tokens_of_earlier_attempts_stay_known:
        "Another attempt adds a token of the same generation; the one before still opens.",
    a_letter_that_is_not_current_is_removed:
        "A letter for which `LeaseRequest::is_current` does not hold is counted, removed and given no token, whatever \
         the reason.",
    a_letter_is_current_until_the_end_of_its_invitation:
        "Whether a letter is current is asked of the row as it is, with the request's `now`, to the microsecond.",
    a_claim_is_committed_when_it_returns:
        "Leases and digests are durable when `lease` returns: other connections see them.",
    without_randomness_nothing_is_leased:
        "An error of `LeaseRequest::mint` rolls `lease` back: no lease, no attempt, no token of any letter stays.",
];

/// When it may be sent: so many microseconds after noon.
pub(super) fn due(n: u32, micros: i64) -> NewLetter {
    NewLetter { not_before: noon() + TimeDelta::microseconds(micros), ..letter(n) }
}

pub(super) fn deliveries(leased: &Leased) -> Vec<DeliveryId> {
    leased.letters.iter().map(|letter| letter.delivery).collect()
}

async fn letters_are_leased_oldest_first(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, micros) in [(1, -2), (2, -1), (3, -2), (4, -9), (5, -2), (6, -1), (7, 0)] {
        // Rows in another order than letters.
        direct.put(&row(100 - n), Dispatch::Letter(&due(n, micros))).await?;
    }
    let seen = deliveries(&direct.lease(&Ask::default()).await?);
    let wanted = [4, 1, 3, 5, 2, 6, 7].map(delivery);
    ensure!(seen == wanted, "leased are {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn no_more_letters_are_leased_than_asked_for(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in 1..=5 {
        direct.put(&row(n), Dispatch::Letter(&due(n, i64::from(n) - 9))).await?;
    }
    for wanted in [[1, 2].map(delivery).to_vec(), [3, 4].map(delivery).to_vec(), vec![delivery(5)], vec![]] {
        let leased = direct.lease(&Ask { limit: 2, ..Ask::default() }).await?;
        let seen = deliveries(&leased);
        ensure!(seen == wanted, "two at most: leased are {seen:?}, should be {wanted:?}");
        let attempts: Vec<_> = leased.letters.iter().map(|letter| letter.attempt).collect();
        ensure!(attempts.iter().all(|attempt| *attempt == 1), "first leases are attempts {attempts:?}");
    }
    Ok(())
}

async fn a_letter_is_leased_from_its_instant_on(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, micros) in [(1, -1), (2, 0), (3, 1)] {
        direct.put(&row(n), Dispatch::Letter(&due(n, micros))).await?;
    }
    let seen = deliveries(&direct.lease(&Ask::default()).await?);
    ensure!(seen == [1, 2].map(delivery), "due a microsecond before, at and after noon; leased at noon are {seen:?}");
    let seen = deliveries(&direct.lease(&Ask { now: noon() + MICROSECOND, ..Ask::default() }).await?);
    ensure!(seen == [delivery(3)], "a microsecond later leased are {seen:?}, should be 3");
    Ok(())
}

async fn only_letters_of_the_kinds_asked_for_are_leased(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, kind) in [(1, KIND), (2, OTHER_KIND), (3, "membe"), (4, "m"), (5, "a_b"), (6, "a-b")] {
        direct.put(&row(n).of_kind(kind), Dispatch::Letter(&letter(n))).await?;
    }
    for (kinds, wanted) in [
        (&[][..], vec![]),
        (&["unheard-of"], vec![]),
        (&[KIND], vec![delivery(1)]),
        (&["a_b", OTHER_KIND], [2, 5].map(delivery).to_vec()),
        (&["a-b", "m", "membe", KIND], [3, 4, 6].map(delivery).to_vec()),
    ] {
        let leased = direct.lease(&Ask { kinds, ..Ask::default() }).await?;
        let seen = deliveries(&leased);
        ensure!(seen == wanted && leased.discarded == 0, "of {kinds:?} leased are {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn a_leased_letter_is_nobody_else_s_until_the_lease_has_run_out(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::Letter(&letter(1))).await?;
    let ask = Ask::default();
    let first = direct.lease(&ask).await?.letters.len();
    ensure!(first == 1, "a letter that is due was not leased");
    let end = lease_end(noon());
    for (owner, now, wanted) in
        [(900, noon(), 0), (901, noon(), 0), (900, end - MICROSECOND, 0), (901, end - MICROSECOND, 0), (901, end, 1)]
    {
        let seen = direct.lease(&Ask { now, owner, ..ask }).await?.letters.len();
        let before = (end - now).num_microseconds();
        ensure!(
            seen == wanted,
            "{before:?} µs before the lease of worker 900 ends, worker {owner} gets {seen} letters"
        );
    }
    let seen = direct.lease(&Ask { now: end, ..ask }).await?.letters.len();
    ensure!(seen == 0, "a letter that another took over was leased from it");
    Ok(())
}

async fn every_lease_counts_an_attempt(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::Letter(&letter(1))).await?;
    let mut now = noon();
    for attempt in 1..=4 {
        let leased = direct.lease(&Ask { now, owner: 900 + attempt, ..Ask::default() }).await?;
        let seen: Vec<_> =
            leased.letters.iter().map(|letter| (letter.attempt, letter.refusals, letter.unknowns)).collect();
        ensure!(seen == [(attempt, 0, 0)], "lease {attempt} is attempt, refusals and unknowns {seen:?}");
        now = lease_end(now);
    }
    Ok(())
}

async fn a_leased_letter_comes_with_its_invitation_as_it_is(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1).within("org:\u{1F642} ");
    row.record.message = Some("welcome".into());
    direct.put(&row, Dispatch::None).await?;
    let queued = letter(1);
    let renew = Transition {
        dispatch: Dispatch::Letter(&queued),
        ..renewed(by_id(id(1)), RenewedLinks::Retire { grace_until: Some(noon() + TimeDelta::hours(1)) })
    };
    direct.happens(&mut row, &renew).await?;
    direct.happens(&mut row, &change(by_id(id(1)), EventKind::Amended, NOTHING)).await?;
    let leased = direct.lease(&Ask::default()).await?;
    let [letter] = &leased.letters[..] else {
        ensure!(false, "one letter is due, {} were leased", leased.letters.len());
        return Ok(());
    };
    same(&letter.record, &row.record, "the invitation of the letter")?;
    direct.keeps(&row, "its letter was leased").await
}

async fn the_digest_of_each_letter_is_stored_for_its_invitation(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = [row(3), row(1), row(2).of_kind(OTHER_KIND)];
    for (n, row) in (1..).zip(&rows) {
        direct.put(row, Dispatch::Letter(&due(n, -i64::from(n)))).await?;
    }
    let queued = letter(4);
    let renew = renewed(by_id(id(3)), RenewedLinks::Keep);
    let renew = Transition { dispatch: Dispatch::Letter(&queued), ..renew };
    direct.happens(&mut rows[0], &renew).await?;
    let leased = direct.lease(&Ask { kinds: &[KIND, OTHER_KIND], ..Ask::default() }).await?;
    // The first letter was of generation 1, and its invitation is of generation 2 now.
    ensure!(
        (leased.letters.len(), leased.discarded) == (3, 1),
        "three letters to send and one out of date were queued: {} and {}",
        leased.letters.len(),
        leased.discarded
    );
    let minted = direct.minted();
    ensure!(minted.len() == 3, "three letters are to be sent, and {} tokens were asked for", minted.len());
    for letter in &leased.letters {
        let Some(minted) = minted.iter().find(|minted| minted.delivery == letter.delivery) else {
            ensure!(false, "no token was asked for delivery {:?}", letter.delivery);
            continue;
        };
        ensure!(
            minted.kind == letter.record.kind,
            "a {} token was asked for a letter of {}",
            minted.kind,
            letter.record.kind
        );
        let generation = letter.record.generation;
        let wanted = FoundToken { digest: minted.digest.clone(), generation, channel: Channel::Mail };
        let found = direct.token(&minted.digest).await?;
        let what = format!("minted for delivery {:?}", letter.delivery);
        same_token(found.as_ref().and_then(|found| found.token.as_ref()), Some(&wanted), &what)?;
        let seen = found.map(|found| found.record.id);
        ensure!(seen == Some(letter.record.id), "{what}: it leads to {seen:?}, not to {:?}", letter.record.id);
    }
    Ok(())
}

async fn the_tokens_of_earlier_attempts_stay_known(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::Letter(&letter(1))).await?;
    direct.lease(&Ask::default()).await?;
    direct.lease(&Ask { now: lease_end(noon()), ..Ask::default() }).await?;
    let minted = direct.minted();
    ensure!(minted.len() == 2, "in two attempts {} tokens were minted", minted.len());
    for (attempt, minted) in (1..).zip(&minted) {
        let found = direct.token(&minted.digest).await?;
        let wanted = FoundToken { digest: minted.digest.clone(), generation: 1, channel: Channel::Mail };
        let what = format!("the token of attempt {attempt} of 2");
        same_token(found.and_then(|found| found.token).as_ref(), Some(&wanted), &what)?;
    }
    Ok(())
}

async fn a_letter_that_is_not_current_is_removed(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, status) in (1..).zip(Status::ALL) {
        let mut row = row(n);
        direct.put(&row, Dispatch::Letter(&letter(n))).await?;
        direct.bring(&mut row, status).await?;
    }
    let mut renewed_since = row(7);
    direct.put(&renewed_since, Dispatch::Letter(&letter(7))).await?;
    direct.happens(&mut renewed_since, &renewed(by_id(id(7)), RenewedLinks::Keep)).await?;
    let mut readdressed = row(8);
    direct.put(&readdressed, Dispatch::Letter(&letter(8))).await?;
    let grace = rows::address("grace@example.com");
    let to = Change::Amend {
        recipient: Some((&grace, None)),
        payload: None,
        display: None,
        message: None,
        expires_at: None,
        remind_at: None,
    };
    direct.happens(&mut readdressed, &change(by_id(id(8)), EventKind::Amended, to)).await?;
    direct.put(&row(9).expiring(noon() - MICROSECOND), Dispatch::Letter(&letter(9))).await?;

    let leased = direct.lease(&Ask::default()).await?;
    let seen = deliveries(&leased);
    ensure!(seen == [delivery(1)], "only the first is still worth sending, leased are {seen:?}");
    ensure!(leased.discarded == 8, "8 letters are out of date, {} were counted", leased.discarded);
    let minted = direct.minted().len();
    ensure!(minted == 1, "one letter is to be sent, and {minted} tokens were asked for");
    let again = direct.lease(&Ask { now: lease_end(noon()), ..Ask::default() }).await?;
    let again = (deliveries(&again), again.discarded);
    ensure!(again == (vec![delivery(1)], 0), "after the lease there are letters and letters out of date: {again:?}");
    for row in [&renewed_since, &readdressed] {
        direct.keeps(row, "a letter about it that was out of date").await?;
    }
    Ok(())
}

async fn a_letter_is_current_until_the_end_of_its_invitation(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, end) in [(1, noon() - MICROSECOND), (2, noon()), (3, noon() + MICROSECOND)] {
        direct.put(&row(n).expiring(end), Dispatch::Letter(&letter(n))).await?;
    }
    let leased = direct.lease(&Ask::default()).await?;
    let seen = deliveries(&leased);
    ensure!(
        seen == [delivery(3)] && leased.discarded == 2,
        "ending a microsecond before, at and after noon; to send at noon are {seen:?}, out of date {}",
        leased.discarded
    );
    Ok(())
}

async fn a_claim_is_committed_when_it_returns(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::Letter(&letter(1))).await?;
    let leased = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(leased == 1, "a letter that is due was not leased");
    for minted in direct.minted() {
        let known = direct.token(&minted.digest).await?.is_some();
        ensure!(known, "a link may leave the house whose digest other connections do not see");
    }
    // A transaction of the host's goes on beside what the worker did.
    let other = row(2);
    committed!(direct, tx => {
        direct.holds(&mut tx, &row(1), "the lease").await?;
        direct.add(&mut tx, &other, Dispatch::Letter(&letter(2))).await?;
    });
    let seen = deliveries(&direct.lease(&Ask { owner: 901, ..Ask::default() }).await?);
    ensure!(seen == [delivery(2)], "another worker gets {seen:?}, and the first is leased");
    Ok(())
}

async fn without_randomness_nothing_is_leased(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for n in 1..=3 {
        direct.put(&row(n), Dispatch::Letter(&letter(n))).await?;
    }
    let first = rows::digest(77);
    let minter = |asked: DeliveryId, _: &str| {
        if asked == delivery(1) { Ok(first.clone()) } else { Err(StoreError::failed("no randomness")) }
    };
    let lease_until = lease_end(noon());
    let request = LeaseRequest {
        kinds: &[KIND],
        now: noon(),
        owner: uuid(900),
        lease_until,
        limit: 100,
        after: None,
        full: &[],
        room: &|_| true,
        minter: &minter,
    };
    let answer = direct.db.lease(&(), &request).await;
    ensure!(answer.is_err_and(|error| !error.is_retryable()), "an error of `mint` is not the answer of `lease`");
    ensure!(direct.token(&first).await?.is_none(), "a `lease` that was rolled back stored a token");
    let mut seen = Vec::new();
    // A pool may roll back behind the caller's back, and what is still locked then is skipped.
    for _ in 0..1_000 {
        let leased = direct.lease(&Ask::default()).await?;
        seen.extend(leased.letters.iter().map(|letter| (letter.delivery, letter.attempt)));
        if seen.len() >= 3 {
            break;
        }
    }
    let wanted = [1, 2, 3].map(|n| (delivery(n), 1));
    ensure!(seen == wanted, "after a `lease` that was rolled back, leased are {seen:?}, should be {wanted:?}");
    Ok(())
}
