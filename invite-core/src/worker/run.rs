//! A worker that runs until it is told to stop.

use std::{sync::Arc, time::Duration};

use super::{
    Worker,
    engine::{Engine, Failure},
};
use crate::{error::Error, store::WorkerStore};

/// The longest time between two looks at a database that answers with errors.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// How often [`run`](Self::run) looks when nobody notifies it, one second by default.
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

    /// Works until `shutdown` completes, then finishes the letters in hand, records what became of them and returns. Errors
    /// are logged, and what they kept from being done is tried again. What could not be recorded is recorded by a later
    /// `run` or `tick` of this worker; if there is none, those letters are sent again after their lease.
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
        let (mut letters, mut upkeep) = (Pace::new(self.poll), Pace::new(self.poll));
        let mut engine = Engine::once(self);
        // Also a worker that is to stop at once looks first.
        engine.look();
        while engine.is_looking() && engine.is_busy() {
            engine.advance().await;
        }
        hear(engine.take_errors(), &mut letters, &mut upkeep);
        engine.go_on();
        let mut look_for_letters = std::pin::pin!(tokio::time::sleep(letters.next()));
        let mut look_for_upkeep = std::pin::pin!(tokio::time::sleep(upkeep.next()));
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = &mut look_for_letters => {
                    engine.look_for_letters();
                    look_for_letters.set(tokio::time::sleep(letters.next()));
                }
                () = &mut look_for_upkeep => {
                    engine.look_for_upkeep();
                    look_for_upkeep.set(tokio::time::sleep(upkeep.next()));
                }
                () = self.wake.notified() => engine.look_for_letters(),
                () = engine.advance(), if engine.is_busy() => hear(engine.take_errors(), &mut letters, &mut upkeep),
            }
        }
        engine.stop();
        while engine.is_busy() {
            engine.advance().await;
            hear(engine.take_errors(), &mut letters, &mut upkeep);
        }
        Ok(())
    }
}

/// How long it is to the next look: twice as long after each look that failed, up to a minute.
struct Pace {
    poll: Duration,
    pause: Duration,
    failed: bool,
}

impl Pace {
    const fn new(poll: Duration) -> Self {
        Self { poll, pause: poll, failed: false }
    }

    fn next(&mut self) -> Duration {
        let longer = self.pause.saturating_mul(2).clamp(self.poll.min(LONGEST_PAUSE), LONGEST_PAUSE);
        self.pause = if std::mem::take(&mut self.failed) { longer } else { self.poll };
        self.pause
    }
}

fn hear(failures: Vec<Failure>, letters: &mut Pace, upkeep: &mut Pace) {
    for failure in failures {
        match failure {
            Failure::Letters(_) => letters.failed = true,
            Failure::Upkeep(_) => upkeep.failed = true,
            Failure::Kept(_) => {}
        }
        let error = failure.into_error();
        tracing::warn!(error = causes(&error), "the invitation worker could not do all of its work");
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
