//! Links and resends: which tokens open an invitation, and until when.

use chrono::TimeDelta;
use invite_core::{Actor, DeliveryState, EarlierLinks, Error, InvitationId, Policy, Token};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::done,
        world::{Answer, World, ada, committed, new, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    creating_with_a_link_mails_nothing:
        "`Dispatch::Token` stores a digest and queues no letter.",
    a_link_opens_the_invitation_it_was_made_for:
        "`Dispatch::Token` stores the digest with the invitation, its generation and the channel.",
    another_link_can_be_made_later_and_earlier_ones_live:
        "`Change::Link` raises the revision and nothing else; digests are added, never replaced.",
    a_link_rolled_back_opens_nothing:
        "The digest is stored on the caller's connection.",
    a_resend_queues_a_letter_of_the_next_generation:
        "`Change::Renew` raises generation and revision, sets `resent_at`, and its letter carries the new generation.",
    a_resend_retires_the_links_of_every_earlier_letter:
        "`RenewedLinks::Retire` sets `min_generation` to the new generation, and the guard compares the token's with it.",
    a_resend_retires_links_handed_over_by_other_means:
        "`min_generation` counts for tokens of either channel.",
    a_policy_may_keep_earlier_links:
        "`RenewedLinks::Keep` changes neither `min_generation` nor `grace_until`.",
    in_grace_the_links_of_the_letter_before_work_until_its_last_microsecond:
        "In the guard, `now < grace_until` admits a generation of `min_generation - 1`.",
    after_grace_the_links_of_the_letter_before_are_dead:
        "In the guard, `grace_until` is over from that very instant on.",
    grace_is_for_the_letter_before_and_none_earlier:
        "In the guard, grace admits `min_generation - 1` and nothing below.",
    a_resend_gives_a_fresh_life:
        "`Change::Renew` writes the new `expires_at`.",
    a_resend_never_shortens_a_life:
        "`Change::Renew` leaves the later of the old and the new `expires_at`.",
    a_policy_may_leave_the_end_where_it_is:
        "`Change::Renew` with no `expires_at` leaves the old one.",
    a_resend_within_the_cool_down_is_refused_and_told_how_long_to_wait:
        "`not_resent_between` is in the WHERE: `resent_at` is null or not after it.",
    a_resend_is_possible_when_the_cool_down_is_over:
        "`not_resent_between` lets a resend through that happened exactly then.",
];

async fn creating_with_a_link_mails_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = committed!(world, tx => {
        world.members.scope(7).create_with_link(&mut tx, &world.admin, new("ada@example.com")).await?.invitation
    });
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent");
    let seen = world.get(created.id).await?.delivery.state;
    ensure!(seen == DeliveryState::NotMailed, "its letter is {}", seen.as_str());
    Ok(())
}

async fn a_link_opens_the_invitation_it_was_made_for(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (first, second) = committed!(world, tx => {
        let scoped = world.members.scope(7);
        (
            scoped.create_with_link(&mut tx, &world.admin, new("grace@example.com")).await?,
            scoped.create_with_link(&mut tx, &world.admin, new("ada@example.com")).await?,
        )
    });
    let accepted = done(world.accept(&second.token, ada()).await?)?.invitation.id;
    ensure!(accepted == second.invitation.id, "it opened {accepted}");
    let mut conn = db.connect().await?;
    world.members.preview(&mut conn, &first.token).await?;
    drop(conn);
    world.happened(first.invitation.id, &[(1, "created")]).await
}

async fn another_link_can_be_made_later_and_earlier_ones_live(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let links = [world.link(id).await?, world.link(id).await?];
    let [first, second] = &links;
    ensure!(first.expose_secret() != second.expose_secret(), "two links have one token");
    for token in links.iter().chain([letter.token()]) {
        undone!(world, tx => done(world.members.accept(&mut tx, token, &ada()).await?)?);
    }
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent for links");
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "link_created")]).await
}

async fn a_link_rolled_back_opens_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let token = undone!(world, tx => world.members.scope(7).new_link(&mut tx, &world.admin, id).await?.token);
    let mut conn = db.connect().await?;
    refused!(world.members.preview(&mut conn, &token).await, Error::NotFound, "looking by a link rolled back");
    drop(conn);
    world.happened(id, &[(1, "created")]).await
}

async fn a_resend_queues_a_letter_of_the_next_generation(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::hours(1));
    let resent = world.resend(id).await?;
    ensure!(
        (resent.generation, resent.revision) == (2, 2),
        "generation {}, revision {}",
        resent.generation,
        resent.revision
    );
    let queued = world.get(id).await?;
    ensure!(queued.delivery.state == DeliveryState::Queued, "its letter is {}", queued.delivery.state.as_str());
    let since = queued.resent_at.map(|at| at - queued.created_at);
    ensure!(since == Some(TimeDelta::hours(1)), "it was resent {since:?} after its creation, not one hour");
    let second = world.one_letter().await?;
    ensure!(second.invitation().generation == 2, "the letter is of generation {}", second.invitation().generation);
    ensure!(second.delivery() != first.delivery(), "both letters have one delivery id");
    ensure!(second.attempt() == 1, "the first attempt at the second letter is number {}", second.attempt());
    world.happened(id, &[(1, "created"), (2, "resent")]).await
}

