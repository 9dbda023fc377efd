//! What is written is read back to the letter, and what is different stays so.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Amendment, Claimant, Ended, Error, Invitation, InvitationQuery, Policy, Received, Uniqueness,
    testing::ManualClock,
};
use serde_json::{Value, json};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{done, listed, same},
        world::{World, committed, new, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    times_survive_to_the_microsecond_also_far_away:
        "Times are stored exact to the microsecond, in UTC, from 1971 to 9000.",
    a_life_finer_than_a_microsecond_ends_where_it_says:
        "Times are stored as core gives them, in whole microseconds: no column rounds them.",
    the_time_zone_of_the_session_does_not_matter:
        "Columns of time have no time zone of the session in them, neither when written nor when read.",
    scopes_that_look_alike_are_different:
        "Scopes are compared byte by byte, trailing blanks and all, whatever the collation of the database.",
    addresses_that_look_alike_are_different:
        "Canonical addresses are compared byte by byte, whatever the collation of the database.",
    people_whose_ids_look_alike_are_different:
        "An actor is read back to the letter: case, accents and trailing blanks are part of an id.",
    an_address_of_an_international_domain_is_kept_as_given_and_compared_in_ascii:
        "The address as given and the canonical one are two columns; guards and open keys use the canonical one.",
    any_text_comes_back_to_the_letter_and_none_of_it_is_sql:
        "Every value is bound, none is part of a statement, and columns of text hold any Unicode.",
    the_longest_values_fit:
        "Columns hold what core lets through: 200 characters to a line, 5,000 to a message, 16 KiB of JSON, addresses \
         of 254 bytes.",
];

fn year(year: i32) -> Result<DateTime<Utc>, Stop> {
    let text = format!("{year}-06-01T12:00:00.123456Z");
    text.parse().map_err(|error| Stop::Failed(format!("{text}: {error}")))
}

async fn times_survive_to_the_microsecond_also_far_away(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().uniqueness(Uniqueness::None));
    for year_number in [1971, 2037, 2040, 9000] {
        let at = year(year_number)?;
        let members = world.members.clone().clock(ManualClock::at(at));
        let created = committed!(world, tx => {
            members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await?
        });
        let mut conn = db.connect().await?;
        let read = members.scope(7).get(&mut conn, &world.admin, created.id).await?;
        same(&read, &created)?;
        ensure!(read.created_at == at, "{at} became {}", read.created_at);
        let life = read.expires_at - read.created_at;
        ensure!(life == TimeDelta::days(7), "in {year_number} seven days of life became {life}");
        let history = members.scope(7).history(&mut conn, &world.admin, created.id).await?;
        ensure!(
            history.iter().all(|event| event.at == at),
            "the event of {at} is of {:?}",
            history.first().map(|e| e.at)
        );
    }
    Ok(())
}

async fn a_life_finer_than_a_microsecond_ends_where_it_says(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = committed!(world, tx => {
        let new = new("ada@example.com").expires_in(TimeDelta::nanoseconds(3_600_000_000_999));
        world.members.scope(7).create(&mut tx, &world.admin, new).await?
    });
    same(&world.get(created.id).await?, &created)?;
    let life = created.expires_at - created.created_at;
    ensure!(life == TimeDelta::hours(1), "the life is {life}");
    Ok(())
}

async fn the_time_zone_of_the_session_does_not_matter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = world.invite("ada@example.com").await?;
    let mut tx = world.begin().await?;
    if !db.move_time_zone(&mut tx).await? {
        world.rollback(tx).await?;
        return Err(Stop::NotApplicable("a session has no time zone"));
    }
    let scoped = world.members.scope(7);
    same(&scoped.get(&mut tx, &world.admin, created.id).await?, &created)?;
    let other = scoped.create(&mut tx, &world.admin, new("grace@example.com")).await?;
    let amended =
        scoped.amend(&mut tx, &world.admin, created.id, &Amendment::new().expires_in(TimeDelta::days(1))).await?;
    world.commit(tx).await?;
    same(&world.get(other.id).await?, &other)?;
    same(&world.get(created.id).await?, &amended)
}

/// Pairs that one or another collation takes for equal.
const ALIKE: [&str; 17] = [
    "org:k",
    "org:K",
    "org:\u{212A}",
    "org:k ",
    "org:mike",
    "org:m\u{131}ke",
    "org:ss",
    "org:\u{DF}",
    "org:fi",
    "org:\u{FB01}",
    "org:\u{FF41}",
    "org:a",
    "org:\u{E1}",
    "org:a\u{301}",
    "7",
    "07",
    "7.0",
];

// MySQL compares text without regard to case, accents or trailing blanks unless it is told otherwise.
async fn scopes_that_look_alike_are_different(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut ids = Vec::new();
    for scope in ALIKE {
        ids.push(world.invite_to(scope, "ada@example.com").await?.id);
    }
    let mut conn = db.connect().await?;
    for (scope, id) in ALIKE.into_iter().zip(ids) {
        let page = world.members.scope(scope).list(&mut conn, &world.admin, &InvitationQuery::new()).await?;
        listed(&page.items, &[id], &format!("the list of {scope:?}"))?;
        for invitation in page.items {
            ensure!(invitation.scope.as_str() == scope, "{scope:?} became {:?}", invitation.scope.as_str());
        }
    }
    Ok(())
}

