//! From one of diesel's connections to a store.

/// Makes a store of a connection type.
macro_rules! driver {
    ($store:ident, $database:ident, $dialect:ident, $conn:ty) => {
        const _: () = {
            use invite_core::store::StoreError;
            use invite_schema::{Driver, Fault, FromRow, Statement, store, worker_store, $dialect};

            use crate::{
                Connections,
                connections::Lender,
                session::{self, Session},
            };

            store!($store, $database);
    worker_store!($store, $database, P: Connections<Conn = $conn>, Lender);

            impl Driver for $store {
                type Db = $dialect;
                type Conn = $conn;

                fn in_transaction(conn: &mut $conn) -> bool {
                    Session::in_transaction(conn)
                }

                async fn execute(conn: &mut $conn, statement: Statement<'_, $dialect>) -> Result<u64, Fault> {
                    session::execute(conn, statement).await
                }

                async fn fetch<T: FromRow>(
                    conn: &mut $conn,
                    statement: Statement<'_, $dialect>,
                ) -> Result<Vec<Result<T, StoreError>>, Fault> {
                    session::fetch(conn, statement).await
                }

                async fn script(conn: &mut $conn, sql: &'static str) -> Result<(), StoreError> {
                    session::script(conn, sql).await
                }
            }
        };
    };
}

pub(crate) use driver;
