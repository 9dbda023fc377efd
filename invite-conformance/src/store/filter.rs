//! What a list leaves out.

use chrono::TimeDelta;
use invite_core::{
    Scope, Sort, Status,
    store::{Dispatch, ListQuery, Seek},
};

use super::list::{ids, put_all};
use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::committed,
    store::{
        direct::Direct,
        rows::{MICROSECOND, OTHER_KIND, Row, everything, id, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_list_is_of_one_kind_and_one_scope:
        "Kind and scope are compared byte by byte; no filter, order or page lets another's row through.",
    each_status_is_listed_as_it_is_seen_now:
        "`statuses` compares with the status as seen at `now`: open rows whose `expires_at <= now` count as expired.",
    several_statuses_are_any_of_them:
        "`statuses` is any of up to six, and no condition when empty.",
    an_address_contains_the_text_and_nothing_in_it_is_a_wildcard:
        "`search` is found anywhere in the canonical address, character for character.",
    expiring_rows_are_open_and_end_after_now_and_by_then:
        "`expiring_until` is `open AND expires_at > now AND expires_at <= until`.",
    all_filters_hold_at_once_and_on_every_page:
        "Filters are joined by AND, with each other and with the place a page begins after.",
];

async fn a_list_is_of_one_kind_and_one_scope(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = [
        row(1).within("org:mike"),
        row(2).within("org:m\u{131}ke"),
        row(3).within("org:Mike"),
        row(4).within("org:mike "),
        row(5).within("org:mike").of_kind(OTHER_KIND),
    ];
    committed!(direct, tx => for row in &rows {
        direct.add(&mut tx, row, Dispatch::None).await?;
    });
    let mut conn = direct.db.connect().await?;
    for row in &rows {
        for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
            let query = ListQuery { kind: &row.record.kind, sort, ..everything(&row.record.scope) };
            for query in [
                ListQuery { search: Some("example.com"), ..query_again(&query) },
                ListQuery { statuses: &Status::ALL, ..query_again(&query) },
                ListQuery { expiring_until: Some(noon() + TimeDelta::days(9)), ..query_again(&query) },
                query,
            ] {
                let seen = ids(&direct.db.list(&mut conn, &query).await?);
                let (kind, scope) = (&row.record.kind, row.record.scope.as_str());
                ensure!(seen == [row.record.id], "{sort:?}: the list of kind {kind} and scope {scope:?} is {seen:?}");
            }
        }
    }
    Ok(())
}

/// The same request once more.
fn query_again<'a>(query: &ListQuery<'a>) -> ListQuery<'a> {
    ListQuery { ..*query }
}

/// For each status one row that has it and ends later, then one for each that ended just now.
async fn one_of_each(direct: &Direct) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for (n, end) in [(0, noon() + MICROSECOND), (10, noon())] {
        for (m, status) in (1..).zip(Status::ALL) {
            let mut row = row(n + m).expiring(end);
            direct.put(&row, Dispatch::None).await?;
            direct.bring(&mut row, status).await?;
            rows.push(row);
        }
    }
    Ok(rows)
}

/// As a reader sees it at noon.
fn seen(row: &Row) -> Status {
    let record = &row.record;
    if record.status.is_open() && record.expires_at <= noon() { Status::Expired } else { record.status }
}

async fn each_status_is_listed_as_it_is_seen_now(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = one_of_each(&direct).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for status in Status::ALL {
        let wanted: Vec<_> = rows.iter().filter(|row| seen(row) == status).map(|row| row.record.id).collect();
        for sort in [Sort::OldestFirst, Sort::NewestFirst, Sort::ExpiresFirst, Sort::Address] {
            let query = ListQuery { statuses: &[status], sort, ..everything(&scope) };
            let mut seen = ids(&direct.db.list(&mut conn, &query).await?);
            seen.sort_unstable();
            ensure!(seen == wanted, "{sort:?}: listed as {status}: {seen:?}, should be {wanted:?}");
        }
    }
    Ok(())
}

async fn several_statuses_are_any_of_them(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows = one_of_each(&direct).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for n in 2..=6 {
        for statuses in Status::ALL.windows(n) {
            let wanted: Vec<_> =
                rows.iter().filter(|row| statuses.contains(&seen(row))).map(|row| row.record.id).collect();
            let query = ListQuery { statuses, sort: Sort::OldestFirst, ..everything(&scope) };
            let seen = ids(&direct.db.list(&mut conn, &query).await?);
            ensure!(seen == wanted, "listed as any of {statuses:?}: {seen:?}, should be {wanted:?}");
        }
    }
    let all = direct.db.list(&mut conn, &everything(&scope)).await?.len();
    ensure!(all == rows.len(), "without a status {all} rows of {} are listed", rows.len());
    Ok(())
}

