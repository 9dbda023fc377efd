//! Where requests work with the database, and what becomes of it when the client goes away.
//!
//! Actix drops a request whose client has hung up, wherever it is. Outside a transaction that would
//! leave a connection to MySQL in the middle of an answer, for the next borrower to read; and on SQLite,
//! diesel-async bears it only on a runtime of several threads, while Actix's workers have one each. So
//! what touches the database is a task on the program's runtime, where the pool is at home. It learns of
//! the hang-up, and gives up where that is safe: in [`transaction`](crate::database::transaction).

use std::{
    future::{Future, pending},
    pin::Pin,
};

use actix_web::Handler;
use shared::Problem;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

tokio::task_local! {
    static HUNG_UP: CancellationToken;
}

/// Ends once nobody waits any more for what this task does.
pub(crate) async fn hung_up() {
    match HUNG_UP.try_with(Clone::clone) {
        Ok(hung_up) => hung_up.cancelled_owned().await,
        Err(_) => pending().await,
    }
}

/// The program's runtime.
#[derive(Clone)]
pub(crate) struct Runtime(Handle);

impl Runtime {
    /// To be called where the pool is made.
    pub(crate) fn current() -> Self {
        Self(Handle::current())
    }

    /// Does this over there, and waits for it.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let hung_up = CancellationToken::new();
        let _when_dropped = hung_up.clone().drop_guard();
        let task = self.0.spawn(HUNG_UP.scope(hung_up, work));
        Ok(task.await.map_err(Problem::internal)?)
    }

    /// A handler that runs over there. Its arguments are still extracted where the request came in.
    pub(crate) fn run<F, Args>(&self, handler: F) -> OverThere<F>
    where
        F: Handler<Args>,
        F::Future: Send + 'static,
        F::Output: Send + 'static,
    {
        OverThere { runtime: self.clone(), handler }
    }
}

#[derive(Clone)]
pub(crate) struct OverThere<F> {
    runtime: Runtime,
    handler: F,
}

impl<F, Args> Handler<Args> for OverThere<F>
where
    F: Handler<Args>,
    F::Future: Send + 'static,
    F::Output: Send + 'static,
{
    type Output = Result<F::Output, ApiError>;
    type Future = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn call(&self, args: Args) -> Self::Future {
        let (runtime, work) = (self.runtime.clone(), self.handler.call(args));
        Box::pin(async move { runtime.work(work).await })
    }
}
