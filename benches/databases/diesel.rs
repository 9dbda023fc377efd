//! The same databases through diesel-async, beside what sqlx has there: sqlx prepares what is measured.

use std::sync::Arc;

use deadpool::managed::Manager;
use diesel::result::ConnectionError;
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, deadpool::Pool,
    },
};
use futures_util::FutureExt;
use invite_core::{Accepted, Actor, Claimant, InvitationQuery, Invitations, Policy, Token, Unchecked, Worker};

use crate::{Membership, Nobody, Page, Shared, Side, Subject, address, by_hand::diesel as by_hand, cursor, new};

/// The database at this URL, where sqlx has it, too.
pub(super) fn mysql(url: &str, sqlx: Shared) -> Shared {
    mysql::Database::new(sqlx, pool(url, ManagerConfig::default()))
}

/// As `mysql`.
pub(super) fn postgres(url: &str, sqlx: Shared) -> Shared {
    postgres::Database::new(sqlx, pool(url, ManagerConfig::default()))
}

/// As `mysql`, with what sqlx sets on its connections.
pub(super) fn sqlite(file: &str, sqlx: Shared) -> Shared {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|file| {
        let connecting = by_hand::sqlite::Conn::establish(file);
        async move {
            let mut conn = connecting.await?;
            let set = conn.batch_execute(
                "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON",
            );
            set.await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    sqlite::Database::new(sqlx, pool(file, config))
}

/// As many as sqlx's pool has, nor pinged before a loan.
fn pool<C>(url: &str, mut config: ManagerConfig<C>) -> Pool<C>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C>,
{
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(10).build().expect("a pool")
}

/// What a transaction of a bench fails with.
type Failure = Box<dyn std::error::Error + Send + Sync>;

macro_rules! subject {
    ($database:ident, $store:ident) => {
        pub(crate) mod $database {
            use invite_diesel::$store;

            use super::{by_hand::$database as by_hand, *};

            /// A database that sqlx has, through diesel-async.
            pub(crate) struct Database {
                pool: Pool<by_hand::Conn>,
                members: Invitations<$store, Membership>,
                sqlx: Shared,
            }

            impl Database {
                pub(super) fn new(sqlx: Shared, pool: Pool<by_hand::Conn>) -> Arc<Self> {
                    let members = Invitations::new($store, Policy::default(), Unchecked);
                    Arc::new(Self { pool, members, sqlx })
                }
            }

            #[async_trait::async_trait]
            impl Subject for Database {
                async fn create(&self, side: Side, n: u64) {
                    let mut conn = self.pool.get().await.expect("connection");
                    if side != Side::Library {
                        return by_hand::create(&mut conn, n).await;
                    }
                    let created = conn.transaction(async |conn| {
                        self.members.scope(7).create(conn, &Actor::new(1), new(n)).await?;
                        Ok::<_, Failure>(())
                    });
                    created.await.expect("create");
                }

                async fn preview(&self, side: Side, token: &Token) {
                    let mut conn = self.pool.get().await.expect("connection");
                    if side != Side::Library {
                        return by_hand::preview(&mut conn, token).await;
                    }
                    self.members.preview(&mut conn, token).await.expect("preview");
                }

                async fn accept(&self, side: Side, token: &Token, n: u64) {
                    let mut conn = self.pool.get().await.expect("connection");
                    if side != Side::Library {
                        return by_hand::accept(&mut conn, token, n).await;
                    }
                    let accepted = conn.transaction(async |conn| {
                        let claimant = Claimant::new(n).verified(&address(n));
                        let accepted = self.members.accept(conn, token, &claimant).await?;
                        let Accepted::Now(acceptance) = accepted else { panic!("accepted before") };
                        let role = acceptance.invitation.payload()?.role;
                        let id = by_hand::id(*acceptance.invitation.id.as_uuid().as_bytes());
                        by_hand::join(conn, n, &role, id).await?;
                        Ok::<_, Failure>(())
                    });
                    accepted.await.expect("accept");
                }

                async fn list(&self, side: Side, page: Page) {
                    let mut conn = self.pool.get().await.expect("connection");
                    if side != Side::Library {
                        return by_hand::list(&mut conn, side, page).await;
                    }
                    let query = match page {
                        Page::First => InvitationQuery::new(),
                        Page::Behind(n) => InvitationQuery::new().after(cursor(n)),
                    };
                    let page = self.members.scope("big").list(&mut conn, &Actor::new(1), &query).await.expect("list");
                    let read = page.items.iter().map(|item| item.payload().expect("payload"));
                    assert_eq!(read.collect::<Vec<Membership>>().len(), 50);
                }

                async fn sweep(&self, side: Side) {
                    if side != Side::Library {
                        let mut conn = self.pool.get().await.expect("connection");
                        return by_hand::sweep(&mut conn, side).await;
                    }
                    let worker = Worker::new($store, self.pool.clone(), Nobody).serve(&self.members);
                    while worker.tick().await.expect("round").expired > 0 {}
                }

                async fn mail(&self, side: Side) {
                    assert_eq!(side, Side::Library, "by hand it is written through sqlx only");
                    let worker = Worker::new($store, self.pool.clone(), Nobody).serve(&self.members);
                    while worker.tick().await.expect("round").sent > 0 {}
                }

                async fn invited(&self, from: u64, how_many: u64) -> Vec<Token> {
                    self.sqlx.invited(from, how_many).await
                }

                async fn add_due(&self, from: u64, how_many: u64) {
                    self.sqlx.add_due(from, how_many).await;
                }

                async fn queue(&self, from: u64, how_many: u64) {
                    self.sqlx.queue(from, how_many).await;
                }

                async fn fill(&self, how_many: u64) {
                    self.sqlx.fill(how_many).await;
                }
            }
        }
    };
}

subject!(mysql, MySqlStore);
subject!(postgres, PgStore);
subject!(sqlite, SqliteStore);
