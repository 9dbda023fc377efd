//! What is inserted comes back to the letter.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Channel, Event, EventKind,
    store::{Dispatch, FoundToken, Key, Read},
};
use serde_json::{Value, json};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::{same, same_token, within},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct},
        rows::{self, Row, digest, id, key, letter, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_row_without_anything_optional_comes_back:
        "Null is null and JSON's `null` is a value: neither is an empty text, nor a default.",
    a_row_with_everything_comes_back_to_the_letter:
        "Every column of a new row is written and read: text as given, inside any quotation marks, to the last blank.",
    json_comes_back_as_it_was:
        "Payload and display hold any JSON: every shape, every text, integers to 64 bits, fractions.",
    times_come_back_to_the_microsecond_whatever_the_year:
        "Times are kept exactly, in UTC, from 1971 to 9000.",
    the_longest_values_fit:
        "The longest values that core lets pass are stored whole: lengths count characters, not bytes.",
    scopes_that_look_alike_are_different:
        "Scopes compare byte by byte: no case, accent, width, ligature, trailing blank or leading zero makes two \
         of them one.",
    addresses_and_kinds_that_look_alike_are_different:
        "Canonical addresses and kinds compare byte by byte; open keys of different ones are different bytes.",
    an_insertion_queues_the_letter_it_brings:
        "`Dispatch::Letter` queues this delivery, of the row's kind and generation, for its time.",
    an_insertion_makes_the_token_known_that_it_brings:
        "`Dispatch::Token` stores the digest with the row's generation and the channel it names.",
    an_insertion_that_brings_nothing_queues_nothing:
        "`Dispatch::None` writes neither letter nor token.",
    a_creation_with_a_key_that_was_used_is_in_the_way_of_nothing_and_stores_nothing:
        "A row whose idempotency key another row has, whatever became of that one, is answered `false`, and nothing of it \
         is stored; `Key::Idempotency` finds the first.",
    an_insertion_is_the_first_event:
        "The event of an insertion has the row's revision, and actor, instant and reason as given.",
];

/// Inserts, and reads by id in the transaction and elsewhere after the commit.
async fn comes_back(direct: &Direct, row: &Row) -> Verdict {
    committed!(direct, tx => {
        direct.add(&mut tx, row, Dispatch::None).await?;
        direct.holds(&mut tx, row, "the insertion, in its transaction").await?;
    });
    direct.keeps(row, "the insertion and the commit").await
}

async fn a_row_without_anything_optional_comes_back(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1).unlimited();
    (row.record.payload, row.record.display) = (Value::Null, Value::Null);
    comes_back(&direct, &row).await
}

async fn a_row_with_everything_comes_back_to_the_letter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, text) in (1..).zip([
        "plain",
        "'; DROP TABLE invite_invitations; --",
        "\" OR \"\"=\"",
        "%' OR 1=1 --",
        "?1 $1 :a @b {} {0}",
        "back\\slash \\' \\0 \\x00 \\u0000",
        " blanks before and behind  ",
        "\u{1F642} \u{65e5}\u{672c}\u{8a9e} \u{dc}n\u{ef}code \u{130}\u{131} \u{e9}e\u{301}",
        "null",
        "0",
    ]) {
        let mut row = rows::row(n).within(text).to(&format!("Ada.O'Hara+{n}@B\u{fc}cher.Example"));
        let record = &mut row.record;
        record.inviter = Actor::new(text);
        record.payload = json!({ text: text });
        record.display = json!({ "organization": text, "inviter": [text] });
        record.message = Some(format!("{text}\n\t{text}\n"));
        record.locale = Some("de-CH-1996".into());
        record.label = Some(text.into());
        record.facet = Some(text.into());
        record.import = Some(text.into());
        record.idempotency = Some(key(n, Some(7)));
        record.renews = Some(id(n + 100));
        within(comes_back(&direct, &row).await, text)?;
    }
    for (n, inviter) in (20..).zip([Actor::System, Actor::Bearer, Actor::new("system"), Actor::new("user:user:1")]) {
        let mut row = rows::row(n);
        row.record.inviter = inviter;
        comes_back(&direct, &row).await?;
    }
    Ok(())
}

async fn json_comes_back_as_it_was(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let deep = (0..14).fold(json!("core"), |inner, _| json!({ "in": [inner] }));
    let values = [
        json!({}),
        json!([]),
        json!(""),
        json!("null"),
        json!(false),
        json!(0),
        json!([null, { "a": null }]),
        json!({ "": "", " ": " ", "a.b": 1, "$ref": 2, "\"": "\\", "\u{1F642}": "\u{e9}\u{7f}\u{1}\n\u{2028}" }),
        json!([u64::MAX, i64::MAX, i64::MIN, 9_007_199_254_740_993_u64, -1]),
        json!([0.1, -2.5, 1.5e-7, 123_456.789]),
        json!({ "b": 1, "a": { "d": 1, "c": 2 } }),
        deep,
    ];
    for (n, value) in (1..).zip(values) {
        let mut row = row(n);
        (row.record.payload, row.record.display) = (value.clone(), value.clone());
        within(comes_back(&direct, &row).await, &value.to_string())?;
    }
    Ok(())
}

