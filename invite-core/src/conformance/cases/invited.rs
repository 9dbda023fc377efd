//! The invited side: preview, accept, decline, view.

use chrono::TimeDelta;

use crate::{
    actor::Actor,
    claimant::Claimant,
    conformance::{
        case::{Case, Stop, Verdict, cases, ensure, refused},
        deeds::{TERMINAL, done, done_before, same, unknown_token},
        erased::Db,
        world::{Answer, World, ada, committed, membership, undone},
    },
    error::Error,
    policy::{Acceptor, EarlierLinks, Policy},
    state::Status,
    token::{Token, TokenFormat},
};

pub(super) const CASES: &[Case] = cases![
    a_preview_shows_what_the_letter_s_reader_may_see:
        "`Key::Token` finds the row of the invitation, and the token's channel.",
    looking_changes_nothing:
        "`find` writes nothing: neither the row nor an event, however often it is called.",
    an_acceptance_says_who_accepted_what:
        "`Change::End` stores status, actor and time and raises the revision; `transition` returns the row as it now is.",
    the_same_person_gets_the_same_answer_a_hundred_times:
        "`transition` answers `None` on a row that has ended; the row then says by whom.",
    an_accepted_invitation_is_nobody_else_s:
        "The statuses of the guard are in the WHERE: what one person accepted no other can.",
    somebody_else_s_address_does_not_accept:
        "`RecipientGuard::verified` is in the WHERE: one of the claimant's addresses equals the canonical one.",
    an_address_nobody_verified_does_not_accept_and_is_told_so:
        "`RecipientGuard::verified` is in the WHERE; an address that is only claimed is not among them.",
    each_of_eight_verified_addresses_counts:
        "`RecipientGuard::verified` has eight places, and the statement compares with every one.",
    a_ninth_address_is_refused:
        "Core refuses it; a store never gets to see more than eight.",
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
    an_invitation_past_its_time_is_not_accepted_though_nobody_swept_it:
        "`TimeGuard::Unexpired` is `expires_at > now` in the WHERE, with the instant that core gives.",
    whatever_is_done_past_its_time_is_answered_as_expired:
        "`TimeGuard::Unexpired` is `expires_at > now` in the WHERE of every change by the invited side.",
    declining_ends_it_with_a_reason:
        "`Change::End` stores the status with actor, reason and time, whichever way it ends.",
    declining_again_gets_the_same_answer:
        "`transition` answers `None` on a row that has ended; the row then says by whom.",
    a_declined_invitation_is_closed_to_everybody:
        "The statuses of the guard are in the WHERE.",
    a_policy_may_forbid_declining:
        "Core refuses it; a store never gets to see it.",
    a_first_look_is_recorded_once_per_letter_and_is_no_change:
        "`Change::View` sets `viewed_at` where it is null, without a revision; `Change::Renew` makes it null again.",
    the_holder_of_a_genuine_link_hears_how_it_ended:
        "Tokens are kept when an invitation ends, and `Key::Token` finds it in every state.",
    when_the_host_rolls_back_the_invitation_is_open_and_the_link_works:
        "A change is made on the caller's connection, and the store never commits on it.",
    a_token_of_another_kind_is_unknown:
        "The kind is part of the digest: `Key::Token` and `Target::Token` compare all 32 bytes of it.",
    a_token_of_another_format_is_unknown:
        "Core refuses it without a statement.",
    a_token_that_nobody_stored_is_unknown:
        "`Key::Token` and `Target::Token` compare all 32 bytes of the digest; no row is `None`.",
];

// S0-24, S2-40 to 46; incident 49
async fn a_preview_shows_what_the_letter_s_reader_may_see(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("Ada@Example.com").await?;
    let mut conn = db.connect().await?;
    let preview = world.members.preview(&mut conn, letter.token()).await?;
    ensure!(preview.payload()? == membership("admin"), "the role is {}", preview.payload()?.role);
    ensure!(preview.scope().as_str() == "7", "the scope is {}", preview.scope());
    ensure!(preview.masked_recipient() == "a***@example.com", "the address is {}", preview.masked_recipient());
    let proved = preview.proved_recipient().map(crate::recipient::Recipient::as_given);
    ensure!(proved == Some("Ada@Example.com"), "whoever reads the letter is {proved:?}");
    Ok(())
}

