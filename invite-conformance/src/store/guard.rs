//! Which rows a guard lets change, whoever asks.

use chrono::TimeDelta;
use invite_core::{
    Channel, Claimant, EventKind, Scope, Status,
    store::{Change, Dispatch, Guard, RecipientGuard, RenewedLinks, Target, TimeGuard, Transition},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Direct, both_ways},
        rows::{
            KIND, MICROSECOND, OTHER_KIND, by_id, by_system, by_token, cancelled, change, digest, ended, id, letter,
            noon, renewed, row, viewed,
        },
    },
};

pub(super) const CASES: &[Case] = cases![
    a_row_changes_in_the_two_statuses_of_the_guard_only:
        "`Guard::statuses` is `status IN (?, ?)` in the WHERE, for every status and for the same one twice.",
    an_id_is_looked_for_in_the_scope_that_is_named:
        "`Target::Id` compares id and scope in the WHERE, the scope byte by byte; without a scope the id alone.",
    another_kind_s_row_never_changes:
        "`Guard::kind` is in the WHERE, whether the row is looked for by id or by token.",
    an_unknown_id_is_no_error:
        "No row affected is the answer `None`, not an error and not another row.",
    unexpired_means_that_the_end_is_later_than_now:
        "`TimeGuard::Unexpired` is `expires_at > now` to the microsecond, with the guard's `now`.",
    due_means_that_the_end_has_come:
        "`TimeGuard::Due` is `expires_at <= now` to the microsecond, with the guard's `now`.",
    any_time_means_that_nobody_asks_for_it:
        "`TimeGuard::Any` puts no condition on `expires_at`.",
    resent_up_to_the_instant_of_the_guard_is_long_enough_ago:
        "`not_resent_between` is `resent_at IS NULL OR resent_at <= ? OR resent_at > ?`: never resent passes, and so does \
         the first instant itself.",
    what_is_dated_later_than_the_guard_looks_does_not_count_as_resent:
        "`not_resent_between` ends with its second instant: what was resent later was dated by a wrong clock.",
    every_condition_must_hold_at_once:
        "The conditions of a guard are joined by AND: one that does not hold is enough to refuse.",
    only_the_row_that_is_meant_changes:
        "The WHERE names one row. Nobody else's changes with it, however much alike, nor is anything added to \
         its history.",
    a_guard_that_does_not_hold_writes_nothing:
        "`None` means that nothing was written: no row, no event, no letter, no token; not even with the commit.",
    a_transaction_goes_on_after_a_refusal:
        "A guard that does not hold is an answer. The caller's transaction can still read, write and commit.",
];

async fn a_row_changes_in_the_two_statuses_of_the_guard_only(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, status) in (1..).zip(Status::ALL) {
        let (mut row, token) = direct.invited(n).await?;
        direct.bring(&mut row, status).await?;
        for (way, guard, token) in both_ways(&row, &token) {
            for other in Status::ALL {
                for statuses in [[other, other], [other, Status::Pending], [Status::Rejected, other]] {
                    let guard = Guard { statuses, ..guard.clone() };
                    let wanted = statuses.contains(&status);
                    let when = format!("{way}, one that is {status}, wanted {} or {}", statuses[0], statuses[1]);
                    direct.decides(&row, token, &cancelled(guard), wanted, &when).await?;
                }
            }
        }
    }
    Ok(())
}

async fn an_id_is_looked_for_in_the_scope_that_is_named(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, scope) in (1..).zip(["org:mike", "7", "org:k"]) {
        let row = row(n).within(scope);
        direct.put(&row, Dispatch::None).await?;
        direct.decides(&row, None, &cancelled(by_id(row.record.id)), true, "without a scope").await?;
        for named in
            ["org:mike", "org:m\u{131}ke", "ORG:MIKE", "7", "07", "7 ", "org:k", "org:\u{212A}", "org:k\u{301}"]
        {
            let named = Scope::new(named);
            let guard = Guard { target: Target::Id(row.record.id, Some(&named)), ..by_id(row.record.id) };
            let when = format!("in scope {scope:?}, looked for in {:?}", named.as_str());
            direct.decides(&row, None, &cancelled(guard), scope == named.as_str(), &when).await?;
        }
    }
    Ok(())
}