async fn times_come_back_to_the_microsecond_whatever_the_year(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let microsecond = TimeDelta::microseconds(1);
    for (n, created) in (1..).zip([
        "1971-01-01T00:00:00.000001Z",
        "2024-02-29T23:59:59.999999Z",
        "2030-03-31T01:30:00.123456Z",
        "2038-01-19T03:14:07.999999Z",
        "2040-10-28T00:30:00.100000Z",
        "2106-02-07T06:28:16.000010Z",
        "2262-04-11T23:47:16.854775Z",
        "8999-12-31T23:59:59.999999Z",
    ]) {
        let Ok(created) = created.parse::<DateTime<Utc>>() else { continue };
        let row = row(n).created(created).expiring(created + TimeDelta::days(1) + microsecond);
        within(comes_back(&direct, &row).await, &created.to_string())?;
    }
    Ok(())
}

async fn the_longest_values_fit(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (line, local) = ("\u{1F642}".repeat(200), "a".repeat(64));
    let domain = ["b".repeat(63), "c".repeat(63), "d".repeat(58), "io".into()].join(".");
    let mut row = row(1).of_kind(&"k".repeat(64)).within(&line).to(&format!("{local}@{domain}"));
    let record = &mut row.record;
    record.inviter = Actor::new(&line);
    record.payload = json!("\u{e9}".repeat(8_191));
    record.display = json!({ "organization": line });
    record.message = Some("\u{1F642}".repeat(5_000));
    record.locale = Some("abcdefgh-abcdefgh-abcdefgh-abcdefgh".into());
    record.label = Some(line.clone());
    record.facet = Some("\u{1F642}".repeat(64));
    record.import = Some("\u{1F642}".repeat(64));
    comes_back(&direct, &row).await?;
    let found = direct.db.find_one(&mut direct.db.connect().await?, &row.key(), Read::Plain).await?;
    ensure!(found.is_some(), "a row with the longest kind and scope is not found by them");
    Ok(())
}

/// What no comparison may take for one another.
const ALIKE: [&str; 17] = [
    "org:k",
    "org:K",
    "org:\u{212A}",
    "org:k ",
    "org:k\t",
    " org:k",
    "org:mike",
    "org:m\u{131}ke",
    "org:ss",
    "org:\u{DF}",
    "org:fi",
    "org:\u{FB01}",
    "org:\u{FF4B}",
    "org:\u{E1}",
    "org:a\u{301}",
    "7",
    "07",
];

async fn scopes_that_look_alike_are_different(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let rows: Vec<_> = (1..).zip(ALIKE).map(|(n, scope)| row(n).to("ada@example.com").within(scope)).collect();
    committed!(direct, tx => for row in &rows {
        within(direct.add(&mut tx, row, Dispatch::None).await, row.record.scope.as_str())?;
    });
    let mut conn = direct.db.connect().await?;
    for row in &rows {
        let scope = &row.record.scope;
        let query = rows::everything(scope);
        let seen: Vec<_> = direct.db.list(&mut conn, &query).await?.iter().map(|record| record.id).collect();
        ensure!(seen == [row.record.id], "the list of scope {:?} holds {seen:?}", scope.as_str());
        for other in &rows {
            let key = Key::Id { kind: &row.record.kind, scope: Some(scope), id: other.record.id };
            let found = direct.db.find_one(&mut conn, &key, Read::Plain).await?.is_some();
            let mine = other.record.id == row.record.id;
            let (here, there) = (scope.as_str(), other.record.scope.as_str());
            ensure!(found == mine, "looked for in scope {here:?}, the row of scope {there:?} is found: {found}");
        }
    }
    Ok(())
}

async fn addresses_and_kinds_that_look_alike_are_different(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let addresses = ["a.b@example.com", "ab@example.com", "a_b@example.com", "a-b@example.com", "a+b@example.com"];
    let kinds = ["a-b", "a_b", "a.b", "ab", "a-", "a"];
    let rows: Vec<_> = (1..)
        .zip(addresses.into_iter().flat_map(|address| kinds.map(|kind| (address, kind))))
        .map(|(n, (address, kind))| row(n).to(address).of_kind(kind))
        .collect();
    committed!(direct, tx => for row in &rows {
        let (address, kind) = (row.record.recipient.canonical(), &row.record.kind);
        within(direct.add(&mut tx, row, Dispatch::None).await, &format!("{kind} to {address}"))?;
    });
    let mut conn = direct.db.connect().await?;
    for row in &rows {
        direct.holds(&mut conn, row, "the insertion of many alike").await?;
        let addressed = rows::addressed(&row.record.kind, &[row.record.recipient.canonical()]);
        let seen: Vec<_> =
            direct.db.addressed_to(&mut conn, &addressed).await?.iter().map(|waiting| waiting.record.id).collect();
        let (address, kind) = (row.record.recipient.canonical(), &row.record.kind);
        ensure!(seen == [row.record.id], "what is addressed to {address} of kind {kind} is {seen:?}");
    }
    Ok(())
}

