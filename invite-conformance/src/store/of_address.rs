//! All that was ever sent to one address.

use chrono::TimeDelta;
use invite_core::{
    InvitationId, Scope, Status,
    store::{Dispatch, OfAddress},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    store::{
        direct::Direct,
        rows::{KIND, OTHER_KIND, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    of_an_address_all_are_found_whatever_their_status:
        "`of_address` has no condition on status and time, and reads whole rows.",
    another_address_kind_or_scope_is_not_found_with_it:
        "`of_address` compares the canonical address, the kind, and the scope if one is given, byte by byte.",
    of_an_address_the_newest_comes_first_and_pages_go_on:
        "`of_address` orders by `created_at` and id, both descending, begins behind `after` in that order, and gives \
         `limit` rows at most.",
];

fn of_ada() -> OfAddress<'static> {
    OfAddress { kind: KIND, scope: None, address: "ada@example.com", after: None, limit: 100 }
}

async fn ids(direct: &Direct, query: &OfAddress<'_>) -> Result<Vec<InvitationId>, Stop> {
    let mut conn = direct.db.connect().await?;
    Ok(direct.db.of_address(&mut conn, query).await?.iter().map(|record| record.id).collect())
}

async fn of_an_address_all_are_found_whatever_their_status(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut rows = Vec::new();
    for (n, status) in (1..).zip(Status::ALL) {
        let created = noon() - TimeDelta::minutes(n.into());
        let mut row = row(n).to("Ada@example.com").unlimited().created(created).within(&format!("org:{n}"));
        row.record.expires_at = noon() + TimeDelta::minutes(n.into()) - TimeDelta::minutes(3);
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
        rows.push(row);
    }
    let found = direct.db.of_address(&mut direct.db.connect().await?, &of_ada()).await?;
    ensure!(found.len() == rows.len(), "of {} invitations, one of each status, {} are found", rows.len(), found.len());
    for (record, row) in found.iter().zip(&rows) {
        same(record, &row.record, "of one address")?;
    }
    Ok(())
}

async fn another_address_kind_or_scope_is_not_found_with_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let others = ["xada@example.com", "ada@example.co", "ada@example.com.org", "ad_@example.com"];
    for (n, other) in (1..).zip(others) {
        direct.put(&row(n).to(other), Dispatch::None).await?;
    }
    direct.put(&row(10).to("ada@example.com").of_kind(OTHER_KIND), Dispatch::None).await?;
    direct.put(&row(11).to("ada@example.com").within("org:1"), Dispatch::None).await?;
    direct.put(&row(12).to("ada@example.com").within("org:10"), Dispatch::None).await?;
    let seen = ids(&direct, &of_ada()).await?;
    ensure!(seen == [12, 11].map(id), "of the address in all scopes: {seen:?}");
    let seen = ids(&direct, &OfAddress { kind: OTHER_KIND, ..of_ada() }).await?;
    ensure!(seen == [id(10)], "of another kind: {seen:?}");
    for (scope, wanted) in [("org:1", vec![id(11)]), ("org:10", vec![id(12)]), ("ORG:1", vec![])] {
        let scope = Scope::new(scope);
        let seen = ids(&direct, &OfAddress { scope: Some(&scope), ..of_ada() }).await?;
        ensure!(seen == wanted, "of the address in {scope:?}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn of_an_address_the_newest_comes_first_and_pages_go_on(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, micros) in [(1, 2), (2, 1), (3, 2), (4, 0), (5, 2), (6, 1), (7, 3)] {
        let created = noon() - TimeDelta::hours(1) + TimeDelta::microseconds(micros);
        let row = row(n).to("ada@example.com").created(created).within(&n.to_string());
        direct.put(&row, Dispatch::None).await?;
    }
    let wanted = [7, 5, 3, 1, 6, 2, 4].map(id);
    for limit in [1, 2, 3, 4, 7, 8] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let query = OfAddress { after, limit, ..of_ada() };
            let page = direct.db.of_address(&mut direct.db.connect().await?, &query).await?;
            let most = usize::try_from(limit).unwrap_or(usize::MAX);
            ensure!(page.len() <= most, "{} rows are found at a limit of {limit}", page.len());
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            seen.extend(page.iter().map(|record| record.id));
            ensure!(seen.len() < 20, "the pages have no end");
        }
        ensure!(seen == wanted, "in pages of {limit}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}