async fn another_kind_s_row_never_changes(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = direct.invited(1).await?;
    for (way, guard, token) in both_ways(&row, &token) {
        for kind in [KIND, OTHER_KIND, "membe", "member.", "membes"] {
            let guard = Guard { kind, ..guard.clone() };
            let when = format!("{way}, of kind {KIND}, looked for as {kind}");
            direct.decides(&row, token, &cancelled(guard), kind == KIND, &when).await?;
        }
    }
    Ok(())
}

async fn an_unknown_id_is_no_error(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let known = row(1);
    direct.put(&known, Dispatch::None).await?;
    undone!(direct, tx => direct.refuses(&mut tx, &known, &cancelled(by_id(id(2)))).await?);
    Ok(())
}

async fn unexpired_means_that_the_end_is_later_than_now(db: Db) -> Verdict {
    time(&db, TimeGuard::Unexpired, [true, false, false]).await
}

async fn due_means_that_the_end_has_come(db: Db) -> Verdict {
    time(&db, TimeGuard::Due, [false, true, true]).await
}

async fn any_time_means_that_nobody_asks_for_it(db: Db) -> Verdict {
    time(&db, TimeGuard::Any, [true, true, true]).await
}

/// A microsecond before its end, at its end, and a microsecond after.
async fn time(db: &Db, time: TimeGuard, wanted: [bool; 3]) -> Verdict {
    let direct = Direct::on(db);
    let (row, token) = direct.invited(1).await?;
    for (way, guard, token) in both_ways(&row, &token) {
        for (past, wanted) in [-MICROSECOND, TimeDelta::zero(), MICROSECOND].into_iter().zip(wanted) {
            let now = row.record.expires_at + past;
            let guard = Guard { time, now, ..guard.clone() };
            let when = format!("{way}, {:?} µs after its end, {time:?}", past.num_microseconds());
            direct.decides(&row, token, &cancelled(guard), wanted, &when).await?;
        }
    }
    Ok(())
}

async fn resent_up_to_the_instant_of_the_guard_is_long_enough_ago(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let mut resent = false;
    for _ in 0..2 {
        for (way, guard, token) in both_ways(&row, &token) {
            for since in [-MICROSECOND, TimeDelta::zero(), MICROSECOND] {
                let not_resent_between = Some((noon() + since, noon() + TimeDelta::hours(1)));
                let guard = Guard { not_resent_between, ..guard.clone() };
                let wanted = !resent || since >= TimeDelta::zero();
                let when =
                    format!("{way}, resent at noon: {resent}, wanted not since noon {:?} µs", since.num_microseconds());
                direct.decides(&row, token, &cancelled(guard), wanted, &when).await?;
            }
        }
        direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
        resent = true;
    }
    Ok(())
}

async fn what_is_dated_later_than_the_guard_looks_does_not_count_as_resent(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    for (way, guard, token) in both_ways(&row, &token) {
        for until in [-MICROSECOND, TimeDelta::zero(), MICROSECOND] {
            let guard =
                Guard { not_resent_between: Some((noon() - TimeDelta::hours(1), noon() + until)), ..guard.clone() };
            let wanted = until < TimeDelta::zero();
            let when = format!("{way}, resent at noon, looked at until noon {:?} µs", until.num_microseconds());
            direct.decides(&row, token, &cancelled(guard), wanted, &when).await?;
        }
    }
    Ok(())
}

