//! The worker's connections, and what becomes of one whose user is interrupted.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::bb8};
use invite_core::{Actor, Worker, store::StoreError, testing::CapturingMailer};
use invite_diesel::Connections;

use crate::support::*;

/// Polls a future so many times, then gives it up.
struct GivesUp<F>(Pin<Box<F>>, usize);

impl<F: Future> Future for GivesUp<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.1.checked_sub(1) else { return Poll::Ready(None) };
        self.1 = left;
        match self.0.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            // Woken when the connection has news, as ever; the last time at once.
            Poll::Pending => {
                if left == 0 {
                    return Poll::Ready(None);
                }
                Poll::Pending
            }
        }
    }
}

/// A pool that counts what is discarded.
#[derive(Clone)]
struct Counting<P> {
    pool: P,
    discarded: Arc<AtomicUsize>,
}

/// A connection on loan that knows who counts.
struct Counted<L> {
    lent: L,
    discarded: Arc<AtomicUsize>,
}

impl<L: std::ops::Deref> std::ops::Deref for Counted<L> {
    type Target = L::Target;

    fn deref(&self) -> &L::Target {
        &self.lent
    }
}

impl<L: std::ops::DerefMut> std::ops::DerefMut for Counted<L> {
    fn deref_mut(&mut self) -> &mut L::Target {
        &mut self.lent
    }
}

#[async_trait]
impl<P: Connections> Connections for Counting<P> {
    type Conn = P::Conn;
    type Lent = Counted<P::Lent>;

    async fn lend(&self) -> Result<Self::Lent, StoreError> {
        Ok(Counted { lent: self.pool.lend().await?, discarded: Arc::clone(&self.discarded) })
    }

    fn discard(lent: Self::Lent) {
        lent.discarded.fetch_add(1, Ordering::SeqCst);
        P::discard(lent.lent);
    }
}

/// Interrupts a worker over this pool wherever that can be.
macro_rules! interrupted {
    ($url:expr, $pool:expr) => {{
        let members = members::<db::Store>();
        let mut watch = db::connect(&$url).await;
        let pool = Counting { pool: $pool, discarded: Arc::default() };
        let deadline = Instant::now() + Duration::from_secs(60);
        // One poll more each time, until one comes through; and again, should the connection have
        // been idle whenever it was interrupted.
        let mut polls = 1;
        while AtomicUsize::load(&pool.discarded, Ordering::SeqCst) == 0 || polls > 1 {
            assert!(Instant::now() < deadline, "never interrupted");
            watch.batch_execute("DELETE FROM invite_outbox").await.unwrap();
            watch.batch_execute("DELETE FROM invite_letters").await.unwrap();
            watch.batch_execute("DELETE FROM invite_tokens").await.unwrap();
            watch.batch_execute("DELETE FROM invite_invitations").await.unwrap();
            let invited = watch.transaction(async |conn| {
                members.scope(7).create(conn, &Actor::new(1), new("ada@example.com")).await?;
                Ok::<_, Failure>(())
            });
            invited.await.unwrap();
            let worker = Worker::new(db::Store, pool.clone(), CapturingMailer::default()).batch(1).serve(&members);
            let finished = GivesUp(Box::pin(worker.tick()), polls).await.is_some();

            // It waits for whoever still holds a lock: the server may be a moment late in noticing.
            let freed = watch.batch_execute("UPDATE invite_outbox SET not_before = not_before");
            tokio::time::timeout(Duration::from_secs(30), freed).await.expect("somebody holds a lock").unwrap();
            // As many digests are known as letters were leased, wherever it was interrupted.
            let more = diesel::sql_query(
                "SELECT (SELECT count(*) FROM invite_tokens) - (SELECT count(*) FROM invite_outbox WHERE attempt > 0) \
                      - (SELECT count(*) FROM invite_letters WHERE state = 'sent') AS n",
            );
            assert_eq!(more.get_result::<Count>(&mut watch).await.unwrap().n, 0, "after {polls} polls");
            polls = if finished { 1 } else { polls + 1 };
        }
    }};
}

on_every_server! {
    // Wherever a worker is interrupted, its transaction happened or it did not, and no connection
    // goes back in the middle of one.
    async fn a_worker_that_is_interrupted_leaves_no_transaction_behind() {
        let url = db::fresh().await;
        interrupted!(url, db::pool(&url, 1));
    }

    async fn nor_does_it_over_bb8() {
        let url = db::fresh().await;
        interrupted!(url, bb8::Pool::builder().max_size(1).build(db::manager(&url)).await.unwrap());
    }

    async fn bb8_serves_the_worker_too() {
        let url = db::fresh().await;
        let members = members::<db::Store>();
        let mut conn = db::connect(&url).await;
        let invited = conn.transaction(async |conn| {
            members.scope(7).create(conn, &Actor::new(1), new("ada@example.com")).await?;
            Ok::<_, Failure>(())
        });
        invited.await.unwrap();
        let pool = bb8::Pool::builder().max_size(1).build(db::manager(&url)).await.unwrap();
        let worker = Worker::new(db::Store, pool, CapturingMailer::default()).serve(&members);
        assert_eq!(worker.tick().await.unwrap().sent, 1);
        assert!(!worker.tick().await.unwrap().found_work());
    }
}
