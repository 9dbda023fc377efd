//! diesel-async's pool by bb8.

use ::bb8::{ManageConnection, PooledConnection, RunError};
use async_trait::async_trait;
use diesel_async::pooled_connection::{self, AsyncDieselConnectionManager, bb8::Pool};
use invite_core::store::StoreError;

use super::{Connections, unpooled};
use crate::session::Session;

#[async_trait]
impl<C> Connections for Pool<C>
where
    C: Session + 'static,
    AsyncDieselConnectionManager<C>: ManageConnection<Connection = C, Error = pooled_connection::PoolError>,
{
    type Conn = C;
    type Lent = PooledConnection<'static, AsyncDieselConnectionManager<C>>;

    async fn lend(&self) -> Result<Self::Lent, StoreError> {
        self.get_owned().await.map_err(|error| match error {
            RunError::User(error) => unpooled::<C>(error),
            RunError::TimedOut => StoreError::retryable(RunError::<pooled_connection::PoolError>::TimedOut),
        })
    }

    // This pool looks at a connection when it gets it back, and closes what is in a transaction.
    fn discard(lent: Self::Lent) {
        drop(lent);
    }
}
