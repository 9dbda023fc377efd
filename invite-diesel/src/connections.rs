//! Where the worker's connections come from.

#[cfg(feature = "bb8")]
mod bb8;
#[cfg(feature = "deadpool")]
mod deadpool;
#[cfg(feature = "r2d2")]
mod r2d2;

use std::ops::DerefMut;

use async_trait::async_trait;
use invite_core::store::StoreError;

use crate::session::Session;

/// Lends the worker connections: a pool.
///
/// The feature `deadpool` has it for `diesel_async::pooled_connection::deadpool::Pool`, `bb8` for
/// `diesel_async::pooled_connection::bb8::Pool`, `r2d2` for `diesel::r2d2::Pool`. For another pool write it yourself, on a type of
/// your own around it.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The connection.
    type Conn: Send;

    /// A connection on loan. Dropped, it goes back.
    type Lent: DerefMut<Target = Self::Conn> + Send;

    /// Lends a connection that is in no transaction.
    ///
    /// # Errors
    /// A [`StoreError`]: retryable when there is none to be had for now.
    async fn lend(&self) -> Result<Self::Lent, StoreError>;

    /// Takes back a connection that may be inside a transaction, and closes it: whoever used it was
    /// interrupted. It must not be lent again, nor wait somewhere with its locks.
    fn discard(lent: Self::Lent);
}

/// A connection that goes back by `give_back`, or is discarded: when the future that holds this is
/// dropped half-way.
pub(crate) struct Loan<P: Connections>(Option<P::Lent>);

impl<P: Connections> Loan<P> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) async fn of(&mut self, pool: &P) -> Result<&mut P::Conn, StoreError> {
        Ok(self.0.insert(pool.lend().await?))
    }

    pub(crate) fn give_back(mut self)
    where
        P::Conn: Session,
    {
        if let Some(lent) = self.0.take_if(|lent| lent.is_idle()) {
            drop(lent);
        }
    }
}

impl<P: Connections> Drop for Loan<P> {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            P::discard(lent);
        }
    }
}

/// Why there is no connection.
#[cfg(any(feature = "bb8", feature = "deadpool"))]
fn unpooled<C: Session>(error: diesel_async::pooled_connection::PoolError) -> StoreError {
    use diesel_async::pooled_connection::PoolError::{ConnectionError, QueryError};

    use crate::{error::unconnected, session::Database};

    match error {
        ConnectionError(error) => unconnected(error, C::Database::store_error),
        QueryError(error) => C::Database::store_error(error),
    }
}
