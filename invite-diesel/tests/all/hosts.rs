//! The library inside a host's transaction.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use invite_core::{Accepted, Actor, Claimant, Error, Linked, store::InvitationStore};

use crate::support::*;

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

/// An invitation with a link, committed.
macro_rules! invited {
    ($members:expr, $conn:expr) => {
        $conn
            .transaction(async |conn| {
                let created = $members.scope(7).create_with_link(conn, &Actor::new(1), new("ada@example.com")).await?;
                Ok::<_, Failure>(created)
            })
            .await
            .unwrap()
    };
}

on_every_server! {
    async fn an_acceptance_and_the_host_s_insert_are_one() {
        let mut conn = db::connect(&db::fresh().await).await;
        let members = members::<db::Store>();
        let Linked { invitation, token, .. } = invited!(members, conn);
        let joined = conn.transaction(async |conn| {
            let Accepted::Now(acceptance) = members.accept(conn, &token, &ada()).await? else { panic!("accepted before") };
            assert_eq!(acceptance.invitation.id, invitation.id);
            conn.batch_execute(JOIN).await?;
            Ok::<_, Failure>(())
        });
        joined.await.unwrap();
        assert_eq!(count!(conn, "memberships"), 1);
        assert_eq!(count!(conn, "invite_events WHERE action = 'accepted'"), 1);
    }

    async fn the_host_s_error_undoes_the_acceptance() {
        let mut conn = db::connect(&db::fresh().await).await;
        let members = members::<db::Store>();
        let token = invited!(members, conn).token;
        for _ in 0..2 {
            let full = conn.transaction(async |conn| {
                assert!(matches!(members.accept(conn, &token, &ada()).await?, Accepted::Now(_)));
                conn.batch_execute(JOIN).await?;
                Err::<(), Failure>("no seats left".into())
            });
            assert_eq!(full.await.unwrap_err().to_string(), "no seats left");
            assert_eq!(count!(conn, "memberships"), 0);
            assert_eq!(count!(conn, "invite_events"), 1);
        }
        assert_eq!(count!(conn, "invite_invitations WHERE status = 'pending'"), 1);
    }

    async fn a_savepoint_is_undone_alone_and_kept_with_the_rest() {
        let mut conn = db::connect(&db::fresh().await).await;
        let members = members::<db::Store>();
        let token = invited!(members, conn).token;
        let outer = conn.transaction(async |conn| {
            conn.batch_execute(JOIN).await?;
            let undone = conn.transaction(async |conn| {
                assert!(matches!(members.accept(conn, &token, &ada()).await?, Accepted::Now(_)));
                Err::<(), Failure>("not yet".into())
            });
            assert_eq!(undone.await.unwrap_err().to_string(), "not yet");
            let kept = conn.transaction(async |conn| Ok::<_, Failure>(members.accept(conn, &token, &ada()).await?));
            assert!(matches!(kept.await?, Accepted::Now(_)), "the first one was undone");
            Ok::<_, Failure>(())
        });
        outer.await.unwrap();
        assert_eq!(count!(conn, "memberships"), 1);
        assert_eq!(count!(conn, "invite_events WHERE action = 'accepted'"), 1);
    }

    async fn outside_a_transaction_nothing_is_written() {
        let mut conn = db::connect(&db::fresh().await).await;
        let members = members::<db::Store>();
        let created = members.scope(7).create(&mut conn, &Actor::new(1), new("ada@example.com")).await;
        assert!(matches!(created, Err(Error::NotInTransaction)));
        // Diesel does not see it.
        conn.batch_execute("BEGIN").await.unwrap();
        let created = members.scope(7).create(&mut conn, &Actor::new(1), new("ada@example.com")).await;
        assert!(matches!(created, Err(Error::NotInTransaction)));
        conn.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(count!(conn, "invite_invitations"), 0);
    }

    // A client that disconnects drops the handler's future wherever it is.
    async fn a_future_that_is_dropped_leaves_nothing_behind() {
        let url = db::fresh().await;
        let pool = db::pool(&url, 1);
        let members = members::<db::Store>();
        let token = invited!(members, pool.get().await.unwrap()).token;

        let (accepted, reached) = tokio::sync::oneshot::channel();
        let (task_pool, task_members) = (pool.clone(), members.clone());
        let request = tokio::spawn(async move {
            let mut conn = task_pool.get().await.unwrap();
            let work = conn.transaction(async |conn| {
                let answer = task_members.accept(conn, &token, &ada()).await?;
                conn.batch_execute(JOIN).await?;
                accepted.send(()).unwrap();
                std::future::pending::<()>().await;
                Ok::<_, Failure>(answer)
            });
            work.await.map(drop)
        });
        reached.await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());

        let mut conn = pool.get().await.unwrap();
        assert!(!db::Store.in_transaction(&mut conn), "the pool lends another connection");
        assert_eq!(count!(conn, "memberships"), 0);
        assert_eq!(count!(conn, "invite_events"), 1);
        // Nor does it hold a lock any more: this pool looks at a connection when it lends it.
        conn.batch_execute("UPDATE invite_invitations SET revision = revision + 1").await.unwrap();
    }
}
