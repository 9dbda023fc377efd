//! From the contract of a store to the functions of a database's module.

/// Implements the contract for a store, by the functions of the module it is called in.
macro_rules! store {
    ($store:ident, $conn:ty) => {
        #[async_trait::async_trait]
        impl invite_core::store::InvitationStore for $store {
            type Conn = $conn;

            fn in_transaction(&self, conn: &mut $conn) -> bool {
                crate::session::Session::in_transaction(conn)
            }

            async fn lock_for_write(&self, conn: &mut $conn) -> Result<(), StoreError> {
                lock_for_write(conn).await
            }

            async fn insert(&self, conn: &mut $conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
                insert(conn, new).await
            }

            async fn transition(
                &self,
                conn: &mut $conn,
                transition: &Transition<'_>,
            ) -> Result<Option<Found>, StoreError> {
                self::transition(conn, transition).await
            }

            async fn find(&self, conn: &mut $conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
                find(conn, key, read).await
            }

            async fn list(&self, conn: &mut $conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
                list(conn, query).await
            }

            async fn addressed_to(
                &self,
                conn: &mut $conn,
                query: &AddressedQuery<'_>,
            ) -> Result<Vec<Record>, StoreError> {
                addressed_to(conn, query).await
            }

            async fn history(
                &self,
                conn: &mut $conn,
                kind: &str,
                scope: &Scope,
                id: InvitationId,
            ) -> Result<Vec<Event>, StoreError> {
                history(conn, kind, scope, id).await
            }
        }

        #[async_trait::async_trait]
        impl<P: crate::Connections<Conn = $conn>> invite_core::store::WorkerStore<P> for $store {
            async fn claim(
                &self,
                pool: &P,
                claim: &invite_core::store::Claim<'_>,
            ) -> Result<invite_core::store::Claims, StoreError> {
                let mut loan = crate::connections::Loan::<P>::new();
                let claims = worker::claim(loan.of(pool).await?, claim).await;
                loan.give_back();
                claims
            }

            async fn settle(
                &self,
                pool: &P,
                settlement: &invite_core::store::Settlement<'_>,
            ) -> Result<bool, StoreError> {
                let mut loan = crate::connections::Loan::new();
                let settled = worker::settle(loan.of(pool).await?, settlement).await;
                loan.give_back();
                settled
            }

            async fn sweep(
                &self,
                pool: &P,
                kinds: &[&str],
                now: chrono::DateTime<chrono::Utc>,
                limit: u32,
            ) -> Result<u64, StoreError> {
                let mut loan = crate::connections::Loan::new();
                let swept = worker::sweep(loan.of(pool).await?, kinds, now, limit).await;
                loan.give_back();
                swept
            }
        }
    };
}

pub(crate) use store;
