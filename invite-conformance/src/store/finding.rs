//! Finding by what an invitation is about, by its letter, and by when it was created.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Delivery, DeliveryState, Fault, InvitationId, Listed, Record, Scope, Sort, Status,
    store::{DeliveryUpdate, Dispatch, ListQuery, RenewedLinks, Seek},
};

use uuid::Uuid;

use super::crowd::{Draw, IMPORTS, crowd, instants, inviters};
use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::committed,
    store::{
        direct::Direct,
        list::{ids, put_all},
        rows::{
            ANY_STATE, KIND, MICROSECOND, OTHER_KIND, Row, by_id, by_token, delivery, everything, id, noon, renewed,
            row, viewed,
        },
    },
};

const SORTS: [Sort; 4] = [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address];

pub(super) const CASES: &[Case] = cases![
    a_search_finds_what_the_address_or_the_label_contains:
        "`search` is in the canonical address, or in the label with `a` to `z` for `A` to `Z`; every other character is compared \
         as it is, and none is a wildcard.",
    facets_imports_and_inviters_are_compared_byte_by_byte:
        "`facet`, `import` and `inviter` are equal byte by byte, case and trailing blanks included; a row without one has none.",
    letters_are_found_by_where_they_stand:
        "`deliveries` is any of the states, of a letter that nothing is known of `queued`, and without one `not_mailed`.",
    letters_are_found_by_whose_fault_it_was:
        "`fault` is that of the letter; a letter without one has none.",
    a_period_of_creation_has_its_beginning_and_not_its_end:
        "`created_from` is `created_at >= from`, `created_until` is `created_at < until`.",
    any_filters_hold_together_in_every_order_and_on_every_page:
        "The rows of a list are those of which `ListQuery::holds`, in the order of `ListQuery::order`, on all pages together.",
    a_row_of_a_list_shows_what_the_invitation_says:
        "`list_rows` answers as `list` would, with the `Listed` of each record, status as stored.",
    a_list_across_scopes_goes_by_id:
        "Without a scope a list has the rows of every scope and of one kind, in the order of their ids alone.",
];

/// Fails unless the query finds just these of scope 7, whatever the order.
async fn finds(db: &Db, what: &str, query: &ListQuery<'_>, wanted: &[InvitationId]) -> Verdict {
    let mut conn = db.connect().await?;
    for sort in SORTS {
        let mut seen = ids(&db.list(&mut conn, &ListQuery { sort, ..*query }).await?);
        seen.sort_unstable();
        ensure!(seen == wanted, "{sort:?}, {what}: {seen:?}, should be {wanted:?}");
    }
    Ok(())
}

async fn a_search_finds_what_the_address_or_the_label_contains(db: Db) -> Verdict {
    let labels = [
        Some("Analytical Engines, Ltd."),
        Some("100% _real_"),
        Some("S\u{f6}hne & \u{c9}COLE \u{130}I"),
        None,
        Some("back\\slash 'quoted' [a-z] *?"),
        Some("\u{65e5}\u{672c}\u{8a9e} \u{1F642}"),
        Some("Stra\u{df}e"),
    ];
    let labelled = |(n, label): (u32, Option<&str>)| {
        let mut row = row(n);
        row.record.label = label.map(Into::into);
        row
    };
    let rows: Vec<_> = (1..).zip(labels).map(labelled).collect();
    put_all(&Direct::on(&db), &rows).await?;
    let scope = Scope::new(7);
    for (text, wanted) in [
        ("analytical", &[1][..]),
        ("engines, l", &[1]),
        ("al e", &[1]),
        ("ltd.", &[1]),
        ("person4", &[4]),
        ("ne", &[1, 3]),
        ("%", &[2]),
        ("_", &[2]),
        ("a%s", &[]),
        ("a_a", &[]),
        ("100%", &[2]),
        ("\\", &[5]),
        ("'", &[5]),
        ("[a-z]", &[5]),
        ("*?", &[5]),
        ("s\u{f6}hne", &[3]),
        ("s\u{d6}hne", &[]),
        ("sohne", &[]),
        ("\u{c9}cole", &[3]),
        ("\u{e9}cole", &[]),
        ("ecole", &[]),
        ("\u{130}i", &[3]),
        ("ii", &[]),
        ("strasse", &[]),
        ("stra\u{df}e", &[7]),
        ("\u{672c}", &[6]),
        ("\u{1F642}", &[6]),
        ("\u{1F643}", &[]),
        ("\u{672c} ", &[]),
        ("a", &[1, 2, 3, 4, 5, 6, 7]),
    ] {
        let wanted: Vec<_> = wanted.iter().copied().map(id).collect();
        let query = ListQuery { search: Some(text), ..everything(&scope) };
        finds(&db, &format!("a search for {text:?}"), &query, &wanted).await?;
    }
    Ok(())
}

