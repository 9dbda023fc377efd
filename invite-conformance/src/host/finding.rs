//! What a host finds and counts.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use invite_core::{
    Actor, Claimant, Clock, DeliveryState, Error, Field, InvitationId, InvitationQuery, Invitations, Kind, Listed,
    NewInvitation, Policy, Problem, Sort, Stats, StatsQuery, Status, Step, Worker, testing,
};
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::{Db, Shared},
    host::world::{World, committed, refused_mail},
};

pub(super) const CASES: &[Case] = cases![
    a_host_finds_by_label_facet_inviter_and_import:
        "`list` compares the label without the case of `a` to `z`, and facet, inviter and import byte by byte.",
    rows_go_on_where_a_page_of_them_ended:
        "`list_rows` has the order and the places of `list`.",
    what_cannot_be_meant_is_refused_before_anybody_is_asked:
        "Core refuses a limit, a period, a text or a name that no list can have; a store is not asked.",
    the_progress_of_an_import_is_what_became_of_its_letters:
        "`stats` counts by where the letters stand, and by status.",
    acceptances_are_counted_with_their_rate_and_their_times:
        "`stats` has the times between `created_at` and `ended_at` of accepted rows.",
    a_series_has_every_day_or_week_of_the_period:
        "`stats` counts creations and acceptances by days from the instant it is given.",
    counting_asks_the_authority_as_reading_does:
        "Nothing is counted for whom the authority refuses.",
];

/// A kind with what lists need.
#[derive(Serialize, Deserialize)]
struct Seat {
    name: String,
    role: Option<String>,
}

impl Kind for Seat {
    const NAME: &'static str = "seat";

    fn label(&self) -> Option<String> {
        Some(self.name.clone()).filter(|name| !name.is_empty())
    }

    fn facet(&self) -> Option<String> {
        self.role.clone()
    }
}

fn seats(world: &World) -> Invitations<Shared, Seat> {
    Invitations::new(world.store(), Policy::default(), world.asked.clone()).clock(world.clock.clone())
}

fn seat(n: usize, name: &str, role: Option<&str>) -> NewInvitation<Seat> {
    NewInvitation::new(format!("p{n}@example.com"), Seat { name: name.into(), role: role.map(Into::into) })
}

