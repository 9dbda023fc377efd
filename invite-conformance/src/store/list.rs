//! Pages of a scope: their order, their size, and where they go on.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    InvitationId, Record, Scope, Sort, Status,
    store::{Dispatch, ListQuery, Seek},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::same,
    erased::Db,
    host::world::committed,
    store::{
        direct::Direct,
        rows::{OTHER_KIND, Row, everything, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    newest_first_goes_on_where_the_page_ended:
        "`Sort::NewestFirst`: `created_at` descending, then id descending; a page begins after `(at, id)`, ties \
         included.",
    oldest_first_goes_on_where_the_page_ended:
        "`Sort::OldestFirst`: `created_at`, then id; a page begins after `(at, id)`, ties included.",
    next_to_expire_goes_on_where_the_page_ended:
        "`Sort::ExpiresFirst`: `expires_at`, then id; a page begins after `(at, id)`, ties included.",
    by_address_goes_on_where_the_page_ended:
        "`Sort::Address`: canonical address in byte order, then id; a page begins after `Seek::address` and `Seek::id`.",
    a_page_begins_after_a_row_that_is_no_longer_there:
        "Where a page begins is a place in the order, not a row: it need not exist, nor pass the filters.",
    a_list_holds_whole_rows:
        "A list gives each row as `find` does, status as stored.",
    an_empty_scope_has_an_empty_list:
        "Nothing to list is an empty list.",
    no_more_than_the_limit:
        "`limit` is the most rows of a page, whichever the order.",
];

pub(super) fn ids(records: &[Record]) -> Vec<InvitationId> {
    records.iter().map(|record| record.id).collect()
}

/// These rows of scope 7, and as many of another scope and of another kind in the same places.
pub(super) async fn put_all(direct: &Direct, rows: &[Row]) -> Verdict {
    committed!(direct, tx => for (n, row) in (1_000..).zip(rows) {
        direct.add(&mut tx, row, Dispatch::None).await?;
        let mut other_scope = row.clone().within("8");
        (other_scope.record.id, other_scope.record.delivery_id) = (id(2 * n), None);
        direct.add(&mut tx, &other_scope, Dispatch::None).await?;
        let mut other_kind = row.clone().of_kind(OTHER_KIND);
        (other_kind.record.id, other_kind.record.delivery_id) = (id(2 * n + 1), None);
        direct.add(&mut tx, &other_kind, Dispatch::None).await?;
    });
    Ok(())
}

/// Sees that these are listed, on one page and on pages of every smaller size.
async fn pages(db: &Db, sort: Sort, rows: &[Row], at: fn(&Record) -> DateTime<Utc>, wanted: &[u32]) -> Verdict {
    let direct = Direct::on(db);
    put_all(&direct, rows).await?;
    let wanted: Vec<_> = wanted.iter().copied().map(id).collect();
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for limit in [100, 1, 2, 3] {
        let mut seen = Vec::new();
        let mut last: Option<Record> = None;
        for _ in 0..=rows.len() {
            let after =
                last.as_ref().map(|last| Seek { at: at(last), address: last.recipient.canonical(), id: last.id });
            let query = ListQuery { sort, limit, after, ..everything(&scope) };
            let page = direct.db.list(&mut conn, &query).await?;
            last = page.last().cloned();
            seen.extend(ids(&page));
            if page.is_empty() {
                break;
            }
        }
        ensure!(seen == wanted, "{sort:?}, in pages of {limit}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

/// Seven rows created at four instants, in no order.
fn created() -> Vec<Row> {
    let at = |micros| noon() - TimeDelta::days(1) + TimeDelta::microseconds(micros);
    [(1, 2), (2, 1), (3, 2), (4, 0), (5, 2), (6, 1), (7, 3)].map(|(n, micros)| row(n).created(at(micros))).to_vec()
}

async fn newest_first_goes_on_where_the_page_ended(db: Db) -> Verdict {
    pages(&db, Sort::NewestFirst, &created(), |row| row.created_at, &[7, 5, 3, 1, 6, 2, 4]).await
}

async fn oldest_first_goes_on_where_the_page_ended(db: Db) -> Verdict {
    pages(&db, Sort::OldestFirst, &created(), |row| row.created_at, &[4, 2, 6, 1, 3, 5, 7]).await
}

async fn next_to_expire_goes_on_where_the_page_ended(db: Db) -> Verdict {
    let at = |micros| noon() + TimeDelta::days(1) + TimeDelta::microseconds(micros);
    let rows = [(1, 2), (2, 1), (3, 2), (4, 0), (5, 2), (6, 1), (7, 3)].map(|(n, micros)| row(n).expiring(at(micros)));
    pages(&db, Sort::ExpiresFirst, &rows, |row| row.expires_at, &[4, 2, 6, 1, 3, 5, 7]).await
}

async fn by_address_goes_on_where_the_page_ended(db: Db) -> Verdict {
    let addresses = [
        "b@example.com",
        "a_c@example.com",
        "a.c@example.com",
        "ab@example.com",
        "a-c@example.com",
        "ab@example.com",
        "10@example.com",
        "9@example.com",
        "a@example.com",
        "ab@example.com",
    ];
    let rows: Vec<_> = (1..).zip(addresses).map(|(n, address)| row(n).to(address).unlimited()).collect();
    // The place of an address is the row's, whatever instant comes with it.
    pages(&db, Sort::Address, &rows, |row| row.created_at, &[7, 8, 5, 3, 9, 2, 4, 6, 10, 1]).await
}

async fn a_page_begins_after_a_row_that_is_no_longer_there(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let at = |hours| noon() + TimeDelta::hours(hours);
    let mut rows: Vec<_> = (1..=6).map(|n| row(10 * n).created(at(i64::from(n) - 48)).expiring(at(n.into()))).collect();
    put_all(&direct, &rows).await?;
    direct.bring(&mut rows[2], Status::Cancelled).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    // 30 no longer passes the filter, 35 never was.
    for (sort, start, row, wanted) in [
        (Sort::NewestFirst, at(3 - 48), 30, [20, 10].map(id).to_vec()),
        (Sort::NewestFirst, at(3 - 48), 35, [20, 10].map(id).to_vec()),
        (Sort::NewestFirst, at(4 - 48), 35, [20, 10].map(id).to_vec()),
        (Sort::OldestFirst, at(3 - 48), 30, [40, 50, 60].map(id).to_vec()),
        (Sort::OldestFirst, at(4 - 48), 35, [40, 50, 60].map(id).to_vec()),
        (Sort::ExpiresFirst, at(3), 30, [40, 50, 60].map(id).to_vec()),
        (Sort::ExpiresFirst, at(4), 35, [40, 50, 60].map(id).to_vec()),
        (Sort::Address, at(0), 30, [40, 50, 60].map(id).to_vec()),
        (Sort::Address, at(0), 35, [40, 50, 60].map(id).to_vec()),
    ] {
        let address = format!("person{row}@example.com");
        let after = Some(Seek { at: start, address: &address, id: id(row) });
        let query = ListQuery { sort, after, statuses: &[Status::Pending], ..everything(&scope) };
        let seen = ids(&direct.db.list(&mut conn, &query).await?);
        ensure!(seen == wanted, "{sort:?} after the place of row {row}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn a_list_holds_whole_rows(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, _) = direct.invited(1).await?;
    direct.bring(&mut first, Status::Rejected).await?;
    let past = row(2).created(noon() - TimeDelta::days(9)).expiring(noon() - TimeDelta::days(8));
    direct.put(&past, Dispatch::None).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
        let page = direct.db.list(&mut conn, &ListQuery { sort, ..everything(&scope) }).await?;
        ensure!(page.len() == 2, "{sort:?}: {} rows of 2 are listed", page.len());
        for record in &page {
            let wanted = if record.id == first.record.id { &first } else { &past };
            same(record, &wanted.record, &format!("{sort:?}: a row of the list"))?;
        }
    }
    Ok(())
}

async fn an_empty_scope_has_an_empty_list(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let scope = Scope::new(8);
    let mut conn = direct.db.connect().await?;
    for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
        for after in [None, Some(Seek { at: noon(), address: "person1@example.com", id: id(1) })] {
            let seen = ids(&direct.db.list(&mut conn, &ListQuery { sort, after, ..everything(&scope) }).await?);
            ensure!(seen.is_empty(), "{sort:?}: the list of an empty scope holds {seen:?}");
        }
    }
    Ok(())
}

async fn no_more_than_the_limit(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    put_all(&direct, &created()).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
        for limit in [1, 6, 7, 8, 201, u32::MAX] {
            let seen = direct.db.list(&mut conn, &ListQuery { sort, limit, ..everything(&scope) }).await?.len();
            let wanted = usize::try_from(limit).unwrap_or(usize::MAX).min(7);
            ensure!(seen == wanted, "{sort:?}: of 7 rows and at most {limit}, {seen} are listed");
        }
    }
    Ok(())
}
