//! Letters that are refused through our own fault, or the provider's.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    DeliveryState, EnhancedCode, Fault, InvitationQuery, Letter, Mailer, Outcome, Policy, Refusal, Status, Worker,
    testing::CapturingMailer,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::{Db, Shared},
    host::world::{World, committed, new},
};

pub(super) const CASES: &[Case] = cases![
    what_a_provider_tells_everybody_fails_nobody:
        "`QueueChange::Postpone` keeps the letter, with the refusals it is given; the summary has the fault.",
    an_unclear_refusal_is_the_letter_s_own_when_others_come_through:
        "`QueueChange::Postpone` stores how many refusals there were, and `lease` gives them back.",
    a_letter_refused_for_what_it_holds_fails_no_invitation:
        "A settlement without a transition removes the letter and writes its summary.",
];

/// A relay that refuses whom it is told to refuse, in these words.
#[derive(Clone)]
struct Relay {
    takes: CapturingMailer,
    refuses: Arc<AtomicBool>,
    only: &'static str,
    code: &'static str,
    text: &'static str,
}

impl Relay {
    fn new(world: &World, code: &'static str, text: &'static str, only: &'static str) -> Self {
        Self { takes: world.mailer.clone(), refuses: Arc::new(AtomicBool::new(true)), only, code, text }
    }
}

#[async_trait]
impl Mailer for Relay {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        if !self.refuses.load(Ordering::Relaxed) || !letter.addressee().canonical().starts_with(self.only) {
            return self.takes.deliver(letter).await;
        }
        let (enhanced, text) = (EnhancedCode::parse(self.code), self.text.into());
        Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced, text }
    }
}

async fn invite(world: &World, scope: u32, addresses: impl IntoIterator<Item = String>) -> Verdict {
    committed!(world, tx => {
        for address in addresses {
            world.members.scope(scope).create(&mut tx, &world.admin, new(&address)).await?;
        }
    });
    Ok(())
}

/// The states of the invitations of these scopes, and of their letters.
async fn states(world: &World, scopes: &[u32]) -> Result<Vec<(Status, DeliveryState, Option<Fault>)>, Stop> {
    let mut states = Vec::new();
    for scope in scopes {
        let mut conn = world.db.connect().await?;
        let page = world.members.scope(scope).list(&mut conn, &world.admin, &InvitationQuery::new().limit(50)).await?;
        let seen = page.items.into_iter().map(|invitation| {
            let delivery = &invitation.delivery;
            (invitation.status, delivery.state, delivery.fault)
        });
        states.extend(seen);
    }
    Ok(states)
}

/// Lets hours go by in steps of minutes.
async fn hours(world: &World, worker: &Worker<Shared, ()>, hours: u32) -> Verdict {
    for _ in 0..hours * 12 {
        worker.tick().await?;
        world.clock.advance(TimeDelta::minutes(5));
    }
    Ok(())
}

async fn what_a_provider_tells_everybody_fails_nobody(db: Db) -> Verdict {
    for (n, (code, text, fault)) in (0..).zip([
        ("", "The from address does not match a verified Sender Identity", Some(Fault::Sender)),
        ("5.7.26", "no", Some(Fault::Sender)),
        // Words that nobody has written down.
        ("5.7.1", "the stars are not right", None),
    ]) {
        for one_domain in [true, false] {
            let world = World::new(&db, Policy::default());
            let scopes = [0, 1].map(|scope| 4 * n + 2 * u32::from(one_domain) + scope);
            let domain = |n: u32| if one_domain { "example.com".into() } else { format!("d{n}.example") };
            for scope in scopes {
                let all = (0..15).map(|n| format!("p{n}-{scope}@{}", domain(n)));
                invite(&world, scope, all).await?;
            }
            let alarms = Arc::new(AtomicUsize::new(0));
            let heard = Arc::clone(&alarms);
            let relay = Relay::new(&world, code, text, "");
            let worker = world.worker_with(relay.clone()).on_alarm(move |health| {
                heard.fetch_add(usize::from(health.reason.is_some()), Ordering::Relaxed);
            });
            hours(&world, &worker, 12).await?;
            let seen = states(&world, &scopes).await?;
            let wrong = seen.iter().find(|(status, state, _)| {
                *status != Status::Pending || !matches!(state, DeliveryState::Queued | DeliveryState::Retrying)
            });
            ensure!(wrong.is_none() && seen.len() == 30, "{text:?} to everybody: of {} one is {wrong:?}", seen.len());
            let accused = seen.iter().filter(|(_, state, _)| *state == DeliveryState::Retrying);
            let faults: Vec<_> = accused.map(|(_, _, fault)| *fault).collect();
            ensure!(!faults.is_empty() && faults.iter().all(|seen| *seen == fault), "the faults are {faults:?}");
            ensure!(alarms.load(Ordering::Relaxed) > 0, "nobody was told that everybody is answered {text:?}");
            ensure!(worker.health().reason.is_some(), "the health does not say what is wrong");

            relay.refuses.store(false, Ordering::Relaxed);
            hours(&world, &worker, 3).await?;
            let sent = world.mailer.take().len();
            ensure!(sent == 30, "after the relay was mended {sent} of 30 letters were sent");
            ensure!(worker.health().reason.is_none(), "the health still says that something is wrong");
        }
    }
    Ok(())
}

async fn an_unclear_refusal_is_the_letter_s_own_when_others_come_through(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let worker = world.worker_with(Relay::new(&world, "5.7.1", "the stars are not right", "leo"));
    invite(&world, 7, ["leo@example.com".into(), "ada@example.org".into()]).await?;
    worker.tick().await?;
    let seen = states(&world, &[7]).await?;
    let pending = seen.iter().all(|(status, ..)| *status == Status::Pending);
    ensure!(pending, "a first refusal that does not say whose fault it is fails nobody: {seen:?}");
    for n in 0..3 {
        world.clock.advance(TimeDelta::minutes(5));
        invite(&world, 7, [format!("p{n}@example.org")]).await?;
        worker.tick().await?;
    }
    let failed = states(&world, &[7]).await?.iter().filter(|(status, ..)| *status == Status::DeliveryFailed).count();
    ensure!(failed == 1, "it was refused again and others came through: {failed} have failed");
    Ok(())
}

async fn a_letter_refused_for_what_it_holds_fails_no_invitation(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let worker = world.worker_with(Relay::new(&world, "5.7.520", "content identified as spam", ""));
    invite(&world, 7, ["ada@example.com".into()]).await?;
    hours(&world, &worker, 1).await?;
    let seen = states(&world, &[7]).await?;
    let wanted = [(Status::Pending, DeliveryState::Failed, Some(Fault::Content))];
    ensure!(seen == wanted, "it is {seen:?}, should be {wanted:?}");
    Ok(())
}
