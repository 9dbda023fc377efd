//! Tenants, mail servers and clocks that keep nobody else's letter waiting.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Clock, EnhancedCode, Error, InvitationQuery, Invitations, Letter, Mailer, NewInvitation, Outcome, Policy, Refusal,
    Status, SystemClock, Worker, testing::CapturingMailer,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::world::{Membership, World, committed, membership, new},
};

pub(super) const CASES: &[Case] = cases![
    a_tenant_with_many_letters_delays_no_other:
        "`lease` lets the scopes take turns: `LeaseRequest::after` and `Leased::last` say where they go on.",
    a_domain_that_cannot_be_found_delays_no_other:
        "`lease` passes over the letters to the domains in `LeaseRequest::full`.",
    a_clock_that_is_days_ahead_expires_nothing_and_sends_nothing:
        "`now` is the database's own clock, so that a worker can see that its own is wrong.",
    clocks_that_differ_a_little_hinder_nobody:
        "`now` is in UTC, and not older than the call.",
];

async fn invite(world: &World, scope: &str, addresses: impl IntoIterator<Item = String>) -> Verdict {
    committed!(world, tx => {
        for address in addresses {
            world.members.scope(scope).create(&mut tx, &world.admin, new(&address)).await?;
        }
    });
    Ok(())
}

async fn a_tenant_with_many_letters_delays_no_other(db: Db) -> Verdict {
    const SLOTS: u32 = 2;
    let world = World::new(&db, Policy::default());
    invite(&world, "org:flood", (0..40).map(|n| format!("p{n}@d{n}.example"))).await?;
    world.clock.advance(TimeDelta::seconds(1));
    invite(&world, "org:other", ["ada@example.com".into()]).await?;
    world.clock.advance(TimeDelta::seconds(1));
    let worker = world.worker_with(world.mailer.clone()).batch(SLOTS);
    for _ in 0..2 {
        worker.tick().await?;
    }
    let sent: Vec<_> = world.mailer.take().iter().map(|letter| letter.invitation().scope.clone()).collect();
    let seen = sent.iter().any(|scope| scope.as_str() == "org:other");
    ensure!(seen && sent.len() == 4, "the letter of the other is not among the first four: {sent:?}");
    Ok(())
}

/// Says of one domain that it cannot be found, as mail servers do of any that is broken.
struct Relay(CapturingMailer);

#[async_trait]
impl Mailer for Relay {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let answer = self.0.deliver(letter).await;
        if letter.addressee().domain() != "dead.example" {
            return answer;
        }
        Outcome::Refused {
            refusal: Refusal::Transient,
            code: Some(450),
            enhanced: EnhancedCode::new(4, 1, 2),
            text: "domain not found".into(),
        }
    }
}

async fn a_domain_that_cannot_be_found_delays_no_other(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    invite(&world, "org:a", (0..12).map(|n| format!("p{n}@dead.example"))).await?;
    world.clock.advance(TimeDelta::seconds(1));
    invite(&world, "org:b", ["ada@example.com".into()]).await?;
    let worker = world.worker_with(Relay(world.mailer.clone())).batch(3);
    let tick = worker.tick().await?;
    ensure!(tick.sent == 1, "with two letters to a dead domain one to another was not sent: {tick:?}");
    invite(&world, "org:a", ["grace@example.com".into()]).await?;
    let tick = worker.tick().await?;
    ensure!(
        (tick.sent, tick.postponed) == (1, 0),
        "ten letters to the dead domain are older; they should wait, and one to another leave: {tick:?}"
    );
    world.clock.advance(TimeDelta::seconds(50));
    let tick = worker.tick().await?;
    ensure!(tick.postponed == 1, "after its pause a domain is tried with one letter: {tick:?}");
    Ok(())
}

/// The machine's clock, set wrong.
#[derive(Clone, Copy)]
struct Ahead(TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

/// Members and their worker in a process whose clock is ahead.
fn ahead(
    world: &World,
    by: TimeDelta,
) -> (Invitations<crate::erased::Shared, Membership>, Worker<crate::erased::Shared, ()>) {
    let members = Invitations::new(world.store(), Policy::default(), world.asked.clone()).clock(Ahead(by));
    let worker = Worker::new(world.store(), (), world.mailer.clone()).serve(&members);
    (members, worker)
}

async fn a_clock_that_is_days_ahead_expires_nothing_and_sends_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (members, right) = ahead(&world, TimeDelta::zero());
    committed!(world, tx => {
        for n in 0..3 {
            let new = NewInvitation::new(format!("p{n}@d{n}.example"), membership("admin"));
            members.scope(7).create(&mut tx, &world.admin, new).await?;
        }
    });
    for days in [8, -8] {
        let (_, wrong) = ahead(&world, TimeDelta::days(days));
        let answer = wrong.tick().await;
        let is_about = |by: TimeDelta| (by - TimeDelta::days(days)).abs() < TimeDelta::minutes(1);
        let is_told = matches!(&answer, Err(Error::ClockDiffers { by }) if is_about(*by));
        ensure!(is_told, "a worker whose clock is {days} days ahead says {answer:?}");
    }
    let sent = world.mailer.take().len();
    ensure!(sent == 0, "workers whose clocks are wrong sent {sent} letters");
    let page = members.scope(7).list(&mut db.connect().await?, &world.admin, &InvitationQuery::new()).await?;
    let open = page.items.iter().filter(|invitation| invitation.status == Status::Pending).count();
    ensure!(open == 3, "of three invitations {open} are open after workers whose clocks are wrong");
    let sent = right.tick().await?.sent;
    ensure!(sent == 3, "a worker whose clock is right sent {sent} of three letters");
    Ok(())
}

async fn clocks_that_differ_a_little_hinder_nobody(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for seconds in [20, -20] {
        let (_, worker) = ahead(&world, TimeDelta::seconds(seconds));
        worker.tick().await.map_err(Stop::from)?;
    }
    for seconds in [40, -40] {
        let (_, worker) = ahead(&world, TimeDelta::seconds(seconds));
        let answer = worker.tick().await;
        ensure!(answer.is_err(), "a clock that is {seconds} seconds ahead is taken for right: {answer:?}");
    }
    Ok(())
}
