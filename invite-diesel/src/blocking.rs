//! The same stores on diesel's own connections, which block: for programs without a runtime, and for
//! one that keeps its database work on threads of its own.
//!
//! A future of these stores never waits, it only blocks. [`wait`] drives it to its end, right where a
//! closure of diesel's `transaction` needs the answer:
//!
//! ```
//! # #[cfg(feature = "blocking-sqlite")]
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use diesel::{Connection, SqliteConnection};
//! use invite_core::{Accepted, Actor, Claimant, Invitations, Kind, Linked, NewInvitation, Policy, Unchecked};
//! use invite_diesel::blocking::{sqlite::{self, SqliteStore}, wait};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Membership {
//!     role: String,
//! }
//! impl Kind for Membership {
//!     const NAME: &'static str = "member";
//! }
//!
//! // What a closure of yours may fail with; `?` makes it of both.
//! type Failure = Box<dyn std::error::Error + Send + Sync>;
//!
//! let mut conn = SqliteConnection::establish(":memory:")?;
//! sqlite::migrate(&mut conn)?;
//! let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Unchecked);
//!
//! let Linked { token, .. } = conn.transaction(|conn| {
//!     let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() });
//!     Ok::<_, Failure>(wait(members.scope(7).create_with_link(conn, &Actor::new(1), new))?)
//! })?;
//!
//! conn.transaction(|conn| {
//!     let ada = Claimant::new(2).verified("ada@example.com");
//!     if let Accepted::Now(acceptance) = wait(members.accept(conn, &token, &ada))? {
//!         let _role = acceptance.invitation.payload()?.role; // insert the membership here, on `conn`
//!     }
//!     Ok::<_, Failure>(())
//! })?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "blocking-sqlite"))]
//! # fn main() {}
//! ```
//!
//! # In an asynchronous program
//!
//! Do the whole unit of work on a thread that may block, connection, transaction and all:
//! `tokio::task::spawn_blocking(move || pool.get()?.transaction(|conn| ..))`, with a pool of
//! `diesel::r2d2`. It goes on when the request that asked for it is dropped, and ends in a commit or a
//! roll back; nothing is left half done.
//!
//! The worker takes its connections from such a pool too, with the feature `r2d2`. As it waits for
//! the mail server between its blocks, give it a thread: `std::thread::spawn(move || wait(..))` with
//! a loop around `tick`, or a runtime's `block_on` if the mailer needs a runtime.

#[cfg(feature = "blocking-mysql")]
pub mod mysql;
#[cfg(feature = "blocking-postgres")]
pub mod postgres;
#[cfg(feature = "blocking-sqlite")]
pub mod sqlite;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Drives a future to its end on this thread.
///
/// Those of the stores in here never wait. Should another do so, an
/// [`Authority`](invite_core::Authority) for example, the thread sleeps until it is woken.
pub fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