async fn a_host_finds_by_label_facet_inviter_and_import(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (seats, ada, grace) = (seats(&world), Actor::new("ada"), Actor::new("Ada"));
    let scoped = seats.scope(7);
    let ids: Vec<InvitationId> = committed!(world, tx => {
        let mut ids = Vec::new();
        for (n, (actor, new)) in [
            (&ada, seat(0, "Charles Babbage", Some("admin")).import("march")),
            (&grace, seat(1, "", Some("member"))),
            (&grace, seat(2, "S\u{d8}REN P1", Some("Admin")).import("March")),
        ]
        .into_iter()
        .enumerate()
        {
            world.clock.advance(TimeDelta::microseconds(n as i64));
            ids.push(scoped.create(&mut tx, actor, new).await?.id);
        }
        ids
    });
    let begun = world.members.scope(7).list(&mut db.connect().await?, &ada, &InvitationQuery::new()).await?;
    ensure!(begun.items.is_empty(), "the list of another kind has {} of these", begun.items.len());
    let mut conn = db.connect().await?;
    let created = scoped.get(&mut conn, &ada, ids[1]).await?.created_at;
    let all = InvitationQuery::new;
    for (what, query, wanted) in [
        ("part of a label", all().search("BABB"), vec![0]),
        ("blanks around", all().search("  charles \t"), vec![0]),
        ("only blanks", all().search(" "), vec![0, 1, 2]),
        ("a label or an address", all().search("p1"), vec![1, 2]),
        ("another letter's case", all().search("s\u{f8}ren"), vec![]),
        ("that letter itself", all().search("s\u{d8}ren"), vec![2]),
        ("a facet", all().facet("admin"), vec![0]),
        ("a facet that begins so", all().facet("adm"), vec![]),
        ("an inviter", all().inviter(&grace), vec![1, 2]),
        ("an import", all().import("March"), vec![2]),
        ("an inviter's import", all().import("March").inviter(&ada), vec![]),
        ("queued ones", all().delivery(DeliveryState::Sent).delivery(DeliveryState::Queued), vec![0, 1, 2]),
        ("sent ones", all().delivery(DeliveryState::Sent), vec![]),
        ("up to an instant", all().created(..created), vec![0]),
        ("up to an instant, with it", all().created(..=created), vec![0, 1]),
        ("from an instant on", all().created(created..), vec![1, 2]),
        ("for a microsecond", all().created(created..created + TimeDelta::microseconds(1)), vec![1]),
        ("at any time", all().created(DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC), vec![0, 1, 2]),
    ] {
        for sort in [Sort::Address, Sort::OldestFirst, Sort::ExpiresFirst] {
            let page = scoped.list(&mut conn, &ada, &query.clone().sort(sort)).await?;
            let seen: Vec<_> = page.items.iter().filter_map(|one| ids.iter().position(|id| *id == one.id)).collect();
            ensure!(seen == wanted, "{what}, {sort:?}: {seen:?}, should be {wanted:?}");
            let rows = scoped.list_rows(&mut conn, &ada, &query.clone().sort(sort)).await?;
            let wanted: Vec<_> = page.items.iter().map(|one| Listed::from(&**one)).collect();
            ensure!(rows.items == wanted, "{what}, {sort:?}: the rows are not those of the list");
        }
    }
    Ok(())
}

async fn rows_go_on_where_a_page_of_them_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let seats = seats(&world);
    let scoped = seats.scope(7);
    let mut wanted: Vec<InvitationId> = committed!(world, tx => {
        let mut ids = Vec::new();
        for n in 0..5 {
            let new = seat(n, "", None).expires_in(TimeDelta::hours(if n == 4 { 1 } else { 9 }));
            ids.push(scoped.create(&mut tx, &world.admin, new).await?.id);
        }
        ids
    });
    // The last has expired, which nobody has swept.
    world.clock.advance(TimeDelta::hours(2));
    wanted.sort_unstable();
    let mut conn = db.connect().await?;
    for sort in [Sort::OldestFirst, Sort::Address] {
        let (mut seen, mut query) = (Vec::new(), InvitationQuery::new().sort(sort).limit(2));
        while seen.len() <= wanted.len() {
            let page = scoped.list_rows(&mut conn, &world.admin, &query).await?;
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            query = query.after(next.to_string().parse()?);
        }
        let expired: Vec<_> = seen.iter().filter(|row| row.status == Status::Expired).collect();
        let addresses: Vec<_> = expired.iter().map(|row| row.recipient.canonical()).collect();
        ensure!(addresses == ["p4@example.com"], "{sort:?}: expired are {}", addresses.len());
        let mut seen: Vec<_> = seen.iter().map(|row| row.id).collect();
        seen.sort_unstable();
        ensure!(seen == wanted, "{sort:?}: {seen:?}, should be {wanted:?}");
    }
    let refused = scoped.list_rows(&mut conn, &world.admin, &InvitationQuery::new().limit(0)).await;
    refused!(refused, Error::Invalid { field: Field::Limit, .. }, "rows on pages of none");
    Ok(())
}

