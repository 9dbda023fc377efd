//! Lists, page by page, and the history.

use std::cmp::Ordering;

use chrono::TimeDelta;
use invite_core::{
    Actor, Amendment, Cursor, Error, Field, Invitation, InvitationId, InvitationQuery, Policy, Problem, Sort, Status,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::listed,
        world::{Membership, World, committed, new},
    },
};

pub(super) const CASES: &[Case] = cases![
    pages_newest_first_show_every_row_once_even_rows_of_one_instant:
        "`Sort::NewestFirst` is by `created_at`, then id, both descending; a page begins after that pair, not after the time.",
    pages_oldest_first_show_every_row_once_even_rows_of_one_instant:
        "`Sort::OldestFirst` is by `created_at`, then id; a page begins after that pair, not after the time.",
    pages_by_expiry_show_every_row_once_even_rows_of_one_instant:
        "`Sort::ExpiresFirst` is by `expires_at`, then id; a page begins after that pair, not after the time.",
    pages_by_address_show_every_row_once_even_rows_of_one_address:
        "`Sort::Address` is by canonical address, byte by byte, then id; a page begins after `Seek::address` and `Seek::id`.",
    a_cursor_opens_no_other_scope:
        "`list` has the scope in the WHERE, whatever row it begins after.",
    a_cursor_by_address_tells_nothing_of_another_scope:
        "`find` has the kind and the scope in the WHERE: after another's row there is no page.",
    a_page_by_address_after_a_row_that_moved_says_that_the_list_has_changed:
        "`find` reads the row that the cursor names, and core compares its address.",
    a_list_of_some_statuses_shows_no_other:
        "`statuses` is in the WHERE, any of them; open rows past `now` count as expired and as nothing else.",
    a_search_for_part_of_an_address_is_literal:
        "`address` is found anywhere in the canonical address as it stands; `%`, `_` and quotes are characters like others.",
    a_list_by_time_left_shows_open_ones_that_end_in_time:
        "`expiring_until` is open, `expires_at > now` and `expires_at <= expiring_until`.",
    filters_are_all_in_force_at_once:
        "The conditions of a list are joined by AND, and hold on every page.",
    a_history_is_told_in_order_with_who_when_and_why:
        "`history` gives every event once, oldest first; those of one instant in the order of their revisions.",
];

async fn pages_newest_first_show_every_row_once_even_rows_of_one_instant(db: Db) -> Verdict {
    paged(db, Sort::NewestFirst, |a, b| (b.created_at, b.id).cmp(&(a.created_at, a.id))).await
}

async fn pages_oldest_first_show_every_row_once_even_rows_of_one_instant(db: Db) -> Verdict {
    paged(db, Sort::OldestFirst, |a, b| (a.created_at, a.id).cmp(&(b.created_at, b.id))).await
}

async fn pages_by_expiry_show_every_row_once_even_rows_of_one_instant(db: Db) -> Verdict {
    paged(db, Sort::ExpiresFirst, |a, b| (a.expires_at, a.id).cmp(&(b.expires_at, b.id))).await
}

async fn pages_by_address_show_every_row_once_even_rows_of_one_address(db: Db) -> Verdict {
    paged(db, Sort::Address, |a, b| (a.recipient.canonical(), a.id).cmp(&(b.recipient.canonical(), b.id))).await
}

/// Walks through 29 rows, four to a page: five to an instant and four to one address.
async fn paged(
    db: Db,
    sort: Sort,
    order: impl Fn(&Invitation<Membership>, &Invitation<Membership>) -> Ordering + Send,
) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let mut created = committed!(world, tx => {
        let mut created = Vec::new();
        for n in 0..25 {
            if n % 5 == 0 {
                world.clock.advance(TimeDelta::seconds(1));
            }
            let new = new(&format!("p{}@example.com", 24 - n)).expires_in(TimeDelta::hours(100 - i64::from(n / 5) * 2));
            created.push(scoped.create(&mut tx, &world.admin, new).await?);
        }
        for _ in 0..4 {
            let one = scoped.create(&mut tx, &world.admin, new("p_@example.com")).await?;
            created.push(scoped.cancel(&mut tx, &world.admin, one.id, None).await?);
        }
        created
    });
    created.sort_by(order);
    let wanted: Vec<InvitationId> = created.iter().map(|invitation| invitation.id).collect();

    let mut conn = db.connect().await?;
    let mut seen = Vec::new();
    let mut query = InvitationQuery::new().sort(sort).limit(4);
    while seen.len() <= wanted.len() {
        let page = scoped.list(&mut conn, &world.admin, &query).await?;
        ensure!(page.items.len() <= 4, "a page of four has {} rows", page.items.len());
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        let again: Cursor = next.to_string().parse()?;
        ensure!(again == next, "{next} was read as {again}");
        query = query.after(again);
    }
    listed(&seen, &wanted, &format!("all pages of {sort:?}"))
}