async fn a_resend_retires_the_links_of_every_earlier_letter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let mut earlier = vec![first];
    for _ in 0..19 {
        earlier.push(world.resend_and_mail(id).await?);
    }
    let newest = world.resend_and_mail(id).await?;
    for letter in &earlier {
        superseded(&world, letter.token()).await?;
    }
    done(world.accept(newest.token(), ada()).await?).map(drop)
}

async fn a_resend_retires_links_handed_over_by_other_means(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    world.resend_and_mail(id).await?;
    superseded(&world, &link).await?;
    let fresh = world.link(id).await?;
    done(world.accept(&fresh, ada()).await?).map(drop)
}

/// Fails unless its holder hears that a newer letter replaced this link, whatever they do with it.
async fn superseded(world: &World, token: &Token) -> Verdict {
    let answers: [(&str, Answer); 4] = undone!(world, tx => [
        ("preview", world.members.preview(&mut tx, token).await.map(drop)),
        ("accept", world.members.accept(&mut tx, token, &ada()).await.map(drop)),
        ("reject", world.members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", world.members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Superseded, "{call} by the link of an earlier letter");
    }
    Ok(())
}

async fn a_policy_may_keep_earlier_links(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().earlier_links(EarlierLinks::Keep));
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    let second = world.resend_and_mail(id).await?;
    let third = world.resend_and_mail(id).await?;
    for token in [first.token(), &link, second.token(), third.token()] {
        undone!(world, tx => {
            world.members.preview(&mut tx, token).await?;
            done(world.members.accept(&mut tx, token, &ada()).await?)?
        });
    }
    Ok(())
}

async fn in_grace_the_links_of_the_letter_before_work_until_its_last_microsecond(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().earlier_links(EarlierLinks::KeepFor(TimeDelta::hours(1))));
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let second = world.resend_and_mail(id).await?;
    world.clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    for letter in [&first, &second] {
        undone!(world, tx => {
            world.members.preview(&mut tx, letter.token()).await?;
            done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?
        });
    }
    Ok(())
}

async fn after_grace_the_links_of_the_letter_before_are_dead(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().earlier_links(EarlierLinks::KeepFor(TimeDelta::hours(1))));
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let second = world.resend_and_mail(id).await?;
    world.clock.advance(TimeDelta::hours(1));
    superseded(&world, first.token()).await?;
    done(world.accept(second.token(), ada()).await?).map(drop)
}

async fn grace_is_for_the_letter_before_and_none_earlier(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().earlier_links(EarlierLinks::KeepFor(TimeDelta::hours(1))));
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    let second = world.resend_and_mail(id).await?;
    world.resend_and_mail(id).await?;
    superseded(&world, first.token()).await?;
    done(world.accept(second.token(), ada()).await?).map(drop)
}

async fn a_resend_gives_a_fresh_life(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::days(2)));
    lives(&world, TimeDelta::days(2), TimeDelta::days(3)).await
}

async fn a_resend_never_shortens_a_life(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::days(2)));
    lives(&world, TimeDelta::days(30), TimeDelta::days(30)).await
}

async fn a_policy_may_leave_the_end_where_it_is(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::days(2)).resend_extends(false));
    lives(&world, TimeDelta::days(2), TimeDelta::days(2)).await
}

/// Invites for so long, resends a day later, and fails unless its whole life is then so long.
async fn lives(world: &World, before: TimeDelta, after: TimeDelta) -> Verdict {
    let new = new("ada@example.com").expires_in(before);
    let id: InvitationId = committed!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, new).await?.id);
    world.clock.advance(TimeDelta::days(1));
    world.resend(id).await?;
    let resent = world.get(id).await?;
    let life = resent.expires_at - resent.created_at;
    ensure!(life == after, "resent after a day, {before} of life became {life}, not {after}");
    Ok(())
}

async fn a_resend_within_the_cool_down_is_refused_and_told_how_long_to_wait(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().resend_cooldown(TimeDelta::minutes(10)));
    let id = world.invite("ada@example.com").await?.id;
    world.resend(id).await?;
    world.clock.advance(TimeDelta::minutes(4));
    undone!(world, tx => {
        let answer = world.members.scope(7).resend(&mut tx, &world.admin, id).await;
        refused!(
            answer,
            Error::LimitReached { retry_after } if retry_after.as_secs() == 360,
            "resending 4 minutes after a resend, with a cool-down of 10"
        );
    });
    world.happened(id, &[(1, "created"), (2, "resent")]).await
}

async fn a_resend_is_possible_when_the_cool_down_is_over(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().resend_cooldown(TimeDelta::minutes(10)));
    let id = world.invite("ada@example.com").await?.id;
    world.resend(id).await?;
    world.clock.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    undone!(world, tx => {
        let answer = world.members.scope(7).resend(&mut tx, &world.admin, id).await;
        refused!(answer, Error::LimitReached { .. }, "resending a microsecond too soon");
    });
    world.clock.advance(TimeDelta::microseconds(1));
    world.resend(id).await?;
    world.happened(id, &[(1, "created"), (2, "resent"), (3, "resent")]).await
}
