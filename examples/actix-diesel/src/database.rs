//! The database, which is chosen when the program is built: by one of the features `sqlite` (the default), `postgres`
//! and `mysql`.
//!
//! A service has one database, so it keeps one of `sqlite.rs`, `postgres.rs` and `mysql.rs`. These three mirror each
//! other: the types, how to connect, how a transaction begins, and the statements about the example's own tables that
//! differ. The other statements are the same everywhere, in `tables.rs`.

// `--all-features` switches on all three, which the workspace's builds, lints and documentation use. So several of
// them are no error: SQLite comes first, because it needs no server, then PostgreSQL.
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
use self::sqlite as chosen;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
mod postgres;
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
use self::postgres as chosen;
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
mod mysql;
#[cfg(all(feature = "mysql", not(any(feature = "sqlite", feature = "postgres"))))]
use self::mysql as chosen;
#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("choose the database by one of the features `sqlite`, `postgres` and `mysql`");
mod tables;

use std::{error::Error, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, bb8},
};
use invite_core::store::InvitationStore;
use shared::Problem;

pub(crate) use self::{
    chosen::{
        Conn, Store, charge, connect, hold_role_of, insert_member, insert_organization, insert_user, store_error,
    },
    tables::{
        NewUser, find_account, find_organization, find_user, has_member, mark_verified, members_of, memberships_of,
        role_of,
    },
};
use crate::{error::ApiError, runtime::hung_up};

/// Connections to the database. bb8 looks at what it gets back, and closes what is in a transaction.
pub(crate) type Pool = bb8::Pool<Conn>;

type Manager = <Conn as AsyncConnection>::TransactionManager;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does the work in a transaction, or, inside one, in a savepoint. What the work refuses is rolled back. If the client
/// goes away, the work stops: then the pool gets the connection back with the transaction open, and closes it. A commit
/// is not interrupted.
pub(crate) async fn transaction<T>(
    conn: &mut Conn,
    work: impl AsyncFnOnce(&mut Conn) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let outermost = !Store.in_transaction(conn);
    chosen::begin(conn).await?;
    let answer = tokio::select! {
        biased;
        answer = work(conn) => answer,
        () = hung_up(), if outermost => return Err(Problem::hung_up().into()),
    };
    match answer {
        Ok(answer) => {
            Manager::commit_transaction(conn).await?;
            Ok(answer)
        }
        Err(error) => {
            // What went wrong first says more; and the pool closes what could not be rolled back.
            let _ = Manager::rollback_transaction(conn).await;
            Err(error)
        }
    }
}

/// Makes a first connection: to make the tables with, and to say at once what is wrong, where a pool would go on trying
/// for a while.
async fn reach(url: &str, setup: &'static str) -> Result<Conn, Box<dyn Error>> {
    let connecting = tokio::time::timeout(PATIENCE, establish(url, setup));
    Ok(connecting.await.map_err(|_| "the server does not answer")??)
}

async fn establish(url: &str, setup: &'static str) -> ConnectionResult<Conn> {
    let mut conn = Conn::establish(url).await?;
    conn.batch_execute(setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Makes connections that begin with this setup, and are looked at in this way before they are lent again.
fn manager(
    url: &str,
    setup: &'static str,
    recycling_method: RecyclingMethod<Conn>,
) -> AsyncDieselConnectionManager<Conn> {
    let mut config = ManagerConfig::default();
    config.recycling_method = recycling_method;
    config.custom_setup = Box::new(move |url| Box::pin(establish(url, setup)));
    AsyncDieselConnectionManager::new_with_config(url, config)
}