async fn facets_imports_and_inviters_are_compared_byte_by_byte(db: Db) -> Verdict {
    let words = ["role", "Role", "role ", "r\u{f4}le", "ro_e", "%"];
    let word = |(n, word): (u32, &str)| {
        let mut row = row(n);
        row.record.facet = Some(word.into());
        row.record.import = Some(word.into());
        row.record.inviter = Actor::new(word);
        row
    };
    let mut rows: Vec<_> = (1..).zip(words).map(word).collect();
    // Without any, and invited by nobody in particular.
    for (n, inviter) in [(11, Actor::System), (12, Actor::new("system"))] {
        let mut row = row(n);
        row.record.inviter = inviter;
        rows.push(row);
    }
    put_all(&Direct::on(&db), &rows).await?;
    let scope = Scope::new(7);
    for (n, word) in (1..).zip(words) {
        let inviter = Actor::new(word);
        for (what, query) in [
            ("facet", ListQuery { facet: Some(word), ..everything(&scope) }),
            ("import", ListQuery { import: Some(word), ..everything(&scope) }),
            ("inviter", ListQuery { inviter: Some(&inviter), ..everything(&scope) }),
        ] {
            finds(&db, &format!("the {what} {word:?}"), &query, &[id(n)]).await?;
        }
    }
    for unknown in ["ROLE", "rol", "role  ", "rle"] {
        let inviter = Actor::new(unknown);
        finds(&db, unknown, &ListQuery { facet: Some(unknown), ..everything(&scope) }, &[]).await?;
        finds(&db, unknown, &ListQuery { import: Some(unknown), ..everything(&scope) }, &[]).await?;
        finds(&db, unknown, &ListQuery { inviter: Some(&inviter), ..everything(&scope) }, &[]).await?;
    }
    finds(&db, "the system", &ListQuery { inviter: Some(&Actor::System), ..everything(&scope) }, &[id(11)]).await
}

/// For each state a row with such a letter, and for each fault one with a letter that failed by it.
async fn letters(direct: &Direct) -> Result<Vec<Row>, Stop> {
    let faults = Fault::ALL.map(|fault| (DeliveryState::Failed, Some(fault)));
    let mut rows = Vec::new();
    for (n, (state, fault)) in (1..).zip(DeliveryState::ALL.map(|state| (state, None)).into_iter().chain(faults)) {
        let mut row = row(n);
        let update = DeliveryUpdate {
            delivery: delivery(n),
            kind: KIND,
            state,
            attempts: Some(2),
            error: None,
            fault,
            provider_id: None,
            over: ANY_STATE,
        };
        let is_reported = !matches!(state, DeliveryState::NotMailed | DeliveryState::Queued);
        if is_reported {
            row.record.delivery = Delivery::from_stored(state, 2, None, fault);
        } else if state == DeliveryState::NotMailed {
            (row.record.delivery_id, row.record.delivery) = (None, Delivery::new(state));
        }
        committed!(direct, tx => {
            direct.add(&mut tx, &row, Dispatch::None).await?;
            if is_reported {
                direct.db.record_one(&mut tx, &update).await?;
            }
        });
        rows.push(row);
    }
    Ok(rows)
}

async fn letters_are_found_by_where_they_stand(db: Db) -> Verdict {
    let rows = letters(&Direct::on(&db)).await?;
    let scope = Scope::new(7);
    for deliveries in (1..=3).flat_map(|n| DeliveryState::ALL.windows(n)) {
        let stands = |row: &&Row| deliveries.contains(&row.record.delivery.state);
        let wanted: Vec<_> = rows.iter().filter(stands).map(|row| row.record.id).collect();
        let query = ListQuery { deliveries, ..everything(&scope) };
        finds(&db, &format!("letters that are {deliveries:?}"), &query, &wanted).await?;
    }
    Ok(())
}

async fn letters_are_found_by_whose_fault_it_was(db: Db) -> Verdict {
    let rows = letters(&Direct::on(&db)).await?;
    let scope = Scope::new(7);
    for fault in Fault::ALL {
        let its = |row: &&Row| row.record.delivery.fault == Some(fault);
        let wanted: Vec<_> = rows.iter().filter(its).map(|row| row.record.id).collect();
        let query = ListQuery { fault: Some(fault), ..everything(&scope) };
        finds(&db, &format!("letters by the fault {fault:?}"), &query, &wanted).await?;
        let query = ListQuery { deliveries: &[DeliveryState::Sent], ..query };
        finds(&db, &format!("sent ones by the fault {fault:?}"), &query, &[]).await?;
    }
    Ok(())
}

