//! Which tokens open what, as the guard of a change says it.

use chrono::TimeDelta;
use invite_core::{
    Channel, Status, TokenDigest,
    store::{FoundToken, Guard, Read, RenewedLinks, TimeGuard},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::{committed, undone},
    store::{
        direct::Direct,
        rows::{MICROSECOND, OTHER_KIND, Row, by_id, by_token, cancelled, id, noon, renewed, viewed},
    },
};

pub(super) const CASES: &[Case] = cases![
    an_unknown_digest_opens_nothing:
        "`Target::Token` and `Key::Token` compare all 32 bytes of the digest; one that is not stored is the answer \
         `None`.",
    tokens_of_min_generation_and_later_work:
        "A token works if its generation is at least the row's `min_generation`; without a grace time nothing \
         else does.",
    in_grace_the_generation_before_works_too_until_its_exact_end:
        "While `now < grace_until`, tokens of the one generation before `min_generation` work too.",
    grace_is_for_one_generation_only:
        "Grace covers the one generation before `min_generation`, none earlier.",
    a_token_opens_its_own_invitation:
        "A token's row is that of the invitation it was stored for.",
    the_token_is_returned_as_it_is_stored:
        "`Found::token` holds the digest as read, the token's own generation (not the row's) and its channel.",
    what_was_found_by_id_has_no_token:
        "`Found::token` is `None` where nobody presented one, though the invitation has some.",
    a_view_asks_what_any_change_asks:
        "A view is guarded like every other change: status, time and the token's generation are in its WHERE.",
];

async fn an_unknown_digest_opens_nothing(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, token) = direct.invited(1).await?;
    let mut last = *token.digest.as_bytes();
    last[31] = 0;
    let mut first = *token.digest.as_bytes();
    first[0] = 0;
    for (other, bytes) in [("in its last byte", last), ("in its first byte", first), ("altogether", [0; 32])] {
        let digest = TokenDigest::from_bytes(bytes);
        for transition in [cancelled(by_token(&digest)), viewed(by_token(&digest))] {
            undone!(direct, tx => {
                let answer = direct.db.apply_one(&mut tx, &transition).await?;
                ensure!(answer.is_none(), "a digest that differs {other} opened an invitation");
                direct.holds(&mut tx, &row, "asking with an unknown digest").await?;
            });
        }
        let found = direct.token(&digest).await?;
        ensure!(found.is_none(), "a digest that differs {other} finds an invitation");
    }
    Ok(())
}

/// An invitation with a token of each generation: 1, 2 and 3. The second resend left links as they were.
async fn three_generations(direct: &Direct, links: RenewedLinks) -> Result<(Row, [FoundToken; 3]), Stop> {
    let (mut row, first) = direct.invited(1).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), links)).await?;
    let second = direct.hand_out(&mut row, 2, Channel::Mail).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    let third = direct.hand_out(&mut row, 3, Channel::Mail).await?;
    Ok((row, [first, second, third]))
}

async fn tokens_of_min_generation_and_later_work(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, tokens) = three_generations(&direct, RenewedLinks::Retire { grace_until: None }).await?;
    for token in &tokens {
        let wanted = token.generation >= 2;
        let when = format!("with a token of generation {}, 2 being the lowest", token.generation);
        for transition in [cancelled(by_token(&token.digest)), viewed(by_token(&token.digest))] {
            direct.decides(&row, Some(token), &transition, wanted, &when).await?;
        }
    }
    Ok(())
}

async fn in_grace_the_generation_before_works_too_until_its_exact_end(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let until = noon() + TimeDelta::hours(1);
    let (row, tokens) = three_generations(&direct, RenewedLinks::Retire { grace_until: Some(until) }).await?;
    for token in &tokens {
        for past in [-MICROSECOND, TimeDelta::zero(), MICROSECOND] {
            let guard = Guard { now: until + past, ..by_token(&token.digest) };
            let wanted = token.generation >= 2 || past < TimeDelta::zero();
            let micros = past.num_microseconds().unwrap_or_default();
            let when = format!("with a token of generation {}, {micros} µs after the grace of 1", token.generation);
            for transition in [cancelled(guard.clone()), viewed(guard)] {
                direct.decides(&row, Some(token), &transition, wanted, &when).await?;
            }
        }
    }
    Ok(())
}

