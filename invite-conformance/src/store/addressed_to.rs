//! A person's open invitations, in any scope.

use chrono::TimeDelta;
use invite_core::{
    Status,
    store::{AddressedQuery, Dispatch},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    host::world::committed,
    store::{
        direct::Direct,
        rows::{KIND, MICROSECOND, OTHER_KIND, addressed, id, noon, row},
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
        for (record, row) in seen.iter().zip(&rows) {
            same(record, &row.record, &format!("with {n} addresses"))?;
        }
    }
    let mut places = [None; 8];
    (places[2], places[7]) = (Some(addresses[8]), Some(addresses[0]));
    let query = AddressedQuery { addresses: places, ..addressed(KIND, &[]) };
    let seen: Vec<_> = direct.db.addressed_to(&mut conn, &query).await?.iter().map(|record| record.id).collect();
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
        let seen: Vec<_> = direct.db.addressed_to(&mut conn, &query).await?.iter().map(|record| record.id).collect();
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
    let query = addressed(KIND, &["ada@example.com"]);
    let seen = direct.db.addressed_to(&mut direct.db.connect().await?, &query).await?;
    let mut seen: Vec<_> = seen.iter().map(|record| (record.id, record.status)).collect();
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
        let seen: Vec<_> = seen.iter().map(|record| record.id).collect();
        ensure!(seen == [id(n)], "of kind {kind} found are {seen:?}, should be {n}");
    }
    Ok(())
}