async fn a_period_of_creation_has_its_beginning_and_not_its_end(db: Db) -> Verdict {
    let at = |micros| noon() - TimeDelta::days(1) + TimeDelta::microseconds(micros);
    let rows: Vec<_> = (0..6).map(|n: u32| row(n + 1).created(at(n.into()))).collect();
    put_all(&Direct::on(&db), &rows).await?;
    let scope = Scope::new(7);
    for from in [None, Some(0), Some(2), Some(5), Some(6)] {
        for until in [None, Some(0), Some(2), Some(3), Some(9)] {
            let within = |n: &i64| from.is_none_or(|from| *n >= from) && until.is_none_or(|until| *n < until);
            let wanted: Vec<_> = (0..6).filter(within).map(|n| id(n as u32 + 1)).collect();
            let query = ListQuery { created_from: from.map(at), created_until: until.map(at), ..everything(&scope) };
            finds(&db, &format!("created from {from:?} until {until:?}"), &query, &wanted).await?;
        }
    }
    Ok(())
}

/// A query that some row meets: filters drawn, and each with the value that this row has.
#[derive(Debug)]
struct Model<'r> {
    statuses: Vec<Status>,
    deliveries: Vec<DeliveryState>,
    search: Option<String>,
    facet: Option<&'r str>,
    import: Option<&'r str>,
    inviter: Option<&'r Actor>,
    fault: Option<Fault>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    expiring_until: Option<DateTime<Utc>>,
}

impl<'r> Model<'r> {
    fn draw(draw: &mut Draw, record: &'r Record) -> Self {
        let mut one_in = |n| draw.below(n) == 0;
        let (by_status, by_letter, by_search, by_fault) = (one_in(3), one_in(3), one_in(3), one_in(6));
        let (by_facet, by_import, by_inviter) = (one_in(3), one_in(4), one_in(3));
        let (begins, ends, expires) = (one_in(4), one_in(4), one_in(5));
        let address = record.recipient.canonical();
        let label = record.label.as_deref().unwrap_or(address).to_ascii_lowercase();
        let part = if draw.yes() { label.chars().skip(2).take(4).collect() } else { address[..2].to_owned() };
        Self {
            statuses: if by_status { vec![record.status, draw.one_of(&Status::ALL)] } else { Vec::new() },
            deliveries: if by_letter {
                vec![record.delivery.state, draw.one_of(&DeliveryState::ALL)]
            } else {
                Vec::new()
            },
            search: by_search.then_some(part),
            facet: record.facet.as_deref().filter(|_| by_facet),
            import: record.import.as_deref().filter(|_| by_import),
            inviter: by_inviter.then_some(&record.inviter),
            fault: record.delivery.fault.filter(|_| by_fault),
            from: begins.then_some(record.created_at),
            until: ends.then_some(record.created_at + MICROSECOND),
            expiring_until: expires.then_some(record.expires_at),
        }
    }

    fn query<'a>(&'a self, scope: Option<&'a Scope>) -> ListQuery<'a> {
        ListQuery {
            kind: KIND,
            scope,
            now: noon(),
            statuses: &self.statuses,
            search: self.search.as_deref(),
            facet: self.facet,
            inviter: self.inviter,
            deliveries: &self.deliveries,
            fault: self.fault,
            import: self.import,
            created_from: self.from,
            created_until: self.until,
            expiring_until: self.expiring_until,
            sort: Sort::NewestFirst,
            after: None,
            limit: 5,
        }
    }
}

async fn any_filters_hold_together_in_every_order_and_on_every_page(db: Db) -> Verdict {
    let rows = crowd(&Direct::on(&db), 90).await?;
    let scope = Scope::new(7);
    let mut draw = Draw::new(11);
    for _ in 0..60 {
        let row = &rows[draw.below(rows.len() as u64) as usize];
        let model = Model::draw(&mut draw, &row.record);
        let sort = draw.one_of(&SORTS);
        pages(&db, &rows, &ListQuery { sort, ..model.query(Some(&scope)) }, &model).await?;
    }
    Ok(())
}

