//! From the contract of a store to the functions of a database's module.

/// Implements the contract for a store on connections of a type, by the functions of a module.
macro_rules! store {
    ($store:ident, $conn:ty, $database:ident) => {
        const _: () = {
            use async_trait::async_trait;
            use invite_core::{
                Event, InvitationId, Record, Scope,
                store::{
                    AddressedQuery, Claim, Claims, Found, Insertion, InvitationStore, Key, ListQuery, Read, Reminders,
                    Reminding, Settlement, StoreError, Summary, Sweep, Transition, WorkerStore,
                },
            };

            use crate::{
                Connections,
                connections::Loan,
                session::Session,
                $database::{self as database, worker},
            };

            #[async_trait]
            impl InvitationStore for $store {
                type Conn = $conn;

                fn in_transaction(&self, conn: &mut $conn) -> bool {
                    Session::in_transaction(conn)
                }

                async fn lock_for_write(&self, conn: &mut $conn) -> Result<(), StoreError> {
                    database::lock_for_write(conn).await
                }

                async fn insert(&self, conn: &mut $conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
                    database::insert(conn, new).await
                }

                async fn transition(
                    &self,
                    conn: &mut $conn,
                    transition: &Transition<'_>,
                ) -> Result<Option<Found>, StoreError> {
                    database::transition(conn, transition).await
                }

                async fn summarize(&self, conn: &mut $conn, summary: &Summary<'_>) -> Result<bool, StoreError> {
                    database::summarize(conn, summary).await
                }

                async fn find(&self, conn: &mut $conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
                    database::find(conn, key, read).await
                }

                async fn list(&self, conn: &mut $conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
                    database::list(conn, query).await
                }

                async fn addressed_to(
                    &self,
                    conn: &mut $conn,
                    query: &AddressedQuery<'_>,
                ) -> Result<Vec<Record>, StoreError> {
                    database::addressed_to(conn, query).await
                }

                async fn history(
                    &self,
                    conn: &mut $conn,
                    kind: &str,
                    scope: &Scope,
                    id: InvitationId,
                ) -> Result<Vec<Event>, StoreError> {
                    database::history(conn, kind, scope, id).await
                }
            }

            #[async_trait]
            impl<P: Connections<Conn = $conn>> WorkerStore<P> for $store {
                async fn claim(&self, pool: &P, claim: &Claim<'_>) -> Result<Claims, StoreError> {
                    let mut loan = Loan::<P>::new();
                    let claims = worker::claim(loan.of(pool).await?, claim).await;
                    loan.give_back();
                    claims
                }

                async fn settle(&self, pool: &P, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
                    let mut loan = Loan::new();
                    let settled = worker::settle(loan.of(pool).await?, settlement).await;
                    loan.give_back();
                    settled
                }

                async fn sweep(&self, pool: &P, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
                    let mut loan = Loan::new();
                    let swept = worker::sweep(loan.of(pool).await?, sweep).await;
                    loan.give_back();
                    swept
                }

                async fn remind(&self, pool: &P, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
                    let mut loan = Loan::new();
                    let reminders = worker::remind(loan.of(pool).await?, reminding).await;
                    loan.give_back();
                    reminders
                }
            }
        };
    };
}

pub(crate) use store;
