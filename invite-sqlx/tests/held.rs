//! A host holds the rows of some invitations for as long as it likes: everything else is mailed, no letter twice, and
//! what became of theirs is known in the end.

#![cfg(any(feature = "mysql", feature = "postgres"))]

use std::{
    env, process,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Actor, DeliveryState, InvitationId, Invitations, Kind, Letter, Mailer, NewInvitation, Outcome, Policy, Refusal,
    Status, Unchecked, Worker, testing::ManualClock,
};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::task::JoinHandle;

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Takes every letter, except to whoever is called `nobody`, and remembers whom it was for.
#[derive(Clone, Default)]
struct Post(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Mailer for Post {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let address = letter.addressee().canonical();
        self.0.lock().unwrap().push(address.to_owned());
        if !address.starts_with("nobody") {
            return Outcome::accepted();
        }
        Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced: None, text: "user unknown".into() }
    }
}

/// Asks again and again until it is so.
async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

macro_rules! on {
    ($database:ident, $sqlx:ident, $store:ident, $pool:ident, $conn:ident, $url:literal) => {
        mod $database {
            use super::*;
            use invite_sqlx::{$database, $store};
            use sqlx::{Transaction, $conn, $pool, $sqlx};

            struct World {
                pool: $pool,
                clock: ManualClock,
                members: Invitations<$store, Membership>,
                post: Post,
            }

            impl World {
                async fn new(name: &str) -> Self {
                    let server = env::var($url).expect(concat!("`cargo xtask databases` sets ", $url));
                    let name = format!("invite_{name}_{}", process::id());
                    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
                    $conn::connect(&server).await.unwrap().execute(create).await.unwrap();
                    let (server, _) = server.rsplit_once('/').unwrap();
                    let pool = $pool::connect(&format!("{server}/{name}")).await.unwrap();
                    $database::migrate(&pool).await.unwrap();
                    let clock = ManualClock::default();
                    let members = Invitations::new($store, Policy::default(), Unchecked).clock(clock.clone());
                    Self { pool, clock, members, post: Post::default() }
                }

                async fn invite(&self, email: &str) -> InvitationId {
                    let mut tx = self.pool.begin().await.unwrap();
                    let new = NewInvitation::new(email, Membership);
                    let id = self.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap().id;
                    tx.commit().await.unwrap();
                    id
                }

                /// Invites all of them, and returns a host's transaction that has locked their rows.
                async fn invite_and_hold(&self) -> (Vec<InvitationId>, Transaction<'static, $sqlx>) {
                    let mut ids = Vec::new();
                    for email in HELD {
                        ids.push(self.invite(email).await);
                    }
                    let mut host = self.pool.begin().await.unwrap();
                    for id in &ids {
                        self.members.scope(7).new_link(&mut host, &Actor::new(1), *id).await.unwrap();
                    }
                    (ids, host)
                }

                async fn until_failed(&self, ids: &[InvitationId]) {
                    let failed = (Status::DeliveryFailed, DeliveryState::Failed);
                    for id in ids {
                        eventually("refused letters are told", async || self.state(*id).await == failed).await;
                    }
                }

                /// A worker that goes on until it is dropped, as a process until it is killed.
                fn work(&self) -> JoinHandle<()> {
                    let worker = Worker::new($store, self.pool.clone(), self.post.clone()).serve(&self.members);
                    let worker = Arc::new(worker.poll(Duration::from_millis(20)));
                    tokio::spawn(async move { worker.run(std::future::pending()).await.unwrap() })
                }

                async fn state(&self, id: InvitationId) -> (Status, DeliveryState) {
                    let mut conn = self.pool.acquire().await.unwrap();
                    let invitation = self.members.scope(7).get(&mut conn, &Actor::new(1), id).await.unwrap();
                    (invitation.status, invitation.delivery.state)
                }

                async fn until_sent(&self, what: &str, id: InvitationId) {
                    eventually(what, async || self.state(id).await.1 == DeliveryState::Sent).await;
                }

                /// How many letters somebody got.
                fn letters_to(&self, email: &str) -> usize {
                    self.post.0.lock().unwrap().iter().filter(|to| *to == email).count()
                }
            }

            const HELD: [&str; 4] =
                ["ada@example.com", "nobody@one.example", "nobody@two.example", "nobody@three.example"];

            #[tokio::test]
            async fn what_a_host_holds_delays_nobody_else_and_is_recorded_when_it_lets_go() {
                let world = World::new("held").await;
                let (ids, host) = world.invite_and_hold().await;

                let worker = world.work();
                world.until_sent("the letter of what is held is recorded", ids[0]).await;
                for n in 0..20 {
                    let other = world.invite(&format!("person{n}@example.com")).await;
                    world.until_sent("the letter of another", other).await;
                }
                for id in &ids[1..] {
                    assert_eq!(world.state(*id).await.0, Status::Pending);
                }

                host.commit().await.unwrap();
                world.until_failed(&ids[1..]).await;
                worker.abort();
                assert_eq!(HELD.map(|email| world.letters_to(email)), [1; 4]);
            }

            #[tokio::test]
            async fn a_letter_that_was_sent_before_a_kill_is_not_sent_again_although_its_row_was_held() {
                let world = World::new("held_and_killed").await;
                let (ids, host) = world.invite_and_hold().await;
                let worker = world.work();
                world.until_sent("the letter of what is held is recorded", ids[0]).await;
                eventually("all are out of hand", async || HELD.map(|email| world.letters_to(email)) == [1; 4]).await;
                worker.abort();
                assert!(worker.await.unwrap_err().is_cancelled());
                host.commit().await.unwrap();

                world.clock.advance(TimeDelta::hours(1));
                let worker = world.work();
                world.until_failed(&ids[1..]).await;
                worker.abort();
                assert_eq!(world.letters_to(HELD[0]), 1);
            }
        }
    };
}

#[cfg(feature = "mysql")]
on!(mysql, MySql, MySqlStore, MySqlPool, MySqlConnection, "INVITE_TEST_MYSQL_URL");
#[cfg(feature = "postgres")]
on!(postgres, Postgres, PgStore, PgPool, PgConnection, "INVITE_TEST_POSTGRES_URL");