async fn an_address_contains_the_text_and_nothing_in_it_is_a_wildcard(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let addresses =
        ["ada_l@example.com", "adaxl@example.com", "o'hara*@example.org", "ADA@mail.example.com", "a?b@example.com"];
    let rows: Vec<_> = (1..).zip(addresses).map(|(n, address)| row(n).to(address)).collect();
    put_all(&direct, &rows).await?;
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for (text, wanted) in [
        ("ada", &[1, 2, 4][..]),
        ("ada_l", &[1]),
        ("_", &[1]),
        ("%", &[]),
        ("a%a", &[]),
        ("*", &[3]),
        ("?", &[5]),
        ("a?", &[5]),
        ("'", &[3]),
        ("\\", &[]),
        ("\\_", &[]),
        ("[a-z]", &[]),
        ("^a", &[]),
        (".", &[1, 2, 3, 4, 5]),
        ("@example.com", &[1, 2, 5]),
        ("ple.org", &[3]),
        ("ada@mail.example.com", &[4]),
        ("ada@mail.example.com ", &[]),
        ("\u{e4}da", &[]),
        ("ad\u{e4}", &[]),
    ] {
        let wanted: Vec<_> = wanted.iter().copied().map(id).collect();
        for sort in [Sort::OldestFirst, Sort::NewestFirst, Sort::ExpiresFirst, Sort::Address] {
            let query = ListQuery { search: Some(text), sort, ..everything(&scope) };
            let mut seen = ids(&direct.db.list(&mut conn, &query).await?);
            seen.sort_unstable();
            ensure!(seen == wanted, "{sort:?}: with {text:?} in the address: {seen:?}, should be {wanted:?}");
        }
    }
    Ok(())
}

async fn expiring_rows_are_open_and_end_after_now_and_by_then(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let until = noon() + TimeDelta::hours(1);
    for (n, end) in (1..).zip([noon(), noon() + MICROSECOND, until, until + MICROSECOND]) {
        direct.put(&row(n).expiring(end), Dispatch::None).await?;
    }
    for (n, status) in (11..).zip(Status::ALL) {
        let mut row = row(n).expiring(until);
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, status).await?;
    }
    let scope = Scope::new(7);
    let wanted = [2, 3, 11, 16].map(id);
    let mut conn = direct.db.connect().await?;
    for sort in [Sort::OldestFirst, Sort::NewestFirst, Sort::ExpiresFirst, Sort::Address] {
        let query = ListQuery { expiring_until: Some(until), sort, ..everything(&scope) };
        let mut seen = ids(&direct.db.list(&mut conn, &query).await?);
        seen.sort_unstable();
        ensure!(seen == wanted, "{sort:?}: expiring within the hour: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn all_filters_hold_at_once_and_on_every_page(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (soon, late) = (noon() + TimeDelta::hours(1), noon() + TimeDelta::days(3));
    for n in 1..=16 {
        let (fits_address, fits_time, fits_status) = (n & 1 == 0, n & 2 == 0, n & 4 == 0);
        let address = format!("p{n}@{}.example.com", if fits_address { "yes" } else { "no" });
        let mut row = row(n).to(&address).expiring(if fits_time { soon } else { late });
        direct.put(&row, Dispatch::None).await?;
        direct.bring(&mut row, if fits_status { Status::Pending } else { Status::DeliveryFailed }).await?;
    }
    let scope = Scope::new(7);
    let mut conn = direct.db.connect().await?;
    for (sort, at) in
        [(Sort::OldestFirst, row(1).record.created_at), (Sort::ExpiresFirst, soon), (Sort::Address, noon())]
    {
        let query = ListQuery {
            statuses: &[Status::Pending, Status::Accepted],
            search: Some("@yes."),
            expiring_until: Some(soon),
            sort,
            ..everything(&scope)
        };
        let mut seen = ids(&direct.db.list(&mut conn, &query_again(&query)).await?);
        seen.sort_unstable();
        ensure!(seen == [8, 16].map(id), "{sort:?}, all filters: {seen:?}, should be 8 and 16");
        // By address 16 comes first.
        let (first, second) = if sort == Sort::Address { (16, 8) } else { (8, 16) };
        let address = format!("p{first}@yes.example.com");
        let query = ListQuery { after: Some(Seek { at, address: &address, id: id(first) }), ..query };
        let seen = ids(&direct.db.list(&mut conn, &query).await?);
        ensure!(seen == [id(second)], "{sort:?}, all filters, after {first}: {seen:?}, should be {second}");
    }
    Ok(())
}
