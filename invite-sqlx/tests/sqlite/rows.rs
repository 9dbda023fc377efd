//! Rows, values and schema. [incidents 06, 07, 09, 10; races 2.7]

use invite_core::{Error, InvitationId, Token, Worker, testing::CapturingMailer};
use invite_sqlx::{SqliteStore, sqlite};
use sqlx::sqlite::SqliteJournalMode;

use super::world::*;

#[tokio::test]
async fn migrating_again_and_from_many_sides_changes_nothing() {
    let world = World::new(SqliteJournalMode::Wal, 4).await;
    world.invited("ada@example.com").await;
    let (a, b, c) =
        tokio::join!(sqlite::migrate(&world.pool), sqlite::migrate(&world.pool), sqlite::migrate(&world.pool));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(world.count("SELECT count(*) FROM invite_migrations").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM invite_invitations").await, 1);
    let versions: Vec<_> = sqlite::MIGRATIONS.iter().map(|migration| migration.version).collect();
    assert_eq!(versions, (1..=u32::try_from(versions.len()).unwrap()).collect::<Vec<_>>());

    let newer =
        "INSERT INTO invite_migrations (version, checksum, compatible_since) VALUES (99, 'of a later release', 1)";
    sqlx::query(newer).execute(&world.pool).await.unwrap();
    assert!(sqlite::migrate(&world.pool).await.is_ok(), "a newer schema that this library may still use");
    let incompatible = "UPDATE invite_migrations SET compatible_since = 99 WHERE version = 99";
    sqlx::query(incompatible).execute(&world.pool).await.unwrap();
    assert!(sqlite::migrate(&world.pool).await.is_err(), "a newer schema that this library cannot work with");

    let other =
        "DELETE FROM invite_migrations WHERE version = 99; UPDATE invite_migrations SET checksum = 'of another file'";
    sqlx::raw_sql(other).execute(&world.pool).await.unwrap();
    assert!(sqlite::migrate(&world.pool).await.is_err(), "another schema under the same number");
}

/// What became of the letters is a word that nobody knows.
const LOST_LETTER: &str = "INSERT INTO invite_letters (id, invitation, state, attempts) \
    SELECT delivery_id, id, 'of a newer version', 1 FROM invite_invitations";

#[tokio::test]
async fn a_row_that_does_not_read_is_corrupt_and_never_a_panic() {
    for (damage, column) in [
        ("UPDATE invite_invitations SET recipient = 'someone.else@example.com'", "recipient"),
        ("UPDATE invite_invitations SET recipient_given = 'x'", "recipient"),
        ("UPDATE invite_invitations SET inviter = 'nobody'", "inviter"),
        ("UPDATE invite_invitations SET payload = '{'", "payload"),
        ("UPDATE invite_invitations SET display = ''", "display"),
        ("UPDATE invite_invitations SET generation = -1", "generation"),
        ("UPDATE invite_invitations SET expires_at = 9223372036854775807", "expires_at"),
        (LOST_LETTER, "state"),
    ] {
        let world = World::new(SqliteJournalMode::Wal, 2).await;
        let (id, _) = world.invited("ada@example.com").await;
        sqlx::query(damage).execute(&world.pool).await.unwrap();
        let mut conn = world.pool.acquire().await.unwrap();
        let answer = world.members.scope(7).get(&mut conn, &world.admin, id).await;
        match answer {
            Err(Error::Store(error)) => assert_eq!(error.to_string(), format!("a stored row is corrupt in {column}")),
            other => panic!("{damage}: {other:?}"),
        }
    }
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let (id, _) = world.invited("ada@example.com").await;
    sqlx::query("UPDATE invite_invitations SET payload = '{}'").execute(&world.pool).await.unwrap();
    let mut conn = world.pool.acquire().await.unwrap();
    let invitation = world.members.scope(7).get(&mut conn, &world.admin, id).await.unwrap();
    assert_eq!(invitation.payload().unwrap_err().to_string(), "a stored row is corrupt in payload");
}

// A poisoned row is parked, and the next letter is still sent.
#[tokio::test]
async fn a_queued_letter_that_does_not_read_stops_no_other() {
    for damage in [
        "UPDATE invite_outbox SET purpose = 'of a newer version'",
        "UPDATE invite_outbox SET attempt = -1",
        "UPDATE invite_invitations SET payload = '{'",
        LOST_LETTER,
    ] {
        let world = World::new(SqliteJournalMode::Wal, 2).await;
        world.invited("poison@example.com").await;
        sqlx::query(damage).execute(&world.pool).await.unwrap();
        world.invited("ada@example.com").await;
        let mailer = CapturingMailer::default();
        let worker = Worker::new(SqliteStore, world.pool.clone(), mailer.clone()).batch(1).serve(&world.members);
        let tick = worker.tick().await.unwrap();
        assert_eq!((tick.unreadable, tick.found_work()), (1, true), "{damage}");
        assert_eq!(worker.tick().await.unwrap().sent, 1, "{damage}");
        assert!(!worker.tick().await.unwrap().found_work(), "parked, not tried for ever");
        assert_eq!(mailer.take()[0].recipient().canonical(), "ada@example.com");
        assert_eq!(world.count("SELECT count(*) FROM invite_outbox").await, 1);
        assert_eq!(world.count("SELECT count(*) FROM invite_tokens").await, 3, "two by the test, one mailed");
    }
}

#[tokio::test]
async fn a_letter_whose_invitation_was_deleted_by_hand_leaves_the_queue() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    world.invited("gone@example.com").await;
    sqlx::query("DELETE FROM invite_invitations").execute(&world.pool).await.unwrap();
    world.invited("ada@example.com").await;
    let worker = Worker::new(SqliteStore, world.pool.clone(), CapturingMailer::default()).serve(&world.members);
    let tick = worker.tick().await.unwrap();
    assert_eq!((tick.sent, tick.discarded), (1, 1));
    assert_eq!(world.count("SELECT count(*) FROM invite_outbox").await, 0);
}

