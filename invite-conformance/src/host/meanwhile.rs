//! A transaction has read, somebody else has changed it since: what was read decides nothing, and explains nothing.

use std::{
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use async_lock::Semaphore;
use futures_util::future::BoxFuture;
use invite_core::{Actor, Amendment, Claimant, Error, InvitationId, Policy, Status, Token};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::{Conn, Db},
    host::world::{Answer, World, ada, new},
};

pub(super) const CASES: &[Case] = cases![
    what_was_cancelled_since_is_not_accepted:
        "The guard is in the WHERE of the statement that changes, and `Read::Latest` explains by the latest committed row, \
         by a locking read where a snapshot may be older.",
    what_was_cancelled_since_is_not_explained_by_the_row_before:
        "`Read::Latest` explains by the latest committed row, by a locking read where a snapshot may be older.",
    what_was_cancelled_since_is_not_accepted_by_id:
        "The guard is in the WHERE of the statement that changes, whichever way the row is found.",
    what_was_accepted_since_is_not_cancelled:
        "The guard is in the WHERE of the statement that changes; nothing that was read before it counts.",
    what_was_accepted_since_is_not_amended:
        "The guard is in the WHERE of the statement that changes; nothing that was read before it counts.",
    what_was_declined_since_is_not_resent:
        "The guard is in the WHERE of the statement that changes; nothing that was read before it counts.",
    a_link_that_was_retired_since_does_not_accept:
        "`min_generation` is compared on the very row that is changed, as it is then, not as it was when the token was found.",
    what_was_amended_to_somebody_else_since_is_not_erased:
        "`erase` compares the address with the row that it locks, not with the one that was read.",
    an_address_that_was_invited_since_is_not_invited_again:
        "The unique index decides, not a look before; the collision is a value, and `Key::Open` with `Read::Latest` finds \
         who holds it.",
];

struct Scene {
    world: World,
    id: InvitationId,
    token: Token,
}

type Step = for<'a> fn(&'a Scene, &'a mut Conn) -> BoxFuture<'a, Answer>;

/// What `act` is answered in a transaction that had read, when another has made a change since and commits.
///
/// Where the database locks rows, `act` waits for that commit; so each has a thread of its own, for drivers that block.
/// Where nothing made it wait, a refusal may have come before the commit: then it is asked again after it.
async fn answered(db: Db, read: Step, change: Step, act: Step) -> Result<Answer, Stop> {
    if !db.overlaps() {
        return Err(Stop::NotApplicable("one transaction at a time"));
    }
    let world = World::new(&db, Policy::default());
    let (id, token) = world.invited("ada@example.com").await?;
    let scene = Arc::new(Scene { world, id, token });
    let [has_read, has_changed, has_committed] = [(); 3].map(|()| Arc::new(Signal::new()));

    let ours = {
        let scene = Arc::clone(&scene);
        let [has_read, has_changed, has_committed] = [&has_read, &has_changed, &has_committed].map(Arc::clone);
        on_a_thread(&db, async move {
            let _in_any_case = Raise(&has_read);
            let mut tx = scene.world.begin().await?;
            read(&scene, &mut tx).await?;
            has_read.raise();
            has_changed.raised().await;
            let mut answer = act(&scene, &mut tx).await;
            // A reader may be what a commit waits for: no more waiting once a retry is asked for.
            if answer.as_ref().is_err_and(|error| !error.is_retryable()) {
                has_committed.raised().await;
                answer = act(&scene, &mut tx).await;
            }
            scene.world.rollback(tx).await?;
            Ok(answer)
        })
    };
    let theirs = on_a_thread(&db, async move {
        let _in_any_case = (Raise(&has_changed), Raise(&has_committed));
        has_read.raised().await;
        let mut tx = scene.world.begin().await?;
        change(&scene, &mut tx).await?;
        has_changed.raise();
        scene.world.commit(tx).await?;
        has_committed.raise();
        Ok(Ok(()))
    });
    theirs.await??;
    ours.await
}

/// Raised once, awaited once.
struct Signal(Semaphore);

impl Signal {
    fn new() -> Self {
        Self(Semaphore::new(0))
    }

    fn raise(&self) {
        self.0.add_permits(1);
    }

    async fn raised(&self) {
        self.0.acquire().await.forget();
    }
}

/// Whatever becomes of one side, the other does not wait for ever.
struct Raise<'a>(&'a Signal);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.raise();
    }
}

fn on_a_thread(
    db: &Db,
    work: impl Future<Output = Result<Answer, Stop>> + Send + 'static,
) -> impl Future<Output = Result<Answer, Stop>> {
    let db = Arc::clone(db);
    let answer = Arc::new(Mutex::new(Err(Stop::Failed("a transaction on a thread of its own came to no end".into()))));
    let ended = Arc::new(Signal::new());
    let there = (Arc::clone(&answer), Arc::clone(&ended));
    thread::spawn(move || {
        let (answer, ended) = there;
        let _in_any_case = Raise(&ended);
        db.block_on(Box::pin(async {
            let done = work.await;
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = done;
        }));
    });
    async move {
        ended.raised().await;
        let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *answer, Ok(Ok(())))
    }
}