/// Sees that all pages together are what the contract's own functions say.
async fn pages(db: &Db, rows: &[Row], query: &ListQuery<'_>, model: &Model<'_>) -> Verdict {
    let mut wanted: Vec<_> = rows.iter().map(|row| &row.record).filter(|record| query.holds(record)).collect();
    wanted.sort_by(|a, b| query.order(a, b));
    let wanted: Vec<_> = wanted.iter().map(|record| record.id).collect();
    let mut conn = db.connect().await?;
    let (mut seen, mut last) = (Vec::new(), None::<Record>);
    while seen.len() <= wanted.len() {
        let after = last.as_ref().map(|last| Seek {
            at: if query.sort == Sort::ExpiresFirst { last.expires_at } else { last.created_at },
            address: last.recipient.canonical(),
            id: last.id,
        });
        let query = ListQuery { after, ..*query };
        let page = db.list(&mut conn, &query).await?;
        let rows = db.list_rows(&mut conn, &query).await?;
        same_rows(&rows, &page, &format!("{:?}, {model:?}", query.sort))?;
        seen.extend(ids(&page));
        last = page.last().cloned();
        if last.is_none() {
            break;
        }
    }
    ensure!(seen == wanted, "{:?}, {model:?}: {seen:?}, should be {wanted:?}", query.sort);
    Ok(())
}

/// Fails unless these are the rows of a table for that page.
fn same_rows(rows: &[Listed], page: &[Record], what: &str) -> Verdict {
    let wanted: Vec<_> = page.iter().map(Listed::from).collect();
    let ids = |rows: &[Listed]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    ensure!(ids(rows) == ids(&wanted), "{what}: the rows of {:?}, should be of {:?}", ids(rows), ids(&wanted));
    for (row, wanted) in rows.iter().zip(&wanted) {
        let told = |row: &Listed| {
            let Listed { inviter, label, facet, import, status, created_at, expires_at, delivery, .. } = row;
            let address = (row.recipient.as_given().to_owned(), row.recipient.canonical().to_owned());
            let times = (created_at, expires_at, row.resent_at, row.viewed_at, row.ended_at);
            format!("{:?}", (address, inviter, label, facet, import, status, times, delivery))
        };
        ensure!(row == wanted, "{what}: row {} is {}, should be {}", row.id, told(row), told(wanted));
    }
    Ok(())
}

async fn a_row_of_a_list_shows_what_the_invitation_says(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    crowd(&direct, 40).await?;
    let (mut seen, token) = direct.invited(200).await?;
    let look = viewed(by_token(&token.digest));
    committed!(direct, tx => direct.changes(&mut tx, &mut seen, Some(&token), &look).await?);
    let mut resent = row(201).to("Grace@m\u{fc}ller.example");
    direct.put(&resent, Dispatch::None).await?;
    direct.happens(&mut resent, &renewed(by_id(id(201)), RenewedLinks::Keep)).await?;
    let scope = Scope::new(7);
    let mut conn = db.connect().await?;
    for sort in SORTS {
        let query = ListQuery { sort, ..everything(&scope) };
        let page = db.list(&mut conn, &query).await?;
        same_rows(&db.list_rows(&mut conn, &query).await?, &page, &format!("{sort:?}"))?;
        let is_seen = page.iter().any(|record| record.viewed_at.is_some() && record.resent_at.is_none());
        ensure!(is_seen && page.iter().any(|record| record.resent_at.is_some()), "{sort:?}: rows are missing");
    }
    Ok(())
}

async fn a_list_across_scopes_goes_by_id(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut draw = Draw::new(13);
    let mut rows = Vec::new();
    for n in 0..40 {
        // An id begins with the millisecond of the creation.
        let at = draw.one_of(&instants());
        let mut row = row(n + 1).created(at).within(draw.one_of(&["7", "8", "9"])).unlimited();
        let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
        row.record.id = InvitationId::from_uuid(Uuid::from_u128(millis << 80 | u128::from(draw.below(1 << 30))));
        row.record.import = draw.one_of(&IMPORTS).map(Into::into);
        row.record.inviter = draw.one_of(&inviters().each_ref()).clone();
        rows.push(if n % 7 == 0 { row.of_kind(OTHER_KIND) } else { row });
    }
    committed!(direct, tx => for row in &rows {
        direct.add(&mut tx, row, Dispatch::None).await?;
    });
    for _ in 0..30 {
        let row = &rows[draw.below(rows.len() as u64) as usize];
        let model = Model::draw(&mut draw, &row.record);
        let sort = draw.one_of(&[Sort::NewestFirst, Sort::OldestFirst]);
        pages(&db, &rows, &ListQuery { sort, ..model.query(None) }, &model).await?;
    }
    Ok(())
}