async fn an_insertion_queues_the_letter_it_brings(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, mut queued) = (row(1), letter(5));
    queued.not_before = noon() + TimeDelta::microseconds(1);
    direct.put(&row, Dispatch::Letter(&queued)).await?;
    let early = direct.lease(&Ask::default()).await?.letters.len();
    ensure!(early == 0, "a letter was leased a microsecond before its time");
    let leased = direct.lease(&Ask { now: queued.not_before, ..Ask::default() }).await?;
    let [letter] = &leased.letters[..] else {
        ensure!(false, "one letter was queued, {} were leased", leased.letters.len());
        return Ok(());
    };
    ensure!(
        (letter.delivery, letter.purpose, letter.attempt, letter.refusals, letter.unknowns)
            == (queued.delivery, queued.purpose, 1, 0, 0),
        "what was queued is leased as {letter:?}"
    );
    same(&letter.record, &row.record, "the invitation of the letter")
}

async fn an_insertion_makes_the_token_known_that_it_brings(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    for (n, channel) in [(1, Channel::Link), (2, Channel::Mail)] {
        let row = row(n.into());
        let token = FoundToken { digest: digest(n), generation: 1, channel };
        direct.put(&row, Dispatch::Token(&token.digest, channel)).await?;
        let found = direct.token(&token.digest).await?;
        same_token(found.as_ref().and_then(|found| found.token.as_ref()), Some(&token), "inserted with its row")?;
        let found = found.map(|found| found.record.id);
        ensure!(found == Some(row.record.id), "the token inserted with row {:?} leads to {found:?}", row.record.id);
    }
    let leased = direct.lease(&Ask::default()).await?;
    ensure!(leased.letters.is_empty(), "an insertion with a token queued a letter");
    Ok(())
}

async fn an_insertion_that_brings_nothing_queues_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let leased = direct.lease(&Ask::default()).await?;
    let letters = leased.letters.len() + leased.discarded + leased.unreadable.len();
    ensure!(letters == 0, "an insertion without a letter queued one");
    Ok(())
}

async fn a_creation_with_a_key_that_was_used_is_in_the_way_of_nothing_and_stores_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, mut again, mut other) = (row(1), row(2), row(3));
    first.record.idempotency = Some(key(1, Some(1)));
    again.record.idempotency = Some(key(1, None));
    other.record.idempotency = Some(key(2, Some(1)));
    direct.put(&first, Dispatch::None).await?;
    committed!(direct, tx => {
        let stored = direct.insert(&mut tx, &again, Dispatch::Letter(&letter(5))).await?;
        ensure!(!stored, "a second row with the key of an open one was stored");
        // The transaction goes on.
        direct.add(&mut tx, &other, Dispatch::None).await?;
    });
    direct.happens(&mut first, &rows::cancelled(rows::by_id(id(1)))).await?;
    committed!(direct, tx => {
        let stored = direct.insert(&mut tx, &again, Dispatch::None).await?;
        ensure!(!stored, "a second row with the key of an ended one was stored");
    });
    for read in [Read::Plain, Read::Latest] {
        for (asked, wanted) in [(key(1, None), Some(id(1))), (key(2, Some(9)), Some(id(3))), (key(3, Some(1)), None)] {
            let found = undone!(direct, tx => direct.db.find_one(&mut tx, &Key::Idempotency(&asked), read).await?);
            let found = found.map(|found| found.record.id);
            ensure!(found == wanted, "by a key {read:?} finds {found:?} and should find {wanted:?}");
        }
    }
    let leased = direct.lease(&Ask::default()).await?;
    ensure!(leased.letters.is_empty(), "the letter of a creation that was not stored is queued");
    direct.keeps(&first, "others with its key").await
}

async fn an_insertion_is_the_first_event(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let mut row = row(1);
    row.record.inviter = Actor::new("anna: \u{1F642}");
    direct.put(&row, Dispatch::None).await?;
    let (actor, at) = (row.record.inviter.clone(), row.record.created_at);
    let wanted = Event::from_stored(id(1), 1, EventKind::Created, actor, None, at);
    let seen = direct.history(&row).await?;
    ensure!(seen == [wanted], "the history of a new row is {seen:?}");
    Ok(())
}