// S4-16, S4-82 to 84; incident 39; races row 15
async fn looking_changes_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    for _ in 0..20 {
        committed!(world, tx => world.members.preview(&mut tx, letter.token()).await?);
    }
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await?;
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

// Incident 42: the host's id is kept, not the address.
async fn an_acceptance_says_who_accepted_what(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("Ada@Example.com").await?;
    world.clock.advance(TimeDelta::hours(1));
    let accepted = done(world.accept(letter.token(), ada()).await?)?.invitation;
    ensure!(accepted.payload()? == membership("admin"), "the payload is {}", accepted.payload);
    ensure!(accepted.scope.as_str() == "7", "the scope is {}", accepted.scope);
    ensure!(accepted.status == Status::Accepted, "the answer says {}", accepted.status);
    let ended = accepted.ended.as_ref().map(|ended| (ended.by.clone(), ended.at - accepted.created_at));
    ensure!(ended == Some((Actor::new(2), TimeDelta::hours(1))), "by whom and after what time: {ended:?}");
    same(&world.get(id).await?, &accepted)?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

// Demand theme 1; races rows 1 and 14; incident 29
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

// Races row 2
async fn an_accepted_invitation_is_nobody_else_s(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    committed!(world, tx => {
        let other = Claimant::new(3).verified("ada@example.com");
        let answer = world.members.accept(&mut tx, letter.token(), other).await;
        refused!(answer, Error::AlreadyAccepted, "accepting after somebody else");
        let answer = world.members.preview(&mut tx, letter.token()).await;
        refused!(answer, Error::AlreadyAccepted, "looking after the acceptance");
    });
    Ok(())
}

// Incident 19
async fn somebody_else_s_address_does_not_accept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for (who, claimant) in [
        ("nobody's address", Claimant::new(2)),
        ("another address", Claimant::new(2).verified("eve@example.com")),
        ("no address", Claimant::new(2).verified("not an address")),
        ("an address that begins so", Claimant::new(2).verified("ada@example.com.evil.org")),
        ("an address that ends so", Claimant::new(2).verified("x.ada@example.com")),
        ("two others", Claimant::new(2).verified("eve@example.com").verified("x@example.com")),
    ] {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), claimant).await;
            refused!(answer, Error::WrongRecipient, "accepting with {who}");
        });
    }
    Ok(())
}

// Incidents 20 and 42
async fn an_address_nobody_verified_does_not_accept_and_is_told_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    for claimant in [
        Claimant::new(2).unverified("ada@example.com"),
        Claimant::new(2).verified("eve@example.com").unverified("Ada@example.com"),
    ] {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), claimant).await;
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
        let accepted = undone!(world, tx => world.members.accept(&mut tx, letter.token(), claimant).await);
        ensure!(accepted.is_ok(), "the invited address was in place {} of 8: {accepted:?}", before + 1);
    }
    Ok(())
}

async fn a_ninth_address_is_refused(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    undone!(world, tx => {
        let answer = world.members.accept(&mut tx, letter.token(), others(8).verified("ada@example.com")).await;
        refused!(answer, Error::Invalid { field: "claimant", .. }, "accepting with nine addresses");
    });
    Ok(())
}

// Incident 21
async fn a_mailed_token_proves_the_address_of_a_new_account(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let signing_up = Claimant::new_account(2, "ada@example.com");
    let accepted = done(world.accept(letter.token(), signing_up).await?)?;
    ensure!(accepted.address_proved, "a mailed token was said to prove nothing");
    same(&world.get(id).await?, &accepted.invitation)
}

// Incident 21: whoever invites has seen this link.
async fn a_link_handed_over_proves_no_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    undone!(world, tx => {
        let proved = world.members.preview(&mut tx, &link).await?.proved_recipient().is_some();
        ensure!(!proved, "a link handed over shows whom it is for");
        let answer = world.members.accept(&mut tx, &link, Claimant::new_account(2, "ada@example.com")).await;
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
        let answer = world.members.accept(&mut tx, letter.token(), Claimant::new_account(2, "eve@example.com")).await;
        refused!(answer, Error::WrongRecipient, "signing up with another address");
    });
    Ok(())
}

