//! What is known of an address: exported, and erased.

use chrono::TimeDelta;
use invite_core::{
    About, Action, Actor, Authority, DeliveryReport, Denial, Error, Field, Invitations, NewInvitation, Policy,
    ReportKind, ReportProof, Scope, StatsQuery, Status, Uniqueness, testing,
};
use serde_json::json;

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::world::{Membership, Provider, World, ada, committed, membership, new, refused_mail, undone},
};

pub(super) const CASES: &[Case] = cases![
    what_is_known_of_an_address_is_exported:
        "`of_address` and `history` give everything that is kept of an address, in pages.",
    an_erased_address_is_found_nowhere:
        "`erase` and `forget_inviter` leave nothing of an address, nor of anybody's words about it, in any table.",
    what_was_erased_is_counted_and_explained_and_never_used_again:
        "`erase` leaves status, times and facet as they are.",
    what_is_heard_of_a_letter_after_an_erasure_is_not_kept:
        "`record_delivery` and `find` know an invitation that was erased by no letter.",
    nobody_erases_or_exports_without_the_right_to:
        "What the authority refuses is not erased; one that was not written for it refuses.",
];

const ADA: &str = "ada@example.com";

fn wordy(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, membership("Countess of Lovelace"))
        .display(&json!({ "organization": "Countess of Lovelace Limited" }))
        .message("Dear Countess of Lovelace")
        .inviter_address("Boss@example.com")
}

async fn what_is_known_of_an_address_is_exported(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, wordy(ADA)).await?.id);
    world.clock.advance(TimeDelta::seconds(1));
    let second = world.invite_to("8", "Ada@Example.com").await?.id;
    world.invite("grace@example.com").await?;
    committed!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, first, Some("no room")).await?);
    let support = world.members.support();
    let known = support.export(&mut db.connect().await?, &world.admin, ADA).await?;
    let ids: Vec<_> = known.as_array().into_iter().flatten().map(|known| known["id"].clone()).collect();
    ensure!(ids == [json!(first), json!(second)], "exported are {ids:?}");
    let (old, new) = (&known[0], &known[1]);
    ensure!(old["address"] == ADA && new["address"] == "Ada@Example.com", "the addresses are not as they were given");
    ensure!(old["message"] == "Dear Countess of Lovelace" && old["scope"] == "7", "the words are not exported: {old}");
    ensure!(old["payload"]["role"] == "Countess of Lovelace", "the payload is not exported: {old}");
    let history = &old["history"];
    ensure!(history[0]["what"] == "created" && history[1]["what"] == "cancelled", "the history is {history}");
    ensure!(history[1]["reason"] == "no room" && old["status"] == "cancelled", "the end is not exported: {old}");
    ensure!(!known.to_string().contains("grace"), "somebody else's address is exported");
    let none = support.export(&mut db.connect().await?, &world.admin, "nobody@example.com").await?;
    ensure!(none == json!([]), "of an unknown address {none} is exported");
    Ok(())
}

async fn an_erased_address_is_found_nowhere(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().notify_accepted(true).uniqueness(Uniqueness::PerScopeAndRecipient));
    // One that was accepted, one that was declined with words, one whose letter was refused with words, one that waits,
    // and one that nobody has swept.
    let scope = |n: u32| world.members.scope(format!("org:{n}"));
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(committed!(world, tx => scope(n).create(&mut tx, &world.admin, wordy("Ada@Example.com")).await?.id));
    }
    committed!(world, tx => {
        let token = testing::deliver(&world.members, &mut tx, ids[0]).await?;
        world.members.accept(&mut tx, &token, &ada()).await?;
        world.members.reject_by_id(&mut tx, ids[1], &ada(), Some("Countess of Lovelace is away")).await?;
    });
    world.mailer.answer(invite_core::Outcome::Refused {
        refusal: invite_core::Refusal::Permanent,
        code: Some(550),
        enhanced: None,
        text: "ada@example.com is no mailbox of Lovelace".into(),
    });
    world.mailed().await?;
    world.invite("grace@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    for n in [5, 6] {
        ids.push(committed!(world, tx => scope(n).create(&mut tx, &world.admin, wordy(ADA)).await?.id));
    }
    // Ada invites somebody herself.
    let by_ada = new("charles@example.com").inviter_address("Ada@Example.com");
    committed!(world, tx => world.members.scope(7).create(&mut tx, &Actor::new(2), by_ada).await?);
    let before = db.at_rest().await?;

    let erased =
        committed!(world, tx => world.members.support().erase(&mut tx, &world.admin, "Ada@Example.com").await?);
    ensure!(erased == 7, "{erased} invitations are said to be erased, should be 7");
    let again = committed!(world, tx => world.members.support().erase(&mut tx, &world.admin, ADA).await?);
    ensure!(again == 0, "{again} are erased once more");
    let mut conn = db.connect().await?;
    let page = world.members.support().find_by_address(&mut conn, &world.admin, ADA, None).await?.items.len();
    ensure!(page == 0, "{page} invitations are found by the address that was erased");
    drop(conn);
    db.clean_up().await?;
    let Some((before, after)) = before.zip(db.at_rest().await?) else { return Ok(()) };
    let holds =
        |kept: &[u8], word: &str| kept.windows(word.len()).any(|there| there.eq_ignore_ascii_case(word.as_bytes()));
    for word in [ADA, "Lovelace"] {
        ensure!(
            holds(&before, word),
            "{word:?} was not found before it was erased: what was searched is not what is kept"
        );
        ensure!(!holds(&after, word), "{word:?} is found after it was erased");
    }
    ensure!(holds(&after, "grace@example.com"), "another address was erased as well");
    Ok(())
}

