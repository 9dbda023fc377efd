use invite_core::{memory::*, *};
#[derive(serde::Serialize, serde::Deserialize)]
struct M;
impl Kind for M { const NAME: &'static str = "m"; }
fn main() { let _ = Invitations::<_, M>::new(MemoryStore, Policy::default()); }
