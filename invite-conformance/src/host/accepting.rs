//! Who may accept, and what they are told.

use chrono::TimeDelta;
use invite_core::{Acceptor, Actor, Claimant, Error, Policy, Status};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{done, done_before, same},
        world::{World, ada, committed, membership, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    an_acceptance_says_who_accepted_what:
        "`Change::End` stores status, actor and time and raises the revision; `apply` returns the row as it now is.",
    the_same_person_gets_the_same_answer_a_hundred_times:
        "`apply` answers `None` on a row that has ended; the row then says by whom.",
    an_accepted_invitation_is_nobody_else_s:
        "The statuses of the guard are in the WHERE: what one person accepted no other can.",
    somebody_else_s_address_does_not_accept:
        "`RecipientGuard::verified` is in the WHERE: one of the claimant's addresses equals the canonical one.",
    an_address_nobody_verified_does_not_accept_and_is_told_so:
        "`RecipientGuard::verified` is in the WHERE; an address that is only claimed is not among them.",
    each_of_eight_verified_addresses_counts:
        "`RecipientGuard::verified` has eight places, and the statement compares with every one.",
    a_mailed_token_proves_the_address_of_a_new_account:
        "`RecipientGuard::proved_by_mail` suffices when the token's channel is mail, and the row says that it proved the \
         address.",
    a_link_handed_over_proves_no_address:
        "`RecipientGuard::proved_by_mail` does not suffice when the token's channel is link, nor does the row then say that \
         it proved the address.",
    a_mailed_token_proves_no_other_address:
        "`RecipientGuard::proved_by_mail` is compared with the canonical address.",
    a_policy_may_admit_the_domain_and_no_domain_like_it:
        "`RecipientGuard::by_domain` compares all that stands after the `@`, neither a suffix nor a part.",
    a_policy_may_admit_whoever_holds_the_link:
        "`RecipientGuard::Anyone` sets no condition.",
    a_refused_claimant_leaves_no_trace:
        "A guard that does not hold changes nothing: neither the row nor an event.",
    an_invitation_whose_mail_failed_can_be_accepted:
        "`delivery_failed` is among the statuses of the guard.",
];

// The id that the host gave is kept, because an address may change hands.
async fn an_acceptance_says_who_accepted_what(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("Ada@Example.com").await?;
    let later = TimeDelta::hours(1) + TimeDelta::microseconds(123_457);
    world.clock.advance(later);
    let accepted = done(world.accept(letter.token(), ada()).await?)?.invitation;
    ensure!(accepted.payload()? == membership("admin"), "the payload is {}", accepted.payload);
    ensure!(accepted.scope.as_str() == "7", "the scope is {}", accepted.scope);
    ensure!(accepted.status == Status::Accepted, "the answer says {}", accepted.status);
    let ended = accepted.ended.as_ref().map(|ended| (ended.by.clone(), ended.at - accepted.created_at));
    ensure!(ended == Some((Actor::new(2), later)), "by whom and after what time: {ended:?}");
    same(&world.get(id).await?, &accepted)?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

// A double click, a retry after a lost answer, or a page that is loaded again.
async fn the_same_person_gets_the_same_answer_a_hundred_times(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let first = done(world.accept(letter.token(), ada()).await?)?;
    world.clock.advance(TimeDelta::days(30));
    for _ in 0..100 {
        let again = done_before(world.accept(letter.token(), ada()).await?)?;
        same(&again.invitation, &first.invitation)?;
        ensure!(again.address_proved, "the first answer said that the token proved the address");
    }
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

// The link may have been forwarded. The second person learns nothing about the first.
async fn an_accepted_invitation_is_nobody_else_s(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    committed!(world, tx => {
        let other = Claimant::new(3).verified("ada@example.com");
        let answer = world.members.accept(&mut tx, letter.token(), &other).await;
        refused!(answer, Error::AlreadyAccepted, "accepting after somebody else");
        let answer = world.members.preview(&mut tx, letter.token()).await;
        refused!(answer, Error::AlreadyAccepted, "looking after the acceptance");
    });
    Ok(())
}

async fn somebody_else_s_address_does_not_accept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for (who, claimant) in [
        ("nobody's address", Claimant::new(2)),
        ("another address", Claimant::new(2).verified("eve@example.com")),
        ("no address", Claimant::new(2).verified("not an address")),
        ("an address it begins with", Claimant::new(2).verified("ada@example.co")),
        ("an address it ends with", Claimant::new(2).verified("da@example.com")),
        ("an address that begins so", Claimant::new(2).verified("ada@example.com.evil.org")),
        ("an address that ends so", Claimant::new(2).verified("x.ada@example.com")),
        ("two others", Claimant::new(2).verified("eve@example.com").verified("x@example.com")),
    ] {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &claimant).await;
            refused!(answer, Error::WrongRecipient, "accepting with {who}");
        });
    }
    Ok(())
}