async fn a_cursor_opens_no_other_scope(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let next = second_page(&world).await?;
    let mut conn = db.connect().await?;
    let page = world.members.scope(8).list(&mut conn, &world.admin, &InvitationQuery::new().after(next)).await?;
    listed(&page.items, &[], "a page of scope 8 after a cursor of scope 7")
}

async fn a_cursor_by_address_tells_nothing_of_another_scope(db: Db) -> Verdict {
    let (world, next) = by_address(&db).await?;
    committed!(world, tx => {
        for email in ["a@example.com", "z@example.com"] {
            world.members.scope(8).create(&mut tx, &world.admin, new(email)).await?;
        }
    });
    let query = sorted_by_address().after(next);
    let answer = world.members.scope(8).list(&mut db.connect().await?, &world.admin, &query).await;
    refused!(
        answer,
        Error::Invalid { field: Field::Cursor, .. },
        "a page of scope 8 by address, after one of scope 7's"
    );
    Ok(())
}

async fn a_page_by_address_after_a_row_that_moved_says_that_the_list_has_changed(db: Db) -> Verdict {
    let (world, next) = by_address(&db).await?;
    let query = sorted_by_address().after(next);
    let mut conn = db.connect().await?;
    let page = world.members.scope(7).list(&mut conn, &world.admin, &query).await?;
    ensure!(page.items.len() == 2, "behind the first of three are {}", page.items.len());
    let first =
        world.members.scope(7).list(&mut conn, &world.admin, &sorted_by_address().limit(1)).await?.items.remove(0);
    world.amend(first.id, &Amendment::new().email("z@example.com")).await?;
    let answer = world.members.scope(7).list(&mut conn, &world.admin, &query).await;
    refused!(
        answer,
        Error::Invalid { field: Field::Cursor, problem: Problem::Changed },
        "a page after a row whose address has changed"
    );
    Ok(())
}

fn sorted_by_address() -> InvitationQuery {
    InvitationQuery::new().sort(Sort::Address)
}

/// Three of scope 7, and where the second page of one begins.
async fn by_address(db: &Db) -> Result<(World, Cursor), Stop> {
    let world = World::new(db, Policy::default());
    committed!(world, tx => {
        for email in ["m@example.com", "n@example.com", "o@example.com"] {
            world.members.scope(7).create(&mut tx, &world.admin, new(email)).await?;
        }
    });
    let query = sorted_by_address().limit(1);
    let page = world.members.scope(7).list(&mut db.connect().await?, &world.admin, &query).await?;
    let next =
        page.next.ok_or_else(|| Stop::Failed("one of three rows was listed, and no further page promised".into()));
    Ok((world, next?))
}

/// Where the second page of scope 7 begins, newest first.
async fn second_page(world: &World) -> Result<Cursor, Stop> {
    world.invite("ada@example.com").await?;
    world.clock.advance(TimeDelta::seconds(1));
    world.invite("grace@example.com").await?;
    let mut conn = world.db.connect().await?;
    let page = world.members.scope(7).list(&mut conn, &world.admin, &InvitationQuery::new().limit(1)).await?;
    page.next.ok_or_else(|| Stop::Failed("one of two rows was listed, and no further page promised".into()))
}

/// Four invitations of 2, 3, 5 and 20 days; the third cancelled; two days later, to the microsecond.
async fn four(db: &Db) -> Result<(World, [InvitationId; 4]), Stop> {
    let world = World::new(db, Policy::default());
    let ids = committed!(world, tx => {
        let scoped = world.members.scope(7);
        let mut of = async |n: i64, days| {
            let new = new(&format!("Person{n}@Example.com")).expires_in(TimeDelta::days(days));
            Ok::<_, Error>(scoped.create(&mut tx, &world.admin, new).await?.id)
        };
        [of(0, 2).await?, of(1, 3).await?, of(2, 5).await?, of(3, 20).await?]
    });
    world.cancel(ids[2]).await?;
    world.clock.advance(TimeDelta::days(2));
    Ok((world, ids))
}

/// Fails unless each query shows just those of the four, by address.
async fn shown(db: Db, wanted: Vec<(&str, InvitationQuery, Vec<usize>)>) -> Verdict {
    let (world, ids) = four(&db).await?;
    let mut conn = db.connect().await?;
    for (what, query, wanted) in wanted {
        let page = world.members.scope(7).list(&mut conn, &world.admin, &query.sort(Sort::Address)).await?;
        let seen: Vec<_> = page.items.iter().filter_map(|found| ids.iter().position(|id| *id == found.id)).collect();
        ensure!(seen == wanted, "{what}: the rows {wanted:?} were wanted, and came {seen:?}");
    }
    Ok(())
}

