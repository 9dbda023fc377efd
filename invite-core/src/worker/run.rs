//! A worker that runs until it is told to stop.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::Worker;
use crate::{error::Error, store::WorkerStore};

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// How often [`run`](Self::run) looks when nobody notifies it; one second unless said otherwise.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// What to call after a commit that queued a letter, to spare it the wait for the next poll.
    /// Missing calls cost only that wait.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (mailer, me) = (CapturingMailer::default(), Actor::new(1));
    /// let worker = Worker::new(MemoryStore, memory.clone(), mailer).serve(&members);
    /// let notifier = worker.notifier(); // clone it into every handler
    ///
    /// let mut tx = memory.begin().await;
    /// members.scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?;
    /// tx.commit();
    /// notifier.notify(); // after the commit: before it there is nothing to be seen
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn notifier(&self) -> Notifier {
        Notifier(Arc::clone(&self.wake))
    }

    /// Works until `shutdown` completes, then finishes the batch in hand and returns, leaving no
    /// lease behind. Errors of a round are logged, and the round is tried again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Answer {
    /// # let (memory, members) = (Memory::default(), members());
    /// # let (mailer, me) = (CapturingMailer::default(), Actor::new(1));
    /// let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let running = tokio::spawn(async move { worker.run(async { stopped.await.unwrap_or(()) }).await });
    ///
    /// let mut tx = memory.begin().await;
    /// members.scope("org:7").create(&mut tx, &me, new("ada@example.com")).await?;
    /// tx.commit();
    ///
    /// drop(stop); // where the service ends; the letters in hand are sent before the worker does
    /// running.await??;
    /// assert_eq!(mailer.take().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoKinds`] and [`Error::KindServedTwice`], at once; they are logged too, because most hosts await the
    /// task only at their end.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        if let Err(error) = self.check() {
            tracing::error!(%error, "the invitation worker does not start");
            return Err(error);
        }
        let mut shutdown = std::pin::pin!(shutdown);
        let mut pause = self.poll;
        loop {
            // A round is never cut short: `shutdown` is looked at between rounds.
            match self.tick().await {
                Ok(tick) if tick.found_work() => {
                    pause = self.poll;
                    if shutdown.as_mut().now_or_never().is_some() {
                        return Ok(());
                    }
                    continue;
                }
                Ok(_) => pause = self.poll,
                Err(error) => {
                    tracing::warn!(error = causes(&error), "the invitation worker could not do its round");
                    pause = pause.saturating_mul(2).min(Duration::from_secs(60));
                }
            }
            let pause = tokio::time::timeout(pause, self.wake.notified());
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                _ = pause => {}
            }
        }
    }
}

/// An error and what lies under it, for the log.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Wakes a running worker; see [`Worker::notifier`].
#[derive(Debug, Clone)]
pub struct Notifier(Arc<tokio::sync::Notify>);

impl Notifier {
    /// There is something to mail.
    pub fn notify(&self) {
        self.0.notify_one();
    }
}
