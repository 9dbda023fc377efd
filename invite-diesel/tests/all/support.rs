//! A fresh database with the library's tables and one of a host's, for each of the servers.

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod sqlite;

use diesel::QueryableByName;
use invite_core::{Invitations, Kind, NewInvitation, Policy, Unchecked, store::InvitationStore};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(crate) fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, Membership { role: "admin".into() })
}

pub(crate) fn members<S: InvitationStore + Default>() -> Invitations<S, Membership> {
    Invitations::new(S::default(), Policy::default(), Unchecked)
}

/// What a host's own code fails with.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A host's table, in words that every server understands.
const MEMBERSHIPS: &str = "CREATE TABLE memberships (person BIGINT NOT NULL PRIMARY KEY, role VARCHAR(20) NOT NULL)";
pub(crate) const JOIN: &str = "INSERT INTO memberships (person, role) VALUES (2, 'admin')";

#[derive(QueryableByName)]
pub(crate) struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(crate) n: i64,
}

/// `count!(conn, "memberships")`: how many rows, by a condition or not.
macro_rules! count {
    ($conn:expr, $what:literal) => {{
        let counted = diesel::sql_query(concat!("SELECT count(*) AS n FROM ", $what));
        diesel_async::RunQueryDsl::get_result::<crate::support::Count>(counted, &mut $conn).await.unwrap().n
    }};
}

/// Makes one test per server of each function. In it `db` is the server's module in here.
macro_rules! on_every_server {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)*) => {
        #[cfg(feature = "mysql")]
        mod mysql {
            use super::*;
            use crate::support::mysql as db;

            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() $body)*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            use super::*;
            use crate::support::postgres as db;

            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() $body)*
        }

        mod sqlite {
            use super::*;
            use crate::support::sqlite as db;

            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() $body)*
        }
    };
}

pub(crate) use {count, on_every_server};

/// A name nobody else uses, for a database on a server that several test programs share.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn unique_name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NAMES: AtomicUsize = AtomicUsize::new(0);
    format!("invite_diesel_{}_{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

/// The server that the test command has started, or was told of.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {variable}"))
}

/// The address of another database on the same server.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn beside(server: &str, name: &str) -> String {
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