// Under many collations `ı` equals `i` and `ſ` equals `s`: a letter to one address would open what belongs to another.
async fn addresses_that_look_alike_are_different(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let addresses = [
        "ss@example.com",
        "ss@stra\u{DF}e.example",
        "ss@strasse.example",
        "k@example.com",
        "k_@example.com",
        "k*@example.com",
    ];
    let mut ids = Vec::new();
    for address in addresses {
        ids.push(world.invite(address).await?.id);
    }
    let mut conn = db.connect().await?;
    for (address, id) in addresses.into_iter().zip(ids) {
        let found = world.members.addressed_to(&mut conn, &Claimant::new(2).verified(address), None).await?.items;
        let found: Vec<_> = found.iter().map(Received::id).collect();
        ensure!(found == [id], "the invitations to {address} are {found:?}");
    }
    Ok(())
}

// A collation that ignores case once let people log in as each other: CVE-2024-32879.
async fn people_whose_ids_look_alike_are_different(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let claimant = |id: &str| Claimant::new(id).verified("ada@example.com");
    done(world.accept(letter.token(), claimant("org:k")).await?)?;
    for other in ALIKE.into_iter().skip(1) {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &claimant(other)).await;
            refused!(answer, Error::AlreadyAccepted, "accepting as {other:?} what \"org:k\" accepted");
        });
    }
    let by = world.get(id).await?.ended.clone().map(|ended| ended.by);
    ensure!(by == Some(Actor::new("org:k")), "it was accepted by {by:?}");
    Ok(())
}

async fn an_address_of_an_international_domain_is_kept_as_given_and_compared_in_ascii(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = world.invite("Ada@b\u{FC}cher.example").await?;
    let read = world.get(created.id).await?;
    ensure!(read.recipient.as_given() == "Ada@b\u{FC}cher.example", "as given it is {}", read.recipient.as_given());
    ensure!(read.recipient.canonical() == "ada@xn--bcher-kva.example", "canonical: {}", read.recipient.canonical());
    let letter = world.one_letter().await?;
    undone!(world, tx => {
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@xn--bcher-kva.example")).await;
        refused!(answer, Error::AlreadyPending(id) if id == created.id, "inviting the address in ASCII");
    });
    done(world.accept(letter.token(), Claimant::new(2).verified("ada@xn--bcher-kva.example")).await?).map(drop)
}

async fn any_text_comes_back_to_the_letter_and_none_of_it_is_sql(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let long = "\u{1F642}".repeat(200);
    for text in [
        "'; DROP TABLE invite_invitations; --",
        "\" OR \"\"=\"",
        "x') ON CONFLICT DO NOTHING --",
        "%' OR 1=1 --",
        "?1 $1 :a @b",
        "back\\slash \\' \\0 \\x00",
        "trailing blank ",
        "{\"a\": [1]}",
        "NULL",
        "\u{1F642} 日本語 Ünïcode \u{130}\u{131}",
        &long,
    ] {
        let (scoped, actor) = (world.members.scope(text), Actor::new(text));
        let new = new("ada@example.com").message(text).display(&json!({ "organization": text, text: 1.5 }));
        let created = committed!(world, tx => scoped.create(&mut tx, &actor, new).await?);
        let mut conn = db.connect().await?;
        let page = scoped.list(&mut conn, &actor, &InvitationQuery::new()).await?;
        listed(&page.items, &[created.id], &format!("the list of {text:?}"))?;
        page.items.iter().try_for_each(|read| same(read, &created))?;
        let page = scoped.list(&mut conn, &actor, &InvitationQuery::new().search(text)).await?;
        listed(&page.items, &[], &format!("a search for {text:?}"))?;

        let cancelled = committed!(world, tx => scoped.cancel(&mut tx, &actor, created.id, Some(text)).await?);
        let wanted = Ended::from_stored(created.created_at, actor.clone(), Some(text.into()), false);
        ensure!(cancelled.ended.as_ref() == Some(&wanted), "the end of {text:?} is {:?}", cancelled.ended);
        let read: Invitation<_> = scoped.get(&mut conn, &actor, created.id).await?;
        same(&read, &cancelled)?;
        let history = scoped.history(&mut conn, &actor, created.id).await?;
        let told: Vec<_> = history.iter().map(|event| (event.actor.id(), event.reason.as_deref())).collect();
        ensure!(told == [(Some(text), None), (Some(text), Some(text))], "the history of {text:?} tells {told:?}");
    }
    Ok(())
}

/// So many arrays in each other.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("deep"), |inner, _| json!([inner]))
}

async fn the_longest_values_fit(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let line = "\u{1F642}".repeat(200);
    let label = "d".repeat(60);
    let email = format!("{}@{label}.{label}.{label}.example", "a".repeat(63));
    let display = json!([vec!["\u{1F642}".repeat(199); 19], nested(29)]);
    let longest =
        new(&email).message("\u{1F642}".repeat(5_000)).display(&display).locale("aaaaaaaa-bbbbbbbb-cccccccc-dddddddd");
    let (scoped, actor) = (world.members.scope(&line), Actor::new(&line));
    let created = committed!(world, tx => scoped.create(&mut tx, &actor, longest).await?);
    let cancelled = committed!(world, tx => scoped.cancel(&mut tx, &actor, created.id, Some(&line)).await?);
    let mut conn = db.connect().await?;
    same(&scoped.get(&mut conn, &actor, created.id).await?, &cancelled)
}
