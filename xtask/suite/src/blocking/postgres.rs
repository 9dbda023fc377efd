//! PostgreSQL, by libpq.

use diesel::{
    PgConnection, QueryResult, QueryableByName, RunQueryDsl,
    connection::{AnsiTransactionManager, SimpleConnection},
    sql_types,
};
use invite_conformance::Damage;
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::blocking::postgres::{self, PgStore, store_error};

use super::{AsItComes, Connections, Database, lend, new_database, pool};
use crate::sqlx_postgres::{DUMP, damage};

/// PostgreSQL on the server of the test command.
#[derive(Debug, Default)]
pub struct Postgres;

#[derive(QueryableByName)]
struct Dumped {
    #[diesel(sql_type = sql_types::Text)]
    row: String,
}

impl Database for Postgres {
    type Conn = PgConnection;
    type Store = PgStore;

    const LEVELS: &'static [&'static str] = &[
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ];
    const EMPTY: &'static [&'static str] =
        &["TRUNCATE invite_invitations, invite_tokens, invite_outbox, invite_events"];

    fn create(&self) -> Result<Connections<Self>, StoreError> {
        let url = new_database::<PgConnection>(&crate::server("INVITE_TEST_POSTGRES_URL")?)?;
        let pool = pool(url, crate::connections(), AsItComes)?;
        postgres::migrate(&mut *lend(&pool)?)?;
        Ok(pool)
    }

    fn begin(conn: &mut PgConnection, level: &'static str) -> QueryResult<()> {
        AnsiTransactionManager::begin_transaction_sql(conn, level)
    }

    fn move_time_zone(conn: &mut PgConnection) -> QueryResult<bool> {
        conn.batch_execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'")?;
        Ok(true)
    }

    fn damage(conn: &mut PgConnection, what: Damage, id: InvitationId) -> QueryResult<bool> {
        let Some(statement) = damage(what) else { return Ok(false) };
        diesel::sql_query(statement).bind::<sql_types::Uuid, _>(*id.as_uuid()).execute(conn)?;
        Ok(true)
    }

    fn at_rest(conn: &mut PgConnection) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        for statement in DUMP {
            let rows: Vec<Dumped> = diesel::sql_query(statement).load(conn).map_err(store_error)?;
            bytes.extend(rows.into_iter().flat_map(|dumped| dumped.row.into_bytes()));
        }
        Ok(bytes)
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}