async fn grace_is_for_one_generation_only(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, first) = direct.invited(1).await?;
    let links = RenewedLinks::Retire { grace_until: Some(noon() + TimeDelta::hours(1)) };
    direct.happens(&mut row, &renewed(by_id(id(1)), links)).await?;
    let second = direct.hand_out(&mut row, 2, Channel::Mail).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), links)).await?;
    for (token, wanted) in [(&first, false), (&second, true)] {
        let when = format!("in grace, with a token of generation {}, 3 being the lowest", token.generation);
        for transition in [cancelled(by_token(&token.digest)), viewed(by_token(&token.digest))] {
            direct.decides(&row, Some(token), &transition, wanted, &when).await?;
        }
    }
    Ok(())
}

async fn a_token_opens_its_own_invitation(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (first, _) = direct.invited(1).await?;
    let (mut second, token) = direct.invited(2).await?;
    let (third, _) = direct.invited(3).await?;
    committed!(direct, tx => {
        direct.changes(&mut tx, &mut second, Some(&token), &viewed(by_token(&token.digest))).await?;
        direct.changes(&mut tx, &mut second, Some(&token), &cancelled(by_token(&token.digest))).await?;
    });
    for row in [&first, &second, &third] {
        direct.keeps(row, "a view and a cancellation by another's token").await?;
    }
    Ok(())
}

async fn the_token_is_returned_as_it_is_stored(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, by_mail) = direct.invited(1).await?;
    let by_link = direct.hand_out(&mut row, 2, Channel::Link).await?;
    direct.happens(&mut row, &renewed(by_id(id(1)), RenewedLinks::Keep)).await?;
    let later = direct.hand_out(&mut row, 3, Channel::Link).await?;
    for token in [&by_mail, &by_link, &later] {
        let when = format!("with the token of generation {} by {}", token.generation, token.channel.as_str());
        for transition in [cancelled(by_token(&token.digest)), viewed(by_token(&token.digest))] {
            direct.decides(&row, Some(token), &transition, true, &when).await?;
        }
    }
    Ok(())
}

async fn what_was_found_by_id_has_no_token(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (row, _) = direct.invited(1).await?;
    undone!(direct, tx => {
        let found = direct.db.apply_one(&mut tx, &cancelled(by_id(id(1)))).await?;
        ensure!(found.is_some_and(|found| found.token.is_none()), "a change by id was answered with a token");
        let ended = direct.db.find_one(&mut tx, &row.key(), Read::Latest).await?;
        ensure!(ended.is_some_and(|found| found.token.is_none()), "a read by id was answered with a token");
    });
    Ok(())
}

async fn a_view_asks_what_any_change_asks(db: Db) -> Verdict {
    let direct = Direct::on(&db);
    let (mut row, token) = direct.invited(1).await?;
    let guard = by_token(&token.digest);
    let now = row.record.expires_at;
    for (when, guard, wanted) in [
        ("everything holds", guard.clone(), true),
        ("at its end", Guard { time: TimeGuard::Unexpired, now, ..guard.clone() }, false),
        ("before its end", Guard { time: TimeGuard::Unexpired, now: now - MICROSECOND, ..guard.clone() }, true),
        ("another kind", Guard { kind: OTHER_KIND, ..guard.clone() }, false),
        ("another status", Guard { statuses: [Status::DeliveryFailed; 2], ..guard.clone() }, false),
    ] {
        direct.decides(&row, Some(&token), &viewed(guard), wanted, when).await?;
    }
    direct.bring(&mut row, Status::Rejected).await?;
    direct.decides(&row, Some(&token), &viewed(guard), false, "once it has ended").await
}
