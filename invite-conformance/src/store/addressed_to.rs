//! A person's open invitations, in any scope.

use chrono::TimeDelta;
use invite_core::{
    Actor, InvitationId, Status,
    store::{AddressedQuery, Dispatch, Waited, Waiting},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    host::world::committed,
    store::{
        direct::Direct,
        rows::{KIND, MICROSECOND, OTHER_KIND, Row, addressed, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    each_of_eight_addresses_is_looked_for_in_every_scope:
        "`addressed_to` compares canonical addresses with up to eight values, and asks for no scope.",
    a_person_without_an_address_has_no_invitations:
        "Eight empty places equal no address.",
    an_address_is_looked_for_as_a_whole:
        "Canonical addresses compare as a whole, byte by byte; in none of them is there a wildcard.",
    the_newest_comes_first_and_no_more_than_the_limit:
        "`addressed_to` orders by `created_at` descending, then id descending, and gives `limit` rows at most.",
    only_what_is_open_and_unexpired_is_anybody_s_to_answer:
        "`addressed_to` leaves out what has ended and what `expires_at <= now` has ended unswept.",
    only_invitations_of_the_kind_are_addressed:
        "`addressed_to` compares the kind.",
    the_newest_few_of_each_inviter_come_first_and_pages_go_on:
        "`addressed_to` counts each inviter's invitations, newest first, and sorts by whether one is beyond `few`, then by \
         `created_at` and id, both descending. A page begins behind `after` in that order.",
    what_ends_or_comes_while_pages_are_read_moves_no_other:
        "`addressed_to` counts what stood open at `as_of`, though it has ended since, and nothing that was created later.",
];

async fn each_of_eight_addresses_is_looked_for_in_every_scope(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let addresses: Vec<_> = (1..=9).map(|n| format!("a{n}@example.com")).collect();
    let mut rows = Vec::new();
    for (n, address) in (1..).zip(&addresses) {
        let row = row(n).to(address).within(&format!("org:{n}")).created(noon() - TimeDelta::minutes(n.into()));
        direct.put(&row, Dispatch::None).await?;
        rows.push(row);
    }
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let mut conn = direct.db.connect().await?;
    for n in [1, 2, 7, 8] {
        let seen = direct.db.addressed_to(&mut conn, &addressed(KIND, &addresses[..n])).await?;
        ensure!(seen.len() == n, "with {n} addresses, each invited once, {} are found", seen.len());
        for (waiting, row) in seen.iter().zip(&rows) {
            same(&waiting.record, &row.record, &format!("with {n} addresses"))?;
        }
    }
    let mut places = [None; 8];
    (places[2], places[7]) = (Some(addresses[8]), Some(addresses[0]));
    let query = AddressedQuery { addresses: places, ..addressed(KIND, &[]) };
    let seen: Vec<_> =
        direct.db.addressed_to(&mut conn, &query).await?.iter().map(|waiting| waiting.record.id).collect();
    ensure!(seen == [1, 9].map(id), "with two addresses between empty places: {seen:?}, should be 1 and 9");
    Ok(())
}

async fn a_person_without_an_address_has_no_invitations(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let seen = direct.db.addressed_to(&mut direct.db.connect().await?, &addressed(KIND, &[])).await?.len();
    ensure!(seen == 0, "without an address {seen} invitations are found");
    Ok(())
}

async fn an_address_is_looked_for_as_a_whole(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1).to("ada.l@example.com"), Dispatch::None).await?;
    let mut conn = direct.db.connect().await?;
    for other in ["ada_l@example.com", "%", "ada.l@example.co", "a.l@example.com", "ADA.L@EXAMPLE.COM", ""] {
        let seen = direct.db.addressed_to(&mut conn, &addressed(KIND, &[other])).await?.len();
        ensure!(seen == 0, "what is addressed to ada.l@example.com is found for {other:?}");
    }
    Ok(())
}