async fn what_cannot_be_meant_is_refused_before_anybody_is_asked(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let (all, stats) = (InvitationQuery::new, StatsQuery::new);
    let long = "x".repeat(201);
    let mut conn = db.connect().await?;
    for (what, query, field, problem) in [
        ("no rows", all().limit(0), Field::Limit, Problem::OutOfRange),
        ("too many rows", all().limit(201), Field::Limit, Problem::OutOfRange),
        ("all rows", all().limit(u32::MAX), Field::Limit, Problem::OutOfRange),
        ("no time", all().created(at..at), Field::Period, Problem::OutOfRange),
        ("time backwards", all().created(at..at - TimeDelta::days(1)), Field::Period, Problem::OutOfRange),
        ("a long text", all().search(&long), Field::Search, Problem::TooLong { max: 200 }),
        ("a NUL", all().search("a\0b"), Field::Search, Problem::ForbiddenCharacter),
        ("two lines", all().search("a\nb"), Field::Search, Problem::ForbiddenCharacter),
        ("no facet", all().facet(""), Field::Facet, Problem::Empty),
        ("a long facet", all().facet("x".repeat(65)), Field::Facet, Problem::TooLong { max: 64 }),
        ("no import", all().import(" "), Field::Import, Problem::Empty),
        ("a NUL in an import", all().import("a\0b"), Field::Import, Problem::ForbiddenCharacter),
        ("a long name", all().inviter(&Actor::new(&long)), Field::Actor, Problem::TooLong { max: 200 }),
    ] {
        match scoped.list(&mut conn, &world.admin, &query).await {
            Err(Error::Invalid { field: seen, problem: why }) if (seen, why) == (field, problem) => {}
            answer => ensure!(false, "{what}: a list by it was answered by {:?}", answer.map(|page| page.items.len())),
        }
    }
    for (what, query, field, problem) in [
        ("no time", stats().created(at..at), Field::Period, Problem::OutOfRange),
        ("no beginning", stats().per(Step::Day), Field::Period, Problem::Empty),
        ("no beginning", stats().created(..at).per(Step::Week), Field::Period, Problem::Empty),
        ("367 days", stats().created(at..at + TimeDelta::days(367)).per(Step::Day), Field::Period, Problem::OutOfRange),
        (
            "days for ever",
            stats().created(at..DateTime::<Utc>::MAX_UTC).per(Step::Day),
            Field::Period,
            Problem::OutOfRange,
        ),
        ("a long facet", stats().facet("x".repeat(65)), Field::Facet, Problem::TooLong { max: 64 }),
        ("a NUL in an import", stats().import("a\0b"), Field::Import, Problem::ForbiddenCharacter),
        ("a long name", stats().inviter(&Actor::new(&long)), Field::Actor, Problem::TooLong { max: 200 }),
    ] {
        match scoped.stats(&mut conn, &world.admin, &query).await {
            Err(Error::Invalid { field: seen, problem: why }) if (seen, why) == (field, problem) => {}
            answer => ensure!(false, "{what}: counting by it was answered by {:?}", answer.map(|stats| stats.total)),
        }
    }
    let asked = world.asked.take();
    ensure!(asked.is_empty(), "the authority was asked about {asked:?}, though nothing could be read");
    for limit in [1, 200] {
        scoped.list(&mut conn, &world.admin, &all().limit(limit).search("\u{20ac}".repeat(200))).await?;
    }
    let most = stats().created(at..at + TimeDelta::days(366)).per(Step::Day);
    let days = scoped.stats(&mut conn, &world.admin, &most).await?.series.len();
    ensure!(days == 366, "a series of 366 days has {days}");
    Ok(())
}

async fn stats(world: &World, query: &StatsQuery) -> Result<Stats, Stop> {
    Ok(seats(world).scope(7).stats(&mut world.db.connect().await?, &world.admin, query).await?)
}

