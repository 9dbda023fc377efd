use invite_core::{memory::*, *};
#[derive(serde::Serialize, serde::Deserialize)]
struct M;
impl Kind for M { const NAME: &'static str = "m"; }
async fn f(members: Invitations<MemoryStore, M>, conn: &mut MemoryConn, id: InvitationId) {
    let _ = members.accept(conn, &id, &Claimant::new(1)).await;
}
fn main() {}
