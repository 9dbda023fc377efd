use invite_core::{Actor, Invitations, Kind, MalformedToken, Policy, Token, Unchecked, memory::{Memory, MemoryStore}};

#[derive(serde::Serialize, serde::Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

async fn handler(memory: Memory, text: &str) -> Result<(), invite_core::Error> {
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let token: Token = text.parse()?;
    let preview = members.preview(&mut memory.connection(), &token).await?;
    let _ = preview.masked_recipient();
    let id = "00000000-0000-0000-0000-000000000000".parse()?;
    members.scope(7).cancel(&mut memory.begin().await, &Actor::new(1), id, None).await?;
    Ok(())
}

fn send<T: Send>(_: T) {}

fn main() {
    let _: Result<Token, MalformedToken> = "".parse();
    send(handler(Memory::default(), ""));
}
