// How a letter comes about: only the worker makes them.

use invite_core::{
    Actor, Invitations, Kind, NewInvitation, Policy, Unchecked, Worker,
    memory::{Memory, MemoryStore},
    testing::{CapturedLetter, CapturingMailer, ManualClock},
};

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(crate) async fn letter_of(new: NewInvitation<Membership>, policy: Policy) -> CapturedLetter {
    let memory = Memory::default();
    let members =
        Invitations::<_, Membership>::new(MemoryStore, policy, Unchecked).clock(ManualClock::default());
    let mailer = CapturingMailer::default();
    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    let mut tx = memory.begin().await;
    members.scope("org:7").create(&mut tx, &Actor::new(1), new).await.expect("a valid invitation");
    tx.commit();
    worker.tick().await.expect("a round of the worker");
    mailer.take().remove(0)
}

pub(crate) async fn letter_at(address: &str) -> CapturedLetter {
    let words = serde_json::json!({ "organization": "Analytical Engines", "inviter": "Charles" });
    letter_of(NewInvitation::new(address, Membership).display(&words), Policy::default()).await
}

pub(crate) fn letter() -> CapturedLetter {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(letter_at("ada@example.com"))
}
