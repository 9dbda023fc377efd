//! Rows that nobody could have written: each is said to be corrupt, and stops no other.

use chrono::TimeDelta;
use invite_core::{
    EventKind, Sort,
    store::{Change, Dispatch, Key, ListQuery, NewLetter, Read, StoreError},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    harness::Damage,
    host::world::{committed, undone},
    store::{
        direct::{Ask, Direct, lease_end},
        rows::{KIND, NOTHING, Row, addressed, by_id, cancelled, change, delivery, everything, id, letter, noon, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_damaged_row_is_read_as_corrupt:
        "A row that does not parse is `StoreError::corrupt` in find, list and addressed_to: never a default, an \
         empty answer or a panic.",
    a_damaged_row_is_changed_into_nothing:
        "A change whose row does not parse afterwards is `StoreError::corrupt`, and the caller's rollback undoes it.",
    a_damaged_row_stops_no_other_letter:
        "A letter whose invitation does not parse is leased without a token and told in `unreadable`; the others \
         are sent.",
];

const KINDS_OF_DAMAGE: [(u32, Damage); 3] = [(1, Damage::DeliveryState), (2, Damage::Inviter), (3, Damage::Recipient)];

/// Rows 1 to 3, each spoiled in its own way where the harness can, with a letter and a scope each; then row 4,
/// which is well. Gives those that are spoiled.
async fn spoiled(direct: &Direct) -> Result<Vec<Row>, Stop> {
    let rows: Vec<_> = (1..=4).map(|n| row(n).within(&n.to_string())).collect();
    let mut spoiled = Vec::new();
    committed!(direct, tx => for (n, row) in (1..).zip(&rows) {
        let queued = NewLetter { not_before: noon() - TimeDelta::minutes(9 - i64::from(n)), ..letter(n) };
        direct.add(&mut tx, row, Dispatch::Letter(&queued)).await?;
    });
    for (n, what) in KINDS_OF_DAMAGE {
        if committed!(direct, tx => direct.db.damage(&mut tx, what, id(n)).await?) {
            spoiled.extend(rows.iter().find(|row| row.record.id == id(n)).cloned());
        }
    }
    if spoiled.is_empty() {
        return Err(Stop::NotApplicable("a row cannot be spoiled"));
    }
    Ok(spoiled)
}

fn corrupt<T>(answer: Result<T, StoreError>, doing: &str) -> Verdict {
    let Err(error) = answer else {
        return Err(Stop::Failed(format!(
            "{doing}: a row that nobody could have written was answered as if it were one"
        )));
    };
    let said = error.to_string();
    ensure!(
        said.starts_with("a stored row is corrupt in "),
        "{doing}: of a row that nobody could have written it says {said:?}"
    );
    Ok(())
}

async fn a_damaged_row_is_read_as_corrupt(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let spoiled = spoiled(&direct).await?;
    for row in &spoiled {
        let (record, key) = (&row.record, row.open_key());
        let address = record.recipient.canonical();
        undone!(direct, tx => {
            let db = &direct.db;
            corrupt(db.find_one(&mut tx, &row.key(), Read::Plain).await, "find by id")?;
            corrupt(db.find_one(&mut tx, &row.key(), Read::Latest).await, "find by id, the latest state")?;
            if let Some(key) = &key {
                corrupt(db.find_one(&mut tx, &Key::Open(key), Read::Latest).await, "find by open key")?;
            }
            for sort in [Sort::NewestFirst, Sort::OldestFirst, Sort::ExpiresFirst, Sort::Address] {
                let query = ListQuery { sort, ..everything(&record.scope) };
                corrupt(db.list(&mut tx, &query).await, "list")?;
                corrupt(db.list_rows(&mut tx, &query).await, "list_rows")?;
            }
            corrupt(db.addressed_to(&mut tx, &addressed(KIND, &[address])).await, "addressed_to")?;
        });
    }
    direct.keeps(&row(4).within("4"), "other rows were spoiled").await
}

async fn a_damaged_row_is_changed_into_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let spoiled = spoiled(&direct).await?;
    for row in &spoiled {
        let id = row.record.id;
        let changes = [
            cancelled(by_id(id)),
            change(by_id(id), EventKind::LinkCreated, Change::Link),
            change(by_id(id), EventKind::Amended, NOTHING),
        ];
        for transition in changes {
            let kind = transition.event.kind.as_str();
            undone!(direct, tx => corrupt(direct.db.apply_one(&mut tx, &transition).await, kind)?);
        }
        let events = direct.history(row).await?.len();
        ensure!(events == 1, "after changes that failed and were rolled back a row has {events} events");
    }
    direct.keeps(&row(4).within("4"), "changes of spoiled rows").await
}

async fn a_damaged_row_stops_no_other_letter(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let spoiled = spoiled(&direct).await?.len();
    let mut now = noon();
    for round in 1..=2 {
        let (mut letters, mut unreadable) = (Vec::new(), 0);
        // One at a time: those that do not read are due before the one that does.
        for _ in 0..6 {
            let leased = direct.lease(&Ask { now, limit: 1, ..Ask::default() }).await?;
            ensure!(leased.discarded == 0, "a letter whose invitation does not read was thrown away");
            letters.extend(leased.letters.iter().map(|letter| letter.delivery));
            unreadable += leased.unreadable.len();
            for error in leased.unreadable {
                corrupt(Err::<(), _>(error), "lease")?;
            }
        }
        let well = 4 - spoiled;
        ensure!(
            letters.len() == well && letters.contains(&delivery(4)) && unreadable == spoiled,
            "round {round}: {well} letters read and {spoiled} do not; leased are {letters:?}, unreadable {unreadable}"
        );
        let minted = direct.minted().len();
        ensure!(minted == round * well, "round {round}: {minted} tokens were asked for, should be {}", round * well);
        now = lease_end(now);
    }
    Ok(())
}
