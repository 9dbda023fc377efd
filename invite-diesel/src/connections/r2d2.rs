//! diesel's own pool.

use async_trait::async_trait;
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection, R2D2Connection};
use invite_core::store::StoreError;

use super::Connections;
use crate::session::Session;

#[async_trait]
impl<C: Session + R2D2Connection + 'static> Connections for Pool<ConnectionManager<C>> {
    type Conn = C;
    type Lent = PooledConnection<ConnectionManager<C>>;

    // Of what went wrong this pool only keeps the words.
    async fn lend(&self) -> Result<Self::Lent, StoreError> {
        self.get().map_err(StoreError::retryable)
    }

    // This pool looks at a connection when it gets it back, and closes what is in a transaction.
    fn discard(lent: Self::Lent) {
        drop(lent);
    }
}
