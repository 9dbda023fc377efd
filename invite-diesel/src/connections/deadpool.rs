//! diesel-async's pool by deadpool.

use async_trait::async_trait;
use deadpool::managed::Manager;
use diesel_async::pooled_connection::{
    self, AsyncDieselConnectionManager,
    deadpool::{Object, Pool, PoolError},
};
use invite_core::store::StoreError;

use super::{Connections, unpooled};
use crate::session::Session;

#[async_trait]
impl<C> Connections for Pool<C>
where
    C: Session + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C, Error = pooled_connection::PoolError>,
{
    type Conn = C;
    type Lent = Object<C>;

    async fn lend(&self) -> Result<Object<C>, StoreError> {
        self.get().await.map_err(|error| match error {
            PoolError::Backend(error) => unpooled::<C>(error),
            PoolError::Timeout(_) => StoreError::retryable(error),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                StoreError::failed(error)
            }
        })
    }

    // This pool looks at a connection when it lends it again, not when it gets it back.
    fn discard(lent: Object<C>) {
        drop(Object::take(lent));
    }
}