async fn the_newest_comes_first_and_no_more_than_the_limit(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    committed!(direct, tx => for (n, micros) in [(1, 2), (2, 1), (3, 2), (4, 0), (5, 2), (6, 1), (7, 3)] {
        let row = row(n).created(noon() - TimeDelta::hours(1) + TimeDelta::microseconds(micros)).within(&n.to_string());
        let row = row.to(if n % 2 == 0 { "ada@example.com" } else { "ada@example.org" });
        direct.add(&mut tx, &row, Dispatch::None).await?;
    });
    let mut conn = direct.db.connect().await?;
    for limit in [1, 2, 3, 7, 8] {
        let query = AddressedQuery { limit, ..addressed(KIND, &["ada@example.org", "ada@example.com"]) };
        let seen: Vec<_> =
            direct.db.addressed_to(&mut conn, &query).await?.iter().map(|waiting| waiting.record.id).collect();
        let mut wanted = [7, 5, 3, 1, 6, 2, 4].map(id).to_vec();
        wanted.truncate(limit.try_into().unwrap_or(usize::MAX));
        ensure!(seen == wanted, "at most {limit}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn only_what_is_open_and_unexpired_is_anybody_s_to_answer(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, end) in [(0, noon() + MICROSECOND), (10, noon()), (20, noon() - MICROSECOND)] {
        for (m, status) in (1..).zip(Status::ALL) {
            let mut row = row(n + m).to("ada@example.com").unlimited().expiring(end);
            direct.put(&row, Dispatch::None).await?;
            direct.bring(&mut row, status).await?;
        }
    }
    // All of them stood open when the first page was read.
    let as_of = noon() - TimeDelta::minutes(30);
    let query = AddressedQuery { as_of, ..addressed(KIND, &["ada@example.com"]) };
    let seen = direct.db.addressed_to(&mut direct.db.connect().await?, &query).await?;
    let mut seen: Vec<_> = seen.iter().map(|waiting| (waiting.record.id, waiting.record.status)).collect();
    seen.sort_unstable();
    let wanted = [(id(1), Status::Pending), (id(6), Status::DeliveryFailed)];
    ensure!(seen == wanted, "of every status, ended and not, found are {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn only_invitations_of_the_kind_are_addressed(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, kind) in [(1, KIND), (2, OTHER_KIND), (3, "member.eu")] {
        direct.put(&row(n).to("ada@example.com").of_kind(kind), Dispatch::None).await?;
    }
    let mut conn = direct.db.connect().await?;
    for (n, kind) in [(1, KIND), (2, OTHER_KIND), (3, "member.eu")] {
        let seen = direct.db.addressed_to(&mut conn, &addressed(kind, &["ada@example.com"])).await?;
        let seen: Vec<_> = seen.iter().map(|waiting| waiting.record.id).collect();
        ensure!(seen == [id(n)], "of kind {kind} found are {seen:?}, should be {n}");
    }
    Ok(())
}

/// Invitations to Ada, in one minute each, by these inviters. Each is to a scope of its own.
async fn invited_by(direct: &Direct, inviters: &[Actor]) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for (n, inviter) in (1..).zip(inviters) {
        let mut row = row(n).to("ada@example.com").within(&format!("org:{n}"));
        row.record.created_at = noon() - TimeDelta::hours(1) + TimeDelta::minutes(n.into());
        row.record.inviter = inviter.clone();
        direct.put(&row, Dispatch::None).await?;
        rows.push(row);
    }
    Ok(rows)
}

/// The ids of the pages of this query, each of these many rows.
async fn pages(direct: &Direct, query: &AddressedQuery<'_>, limit: u32) -> Result<Vec<(InvitationId, bool)>, Stop> {
    let mut conn = direct.db.connect().await?;
    let (mut seen, mut after) = (Vec::new(), query.after);
    loop {
        let page = direct.db.addressed_to(&mut conn, &AddressedQuery { after, limit, ..*query }).await?;
        let Some(Waiting { record, late }) = page.last() else { return Ok(seen) };
        after = Some(Waited { late: *late, created_at: record.created_at, id: record.id });
        seen.extend(page.iter().map(|waiting| (waiting.record.id, waiting.late)));
        ensure!(seen.len() < 100, "the pages have no end");
    }
}

/// One who invites to many, and three who invite to few. The system is an inviter like any other.
fn inviters() -> Vec<Actor> {
    let person = Actor::new;
    vec![
        Actor::System,
        person(2),
        person(1),
        person(1),
        Actor::System,
        person(1),
        Actor::System,
        person(3),
        person(1),
        person(1),
    ]
}

async fn the_newest_few_of_each_inviter_come_first_and_pages_go_on(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    invited_by(&direct, &inviters()).await?;
    let wanted = [10, 9, 8, 7, 5, 2].map(|n| (id(n), false)).into_iter().chain([6, 4, 3, 1].map(|n| (id(n), true)));
    let wanted: Vec<_> = wanted.collect();
    for limit in [1, 2, 3, 4, 6, 7, 10, 11] {
        let query = AddressedQuery { few: 2, ..addressed(KIND, &["ada@example.com"]) };
        let seen = pages(&direct, &query, limit).await?;
        ensure!(seen == wanted, "in pages of {limit}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn what_ends_or_comes_while_pages_are_read_moves_no_other(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = invited_by(&direct, &inviters()).await?;
    let as_of = noon() - MICROSECOND;
    let query = AddressedQuery { few: 2, as_of, limit: 3, ..addressed(KIND, &["ada@example.com"]) };
    let first = direct.db.addressed_to(&mut direct.db.connect().await?, &query).await?;
    let after =
        first.last().map(|last| Waited { late: last.late, created_at: last.record.created_at, id: last.record.id });

    // Two of the first are answered, and one that was still to come. Two more come.
    for place in [9, 8, 4] {
        direct.bring(&mut rows[place], Status::Accepted).await?;
    }
    for (n, created) in [(11, noon()), (12, noon() + MICROSECOND)] {
        let row = row(n).to("ada@example.com").within(&format!("org:{n}")).created(created);
        direct.put(&row, Dispatch::None).await?;
    }
    let seen = pages(&direct, &AddressedQuery { after, ..query }, 2).await?;
    let wanted = [(7, false), (2, false), (6, true), (4, true), (3, true), (1, true)].map(|(n, late)| (id(n), late));
    ensure!(seen == wanted, "the pages go on with {seen:?}, should be {wanted:?}");
    // What was created at the very instant of the first page was there.
    let seen = pages(&direct, &AddressedQuery { as_of: noon(), ..query }, 20).await?;
    ensure!(seen.first() == Some(&(id(11), false)), "a microsecond later they begin with {seen:?}, should with 11");
    Ok(())
}
