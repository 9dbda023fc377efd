//! What diesel's pools leave to whoever asks them for a connection.

use std::time::Duration;

use invite_core::store::StoreError;
use invite_diesel::Connections;

const POLL: Duration = Duration::from_millis(10);

/// A connection, waited for while the server does not answer: it may have been killed, and come back.
pub(crate) async fn lend<P: Connections>(pool: &P) -> Result<P::Lent, StoreError> {
    let lent = async {
        loop {
            match pool.lend().await {
                Err(error) if error.is_retryable() => tokio::time::sleep(POLL).await,
                answer => return answer,
            }
        }
    };
    tokio::time::timeout(crate::PATIENCE, lent).await.map_err(StoreError::retryable)?
}
