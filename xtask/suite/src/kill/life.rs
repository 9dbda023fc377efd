//! One life of requests and workers, and the worker that takes over after it.

use std::{
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use invite_core::{Error, Worker, testing::ManualClock};
use rand::{SeedableRng, rngs::StdRng};
use tokio::task::{JoinSet, block_in_place};

use super::{
    check::{self, Standing},
    figures::Figures,
    journal::{self, Entry, Journal},
    load::{Caller, Known},
    post::Post,
    reachable::Reachable,
    world::{self, Members},
};

const CALLERS: u32 = 4;
const WORKERS: u32 = 3;
/// How many letters a worker has in hand at most.
const BATCH: u32 = 2;
/// The worker that takes over.
const HEIR: u32 = WORKERS;
/// How often the heir goes to work at most.
const ROUNDS: usize = 100;
/// How often a worker looks for letters.
const POLL: Duration = Duration::from_millis(2);

/// Where a life is led, and written down.
pub(super) struct Life<H: Reachable> {
    pub(super) harness: Arc<H>,
    pub(super) url: String,
    pub(super) number: u32,
    pub(super) journal: PathBuf,
}

/// Callers and workers at work.
pub(super) struct Running {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Running {
    /// How many requests were served.
    pub(super) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// Waits for an end that only a kill brings.
    pub(super) async fn until_killed(self) {
        self.tasks.join_all().await;
    }

    /// As if the machine had stopped: nobody gets any further.
    pub(super) async fn vanish(mut self) {
        self.tasks.shutdown().await;
    }

    /// Lets everybody finish what they are at.
    pub(super) async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.tasks.join_all().await;
    }
}

impl<H: Reachable> Life<H> {
    pub(super) fn journal_in(folder: &Path, number: u32) -> PathBuf {
        folder.join(format!("life-{number}"))
    }

    pub(super) async fn begin(&self, mut random: StdRng) -> Running {
        let journal = Arc::new(Journal::open(&self.journal, self.number));
        let known = Arc::new(Known::default());
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        let pool = Arc::new(self.pool(CALLERS).await);
        for _ in 0..CALLERS {
            let caller = Caller {
                harness: Arc::clone(&self.harness),
                pool: Arc::clone(&pool),
                members: self.members(world::clock(self.number)),
                scope: world::scope(self.number),
                journal: Arc::clone(&journal),
                known: Arc::clone(&known),
                random: StdRng::from_rng(&mut random),
                served: Arc::clone(&served),
            };
            let calling = caller.call_until(Arc::clone(&stop));
            if H::BLOCKS {
                tasks.spawn(off_the_workers(calling));
            } else {
                tasks.spawn(calling);
            }
        }
        for number in 0..WORKERS {
            let post = Post::new(number, Arc::clone(&journal), Arc::clone(&known));
            let worker = self.worker(world::clock(self.number), post.clone(), BATCH).await;
            let working = work_until(Arc::clone(&stop), worker, post, Arc::clone(&journal));
            if H::BLOCKS {
                tasks.spawn(off_the_workers(working));
            } else {
                tasks.spawn(working);
            }
        }
        Running { tasks, stop, served }
    }

    /// Has another worker take over when the leases have run out, and checks everything. Nothing happens to this
    /// life's invitations any more.
    pub(super) async fn inherit(&self) -> (Figures, Standing) {
        self.harness.quiet(&self.url).await.expect("whoever is gone holds nothing");
        let journal = Arc::new(Journal::open(&self.journal, self.number));
        let before = journal::read(&self.journal).len();
        let post = Post::new(HEIR, Arc::clone(&journal), Arc::default());
        let worker = self.worker(world::clock_after(self.number), post, 32).await;
        let mut left = true;
        for _ in 0..ROUNDS {
            let tick = worker.tick().await.expect("nobody is in the heir's way");
            assert_eq!((tick.expired, tick.postponed, tick.lost, tick.unreadable), (0, 0, 0, 0), "{tick:?}");
            left = tick.found_work();
            if !left {
                break;
            }
        }
        assert!(!left, "the heir is never done");
        let pool = self.pool(1).await;
        let members = self.members(world::clock_after(self.number));
        let entries = journal::read(&self.journal);
        let scope = world::scope(self.number);
        let figures = check::check(&*self.harness, &pool, &members, &scope, entries, before).await;
        (figures, check::standing(&*self.harness, &pool, &members, &scope).await)
    }

    /// Later kills have changed nothing.
    pub(super) async fn still_stands(&self, standing: &Standing) {
        let pool = self.pool(1).await;
        let members = self.members(world::clock_after(self.number));
        let now = check::standing(&*self.harness, &pool, &members, &world::scope(self.number)).await;
        assert_eq!(now, *standing, "life {}", self.number);
    }

    async fn pool(&self, connections: u32) -> H::Pool {
        self.harness.open(&self.url, connections).await.expect("the database answers")
    }

    fn members(&self, clock: ManualClock) -> Members<H> {
        world::members(&*self.harness, clock)
    }

    async fn worker(&self, clock: ManualClock, post: Post, batch: u32) -> Worker<H::Store, H::Pool> {
        let pool = self.pool(1).await;
        Worker::new(self.harness.store(), pool, post).serve(&self.members(clock)).batch(batch)
    }
}

/// Lets the runtime go on meanwhile: whoever has the lock that this waits for is to be woken.
async fn off_the_workers(work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    poll_fn(|cx| block_in_place(|| work.as_mut().poll(cx))).await;
}

async fn work_until<S, P>(stop: Arc<AtomicBool>, worker: Worker<S, P>, post: Post, journal: Arc<Journal>)
where
    S: invite_core::store::WorkerStore<P>,
    P: Send + Sync,
{
    while !stop.load(Ordering::SeqCst) {
        post.next_round();
        let idle = match worker.tick().await {
            Ok(tick) => {
                if tick.unreadable > 0 {
                    journal.write(&Entry::Trouble { what: format!("a worker: {tick:?}") });
                }
                if tick.lost > 0 {
                    journal.write(&Entry::Lost);
                } else if tick.found_work() {
                    journal.write(&Entry::Settled { round: post.round() });
                }
                !tick.found_work()
            }
            Err(error) => {
                trouble(&journal, &error);
                true
            }
        };
        if idle {
            tokio::time::sleep(POLL).await;
        }
    }
}

fn trouble(journal: &Journal, error: &Error) {
    if !error.is_retryable() {
        journal.write(&Entry::Trouble { what: format!("a worker: {error}") });
    }
}