// Incident 28
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
            let answer = world.members.accept(&mut tx, letter.token(), Claimant::new(2).verified(outsider)).await;
            refused!(answer, Error::WrongRecipient, "accepting as {outsider}");
        });
    }
    done(world.accept(letter.token(), Claimant::new(2).verified("grace@EXAMPLE.com")).await?).map(drop)
}

async fn a_policy_may_admit_whoever_holds_the_link(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().acceptor(Acceptor::Bearer));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    undone!(world, tx => done(world.members.accept(&mut tx, &link, Claimant::new(2)).await?)?);
    done(world.accept(letter.token(), Claimant::new(2).verified("eve@example.com")).await?).map(drop)
}

async fn a_refused_claimant_leaves_no_trace(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    committed!(world, tx => {
        let eve = Claimant::new(3).verified("eve@example.com");
        refused!(world.members.accept(&mut tx, letter.token(), eve).await, Error::WrongRecipient, "accepting as Eve");
    });
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await
}

// Races row 33
async fn an_invitation_whose_mail_failed_can_be_accepted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, token) = world.standing(Status::DeliveryFailed).await?;
    let person = Claimant::new(2).verified("delivery_failed@example.com");
    done(world.accept(&token, person).await?)?;
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "delivery_failed"), (4, "accepted")]).await
}

// Incident 33; races row 8
async fn an_invitation_past_its_time_is_not_accepted_though_nobody_swept_it(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::hours(1)));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    undone!(world, tx => world.members.accept(&mut tx, letter.token(), ada()).await?);
    world.clock.advance(TimeDelta::microseconds(1));
    undone!(world, tx => {
        refused!(world.members.accept(&mut tx, letter.token(), ada()).await, Error::Expired { .. }, "accepting at its end");
    });
    let seen = world.get(id).await?.status;
    ensure!(seen == Status::Expired, "an open invitation past its time is shown as {seen}");
    Ok(())
}

