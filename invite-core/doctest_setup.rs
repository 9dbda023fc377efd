// What the examples in this crate's documentation stand on.

use invite_core::{
    memory::{Memory, MemoryStore},
    testing::{self, CapturingMailer, ManualClock, SeededRandom},
    *,
};

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Membership {
    role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

type Answer = Result<(), Box<dyn std::error::Error>>;

fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, Membership { role: "admin".into() })
}

fn members() -> Invitations<MemoryStore, Membership> {
    Invitations::new(MemoryStore, Policy::default(), Unchecked)
}

/// Person 1 has invited Ada to organization 7, and the letter has come.
async fn invited(memory: &Memory, members: &Invitations<MemoryStore, Membership>) -> (InvitationId, Token) {
    let mut tx = memory.begin().await;
    let id = members.scope("org:7").create(&mut tx, &Actor::new(1), new("ada@example.com")).await.unwrap().id;
    let token = testing::deliver(members, &mut tx, id).await.unwrap();
    tx.commit();
    (id, token)
}