/// Fails unless it was refused for what is so now, or asked for a retry because the database did.
fn by_what_is_so_now(answer: Answer, is_so_now: fn(&Error) -> bool, doing: &str) -> Verdict {
    match answer {
        Ok(()) => ensure!(false, "{doing} was done, on what had been read before"),
        Err(error) if is_so_now(&error) => {}
        Err(error) if error.is_retryable() => {
            // A retry without a cause is core's: the row that was to explain the refusal showed none.
            ensure!(
                error.source().is_some(),
                "{doing} was refused, and explained by the row as it had been read before"
            );
        }
        Err(error) => ensure!(false, "{doing} was explained by what had been read before: {error:?}"),
    }
    Ok(())
}

fn look<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move { scene.world.members.preview(tx, &scene.token).await.map(drop) })
}

fn get<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move { scene.world.members.scope(7).get(tx, &scene.world.admin, scene.id).await.map(drop) })
}

fn cancel<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move { scene.world.members.scope(7).cancel(tx, &scene.world.admin, scene.id, None).await.map(drop) })
}

fn accept<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move { scene.world.members.accept(tx, &scene.token, &ada()).await.map(drop) })
}

fn resend<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move { scene.world.members.scope(7).resend(tx, &scene.world.admin, scene.id).await.map(drop) })
}

fn create<'a>(scene: &'a Scene, tx: &'a mut Conn) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let grace = new("grace@example.com");
        scene.world.members.scope(7).create(tx, &scene.world.admin, grace).await.map(drop)
    })
}

async fn what_was_cancelled_since_is_not_accepted(db: Db) -> Verdict {
    let answer = answered(db, look, cancel, accept).await?;
    by_what_is_so_now(answer, |error| matches!(error, Error::Cancelled), "an acceptance after a cancellation")
}

// Before, the true answer would have been that it is for somebody else.
async fn what_was_cancelled_since_is_not_explained_by_the_row_before(db: Db) -> Verdict {
    let answer = answered(db, look, cancel, |scene, tx| {
        Box::pin(async move {
            let eve = Claimant::new(3).verified("eve@example.com");
            scene.world.members.accept(tx, &scene.token, &eve).await.map(drop)
        })
    });
    by_what_is_so_now(answer.await?, |error| matches!(error, Error::Cancelled), "Eve's acceptance after a cancellation")
}

async fn what_was_cancelled_since_is_not_accepted_by_id(db: Db) -> Verdict {
    let read: Step =
        |scene, tx| Box::pin(async move { scene.world.members.addressed_to(tx, &ada(), None).await.map(drop) });
    let act: Step =
        |scene, tx| Box::pin(async move { scene.world.members.accept_by_id(tx, scene.id, &ada()).await.map(drop) });
    let answer = answered(db, read, cancel, act).await?;
    by_what_is_so_now(answer, |error| matches!(error, Error::Cancelled), "an acceptance by id after a cancellation")
}

async fn what_was_accepted_since_is_not_cancelled(db: Db) -> Verdict {
    let answer = answered(db, get, accept, cancel).await?;
    by_what_is_so_now(answer, is_accepted, "a cancellation after an acceptance")
}

async fn what_was_accepted_since_is_not_amended(db: Db) -> Verdict {
    let amend: Step = |scene, tx| {
        Box::pin(async move {
            let amendment = Amendment::new().message("x");
            scene.world.members.scope(7).amend(tx, &scene.world.admin, scene.id, &amendment).await.map(drop)
        })
    };
    let answer = answered(db, get, accept, amend).await?;
    by_what_is_so_now(answer, is_accepted, "an amendment after an acceptance")
}

fn is_accepted(error: &Error) -> bool {
    matches!(error, Error::IllegalTransition { status: Status::Accepted, .. })
}

async fn what_was_declined_since_is_not_resent(db: Db) -> Verdict {
    let decline: Step = |scene, tx| {
        Box::pin(async move { scene.world.members.reject(tx, &scene.token, &Actor::Bearer, None).await.map(drop) })
    };
    let answer = answered(db, get, decline, resend).await?;
    let is_declined = |error: &Error| matches!(error, Error::IllegalTransition { status: Status::Rejected, .. });
    by_what_is_so_now(answer, is_declined, "a resend after a decline")
}

async fn a_link_that_was_retired_since_does_not_accept(db: Db) -> Verdict {
    let answer = answered(db, look, resend, accept).await?;
    by_what_is_so_now(answer, |error| matches!(error, Error::Superseded), "an acceptance by a link retired by a resend")
}

async fn what_was_amended_to_somebody_else_since_is_not_erased(db: Db) -> Verdict {
    let readdress: Step = |scene, tx| {
        Box::pin(async move {
            let amendment = Amendment::new().email("grace@example.com");
            scene.world.members.scope(7).amend(tx, &scene.world.admin, scene.id, &amendment).await.map(drop)
        })
    };
    // That there was nothing to erase is the right answer.
    let erase: Step = |scene, tx| {
        Box::pin(async move {
            match scene.world.members.support().erase(tx, &scene.world.admin, "ada@example.com").await? {
                0 => Err(Error::NotFound),
                _ => Ok(()),
            }
        })
    };
    let answer = answered(db, get, readdress, erase).await?;
    match answer {
        Err(Error::NotFound) => Ok(()),
        // What it has ended of somebody else's is undone by the rollback.
        Err(error) if error.is_retryable() => Ok(()),
        other => Err(Stop::Failed(format!("an invitation that is to somebody else was erased: {other:?}"))),
    }
}

async fn an_address_that_was_invited_since_is_not_invited_again(db: Db) -> Verdict {
    let answer = answered(db, get, create, create).await?;
    by_what_is_so_now(answer, |error| matches!(error, Error::AlreadyPending(_)), "a second creation")
}
