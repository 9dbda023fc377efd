//! From a driver to a store.

/// Implements `InvitationStore` for a driver: `store!(PgStore, postgres)`.
///
/// The second word names the database: `postgres`, `mysql` or `sqlite`.
#[macro_export]
macro_rules! store {
    ($store:ty, $database:ident) => {
        const _: () = {
            use $crate::{
                Driver,
                exports::{
                    async_trait,
                    invite_core::{
                        EmailAddress, Event, InvitationId, Listed, Record, Scope,
                        store::{
                            AddressedQuery, Counts, DeliveryUpdate, Erasure, Found, Insertion, InvitationStore, Key,
                            ListQuery, OfAddress, Read, Removal, StatsRequest, StoreError, Transition, Waiting,
                        },
                    },
                },
                $database as database,
            };

            #[async_trait]
            impl InvitationStore for $store {
                type Conn = <$store as Driver>::Conn;

                fn in_transaction(&self, conn: &mut Self::Conn) -> bool {
                    <$store as Driver>::in_transaction(conn)
                }

                async fn lock_for_write(&self, conn: &mut Self::Conn) -> Result<(), StoreError> {
                    database::lock_for_write::<$store>(conn).await
                }

                async fn insert(&self, conn: &mut Self::Conn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
                    database::insert::<$store>(conn, new).await
                }

                async fn apply(
                    &self,
                    conn: &mut Self::Conn,
                    transitions: &[Transition<'_>],
                ) -> Result<Vec<Option<Found>>, StoreError> {
                    database::apply::<$store>(conn, transitions).await
                }

                async fn record_delivery(
                    &self,
                    conn: &mut Self::Conn,
                    updates: &[DeliveryUpdate<'_>],
                ) -> Result<Vec<bool>, StoreError> {
                    database::record_delivery::<$store>(conn, updates).await
                }

                async fn remove(&self, conn: &mut Self::Conn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
                    database::remove::<$store>(conn, removal).await
                }

                async fn erase(&self, conn: &mut Self::Conn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
                    database::erase::<$store>(conn, erasure).await
                }

                async fn forget_inviter(
                    &self,
                    conn: &mut Self::Conn,
                    kind: &str,
                    address: &EmailAddress,
                ) -> Result<u64, StoreError> {
                    database::forget_inviter::<$store>(conn, kind, address).await
                }

                async fn find(
                    &self,
                    conn: &mut Self::Conn,
                    keys: &[Key<'_>],
                    read: Read,
                ) -> Result<Vec<Option<Found>>, StoreError> {
                    database::find::<$store>(conn, keys, read).await
                }

                async fn list(&self, conn: &mut Self::Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
                    database::list::<$store>(conn, query).await
                }

                async fn list_rows(
                    &self,
                    conn: &mut Self::Conn,
                    query: &ListQuery<'_>,
                ) -> Result<Vec<Listed>, StoreError> {
                    database::list_rows::<$store>(conn, query).await
                }

                async fn stats(&self, conn: &mut Self::Conn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
                    database::stats::<$store>(conn, request).await
                }

                async fn addressed_to(
                    &self,
                    conn: &mut Self::Conn,
                    query: &AddressedQuery<'_>,
                ) -> Result<Vec<Waiting>, StoreError> {
                    database::addressed_to::<$store>(conn, query).await
                }

                async fn of_address(
                    &self,
                    conn: &mut Self::Conn,
                    query: &OfAddress<'_>,
                ) -> Result<Vec<Record>, StoreError> {
                    database::of_address::<$store>(conn, query).await
                }

                async fn history(
                    &self,
                    conn: &mut Self::Conn,
                    kind: &str,
                    scope: &Scope,
                    id: InvitationId,
                ) -> Result<Vec<Event>, StoreError> {
                    database::history::<$store>(conn, kind, scope, id).await
                }
            }
        };
    };
}

/// Implements `WorkerStore` for a driver, on connections from a pool: `worker_store!(PgStore, postgres, PgPool)`.
///
/// Where the pool is a parameter, name it, its bound and what makes a [`Pool`](crate::Pool) of it:
/// `worker_store!(PgStore, postgres, P: Connections<Conn = PgConnection>, Lender)`.
#[macro_export]
macro_rules! worker_store {
    ($store:ty, $database:ident, $pool:ty) => {
        $crate::worker_store!(@ $store, $database, [], $pool, |pool| pool);
    };
    ($store:ty, $database:ident, $param:ident: $bound:path, $wrap:path) => {
        $crate::worker_store!(@ $store, $database, [$param: $bound], $param, |pool| &$wrap(pool));
    };
    (@ $store:ty, $database:ident, [$($param:ident: $bound:path)?], $pool:ty, |$given:ident| $lent:expr) => {
        const _: () = {
            use $crate::{
                $database as database,
                exports::{
                    DateTime, Utc, async_trait,
                    invite_core::store::{
                        LeaseRequest, Leased, Purge, ReminderReport, ReminderScan, Settlement, StoreError, Sweep, WorkerStore,
                    },
                },
            };

            #[async_trait]
            impl<$($param: $bound)?> WorkerStore<$pool> for $store {
                async fn lease(&self, $given: &$pool, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
                    database::lease::<$store, _>($lent, request).await
                }

                async fn now(&self, $given: &$pool) -> Result<DateTime<Utc>, StoreError> {
                    database::now::<$store, _>($lent).await
                }

                async fn settle(&self, $given: &$pool, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
                    database::settle::<$store, _>($lent, settlements).await
                }

                async fn sweep(&self, $given: &$pool, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
                    database::sweep::<$store, _>($lent, sweep).await
                }

                async fn remind(&self, $given: &$pool, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
                    database::remind::<$store, _>($lent, scan).await
                }

                async fn purge(&self, $given: &$pool, purge: &Purge<'_>) -> Result<u64, StoreError> {
                    database::purge::<$store, _>($lent, purge).await
                }
            }
        };
    };
}