async fn every_condition_must_hold_at_once(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = direct.invited(1).await?;
    let (invited, stranger) =
        (Claimant::new(2).verified("person1@example.com"), Claimant::new(3).verified("x@example.com"));
    let only = |claimant| RecipientGuard::Claimant { claimant, same_domain: false };
    let elsewhere = Scope::new(8);
    for (way, guard, token) in both_ways(&row, &token) {
        let all = Guard {
            time: TimeGuard::Unexpired,
            recipient: only(&invited),
            not_resent_between: Some((noon(), noon())),
            ..guard
        };
        direct.decides(&row, token, &cancelled(all.clone()), true, &format!("{way}, everything holds")).await?;
        let mut refused = vec![
            ("kind", Guard { kind: OTHER_KIND, ..all.clone() }),
            ("status", Guard { statuses: [Status::Accepted, Status::DeliveryFailed], ..all.clone() }),
            ("time", Guard { time: TimeGuard::Due, ..all.clone() }),
            ("recipient", Guard { recipient: only(&stranger), ..all.clone() }),
        ];
        match all.target {
            Target::Id(id, _) => {
                refused.push(("scope", Guard { target: Target::Id(id, Some(&elsewhere)), ..all.clone() }))
            }
            Target::Token(_) | Target::Delivery(_) => {}
        }
        for (condition, guard) in refused {
            let when = format!("{way}, everything holds but the {condition}");
            direct.decides(&row, token, &cancelled(guard), false, &when).await?;
        }
    }
    Ok(())
}

async fn only_the_row_that_is_meant_changes(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut meant, token) = direct.invited(1).await?;
    let twin = row(2).to("person1@example.com").unlimited();
    direct.put(&twin, Dispatch::None).await?;
    committed!(direct, tx => {
        direct.changes(&mut tx, &mut meant, Some(&token), &viewed(by_token(&token.digest))).await?;
        let link = change(by_id(id(1)), EventKind::LinkCreated, Change::Link);
        direct.changes(&mut tx, &mut meant, None, &link).await?;
        let accept = ended(by_id(id(1)), Status::Accepted, by_system(EventKind::Accepted));
        direct.changes(&mut tx, &mut meant, None, &accept).await?;
    });
    direct.keeps(&meant, "three changes").await?;
    direct.keeps(&twin, "three changes of another row").await?;
    let events = direct.history(&twin).await?.len();
    ensure!(events == 1, "a row that was only created has {events} events after changes of another");
    Ok(())
}

async fn a_guard_that_does_not_hold_writes_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = direct.invited(1).await?;
    let (queued, known) = (letter(1), digest(77));
    let key = row.open_key();
    for (way, guard, _) in both_ways(&row, &token) {
        let guard = Guard { time: TimeGuard::Due, ..guard };
        committed!(direct, tx => for dispatch in [Dispatch::Letter(&queued), Dispatch::Token(&known, Channel::Link)] {
            direct.refuses(&mut tx, &row, &Transition { dispatch, ..cancelled(guard.clone()) }).await?;
        });
        let when = format!("a refusal {way} and the commit");
        direct.keeps(&row, &when).await?;
        let events = direct.history(&row).await?.len();
        ensure!(events == 2, "two events before {when}, {events} after it");
        ensure!(
            direct.token(&known).await?.is_none(),
            "the token of a change that did not happen is known after {when}"
        );
        let leased = direct.lease(&Default::default()).await?;
        let letters = leased.letters.len() + leased.discarded;
        ensure!(letters == 0, "the letter of a change that did not happen is queued after {when}");
        let holder = undone!(direct, tx => match &key {
            Some(key) => direct.holder(&mut tx, key).await?,
            None => None,
        });
        ensure!(holder == Some(row.record.id), "the open key is no longer held after {when}");
    }
    Ok(())
}

async fn a_transaction_goes_on_after_a_refusal(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, second) = (row(1), row(2));
    direct.put(&first, Dispatch::None).await?;
    committed!(direct, tx => {
        let guard = Guard { kind: OTHER_KIND, ..by_id(id(1)) };
        direct.refuses(&mut tx, &first, &cancelled(guard)).await?;
        direct.add(&mut tx, &second, Dispatch::None).await?;
        direct.changes(&mut tx, &mut first, None, &cancelled(by_id(id(1)))).await?;
    });
    direct.keeps(&first, "a refusal, a change and the commit").await?;
    direct.keeps(&second, "a refusal, an insertion and the commit").await
}