async fn the_progress_of_an_import_is_what_became_of_its_letters(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let seats = seats(&world);
    let (scoped, admin) = (seats.scope(7), &world.admin);
    let worker = Worker::new(world.store(), (), world.mailer.clone()).serve(&seats);
    committed!(world, tx => scoped.create(&mut tx, admin, seat(9, "", None)).await?);
    while worker.tick().await?.found_work() {}
    let ids: Vec<InvitationId> = committed!(world, tx => {
        let mut ids = Vec::new();
        for (n, role) in [Some("admin"), Some("admin"), Some("member"), None].into_iter().enumerate() {
            ids.push(scoped.create(&mut tx, admin, seat(n, "", role).import("march")).await?.id);
        }
        scoped.cancel(&mut tx, admin, ids[3], None).await?;
        ids
    });
    let of_import = StatsQuery::new().import("march");
    let begun = stats(&world, &of_import).await?;
    ensure!(
        (begun.total, begun.by_delivery[&DeliveryState::Queued], begun.letters_waiting) == (4, 4, 3),
        "of four that are queued, and one cancelled, it says {begun:?}"
    );
    world.mailer.answer(refused_mail(true));
    while worker.tick().await?.found_work() {}
    let token = committed!(world, tx => testing::deliver(&seats, &mut tx, ids[1]).await?);
    let claimant = Claimant::new(2).verified("p1@example.com");
    committed!(world, tx => seats.accept(&mut tx, &token, &claimant).await?);
    let seen = stats(&world, &of_import).await?;
    let letters =
        [DeliveryState::Queued, DeliveryState::Failed, DeliveryState::Sent].map(|state| seen.by_delivery[&state]);
    let statuses = [Status::Accepted, Status::Cancelled].map(|status| seen.by_status[&status]);
    ensure!(
        (seen.total, seen.letters_waiting, letters, statuses) == (4, 0, [1, 1, 2], [1, 1]),
        "when all is done it says {seen:?}"
    );
    let facets: Vec<_> = seen.by_facet.iter().map(|one| (one.facet.as_str(), one.count)).collect();
    ensure!(
        facets == [("admin", 2), ("member", 1)] && (seen.without_facet, seen.other_facets) == (1, 0),
        "by facet it says {seen:?}"
    );
    let states: u64 = seen.by_delivery.values().sum();
    let statuses: u64 = seen.by_status.values().sum();
    ensure!((states, statuses) == (4, 4), "of four, {states} letters and {statuses} statuses are counted");
    Ok(())
}

/// An invitation accepted after so long, or not at all.
async fn after(world: &World, n: usize, time: Option<TimeDelta>) -> Result<InvitationId, Stop> {
    let seats = seats(world);
    let (id, token) = committed!(world, tx => {
        let id = seats.scope(7).create(&mut tx, &world.admin, seat(n, "", None)).await?.id;
        (id, testing::deliver(&seats, &mut tx, id).await?)
    });
    if let Some(time) = time {
        world.clock.advance(time);
        let claimant = Claimant::new(2).verified(&format!("p{n}@example.com"));
        committed!(world, tx => seats.accept(&mut tx, &token, &claimant).await?);
    }
    Ok(id)
}

async fn acceptances_are_counted_with_their_rate_and_their_times(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let none = stats(&world, &StatsQuery::new()).await?;
    ensure!(
        (none.total, none.acceptance_rate, none.time_to_accept.mean) == (0, None, None)
            && none.by_status.len() == 6
            && none.by_delivery.len() == 11
            && none.time_to_accept.histogram.len() == 6,
        "of nothing it says {none:?}"
    );
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    for (n, time) in (0..).zip([hour, hour, hour + TimeDelta::microseconds(1), day * 3]) {
        after(&world, n, Some(time)).await?;
    }
    // One is open, and one will have expired, which nobody sweeps.
    after(&world, 4, None).await?;
    world.clock.advance(day * 8);
    after(&world, 5, None).await?;
    let cancelled = after(&world, 6, None).await?;
    let seats = seats(&world);
    committed!(world, tx => seats.scope(7).cancel(&mut tx, &world.admin, cancelled, None).await?);

    let seen = stats(&world, &StatsQuery::new()).await?;
    let statuses: Vec<_> = seen.by_status.iter().map(|(status, count)| (status.as_str(), *count)).collect();
    let wanted =
        [("pending", 1), ("accepted", 4), ("rejected", 0), ("cancelled", 1), ("expired", 1), ("delivery_failed", 0)];
    ensure!(statuses == wanted, "by status: {statuses:?}, should be {wanted:?}");
    ensure!(
        seen.acceptance_rate == Some(4.0 / 6.0),
        "of six that ended four were accepted: {:?}",
        seen.acceptance_rate
    );
    let bars: Vec<_> = seen.time_to_accept.histogram.iter().map(|bar| (bar.up_to, bar.count)).collect();
    let wanted =
        [(Some(hour), 2), (Some(day), 1), (Some(day * 3), 1), (Some(day * 7), 0), (Some(day * 30), 0), (None, 0)];
    ensure!(bars == wanted, "by time: {bars:?}, should be {wanted:?}");
    let mean = TimeDelta::seconds((3 * 3_600 + 3 * 86_400) / 4);
    ensure!(seen.time_to_accept.mean == Some(mean), "the mean is {:?}, should be {mean}", seen.time_to_accept.mean);
    Ok(())
}