async fn a_list_of_some_statuses_shows_no_other(db: Db) -> Verdict {
    let of = |status| InvitationQuery::new().status(status);
    shown(
        db,
        vec![
            ("all", InvitationQuery::new(), vec![0, 1, 2, 3]),
            ("pending, one of them past its time since now", of(Status::Pending), vec![1, 3]),
            ("expired, though nobody swept", of(Status::Expired), vec![0]),
            ("cancelled", of(Status::Cancelled), vec![2]),
            ("accepted", of(Status::Accepted), vec![]),
            ("rejected", of(Status::Rejected), vec![]),
            ("delivery failed", of(Status::DeliveryFailed), vec![]),
            ("two, one said twice", of(Status::Cancelled).status(Status::Expired).status(Status::Expired), vec![0, 2]),
            (
                "all six",
                Status::ALL.into_iter().fold(InvitationQuery::new(), InvitationQuery::status),
                vec![0, 1, 2, 3],
            ),
        ],
    )
    .await
}

async fn a_search_for_part_of_an_address_is_literal(db: Db) -> Verdict {
    let of = |part: &str| InvitationQuery::new().search(part);
    shown(
        db,
        vec![
            ("a part, in another case", of("SON1@EX"), vec![1]),
            ("nothing", of(""), vec![0, 1, 2, 3]),
            ("the beginning", of("person2"), vec![2]),
            ("the end", of("example.com"), vec![0, 1, 2, 3]),
            ("%", of("%"), vec![]),
            ("_", of("_"), vec![]),
            ("*", of("*"), vec![]),
            ("a backslash", of("\\"), vec![]),
            ("SQL", of("' OR 1=1 --"), vec![]),
        ],
    )
    .await
}

async fn a_list_by_time_left_shows_open_ones_that_end_in_time(db: Db) -> Verdict {
    let within = |time| InvitationQuery::new().expiring_within(time);
    let microsecond = TimeDelta::microseconds(1);
    shown(
        db,
        vec![
            ("a microsecond less than a day", within(TimeDelta::days(1) - microsecond), vec![]),
            ("exactly a day", within(TimeDelta::days(1)), vec![1]),
            ("two days", within(TimeDelta::days(2)), vec![1]),
            ("for ever", within(TimeDelta::MAX), vec![1, 3]),
            ("for as good as ever", within(TimeDelta::days(40_000_000)), vec![1, 3]),
            ("for thousands of years", within(TimeDelta::days(3_000_000)), vec![1, 3]),
            ("never", within(TimeDelta::MIN), vec![]),
            ("no time", within(TimeDelta::zero()), vec![]),
        ],
    )
    .await
}

async fn filters_are_all_in_force_at_once(db: Db) -> Verdict {
    let within = |days| InvitationQuery::new().expiring_within(TimeDelta::days(days));
    shown(
        db,
        vec![
            ("pending of an address", InvitationQuery::new().status(Status::Pending).search("person3"), vec![3]),
            (
                "cancelled of an address that is pending",
                InvitationQuery::new().status(Status::Cancelled).search("person3"),
                vec![],
            ),
            ("ending soon, of another address", within(2).search("person3"), vec![]),
            ("ending later, of an address", within(30).search("person3"), vec![3]),
            ("ending soon, and cancelled", within(30).status(Status::Cancelled), vec![]),
        ],
    )
    .await
}

async fn a_history_is_told_in_order_with_who_when_and_why(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let begun = world.get(id).await?.created_at;
    // All in one instant, one of them by another actor.
    let admin = &world.admin;
    committed!(world, tx => {
        let scoped = world.members.scope(7);
        scoped.new_link(&mut tx, &Actor::new(3), id).await?;
        world.members.mark_viewed(&mut tx, letter.token()).await?;
        scoped.amend(&mut tx, admin, id, &Amendment::new().message("x")).await?;
        scoped.new_link(&mut tx, &Actor::System, id).await?;
    });
    world.clock.advance(TimeDelta::hours(1));
    committed!(world, tx => {
        world.members.reject(&mut tx, letter.token(), &Actor::Bearer, Some("no time")).await?;
    });
    let mut conn = db.connect().await?;
    let history = world.members.scope(7).history(&mut conn, admin, id).await?;
    let told: Vec<_> = history
        .iter()
        .map(|event| (event.revision, event.kind.as_str(), event.actor.to_stored(), event.reason.as_deref()))
        .collect();
    let wanted = [
        (1, "created", admin.to_stored(), None),
        (2, "link_created", Actor::new(3).to_stored(), None),
        (2, "viewed", Actor::Bearer.to_stored(), None),
        (3, "amended", admin.to_stored(), None),
        (4, "link_created", Actor::System.to_stored(), None),
        (5, "rejected", Actor::Bearer.to_stored(), Some("no time")),
    ];
    ensure!(told == wanted, "it tells {told:?}, not {wanted:?}");
    for event in &history {
        let wanted = begun + if event.revision == 5 { TimeDelta::hours(1) } else { TimeDelta::zero() };
        ensure!(event.at == wanted, "{} at {}, not {wanted}", event.kind, event.at);
        ensure!(event.invitation == id, "an event of {} among those of {id}", event.invitation);
    }
    Ok(())
}