// Anybody can sign up with an address that belongs to somebody else.
async fn an_address_nobody_verified_does_not_accept_and_is_told_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for claimant in [
        Claimant::new(2).unverified("ada@example.com"),
        Claimant::new(2).verified("eve@example.com").unverified("Ada@example.com"),
    ] {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &claimant).await;
            refused!(answer, Error::EmailNotVerified, "accepting with an address that nobody verified");
        });
    }
    Ok(())
}

/// Person 2 with so many verified addresses of others.
fn others(count: usize) -> Claimant {
    (0..count).fold(Claimant::new(2), |claimant, n| claimant.verified(&format!("x{n}@example.com")))
}

async fn each_of_eight_verified_addresses_counts(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for before in 0..8 {
        let mut claimant = others(before).verified("ADA@example.com");
        for n in before..7 {
            claimant = claimant.verified(&format!("y{n}@example.com"));
        }
        let accepted = undone!(world, tx => world.members.accept(&mut tx, letter.token(), &claimant).await);
        ensure!(accepted.is_ok(), "the invited address was in place {} of 8: {accepted:?}", before + 1);
    }
    Ok(())
}

// Only the owner of the mailbox can have read the letter.
async fn a_mailed_token_proves_the_address_of_a_new_account(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let signing_up = Claimant::new(2).proved_by_link("ada@example.com");
    let accepted = done(world.accept(letter.token(), signing_up).await?)?;
    ensure!(accepted.address_proved, "a mailed token was said to prove nothing");
    same(&world.get(id).await?, &accepted.invitation)
}

// The inviter has seen this link, so it proves nothing about the mailbox.
async fn a_link_handed_over_proves_no_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    undone!(world, tx => {
        let proved = world.members.preview(&mut tx, &link).await?.proved_recipient().is_some();
        ensure!(!proved, "a link handed over shows whom it is for");
        let answer = world.members.accept(&mut tx, &link, &Claimant::new(2).proved_by_link("ada@example.com")).await;
        refused!(answer, Error::EmailNotVerified, "signing up by a link handed over");
    });
    let accepted = done(world.accept(&link, ada()).await?)?;
    ensure!(!accepted.address_proved, "a link handed over was said to prove the address");
    same(&world.get(id).await?, &accepted.invitation)
}

async fn a_mailed_token_proves_no_other_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    undone!(world, tx => {
        let eve = Claimant::new(2).proved_by_link("eve@example.com");
        let answer = world.members.accept(&mut tx, letter.token(), &eve).await;
        refused!(answer, Error::WrongRecipient, "signing up with another address");
    });
    Ok(())
}

// `example.com` must admit neither `attacker-example.com` nor `example.com.evil`.
async fn a_policy_may_admit_the_domain_and_no_domain_like_it(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().acceptor(Acceptor::SameDomain));
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for outsider in [
        "a@attacker-example.com",
        "a@example.com.evil.org",
        "a@sub.example.com",
        "a@xample.com",
        "example.com@evil.org",
    ] {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &Claimant::new(2).verified(outsider)).await;
            refused!(answer, Error::WrongRecipient, "accepting as {outsider}");
        });
    }
    done(world.accept(letter.token(), Claimant::new(2).verified("grace@EXAMPLE.com")).await?).map(drop)
}

async fn a_policy_may_admit_whoever_holds_the_link(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().acceptor(Acceptor::Bearer));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    undone!(world, tx => done(world.members.accept(&mut tx, &link, &Claimant::new(2)).await?)?);
    done(world.accept(letter.token(), Claimant::new(2).verified("eve@example.com")).await?).map(drop)
}

async fn a_refused_claimant_leaves_no_trace(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    committed!(world, tx => {
        let eve = Claimant::new(3).verified("eve@example.com");
        refused!(world.members.accept(&mut tx, letter.token(), &eve).await, Error::WrongRecipient, "accepting as Eve");
    });
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await
}

async fn an_invitation_whose_mail_failed_can_be_accepted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, token) = world.standing(Status::DeliveryFailed).await?;
    let person = Claimant::new(2).verified("delivery_failed@example.com");
    done(world.accept(&token, person).await?)?;
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "delivery_failed"), (4, "accepted")]).await
}
