//! The databases, with the library's side of everything.

mod diesel;
pub mod mysql;
pub mod postgres;
pub mod sqlite;

/// The library's side, which differs from database to database in its types only; the other sides
/// are functions of the module `$by_hand`.
macro_rules! subject {
    ($store:ident, $by_hand:path, $diesel:path) => {
        use invite_core::{Accepted, Actor, Claimant, InvitationQuery, Token, Worker, testing};
        use $by_hand as by_hand;

        use crate::{IN_HAND, Membership, Nobody, Page, Side, Subject, address, cursor, new};

        #[async_trait::async_trait]
        impl Subject for Database {
            async fn create(&self, side: Side, n: u64) {
                if side != Side::Library {
                    return by_hand::create(&self.pool, side, n).await;
                }
                let mut tx = self.pool.begin().await.expect("begin");
                self.members.scope(7).create(&mut tx, &Actor::new(1), new(n)).await.expect("create");
                tx.commit().await.expect("commit");
            }

            async fn preview(&self, side: Side, token: &Token) {
                if side != Side::Library {
                    return by_hand::preview(&self.pool, token).await;
                }
                let mut conn = self.pool.acquire().await.expect("connection");
                self.members.preview(&mut conn, token).await.expect("preview");
            }

            async fn accept(&self, side: Side, token: &Token, n: u64) {
                if side != Side::Library {
                    return by_hand::accept(&self.pool, side, token, n).await;
                }
                let mut tx = self.pool.begin().await.expect("begin");
                let claimant = Claimant::new(n).verified(&address(n));
                let accepted = self.members.accept(&mut tx, token, &claimant).await.expect("accept");
                let Accepted::Now(acceptance) = accepted else { panic!("accepted before") };
                let role = acceptance.invitation.payload().expect("payload").role;
                by_hand::join(&mut tx, n, &role, acceptance.invitation.id.as_uuid().as_bytes()).await;
                tx.commit().await.expect("commit");
            }

            async fn list(&self, side: Side, page: Page) {
                if side != Side::Library {
                    return by_hand::list(&self.pool, side, page).await;
                }
                let query = match page {
                    Page::First => InvitationQuery::new(),
                    Page::Behind(n) => InvitationQuery::new().after(cursor(n)),
                };
                let mut conn = self.pool.acquire().await.expect("connection");
                let page = self.members.scope("big").list(&mut conn, &Actor::new(1), &query).await.expect("list");
                let read = page.items.iter().map(|item| item.payload().expect("payload"));
                assert_eq!(read.collect::<Vec<Membership>>().len(), 50);
            }

            async fn sweep(&self, side: Side) {
                if side != Side::Library {
                    return by_hand::sweep(&self.pool, side).await;
                }
                let worker = Worker::new($store, self.pool.clone(), Nobody).serve(&self.members);
                while worker.tick().await.expect("round").expired > 0 {}
            }

            async fn mail(&self, side: Side) {
                if side != Side::Library {
                    return by_hand::mail(&self.pool).await;
                }
                let worker = Worker::new($store, self.pool.clone(), Nobody).serve(&self.members);
                // They all go to one domain.
                let worker = worker.batch(IN_HAND).per_domain(IN_HAND);
                while worker.tick().await.expect("round").sent > 0 {}
            }

            async fn invited(&self, from: u64, how_many: u64) -> Vec<Token> {
                let mut tx = self.pool.begin().await.expect("begin");
                let mut tokens = Vec::new();
                for n in from..from + how_many {
                    let created = self.members.scope(7).create(&mut tx, &Actor::new(1), new(n)).await.expect("create");
                    tokens.push(testing::deliver(&self.members, &mut tx, created.id).await.expect("token"));
                }
                tx.commit().await.expect("commit");
                tokens
            }

            async fn add_due(&self, from: u64, how_many: u64) {
                // No letter of another comparison is to be sent meanwhile.
                self.execute("DELETE FROM invite_outbox").await;
                self.execute(&due(from, how_many)).await;
            }

            async fn queue(&self, from: u64, how_many: u64) {
                self.execute("DELETE FROM invite_outbox").await;
                let mut tx = self.pool.begin().await.expect("begin");
                for n in from..from + how_many {
                    self.members.scope(7).create(&mut tx, &Actor::new(1), new(n)).await.expect("create");
                }
                tx.commit().await.expect("commit");
                self.execute(STATISTICS).await;
            }

            async fn fill(&self, how_many: u64) {
                for statement in fill(how_many) {
                    self.execute(&statement).await;
                }
            }
        }

        impl Database {
            /// The same database through diesel-async.
            #[must_use]
            pub fn through_diesel(self: &std::sync::Arc<Self>) -> crate::Shared {
                let sqlx: crate::Shared = self.clone();
                $diesel(&self.url, sqlx)
            }

            async fn execute(&self, statement: &str) {
                let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
                statement.execute(&self.pool).await.expect("a statement of the bench's own");
            }
        }
    };
}
use subject;

/// The URL of a database on the server of another.
fn beside(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}