async fn a_series_has_every_day_or_week_of_the_period(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    // From a Tuesday at 22:00 UTC, when it is Wednesday in half of the world.
    let now = world.clock.now();
    let to_monday = i64::from(7 - now.weekday().num_days_from_monday());
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let begin = midnight + day * i32::try_from(to_monday).unwrap_or_default() + day + hour * 22;
    world.clock.advance(begin - now);
    after(&world, 0, None).await?;
    world.clock.advance(hour);
    after(&world, 1, Some(hour * 2)).await?; // accepted on Wednesday at 01:00
    world.clock.advance(day * 6 - hour); // the next Tuesday at 00:00
    after(&world, 2, Some(day)).await?; // accepted on Wednesday at 00:00
    let end = begin + day * 8;

    let tuesday = begin.date_naive();
    let series = |seen: &Stats| -> Vec<(NaiveDate, u64, u64)> {
        seen.series.iter().map(|point| (point.day, point.created, point.accepted)).collect()
    };
    let seen = series(&stats(&world, &StatsQuery::new().created(begin..end).per(Step::Day)).await?);
    let wanted = [(2, 0), (0, 1), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (1, 0), (0, 1)];
    let wanted: Vec<_> = wanted.into_iter().zip(tuesday.iter_days()).map(|((c, a), day)| (day, c, a)).collect();
    ensure!(seen == wanted, "day by day: {seen:?}, should be {wanted:?}");

    let monday = tuesday - day;
    let seen = series(&stats(&world, &StatsQuery::new().created(begin..end).per(Step::Week)).await?);
    let wanted = [(monday, 2, 1), (monday + day * 7, 1, 1)];
    ensure!(seen == wanted, "week by week: {seen:?}, should be {wanted:?}");

    // Up to now, and only what was created then.
    let seen = stats(&world, &StatsQuery::new().created(begin + hour..).per(Step::Week)).await?;
    let wanted = [(monday, 1, 1), (monday + day * 7, 1, 1)];
    ensure!(series(&seen) == wanted && seen.total == 2, "since an hour later: {seen:?}, should be {wanted:?}");
    let seen = stats(&world, &StatsQuery::new().created(begin..)).await?;
    ensure!(seen.series.is_empty() && seen.total == 3, "without a step: {seen:?}");
    Ok(())
}

async fn counting_asks_the_authority_as_reading_does(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.asked.refuse(Some("not yours"));
    let mut conn = db.connect().await?;
    let answer = world.members.scope(7).stats(&mut conn, &world.admin, &StatsQuery::new()).await;
    refused!(answer, Error::NotPermitted(_), "counting for whom the authority refuses");
    let asked = world.asked.take();
    ensure!(asked == ["read"], "the authority was asked about {asked:?}, not once about reading");
    Ok(())
}
