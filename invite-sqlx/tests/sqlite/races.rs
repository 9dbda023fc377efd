//! 64 at once, each in its own transaction, none of which may see a lock error. [races 1 to 6, 16 to 19]

use std::{collections::HashSet, sync::Arc};

use chrono::TimeDelta;
use invite_core::{
    Accepted, Action, Actor, Authority, Claimant, Denial, Error, InvitationQuery, Invitations, Policy, Scope,
    Unchecked, Worker,
    store::StoreError,
    testing::{CapturingMailer, ManualClock},
};
use invite_sqlx::{SqliteStore, sqlite};
use sqlx::{SqliteConnection, sqlite::SqliteJournalMode};
use tokio::sync::Barrier;

use super::world::*;

const AT_ONCE: i64 = 64;

/// Starts `AT_ONCE` tasks together and collects what they answer.
async fn all_at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(task: impl Fn(i64) -> F) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(AT_ONCE.try_into().unwrap()));
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|n| {
            let (barrier, task) = (barrier.clone(), task(n));
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn begin(immediate: bool) -> &'static str {
    if immediate { "BEGIN IMMEDIATE" } else { "BEGIN" }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_acceptances_one_happens_with_one_membership_and_one_event() {
    for (journal, immediate) in
        [(SqliteJournalMode::Wal, false), (SqliteJournalMode::Wal, true), (SqliteJournalMode::Delete, false)]
    {
        let world = Arc::new(World::new(journal, 16).await);
        for round in 0..10 {
            // The same person twice over, and others with the same address.
            let (_, token) = world.invited(&format!("p{round}@example.com")).await;
            let token = Arc::new(token);
            let answers = all_at_once(|n| {
                let (world, token) = (world.clone(), token.clone());
                async move {
                    let person = n % 8;
                    let claimant = Claimant::new(person).verified(&format!("p{round}@example.com"));
                    let mut tx = world.pool.begin_with(begin(immediate)).await.unwrap();
                    let answer = world.members.accept(&mut tx, &token, &claimant).await;
                    if let Ok(Accepted::Now(acceptance)) = &answer {
                        let invitation = acceptance.invitation.id.to_string();
                        join(&mut tx, person, "admin", &invitation).await.unwrap();
                    }
                    tx.commit().await.unwrap();
                    (person, answer)
                }
            })
            .await;
            let winner = answers.iter().find(|(_, answer)| matches!(answer, Ok(Accepted::Now(_)))).unwrap().0;
            let mut now = 0;
            for (person, answer) in answers {
                match answer {
                    Ok(Accepted::Now(_)) => now += 1,
                    Ok(Accepted::Before(_)) => assert_eq!(person, winner),
                    Err(Error::AlreadyAccepted) => assert_ne!(person, winner),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(now, 1);
        }
        assert_eq!(world.count("SELECT count(*) FROM memberships").await, 10);
        assert_eq!(world.count("SELECT count(*) FROM invite_events WHERE action = 'accepted'").await, 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acceptances_of_different_invitations_all_happen_in_deferred_transactions() {
    let world = Arc::new(World::new(SqliteJournalMode::Wal, 16).await);
    let mut tokens = Vec::new();
    for n in 0..AT_ONCE {
        tokens.push(Arc::new(world.invited(&format!("p{n}@example.com")).await.1));
    }
    let answers = all_at_once(|n| {
        let (world, token) = (world.clone(), tokens[usize::try_from(n).unwrap()].clone());
        async move {
            let mut tx = world.pool.begin().await.unwrap();
            let claimant = Claimant::new(n).verified(&format!("p{n}@example.com"));
            let accepted = world.members.accept(&mut tx, &token, &claimant).await?;
            join(&mut tx, n, "admin", &accepted.into_acceptance().invitation.id.to_string()).await.unwrap();
            tx.commit().await.unwrap();
            Ok::<_, Error>(())
        }
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(world.count("SELECT count(*) FROM memberships").await, AT_ONCE);
}

/// Why the library writes first: of those who looked before they write, all but one are turned away
/// by SQLite, and no busy timeout helps.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_look_and_then_write_all_but_one_fail() {
    const LOOKS: usize = 8;
    let world = Arc::new(World::new(SqliteJournalMode::Wal, 16).await);
    let (id, _) = world.invited("ada@example.com").await;
    let looked = Arc::new(Barrier::new(LOOKS));
    let tasks = (0..LOOKS).map(|n| {
        let (world, looked, id) = (world.clone(), looked.clone(), id.as_uuid().as_bytes().to_vec());
        tokio::spawn(async move {
            let mut tx = world.pool.begin().await?;
            let look = sqlx::query_scalar("SELECT status FROM invite_invitations WHERE id = ?").bind(&id);
            let status: String = look.fetch_one(&mut *tx).await?;
            assert_eq!(status, "pending");
            looked.wait().await;
            let update = "UPDATE invite_invitations SET revision = revision + 1 WHERE id = ?";
            sqlx::query(update).bind(&id).execute(&mut *tx).await?;
            join(&mut tx, n.try_into().unwrap(), "admin", "x").await?;
            tx.commit().await
        })
    });
    let mut failed = 0;
    for task in tasks.collect::<Vec<_>>() {
        failed += usize::from(task.await.unwrap().is_err());
    }
    assert_eq!((failed, world.count("SELECT count(*) FROM memberships").await), (LOOKS - 1, 1));
}

/// Reads the host's table before it allows, as a real one does.
struct Reads;

impl Authority<SqliteConnection, Membership> for Reads {
    async fn authorize(
        &self,
        conn: &mut SqliteConnection,
        _: &Actor,
        _: &Scope,
        _: &Action<'_, Membership>,
    ) -> Result<(), Denial> {
        let members = sqlx::query_scalar("SELECT count(*) FROM memberships").fetch_one(conn);
        let _members: i64 = members.await.map_err(sqlite::store_error)?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creations_all_happen_though_the_authority_reads_first() {
    let world = Arc::new(World::new(SqliteJournalMode::Wal, 16).await);
    let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Reads);
    let answers = all_at_once(|n| {
        let (world, members) = (world.clone(), members.clone());
        async move {
            let mut tx = world.pool.begin().await.unwrap();
            members.scope(7).create(&mut tx, &world.admin, new(&format!("p{n}@example.com"))).await?;
            tx.commit().await.unwrap();
            Ok::<_, Error>(())
        }
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_creations_for_one_address_one_happens_and_the_others_name_it() {
    let world = Arc::new(World::new(SqliteJournalMode::Wal, 16).await);
    let clock = ManualClock::default();
    let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Unchecked).clock(clock.clone());
    for _ in 0..10 {
        let answers = all_at_once(|_| {
            let (world, members) = (world.clone(), members.clone());
            async move {
                let mut tx = world.pool.begin().await.unwrap();
                let answer = members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
                tx.commit().await.unwrap();
                answer
            }
        })
        .await;
        let created = answers.iter().flatten().next().unwrap().id;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for refusal in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(refusal, Error::AlreadyPending(id) if id == created), "{refusal:?}");
        }
        // The next round finds it expired and unswept, in everybody's way.
        clock.advance(TimeDelta::days(8));
    }
    assert_eq!(world.count("SELECT count(*) FROM invite_invitations WHERE status = 'expired'").await, 9);
    assert_eq!(world.count("SELECT count(*) FROM invite_events WHERE action = 'expired'").await, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accept_cancel_reject_and_resend_at_once_leave_one_end_and_a_history_without_gaps() {
    let world = Arc::new(World::new(SqliteJournalMode::Wal, 16).await);
    for round in 0..20 {
        let (id, token) = world.invited(&format!("p{round}@example.com")).await;
        let token = Arc::new(token);
        let ends = all_at_once(|n| {
            let (world, token) = (world.clone(), token.clone());
            async move {
                let mut tx = world.pool.begin().await.unwrap();
                let scoped = world.members.scope(7);
                let claimant = Claimant::new(n).verified(&format!("p{round}@example.com"));
                let answer = match n % 4 {
                    0 => world.members.accept(&mut tx, &token, &claimant).await.map(|_| true),
                    1 => scoped.cancel(&mut tx, &Actor::new(n), id, None).await.map(|_| true),
                    2 => world.members.reject(&mut tx, &token, &Actor::new(n), None).await.map(|_| true),
                    _ => scoped.resend(&mut tx, &world.admin, id).await.map(|_| false),
                };
                tx.commit().await.unwrap();
                answer
            }
        })
        .await;
        assert!(ends.iter().flatten().filter(|ended| **ended).count() <= 1);
        for refusal in ends.into_iter().filter_map(Result::err) {
            assert!(!refusal.is_retryable() && !matches!(refusal, Error::Store(_) | Error::NotFound), "{refusal:?}");
        }
        let mut conn = world.pool.acquire().await.unwrap();
        let events = world.members.scope(7).history(&mut conn, &world.admin, id).await.unwrap();
        let revisions: Vec<_> = events.iter().map(|event| event.revision).collect();
        assert_eq!(revisions, (1..=u32::try_from(events.len()).unwrap()).collect::<Vec<_>>());
        let ended = events.iter().filter(|event| !matches!(event.kind.as_str(), "created" | "link_created" | "resent"));
        assert_eq!(ended.count(), 1);
    }
}

// Race 28
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_workers_at_once_mail_every_letter_and_each_only_once() {
    let world = World::new(SqliteJournalMode::Wal, 16).await;
    let mut tx = world.pool.begin().await.unwrap();
    for n in 0..200 {
        world.members.scope(7).create(&mut tx, &world.admin, new(&format!("p{n}@example.com"))).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mailer = CapturingMailer::default();
    let workers = (0..4).map(|_| {
        let worker = Worker::new(SqliteStore, world.pool.clone(), mailer.clone()).serve(&world.members);
        tokio::spawn(async move { while worker.tick().await.unwrap().found_work() {} })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let letters = mailer.take();
    let mailed: HashSet<_> = letters.iter().map(|letter| letter.recipient().canonical().to_owned()).collect();
    assert_eq!((letters.len(), mailed.len()), (200, 200));
    assert_eq!(world.count("SELECT count(*) FROM invite_outbox").await, 0);
    let mut conn = world.pool.acquire().await.unwrap();
    for letter in &letters {
        assert!(world.members.preview(&mut conn, letter.token()).await.is_ok());
    }
}

#[tokio::test]
async fn when_the_host_s_insert_fails_everything_is_as_before() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let (_, token) = world.invited("ada@example.com").await;
    let ada = Claimant::new(2).verified("ada@example.com");
    let mut tx = world.pool.begin().await.unwrap();
    world.members.accept(&mut tx, &token, &ada).await.unwrap();
    let full = sqlx::query("INSERT INTO memberships (person, role, invitation) VALUES (2, NULL, 'x')");
    assert!(full.execute(&mut *tx).await.is_err());
    tx.rollback().await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM invite_events WHERE action = 'accepted'").await, 0);
    let mut tx = world.pool.begin().await.unwrap();
    assert!(matches!(world.members.accept(&mut tx, &token, &ada).await, Ok(Accepted::Now(_))));
}

#[tokio::test]
async fn a_lost_race_for_the_lock_asks_for_a_retry() {
    let world = World::new(SqliteJournalMode::Wal, 4).await;
    let (_, token) = world.invited("ada@example.com").await;
    let mut reader = world.pool.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM memberships").fetch_one(&mut *reader).await.unwrap();
    world.invited("grace@example.com").await;
    let claimant = Claimant::new(2).verified("ada@example.com");
    let answer = world.members.accept(&mut reader, &token, &claimant).await.unwrap_err();
    assert!(answer.is_retryable(), "{answer:?}");
    assert_eq!(format!("{answer} {answer:?}"), "the store asks for a retry Store(StoreError(Retryable))");
}

/// Cannot find out: another writer holds what it needs.
struct Loses;

impl Authority<SqliteConnection, Membership> for Loses {
    async fn authorize(
        &self,
        _: &mut SqliteConnection,
        _: &Actor,
        _: &Scope,
        action: &Action<'_, Membership>,
    ) -> Result<(), Denial> {
        let lost = sqlx::Error::PoolTimedOut;
        Err(if matches!(action, Action::Read) { StoreError::failed(lost) } else { sqlite::store_error(lost) })?
    }
}

#[tokio::test]
async fn what_an_authority_could_not_find_out_is_retried_if_it_says_so() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Loses);
    let mut tx = world.pool.begin().await.unwrap();
    let created = members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await.unwrap_err();
    assert!(created.is_retryable());
    assert_eq!(format!("{created} {created:?}"), "authority could not answer Authority(StoreError(Retryable))");
    let listed = members.scope(7).list(&mut tx, &world.admin, &InvitationQuery::new()).await.unwrap_err();
    assert!(matches!(&listed, Error::Authority(_)) && !listed.is_retryable());
}

#[tokio::test]
async fn a_transaction_begun_as_plain_sql_is_invisible_and_refused() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let mut conn = world.pool.acquire().await.unwrap();
    sqlx::query("BEGIN").execute(&mut *conn).await.unwrap();
    let answer = world.members.scope(7).create(&mut conn, &world.admin, new("ada@example.com")).await;
    assert!(matches!(answer, Err(Error::NotInTransaction)));
}
