//! How one row is found.

use invite_core::{
    Channel, Scope, Status,
    store::{Dispatch, Key, Read, RenewedLinks},
};

use crate::{
    case::{Case, Verdict, cases, ensure},
    compare::{same, same_token},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{KIND, OTHER_KIND, by_id, cancelled, delivery, digest, id, renewed, row},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_token_finds_its_row_whatever_became_of_both:
        "`Key::Token` finds by digest alone: retired tokens and ended invitations too, so that core can explain them.",
    an_id_is_found_in_its_kind_and_in_the_scope_that_is_named:
        "`Key::Id` compares kind and id, and the scope if one is named.",
    an_open_key_finds_the_row_that_holds_it:
        "`Key::Open` finds the open row that holds the key, in any scope; a row that has ended holds none.",
    a_letter_finds_the_invitation_whose_current_one_it_is:
        "`Key::Delivery` compares kind and `delivery_id`: a renewal gives the invitation another.",
    what_nobody_has_is_not_found:
        "An unknown id, digest or open key is `Ok(None)`.",
    a_read_of_the_latest_state_sees_what_its_own_transaction_wrote:
        "`Read::Latest` and `Read::Plain` both see the transaction's own writes, and do not end it.",
];

async fn a_token_finds_its_row_whatever_became_of_both(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, first) = direct.invited(1).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Retire { grace_until: None })).await?;
    let second = direct.hand_out(&mut row, 2, Channel::Link).await?;
    let (other, _) = direct.invited(3).await?;
    for status in [Status::Pending, Status::DeliveryFailed, Status::Rejected] {
        direct.bring(&mut row, status).await?;
        for token in [&first, &second] {
            for read in [Read::Plain, Read::Latest] {
                let found = undone!(direct, tx => direct.db.find_one(&mut tx, &Key::Token(&token.digest), read).await?);
                let generation = token.generation;
                let Some(found) = found else {
                    ensure!(false, "{status}: the token of generation {generation} is not found by {read:?}");
                    continue;
                };
                same(&found.record, &row.record, &format!("{status}: found by a token of generation {generation}"))?;
                same_token(found.token.as_ref(), Some(token), "found by it")?;
            }
        }
    }
    direct.keeps(&other, "another was read by token").await
}

async fn an_id_is_found_in_its_kind_and_in_the_scope_that_is_named(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.put(&row(1), Dispatch::None).await?;
    let (here, there) = (Scope::new(7), Scope::new(8));
    undone!(direct, tx => for read in [Read::Plain, Read::Latest] {
        for (kind, scope, wanted) in [
            (KIND, None, true),
            (KIND, Some(&here), true),
            (KIND, Some(&there), false),
            (OTHER_KIND, None, false),
            (OTHER_KIND, Some(&here), false),
        ] {
            let found = direct.db.find_one(&mut tx, &Key::Id { kind, scope, id: id(1) }, read).await?;
            let scope = scope.map(Scope::as_str);
            ensure!(
                found.is_some() == wanted,
                "{read:?}, a row of kind {KIND} and scope 7, asked for as {kind} in {scope:?}: found is {}",
                found.is_some()
            );
            let by_token = found.is_some_and(|found| found.token.is_some());
            ensure!(!by_token, "{read:?}, by id: answered with a token");
        }
    });
    Ok(())
}

async fn an_open_key_finds_the_row_that_holds_it(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, second) = (row(1), row(2).to("person1@example.com").within("8"));
    let (Some(first_key), Some(second_key)) = (first.open_key(), second.open_key()) else { return Ok(()) };
    direct.put(&first, Dispatch::None).await?;
    direct.put(&second, Dispatch::None).await?;
    undone!(direct, tx => for read in [Read::Plain, Read::Latest] {
        for (key, row) in [(&first_key, &first), (&second_key, &second)] {
            let Some(found) = direct.db.find_one(&mut tx, &Key::Open(key), read).await? else {
                ensure!(false, "{read:?}: the open key of an open row finds nothing");
                continue;
            };
            same(&found.record, &row.record, &format!("{read:?}: found by its open key"))?;
            ensure!(found.token.is_none(), "{read:?}, by open key: answered with a token");
        }
    });
    direct.happens(&mut first, &cancelled(by_id(id(1)))).await?;
    undone!(direct, tx => {
        let holder = direct.holder(&mut tx, &first_key).await?;
        ensure!(holder.is_none(), "the open key of a row that has ended finds {holder:?}");
    });
    Ok(())
}

async fn a_letter_finds_the_invitation_whose_current_one_it_is(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut renewed_row, other) = (row(1), row(2));
    direct.put(&renewed_row, Dispatch::None).await?;
    direct.put(&other, Dispatch::None).await?;
    let first = renewed_row.record.delivery_id;
    direct.happens(&mut renewed_row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    let second = renewed_row.record.delivery_id;
    undone!(direct, tx => for read in [Read::Plain, Read::Latest] {
        for (kind, letter, wanted) in [
            (KIND, second, Some(&renewed_row)),
            (KIND, other.record.delivery_id, Some(&other)),
            (KIND, first, None),
            (OTHER_KIND, second, None),
        ] {
            let Some(letter) = letter else { continue };
            match (direct.db.find_one(&mut tx, &Key::Delivery { kind, id: letter }, read).await?, wanted) {
                (Some(found), Some(row)) => {
                    same(&found.record, &row.record, &format!("{read:?}: found by its letter"))?;
                    ensure!(found.token.is_none(), "{read:?}, by letter: answered with a token");
                }
                (found, wanted) => {
                    let (found, wanted) = (found.is_some(), wanted.is_some());
                    ensure!(found == wanted, "{read:?}, {kind}: by a letter found is {found}, should be {wanted}");
                }
            }
        }
    });
    Ok(())
}

async fn what_nobody_has_is_not_found(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    direct.invited(1).await?;
    let (unknown, digest) = (row(2), digest(2));
    let Some(open_key) = unknown.open_key() else { return Ok(()) };
    undone!(direct, tx => for read in [Read::Plain, Read::Latest] {
        let (by_letter, by_name) = (Key::Delivery { kind: KIND, id: delivery(2) }, Key::Provider { kind: KIND, id: "0100" });
        for key in [unknown.key(), Key::Token(&digest), Key::Open(&open_key), by_letter, by_name] {
            let found = direct.db.find_one(&mut tx, &key, read).await?;
            ensure!(found.is_none(), "{read:?}: what nobody has is found, by {key:?}");
        }
    });
    Ok(())
}

async fn a_read_of_the_latest_state_sees_what_its_own_transaction_wrote(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut first, second) = (row(1), row(2));
    direct.put(&first, Dispatch::None).await?;
    committed!(direct, tx => {
        direct.changes(&mut tx, &mut first, None, &cancelled(by_id(id(1)))).await?;
        direct.add(&mut tx, &second, Dispatch::None).await?;
        for read in [Read::Plain, Read::Latest] {
            for row in [&first, &second] {
                let Some(found) = direct.db.find_one(&mut tx, &row.key(), read).await? else {
                    ensure!(false, "{read:?}: a row is not found in the transaction that wrote it");
                    continue;
                };
                same(&found.record, &row.record, &format!("{read:?}: in the transaction that wrote it"))?;
            }
        }
        ensure!(direct.db.in_transaction(&mut tx), "a read ended the caller's transaction");
    });
    direct.keeps(&second, "reads and the commit").await
}
