use invite_core::{memory::*, *};
#[derive(serde::Serialize, serde::Deserialize)]
struct M;
impl Kind for M { const NAME: &'static str = "m"; }
async fn f(members: Invitations<MemoryStore, M>, conn: &mut MemoryConn, id: InvitationId) {
    let _ = members.cancel(conn, &Actor::new(1), id, None).await;
}
fn main() {}