#[tokio::test]
async fn the_database_refuses_what_the_library_would_never_write() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    world.invited("ada@example.com").await;
    world.invited("grace@example.com").await;
    for statement in [
        "UPDATE invite_invitations SET status = 'Pending'",
        "UPDATE invite_invitations SET status = 'accepted'",
        "UPDATE invite_invitations SET status = 'accepted', ended_at = 1",
        "UPDATE invite_invitations SET open_key = zeroblob(31)",
        "UPDATE invite_invitations SET open_key = (SELECT open_key FROM invite_invitations LIMIT 1)",
        "UPDATE invite_invitations SET expires_at = NULL",
        "UPDATE invite_invitations SET expires_at = '2030-01-01'",
        "UPDATE invite_tokens SET digest = NULL",
        "UPDATE invite_tokens SET digest = x''",
        "UPDATE invite_tokens SET digest = 0",
        "UPDATE invite_tokens SET channel = 'pigeon'",
        "INSERT INTO invite_tokens SELECT * FROM invite_tokens",
    ] {
        assert!(sqlx::query(statement).execute(&world.pool).await.is_err(), "{statement}");
    }
    assert_eq!(world.count("SELECT count(*) FROM invite_tokens WHERE digest = 0 OR digest = ''").await, 0);
}

// Neither an id nor a digest is a token.
#[tokio::test]
async fn what_stands_in_the_tables_opens_nothing() {
    let world = World::new(SqliteJournalMode::Wal, 2).await;
    let (id, _) = world.invited("ada@example.com").await;
    let digest: Vec<u8> = sqlx::query_scalar("SELECT digest FROM invite_tokens").fetch_one(&world.pool).await.unwrap();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(id.to_string().parse::<Token>().is_err());
    let token: Token = hex.parse().unwrap();
    let hex_policy = invite_core::Policy::default().token_format(invite_core::TokenFormat::Hex);
    let members =
        invite_core::Invitations::<_, Membership>::new(invite_sqlx::SqliteStore, hex_policy, invite_core::Unchecked);
    let mut conn = world.pool.acquire().await.unwrap();
    assert!(matches!(members.preview(&mut conn, &token).await, Err(Error::NotFound)));
    let unknown: InvitationId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    assert!(matches!(world.members.scope(7).get(&mut conn, &world.admin, unknown).await, Err(Error::NotFound)));
}