async fn what_was_erased_is_counted_and_explained_and_never_used_again(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail(ADA).await?;
    let waits = world.invite_to("8", ADA).await?.id;
    committed!(world, tx => world.members.support().erase(&mut tx, &world.admin, ADA).await?);
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters to an erased address were mailed");
    let mut conn = db.connect().await?;
    let preview = world.members.preview(&mut conn, letter.token()).await;
    refused!(preview, Error::Cancelled, "a link to what was erased");
    let support = world.members.support();
    for id in [id, waits] {
        let found = support.explain(&mut conn, &world.admin, About::Id(id)).await?;
        let codes: Vec<_> = found.iter().map(|found| found.standing.code()).collect();
        ensure!(codes == ["cancelled"], "what was erased is explained as {codes:?}");
        let seen = support.get(&mut conn, &world.admin, id).await?;
        ensure!(seen.status == Status::Cancelled && seen.is_erased(), "what was open and is erased is {}", seen.status);
        refused!(seen.payload(), Error::Erased, "the payload of what was erased");
    }
    let stats = world.members.scope(7).stats(&mut conn, &world.admin, &StatsQuery::new()).await?;
    ensure!(stats.total == 1 && stats.by_status[&Status::Cancelled] == 1, "what was erased is not counted any more");
    drop(conn);
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await?;
    committed!(world, tx => {
        let renewed = world.members.scope(7).renew(&mut tx, &world.admin, id).await;
        refused!(renewed, Error::Erased, "renewing what was erased");
        // The person may be invited anew.
        world.members.scope(7).create(&mut tx, &world.admin, new(ADA)).await?;
    });
    Ok(())
}

async fn what_is_heard_of_a_letter_after_an_erasure_is_not_kept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail(ADA).await?;
    world.mailer.answer(refused_mail(true));
    committed!(world, tx => world.members.support().erase(&mut tx, &world.admin, ADA).await?);
    let report = DeliveryReport::new(letter.delivery(), ReportKind::Bounced).code(550).text("ada@example.com: unknown");
    let report = report.proved_by(ReportProof::Webhook);
    let recorded = committed!(world, tx => world.members.report(&mut tx, &report).await?);
    ensure!(recorded == invite_core::Reported::Ignored, "a report about what was erased is {recorded:?}");
    let seen = world.get(id).await?;
    ensure!(seen.delivery.last_error.is_none(), "what a server said after the erasure is kept");
    db.clean_up().await?;
    let Some(kept) = db.at_rest().await? else { return Ok(()) };
    ensure!(!kept.windows(ADA.len()).any(|there| there == ADA.as_bytes()), "the address came back with a report");
    Ok(())
}

/// Allows everything in a scope, and was written before there was more.
struct OfScopes;

impl<C: Send> Authority<C, Membership> for OfScopes {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, _: &Action<'_, Membership>) -> Result<(), Denial> {
        Ok(())
    }
}

async fn nobody_erases_or_exports_without_the_right_to(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite(ADA).await?.id;
    let provider = committed!(world, tx => {
        let new = NewInvitation::new(ADA, Provider {});
        world.providers().scope(7).create(&mut tx, &world.admin, new).await?.id
    });
    let of_scopes = Invitations::new(world.store(), Policy::default(), OfScopes).clock(world.clock.clone());
    world.asked.refuse(Some("not you"));
    for members in [&world.members, &of_scopes] {
        undone!(world, tx => {
            let erased = members.support().erase(&mut tx, &world.admin, ADA).await;
            refused!(erased, Error::NotPermitted(_), "erasing without the right to");
            let exported = members.support().export(&mut tx, &world.admin, ADA).await;
            refused!(exported, Error::NotPermitted(_), "exporting without the right to");
        });
    }
    world.asked.refuse(None);
    world.asked.take();
    let support = world.members.support();
    let erased = support.erase(&mut db.connect().await?, &world.admin, ADA).await;
    refused!(erased, Error::NotInTransaction, "erasing outside a transaction");
    let invalid = undone!(world, tx => support.erase(&mut tx, &world.admin, "nobody").await);
    refused!(invalid, Error::Invalid { field: Field::Recipient, .. }, "erasing what is no address");
    ensure!(world.asked.take().is_empty(), "the authority is asked about what cannot be");
    committed!(world, tx => support.erase(&mut tx, &world.admin, ADA).await?);
    ensure!(world.asked.take() == ["erase"], "an erasure asks for another right");
    ensure!(world.get(id).await?.is_erased(), "it is not erased");
    let mut conn = db.connect().await?;
    let kept = world.providers().scope(7).get(&mut conn, &world.admin, provider).await?;
    ensure!(kept.recipient.canonical() == ADA, "an invitation of another kind was erased as well");
    Ok(())
}
