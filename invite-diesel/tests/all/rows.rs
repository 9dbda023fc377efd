//! Rows that do not read.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use invite_core::{Actor, Error, Worker, testing::CapturingMailer};

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_does_not_read_is_corrupt_and_never_a_panic() {
    use crate::support::sqlite as db;

    for (damage, column) in [
        ("recipient = 'someone.else@example.com'", "recipient"),
        ("recipient_given = 'x'", "recipient"),
        ("inviter = 'nobody'", "inviter"),
        ("payload = '{'", "payload"),
        ("display = ''", "display"),
        ("generation = -1", "generation"),
        ("generation = 4294967296", "generation"),
        ("expires_at = 9223372036854775807", "expires_at"),
        ("inviter_address = 'x'", "inviter_address"),
        // Diesel would mend it.
        ("message = CAST(x'ff' AS TEXT)", "message"),
    ] {
        let mut conn = db::connect(&db::fresh().await).await;
        let members = members::<db::Store>();
        let created = conn.transaction(async |conn| {
            let created = members.scope(7).create(conn, &Actor::new(1), new("ada@example.com")).await?;
            conn.batch_execute(&format!("UPDATE invite_invitations SET {damage}")).await?;
            Ok::<_, Failure>(created.id)
        });
        let id = created.await.unwrap();
        match members.scope(7).get(&mut conn, &Actor::new(1), id).await {
            Err(Error::Store(error)) => assert_eq!(error.to_string(), format!("a stored row is corrupt in {column}")),
            other => panic!("{damage}: {other:?}"),
        }
    }
}

on_every_server! {
    // A poisoned row is parked, and the next letter is still sent.
    async fn a_queued_letter_that_does_not_read_stops_no_other() {
        for damage in [
            "UPDATE invite_outbox SET purpose = 'of a newer version'",
            "INSERT INTO invite_letters (id, invitation, state, attempts) \
             SELECT delivery_id, id, 'of a newer version', 1 FROM invite_invitations",
        ] {
            let url = db::fresh().await;
            let (mut conn, members) = (db::connect(&url).await, members::<db::Store>());
            let created = conn.transaction(async |conn| {
                members.scope(7).create(conn, &Actor::new(1), new("poison@example.com")).await?;
                conn.batch_execute(damage).await?;
                members.scope(7).create(conn, &Actor::new(1), new("ada@example.com")).await?;
                Ok::<_, Failure>(())
            });
            created.await.unwrap();
            let mailer = CapturingMailer::default();
            let worker = Worker::new(db::Store, db::pool(&url, 1), mailer.clone()).batch(1).serve(&members);
            let tick = worker.tick().await.unwrap();
            assert_eq!((tick.unreadable, tick.found_work()), (1, true), "{damage}");
            assert_eq!(worker.tick().await.unwrap().sent, 1, "{damage}");
            assert!(!worker.tick().await.unwrap().found_work(), "parked, not tried for ever");
            assert_eq!(mailer.take()[0].recipient().canonical(), "ada@example.com");
            assert_eq!(count!(conn, "invite_outbox"), 1);
        }
    }

    async fn a_letter_whose_invitation_was_deleted_by_hand_leaves_the_queue() {
        let url = db::fresh().await;
        let (mut conn, members) = (db::connect(&url).await, members::<db::Store>());
        let created = conn.transaction(async |conn| {
            members.scope(7).create(conn, &Actor::new(1), new("gone@example.com")).await?;
            conn.batch_execute("DELETE FROM invite_invitations").await?;
            members.scope(7).create(conn, &Actor::new(1), new("ada@example.com")).await?;
            Ok::<_, Failure>(())
        });
        created.await.unwrap();
        let worker = Worker::new(db::Store, db::pool(&url, 1), CapturingMailer::default()).serve(&members);
        let tick = worker.tick().await.unwrap();
        assert_eq!((tick.sent, tick.discarded), (1, 1));
        assert_eq!(count!(conn, "invite_outbox"), 0);
    }
}