// Incidents 33 and 35: no other path skips the check.
async fn whatever_is_done_past_its_time_is_answered_as_expired(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::hours(1)));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::hours(1));
    let (members, token) = (&world.members, letter.token());
    let answers: [(&str, Answer); 6] = committed!(world, tx => [
        ("preview", members.preview(&mut tx, token).await.map(drop)),
        ("accept", members.accept(&mut tx, token, ada()).await.map(drop)),
        ("accept_by_id", members.accept_by_id(&mut tx, id, ada()).await.map(drop)),
        ("reject", members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("reject_by_id", members.reject_by_id(&mut tx, id, ada(), None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Expired { .. }, "{call} at the end of its life");
    }
    world.happened(id, &[(1, "created")]).await
}

// S0-73, S2-42
async fn declining_ends_it_with_a_reason(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let declined = committed!(world, tx => {
        world.members.reject(&mut tx, letter.token(), &Actor::Bearer, Some("no time")).await?
    });
    ensure!(declined.status == Status::Rejected, "the answer says {}", declined.status);
    let ended = declined.ended.as_ref().map(|ended| (ended.by.clone(), ended.reason.as_deref()));
    ensure!(ended == Some((Actor::Bearer, Some("no time"))), "by whom and why: {ended:?}");
    same(&world.get(id).await?, &declined)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

async fn declining_again_gets_the_same_answer(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let first = committed!(world, tx => {
        world.members.reject(&mut tx, letter.token(), &Actor::Bearer, Some("no time")).await?
    });
    world.clock.advance(TimeDelta::days(30));
    same(&world.reject(letter.token(), &Actor::Bearer).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

// Races row 5
async fn a_declined_invitation_is_closed_to_everybody(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let token = letter.token();
    world.reject(token, &Actor::Bearer).await?;
    let answers: [(&str, Answer); 5] = committed!(world, tx => [
        ("reject by somebody else", world.members.reject(&mut tx, token, &Actor::new(9), None).await.map(drop)),
        ("accept", world.members.accept(&mut tx, token, ada()).await.map(drop)),
        ("accept_by_id", world.members.accept_by_id(&mut tx, id, ada()).await.map(drop)),
        ("preview", world.members.preview(&mut tx, token).await.map(drop)),
        ("mark_viewed", world.members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Rejected, "{call} after it was declined");
    }
    Ok(())
}

async fn a_policy_may_forbid_declining(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().may_decline(false));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    undone!(world, tx => {
        let answer = world.members.reject(&mut tx, letter.token(), &Actor::Bearer, None).await;
        refused!(answer, Error::NotPermitted(why) if why == "may_not_decline", "declining");
        let answer = world.members.reject_by_id(&mut tx, id, ada(), None).await;
        refused!(answer, Error::NotPermitted(why) if why == "may_not_decline", "declining by id");
    });
    Ok(())
}

// S4-4, S4-83
async fn a_first_look_is_recorded_once_per_letter_and_is_no_change(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().on_resend(EarlierLinks::Keep));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let mut looks = Vec::new();
    for _ in 0..2 {
        looks.push(committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?));
    }
    let viewed = world.get(id).await?;
    ensure!(viewed.viewed_at.is_some_and(|at| at == viewed.created_at), "it was viewed at {:?}", viewed.viewed_at);
    world.resend_and_mail(id).await?;
    let again = world.get(id).await?.viewed_at;
    ensure!(again.is_none(), "a letter just sent was viewed at {again:?}");
    looks.push(committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?));
    ensure!(
        looks == [true, false, true],
        "of one look, another, and one after a resend, these were the first: {looks:?}"
    );
    world.happened(id, &[(1, "created"), (1, "viewed"), (2, "resent"), (2, "viewed")]).await
}

// Races rows 5 to 8: how it ended, not only that it did.
async fn the_holder_of_a_genuine_link_hears_how_it_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        let (_, token) = world.standing(status).await?;
        let mut conn = db.connect().await?;
        let answer = world.members.preview(&mut conn, &token).await;
        let told = match &answer {
            Err(Error::Expired { .. }) => Some(Status::Expired),
            Err(Error::AlreadyAccepted) => Some(Status::Accepted),
            Err(Error::Rejected) => Some(Status::Rejected),
            Err(Error::Cancelled) => Some(Status::Cancelled),
            Ok(_) | Err(_) => None,
        };
        ensure!(told == Some(status), "of an invitation that is {status} its holder hears {answer:?}");
    }
    Ok(())
}

// Incidents 25 and 27: the host refuses after `accept`.
async fn when_the_host_rolls_back_the_invitation_is_open_and_the_link_works(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    undone!(world, tx => done(world.members.accept(&mut tx, letter.token(), ada()).await?)?);
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await?;
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

/// Fails unless this token opens nothing there.
async fn opens_nothing<K: crate::kind::Kind>(
    world: &World,
    members: &crate::service::Invitations<crate::conformance::erased::Shared, K>,
    token: &Token,
) -> Result<(), Stop> {
    let answers: [(&str, Answer); 4] = committed!(world, tx => [
        ("preview", members.preview(&mut tx, token).await.map(drop)),
        ("accept", members.accept(&mut tx, token, ada()).await.map(drop)),
        ("reject", members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::NotFound, "{call} by a token that is none here");
    }
    Ok(())
}

// Incident 18
async fn a_token_of_another_kind_is_unknown(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    opens_nothing(&world, &world.providers(), letter.token()).await
}

async fn a_token_of_another_format_is_unknown(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let hex = world.under(Policy::default().token_format(TokenFormat::Hex));
    opens_nothing(&world, &hex, letter.token()).await?;
    let link = committed!(world, tx => hex.scope(7).new_link(&mut tx, &world.admin, id).await?.1);
    opens_nothing(&world, &world.members, &link).await
}

// Incidents 03 and 04
async fn a_token_that_nobody_stored_is_unknown(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    opens_nothing(&world, &world.members, &unknown_token()?).await?;
    world.happened(id, &[(1, "created")]).await
}
