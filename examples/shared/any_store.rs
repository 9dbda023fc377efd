//! The library's stores, behind one name: a part of each example's `database`.

use async_trait::async_trait;
use invite_core::{
    Event, InvitationId, Record, Scope,
    store::{
        AddressedQuery, Claim, Claims, Found, Insertion, InvitationStore, Key, ListQuery, Read, Reminders, Reminding,
        Settlement, StoreError, Summary, Sweep, Transition, WorkerStore,
    },
};

use super::{Conn, MySqlStore, PgStore, Pool, SqliteStore};

/// The store of whichever database the connection leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Store;

macro_rules! pass_on {
    ($lent:ident: $Lent:ident, $method:ident($($argument:expr),*)) => {
        match $lent {
            $Lent::Sqlite(lent) => SqliteStore.$method(lent, $($argument),*),
            $Lent::Postgres(lent) => PgStore.$method(lent, $($argument),*),
            $Lent::MySql(lent) => MySqlStore.$method(lent, $($argument),*),
        }
    };
}

#[async_trait]
impl InvitationStore for Store {
    type Conn = Conn;

    fn in_transaction(&self, conn: &mut Conn) -> bool {
        pass_on!(conn: Conn, in_transaction())
    }

    async fn lock_for_write(&self, conn: &mut Conn) -> Result<(), StoreError> {
        pass_on!(conn: Conn, lock_for_write()).await
    }

    async fn insert(&self, conn: &mut Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        pass_on!(conn: Conn, insert(new)).await
    }

    async fn transition(&self, conn: &mut Conn, transition: &Transition<'_>) -> Result<Option<Found>, StoreError> {
        pass_on!(conn: Conn, transition(transition)).await
    }

    async fn summarize(&self, conn: &mut Conn, summary: &Summary<'_>) -> Result<bool, StoreError> {
        pass_on!(conn: Conn, summarize(summary)).await
    }

    async fn find(&self, conn: &mut Conn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        pass_on!(conn: Conn, find(key, read)).await
    }

    async fn list(&self, conn: &mut Conn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        pass_on!(conn: Conn, list(query)).await
    }

    async fn addressed_to(&self, conn: &mut Conn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError> {
        pass_on!(conn: Conn, addressed_to(query)).await
    }

    async fn history(
        &self,
        conn: &mut Conn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        pass_on!(conn: Conn, history(kind, scope, id)).await
    }
}

#[async_trait]
impl WorkerStore<Pool> for Store {
    async fn claim(&self, pool: &Pool, claim: &Claim<'_>) -> Result<Claims, StoreError> {
        pass_on!(pool: Pool, claim(claim)).await
    }

    async fn settle(&self, pool: &Pool, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        pass_on!(pool: Pool, settle(settlement)).await
    }

    async fn sweep(&self, pool: &Pool, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        pass_on!(pool: Pool, sweep(sweep)).await
    }

    async fn remind(&self, pool: &Pool, reminding: &Reminding<'_>) -> Result<Reminders, StoreError> {
        pass_on!(pool: Pool, remind(reminding)).await
    }
}
