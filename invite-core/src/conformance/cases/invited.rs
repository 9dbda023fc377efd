//! The invited side: preview, accept, decline, view.

use chrono::TimeDelta;

use crate::{
    conformance::{
        case::{Case, Verdict, cases, ensure, refused},
        erased::Db,
        world::{World, ada, undone},
    },
    error::Error,
    policy::Policy,
    state::Status,
};

pub(super) const CASES: &[Case] = cases![
    an_invitation_past_its_time_is_not_accepted_though_nobody_swept_it:
        "`TimeGuard::Unexpired` is `expires_at > now` in the WHERE, with the instant that core gives.",
];

// Incident 33
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
