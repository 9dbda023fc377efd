//! Letters that are held back on a system that is not in production.

use std::time::Duration;

use async_trait::async_trait;
use invite_core::{
    Actor, DeliveryState, Invitations, Letter, Mailer, NewInvitation, Outcome, Policy, Status, Unchecked, Worker,
    memory::{Memory, MemoryStore},
    testing::{CapturingMailer, ManualClock},
};
use invite_mail::DomainFilter;

use crate::support::Membership;

#[tokio::test]
async fn only_letters_to_named_domains_leave_and_the_others_wait() {
    let (memory, clock) = (Memory::default(), ManualClock::default());
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked).clock(clock.clone());
    let sent = CapturingMailer::default();
    let filter = DomainFilter::new(sent.clone(), ["Example.COM", "bücher.example", "not a domain"]);
    let worker = Worker::new(MemoryStore, memory.clone(), filter).serve(&members);
    let mut tx = memory.begin().await;
    let mut ids = Vec::new();
    for address in
        ["ada@example.com", "ada@xn--bcher-kva.example", "ada@sub.example.com", "ada@example.com.evil.example"]
    {
        let new = NewInvitation::new(address, Membership);
        ids.push(members.scope("org:7").create(&mut tx, &Actor::new(1), new).await.expect("a valid invitation").id);
    }
    tx.commit();
    worker.tick().await.expect("a round of the worker");
    assert_eq!(sent.take().len(), 2);
    for id in &ids[2..] {
        let held =
            members.scope("org:7").get(&mut memory.connection(), &Actor::new(1), *id).await.expect("it is there");
        assert_eq!((held.status, held.delivery.state), (Status::Pending, DeliveryState::Retrying));
    }
    assert!(worker.health().paused_until.is_none(), "nobody waits for them");
}

struct Slow;

#[async_trait]
impl Mailer for Slow {
    async fn deliver(&self, _: &Letter) -> Outcome {
        Outcome::accepted()
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(7))
    }
}

#[test]
fn a_filter_takes_as_long_as_the_mailer_behind_it() {
    assert_eq!(DomainFilter::new(Slow, ["example.com"]).time_limit(), Some(Duration::from_secs(7)));
}
