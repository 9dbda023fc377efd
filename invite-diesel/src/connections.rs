//! Where the worker's connections come from.

#[cfg(feature = "bb8")]
mod bb8;
#[cfg(feature = "deadpool")]
mod deadpool;
#[cfg(feature = "r2d2")]
mod r2d2;

use std::ops::{Deref, DerefMut};

use async_trait::async_trait;
use invite_core::store::StoreError;
use invite_schema::{Driver, Pool};

use crate::session::{Session, store_error};

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

/// A pool, for the worker's transactions.
pub(crate) struct Lender<'p, P>(pub(crate) &'p P);

impl<P, D> Pool<D> for Lender<'_, P>
where
    P: Connections<Conn = D::Conn>,
    D: Driver,
    D::Conn: Session,
{
    type Tx = Loan<P>;

    async fn begin(&self, sql: &'static str) -> Result<Loan<P>, StoreError> {
        let mut loan: Loan<P> = Loan(Some(self.0.lend().await?));
        match loan.begin(sql).await {
            Ok(()) => Ok(loan),
            Err(error) => {
                loan.give_back();
                Err(store_error::<D::Conn>(error))
            }
        }
    }

    async fn commit(mut loan: Loan<P>) -> Result<(), StoreError> {
        let committed = loan.commit().await;
        loan.give_back();
        committed.map_err(store_error::<D::Conn>)
    }

    async fn rollback(mut loan: Loan<P>) -> Result<(), StoreError> {
        let rolled_back = loan.roll_back().await;
        loan.give_back();
        rolled_back.map_err(store_error::<D::Conn>)
    }
}

/// A connection inside a transaction. It goes back by `give_back`; when the future that holds it is dropped
/// half-way, it is discarded.
pub(crate) struct Loan<P: Connections>(Option<P::Lent>);

const HELD: &str = "a loan holds its connection until it is given back";

impl<P: Connections> Loan<P> {
    fn give_back(mut self)
    where
        P::Conn: Session,
    {
        if let Some(lent) = self.0.take_if(|lent| lent.is_idle()) {
            drop(lent);
        }
    }
}

impl<P: Connections> Deref for Loan<P> {
    type Target = P::Conn;

    fn deref(&self) -> &P::Conn {
        self.0.as_ref().expect(HELD)
    }
}

impl<P: Connections> DerefMut for Loan<P> {
    fn deref_mut(&mut self) -> &mut P::Conn {
        self.0.as_mut().expect(HELD)
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

    use crate::error::unconnected;

    match error {
        ConnectionError(error) => unconnected(error, store_error::<C>),
        QueryError(error) => store_error::<C>(error),
    }
}
